//! The rows of the comparison, the printed table and the files.

use std::path::Path;

use anyhow::{Context, Result};
use array_api_spec::DType;
use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use serde::Serialize;

use super::{
    data::Case,
    limits::Limits,
    measure::Measured,
    page,
    plots::{DARK, LIGHT, fit_times},
};

/// The name of the CPU with composed functions only: textbook steps, made of the standard's functions.
pub(crate) const PLAIN: &str = "cpu (plain)";

/// One data set.
#[derive(Serialize)]
pub(crate) struct Data {
    pub(crate) name: String,
    pub(crate) n_train: usize,
    pub(crate) n_test: usize,
    pub(crate) n_features: usize,
    pub(crate) n_classes: usize,
    /// The accuracy of always predicting the most frequent class.
    pub(crate) chance: f64,
}

impl Data {
    pub(crate) fn new(case: &Case) -> Self {
        Self {
            name: case.name.clone(),
            n_train: case.train.n_samples(),
            n_test: case.test.n_samples(),
            n_features: case.train.n_features,
            n_classes: case.n_classes(),
            chance: case.chance(),
        }
    }

    /// What a reader must know to judge an accuracy.
    pub(crate) fn description(&self) -> String {
        format!(
            "{} samples to fit, {} to test, {} features, {} classes; naming the most frequent class always would be right in {} of cases",
            self.n_train,
            self.n_test,
            self.n_features,
            self.n_classes,
            percent(self.chance)
        )
    }
}

/// One data set on one device in one dtype. Times are medians in seconds.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) data: String,
    pub(crate) device: String,
    pub(crate) dtype: String,
    /// `None` for other libraries, which compute where the data is.
    pub(crate) transfer: Option<f64>,
    pub(crate) fit: f64,
    /// The limit by the device's measured rates; `None` for other libraries.
    pub(crate) fit_limit: Option<f64>,
    pub(crate) predict: f64,
    pub(crate) predict_limit: Option<f64>,
    /// Fraction of test samples with the right label.
    pub(crate) accuracy: f64,
    /// Fraction of test samples with the label that the CPU predicts in float64.
    pub(crate) agreement: f64,
    /// The same after moving the fitted model to the CPU.
    pub(crate) agreement_after_move: Option<f64>,
    /// How many times faster the fit is than on the CPU's plain path, in the same dtype.
    pub(crate) speedup: Option<f64>,
}

impl Row {
    pub(crate) fn new(
        case: &Case,
        device: &str,
        dtype: DType,
        measured: &Measured,
        limits: &Limits,
        expected: &[i64],
    ) -> Self {
        Self {
            data: case.name.clone(),
            device: device.into(),
            dtype: dtype.name().into(),
            transfer: Some(measured.transfer),
            fit: measured.fit,
            fit_limit: Some(limits.fit(case)),
            predict: measured.predict,
            predict_limit: Some(limits.predict(case)),
            accuracy: share(&measured.labels, &case.test.target),
            agreement: share(&measured.labels, expected),
            agreement_after_move: Some(share(&measured.labels_after_move, expected)),
            speedup: None,
        }
    }
}

/// The fraction of positions in which two lists are equal.
pub(crate) fn share(a: &[i64], b: &[i64]) -> f64 {
    a.iter().zip(b).filter(|(a, b)| a == b).count() as f64 / a.len() as f64
}

/// All results of the bench.
#[derive(Serialize)]
pub(crate) struct Report {
    /// A description of each device.
    pub(crate) devices: Vec<String>,
    pub(crate) data: Vec<Data>,
    pub(crate) rows: Vec<Row>,
    /// A line about each missing device: how to get it.
    pub(crate) absent: Vec<String>,
}

impl Report {
    pub(crate) const fn new(devices: Vec<String>, absent: Vec<String>) -> Self {
        Self {
            devices,
            data: Vec::new(),
            rows: Vec::new(),
            absent,
        }
    }

    /// Fills in how much faster each row is than the CPU's plain path.
    pub(crate) fn compare(&mut self) {
        let plain: Vec<(String, String, f64)> = self
            .rows
            .iter()
            .filter(|r| r.device == PLAIN)
            .map(|r| (r.data.clone(), r.dtype.clone(), r.fit))
            .collect();
        for row in &mut self.rows {
            let base = plain
                .iter()
                .find(|(data, dtype, _)| *data == row.data && *dtype == row.dtype);
            row.speedup = base.map(|(_, _, fit)| fit / row.fit);
        }
    }

    /// The table that the bench prints.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED).set_header([
            "data",
            "device",
            "dtype",
            "transfer",
            "fit",
            "(limit)",
            "speedup",
            "predict",
            "(limit)",
            "accuracy",
            "agrees with cpu",
        ]);
        for row in &self.rows {
            table.add_row([
                row.data.clone(),
                row.device.clone(),
                row.dtype.clone(),
                row.transfer.map_or_else(String::new, seconds),
                seconds(row.fit),
                row.fit_limit
                    .map_or_else(String::new, |t| format!("({})", seconds(t))),
                row.speedup.map_or_else(String::new, |s| format!("{s:.1}×")),
                seconds(row.predict),
                row.predict_limit
                    .map_or_else(String::new, |t| format!("({})", seconds(t))),
                percent(row.accuracy),
                percent(row.agreement.min(row.agreement_after_move.unwrap_or(1.0))),
            ]);
        }
        for column in table.column_iter_mut().skip(3) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    /// Writes `report.json` and `report.html`.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        for (name, text) in [("report.json", json), ("report.html", page::html(self)?)] {
            let path = folder.join(name);
            std::fs::write(&path, text)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// Writes the plot of the last data set, for pages with a light and with a dark background.
    pub(crate) fn write_pictures(&self, folder: &Path) -> Result<()> {
        let data = self.data.last().context("no data set")?;
        for (name, palette) in [("fit-light.svg", &LIGHT), ("fit-dark.svg", &DARK)] {
            let path = folder.join(name);
            std::fs::write(&path, fit_times(self, data, palette)? + "\n")
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

/// A time with three digits and its unit.
pub(crate) fn seconds(t: f64) -> String {
    let (value, unit) = if t >= 1.0 {
        (t, "s")
    } else if t >= 1e-3 {
        (t * 1e3, "ms")
    } else {
        (t * 1e6, "µs")
    };
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$} {unit}")
}

pub(crate) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}
