//! The report as an HTML page, for light and dark settings and for narrow and wide screens, without scripts.

use std::fmt::Write;

use anyhow::Result;

use super::{
    plots::{DARK, LIGHT, fit_times},
    report::{Data, Report, Row, percent, seconds},
};

/// On a narrow screen each row of a table becomes a list, whose titles are the cells' `data-title`.
const STYLE: &str = "
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; background: #fff; color: #24292f; }
h1 { font-size: clamp(1.2rem, 5vw, 2rem); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: .3rem .5rem; border-bottom: 1px solid #8884; text-align: right; }
td { white-space: nowrap; }
th { vertical-align: bottom; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
svg { max-width: 100%; height: auto; }
.dark { display: none; }
.note { color: #57606a; margin: .2rem 0; }
@media (max-width: 50rem) {
  .light, .dark { overflow-x: auto; }
  svg { max-width: none; }
  thead { display: none; }
  table, tbody, tr, td { display: block; }
  tr { padding: .5rem 0; border-bottom: 1px solid #8884; }
  td { display: flex; justify-content: space-between; border: 0; padding: .1rem 0; }
  td::before { content: attr(data-title); }
  td:empty { display: none; }
}
@media (prefers-color-scheme: dark) {
  body { background: #0d1117; color: #e6edf3; }
  .light { display: none; } .dark { display: block; }
  .note { color: #9198a1; }
}";

const INTRODUCTION: &str = "Medians of several runs. The speedup compares fits in one dtype with the CPU's plain path, which is the textbook's steps composed of the \
standard's functions. A limit is what the device's own rates, measured in the same run, allow, whichever takes longer: reading the data once, or the arithmetic, which \
is half of n·p² multiply-adds for a fit and n·p·k for a prediction (n samples, p features, k classes). Every model is also moved to the CPU and asked again; the last \
column is the lower agreement.";

/// The whole page.
pub(crate) fn html(report: &Report) -> Result<String> {
    let mut page = String::new();
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>LinearDiscriminantAnalysis on every device</title><style>{STYLE}</style></head>\n<body>\n\
         <h1>LinearDiscriminantAnalysis on every device of this machine</h1>\n<p>{INTRODUCTION}</p>\n"
    )?;
    for line in report.devices.iter().chain(&report.absent) {
        writeln!(page, "<p class=\"note\">{}</p>", escape(line))?;
    }
    for data in &report.data {
        section(&mut page, report, data)?;
    }
    page.push_str("</body></html>\n");
    Ok(page)
}

/// One data set: what it is, the plot and the table.
fn section(page: &mut String, report: &Report, data: &Data) -> Result<()> {
    let (light, dark) = (
        fit_times(report, data, &LIGHT)?,
        fit_times(report, data, &DARK)?,
    );
    writeln!(
        page,
        "<h2>{}</h2>\n<p>{}.</p>\n<div class=\"light\">{light}</div><div class=\"dark\">{dark}</div>\n<table>",
        escape(&data.name),
        escape(&data.description())
    )?;
    let rows = report.rows.iter().filter(|row| row.data == data.name);
    for (i, row) in rows.enumerate() {
        let cells = cells(row);
        if i == 0 {
            let titles = cells.iter().map(|(title, _)| format!("<th>{title}</th>"));
            writeln!(
                page,
                "<thead><tr>{}</tr></thead>\n<tbody>",
                titles.collect::<String>()
            )?;
        }
        let values = cells
            .iter()
            .map(|(title, value)| format!("<td data-title=\"{title}\">{}</td>", escape(value)));
        writeln!(page, "<tr>{}</tr>", values.collect::<String>())?;
    }
    page.push_str("</tbody></table>\n");
    Ok(())
}

/// The cells of a row, each under its title.
fn cells(row: &Row) -> [(&'static str, String); 10] {
    let optional = |time: Option<f64>| time.map_or_else(String::new, seconds);
    [
        ("device", row.device.clone()),
        ("dtype", row.dtype.clone()),
        ("transfer", optional(row.transfer)),
        ("fit", seconds(row.fit)),
        ("fit limit", optional(row.fit_limit)),
        (
            "speedup",
            row.speedup.map_or_else(String::new, |s| format!("{s:.1}×")),
        ),
        ("predict", seconds(row.predict)),
        ("predict limit", optional(row.predict_limit)),
        ("accuracy", percent(row.accuracy)),
        (
            "agrees with cpu",
            percent(row.agreement.min(row.agreement_after_move.unwrap_or(1.0))),
        ),
    ]
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
