//! Bar plots as SVG.

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use super::report::{Data, Report, Row, seconds};

/// Colours of a plot on a light or a dark page.
pub(crate) struct Palette {
    background: RGBColor,
    text: RGBColor,
    bars: [RGBColor; 2],
}

pub(crate) const LIGHT: Palette = Palette {
    background: RGBColor(255, 255, 255),
    text: RGBColor(36, 41, 47),
    bars: [RGBColor(9, 105, 218), RGBColor(130, 180, 240)],
};
pub(crate) const DARK: Palette = Palette {
    background: RGBColor(13, 17, 23),
    text: RGBColor(230, 237, 243),
    bars: [RGBColor(88, 166, 255), RGBColor(40, 90, 150)],
};

const WIDTH: u32 = 860;
const ROW_HEIGHT: u32 = 26;
const NOTE_HEIGHT: u32 = 18;
const MARGIN: i32 = 16;
const HEADER: i32 = 56;
const LABELS: i32 = 190;
const VALUES: i32 = 170;

/// The time to fit on each device, for one data set: a bar for each row, the longest with full width. Below is a
/// description of each device.
pub(crate) fn fit_times(report: &Report, data: &Data, palette: &Palette) -> Result<String> {
    let rows: Vec<&Row> = report.rows.iter().filter(|r| r.data == data.name).collect();
    let bars = HEADER + (rows.len() as u32 * ROW_HEIGHT) as i32;
    let height = bars as u32 + report.devices.len() as u32 * NOTE_HEIGHT + 2 * MARGIN as u32;
    let longest = rows.iter().map(|r| r.fit).fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        let failed = |e: &dyn std::fmt::Display| anyhow!("cannot draw the plot: {e}");
        area.fill(&palette.background).map_err(|e| failed(&e))?;
        let font = |size: i32| ("sans-serif", size).into_font().color(&palette.text);
        let text = |line: &str, at: (i32, i32), size: i32| {
            area.draw(&Text::new(line.to_owned(), at, font(size)))
                .map_err(|e| failed(&e))
        };
        text(
            &format!(
                "LinearDiscriminantAnalysis, {} samples with {} features: time to fit",
                data.n_train, data.n_features
            ),
            (MARGIN, 14),
            17,
        )?;
        for (i, line) in report.devices.iter().enumerate() {
            let top = bars + MARGIN + i as i32 * NOTE_HEIGHT as i32;
            text(line, (MARGIN, top), 12)?;
        }
        let full = WIDTH as i32 - LABELS - VALUES;
        for (i, row) in rows.iter().enumerate() {
            let top = HEADER + i as i32 * ROW_HEIGHT as i32;
            text(
                &format!("{} {}", row.device, row.dtype),
                (MARGIN, top + 3),
                14,
            )?;
            let length = ((row.fit / longest) * f64::from(full)).max(2.0) as i32;
            let bar = [
                (LABELS, top),
                (LABELS + length, top + ROW_HEIGHT as i32 - 8),
            ];
            let colour = palette.bars[usize::from(row.dtype == "float64")];
            area.draw(&Rectangle::new(bar, colour.filled()))
                .map_err(|e| failed(&e))?;
            let speedup = row
                .speedup
                .map_or_else(String::new, |s| format!("  ({s:.1}×)"));
            text(
                &format!("{}{speedup}", seconds(row.fit)),
                (LABELS + length + 8, top + 3),
                14,
            )?;
        }
        area.present().map_err(|e| failed(&e))?;
    }
    Ok(svg)
}
