//! The report as a page: light and dark by the reader's setting, without scripts.

use std::fmt::Write;

use anyhow::Result;

use crate::{
    plots::{DARK, LIGHT, fit_times},
    report::{Report, percent, seconds},
};

const STYLE: &str = "
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; background: #fff; color: #24292f; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #8884; text-align: right; white-space: nowrap; }
th:nth-child(-n+3), td:nth-child(-n+3) { text-align: left; }
.table { overflow-x: auto; }
svg { max-width: 100%; height: auto; }
.dark { display: none; }
.note { color: #57606a; }
@media (prefers-color-scheme: dark) {
  body { background: #0d1117; color: #e6edf3; }
  .light { display: none; } .dark { display: block; }
  .note { color: #9198a1; }
}";

/// The whole page.
pub(crate) fn html(report: &Report) -> Result<String> {
    let mut page = String::new();
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>LinearDiscriminantAnalysis on every device</title><style>{STYLE}</style></head>\n<body>\n\
         <h1>LinearDiscriminantAnalysis on every device of this machine</h1>\n\
         <p>Medians of several runs. The speed-up compares fits in one dtype with the CPU's plain path, which is the textbook's steps composed of the \
         standard's functions. A limit is what the device's own rates, measured in the same run, allow: half of n·p² multiply-adds or one \
         pass over the data for a fit, one pass for a prediction. Every model is also moved to the CPU and asked again; the last column is the lower agreement.</p>\n"
    )?;
    for data in data_sets(report) {
        let (light, dark) = (
            fit_times(report, &data, &LIGHT)?,
            fit_times(report, &data, &DARK)?,
        );
        writeln!(
            page,
            "<div class=\"light\">{light}</div><div class=\"dark\">{dark}</div>"
        )?;
    }
    page.push_str("<div class=\"table\"><table>\n<thead><tr>");
    for title in [
        "data",
        "device",
        "dtype",
        "transfer",
        "fit",
        "limit",
        "speed-up",
        "predict",
        "limit",
        "accuracy",
        "agrees with cpu",
    ] {
        write!(page, "<th>{title}</th>")?;
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in &report.rows {
        let optional = |t: Option<f64>| t.map_or_else(String::new, seconds);
        let cells = [
            escape(&row.data),
            escape(&row.device),
            row.dtype.clone(),
            seconds(row.transfer),
            seconds(row.fit),
            optional(row.fit_limit),
            row.speedup.map_or_else(String::new, |s| format!("{s:.1}×")),
            seconds(row.predict),
            optional(row.predict_limit),
            percent(row.accuracy),
            percent(row.agreement.min(row.agreement_after_move.unwrap_or(1.0))),
        ];
        writeln!(page, "<tr><td>{}</td></tr>", cells.join("</td><td>"))?;
    }
    page.push_str("</tbody></table></div>\n");
    for line in &report.absent {
        writeln!(page, "<p class=\"note\">{}</p>", escape(line))?;
    }
    page.push_str("</body></html>\n");
    Ok(page)
}

/// The plots as files, for other pages: `fit-0-light.svg`, `fit-0-dark.svg` …
pub(crate) fn pictures(report: &Report) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for (i, data) in data_sets(report).iter().enumerate() {
        files.push((
            format!("fit-{i}-light.svg"),
            fit_times(report, data, &LIGHT)?,
        ));
        files.push((format!("fit-{i}-dark.svg"), fit_times(report, data, &DARK)?));
    }
    Ok(files)
}

/// The names of the data sets, in order.
fn data_sets(report: &Report) -> Vec<String> {
    let mut names: Vec<String> = report.rows.iter().map(|r| r.data.clone()).collect();
    names.dedup();
    names
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
