//! Writes `docs/conformance.md`, the table of every function on every device, and checks whether it is still true.

use array_api_spec::Path;

use crate::{FunctionReport, Report, Status, chapters};

const HEAD: &str = "# Conformance

Every function of the Python Array API standard, edition 2025.12, with how many test vectors it passes on each device and how it is carried out
there: *native* by code of its own, *composed* of other functions on the device, or on the *host*, with the data travelling there and back.
Vectors are counted once for each layout of memory; those for dtypes that a device lacks are not counted.

`cpu` is the backend `NdArray`; `wgpu:0` is Mesa's software Vulkan driver, llvmpipe; `cuda-sim` is the CUDA backend **executed by a PTX interpreter,
which is no test on a GPU**. llvmpipe is the processor itself, and such an adapter leaves
matrices of 65 and more rows or columns to the host in `cholesky`, `solve`, `qr`, `eigh`, `svd` and what is composed of them, and Fourier transforms of 2,048 elements and more. Made by `cargo xtask conformance --table`; the tests fail where it no longer says what they find.
";

impl FunctionReport {
    /// The table's cell for a function.
    fn cell(&self) -> String {
        let path = match self.path {
            Path::Native => "native",
            Path::Composed => "composed",
            Path::Host(_) => "host",
        };
        match self.status {
            Status::NotThere => "not there".into(),
            Status::NoVectors => "unit tests".into(),
            Status::Tested => {
                let total = self.passed + self.failed + self.known;
                format!("{}/{total} {path}", self.passed)
            }
        }
    }
}

/// The whole document, with a column for each report.
#[must_use]
pub fn table(reports: &[Report]) -> String {
    let mut out = HEAD.to_owned();
    for chapter in chapters() {
        let names: Vec<&str> = reports.iter().map(|r| r.device.name()).collect();
        out += &format!(
            "\n## {}\n\n| function | {} |\n",
            chapter.name,
            names.join(" | ")
        );
        out += &format!("|---|{}\n", "---|".repeat(reports.len()));
        for function in &chapter.functions {
            let cells = reports.iter().map(|report| {
                let found = report.functions.iter().find(|f| f.name == *function);
                found.map_or_else(String::new, FunctionReport::cell)
            });
            let cells: Vec<String> = cells.collect();
            out += &format!("| `{function}` | {} |\n", cells.join(" | "));
        }
    }
    out
}

/// The functions for which the document differs from the report of its device, with the right text.
#[must_use]
pub fn stale(document: &str, report: &Report) -> Vec<String> {
    let rows = || {
        document
            .lines()
            .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
    };
    let column = rows()
        .find(|cells| cells.get(1) == Some(&"function"))
        .and_then(|cells| cells.iter().position(|c| *c == report.device.name()));
    let Some(column) = column else {
        return vec![format!("no column for {}", report.device)];
    };
    let differs = |function: &&FunctionReport| {
        let name = format!("`{}`", function.name);
        let said = rows().find(|cells| cells.get(1) == Some(&name.as_str()));
        said.and_then(|cells| cells.get(column).map(ToString::to_string)) != Some(function.cell())
    };
    let functions = report.functions.iter().filter(differs);
    functions
        .map(|f| format!("{}: {}", f.name, f.cell()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Selection, run};

    #[test]
    fn a_table_is_stale_as_soon_as_a_count_or_a_path_differs() {
        let select = Selection {
            chapter: Some("sorting".into()),
            ..Selection::default()
        };
        let mut report = run(&array_api_spec::reference::namespace(), &select, &[]);
        let document = table(std::slice::from_ref(&report));
        assert_eq!(stale(&document, &report), Vec::<String>::new());
        report.functions[0].passed += 1;
        report.functions[1].path = Path::Host("to see");
        assert_eq!(stale(&document, &report).len(), 2);
        assert_eq!(stale("", &report), ["no column for reference:0"]);
    }
}
