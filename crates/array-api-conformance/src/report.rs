//! The result of a run.

use std::{fmt, sync::OnceLock};

use array_api_spec::{DType, Device, Path};

use crate::{Arrangement, Mutation};

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Only this function.
    pub function: Option<String>,
    /// Only this chapter.
    pub chapter: Option<String>,
    /// Most failures that are kept for each function; all are counted.
    pub failures: usize,
    /// Replaces the results of every function, to see whether the vectors notice.
    pub mutation: Option<Mutation>,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            function: None,
            chapter: None,
            failures: 3,
            mutation: None,
        }
    }
}

/// A rule that a device does not meet, and why. If all vectors of a gap pass, the gap is closed, and the suite fails
/// until it is removed from the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The device's name, or its beginning followed by `*`.
    pub device: &'static str,
    /// The function's standard name.
    pub function: &'static str,
    /// A part of the vector's rule; empty for every vector.
    pub rule: &'static str,
    /// Only vectors of this dtype.
    pub dtype: Option<DType>,
    /// Why.
    pub reason: &'static str,
}

/// The known gaps, from `gaps.tsv`: a device, a function, a dtype, a part of a rule (`*` for any), and the reason.
///
/// # Panics
/// If the list that is built into this crate is damaged; the crate's tests check that it is not.
pub fn known_gaps() -> &'static [Gap] {
    static GAPS: OnceLock<Vec<Gap>> = OnceLock::new();
    GAPS.get_or_init(|| {
        let read = |line: &'static str| {
            let fields: Vec<&'static str> = line.split('\t').collect();
            let [device, function, dtype, rule, reason] = fields[..] else {
                return None;
            };
            let dtype = if dtype == "*" {
                None
            } else {
                Some(dtype.parse().ok()?)
            };
            let rule = if rule == "*" { "" } else { rule };
            Some(Gap {
                device,
                function,
                rule,
                dtype,
                reason,
            })
        };
        include_str!("gaps.tsv")
            .lines()
            .map(|l| read(l).expect("gaps.tsv has five fields a line"))
            .collect()
    })
}

impl Gap {
    /// Whether the gap is about this device.
    #[must_use]
    pub fn is_of(&self, device: &Device) -> bool {
        match self.device.strip_suffix('*') {
            Some(start) => device.name().starts_with(start),
            None => device.name() == self.device,
        }
    }

    pub(crate) fn covers(&self, function: &str, rule: &str, dtype: DType) -> bool {
        self.function == function
            && rule.contains(self.rule)
            && self.dtype.is_none_or(|d| d == dtype)
    }
}

/// A vector that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The function's standard name.
    pub function: String,
    /// The dtype of the arguments.
    pub dtype: DType,
    /// The layout of the arguments.
    pub arrangement: Arrangement,
    /// The arguments.
    pub input: String,
    /// The result.
    pub got: String,
    /// The expected result.
    pub want: String,
    /// The rule, or the place in the grid.
    pub rule: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            function,
            dtype,
            arrangement,
            input,
            got,
            want,
            rule,
        } = self;
        write!(
            f,
            "{function} {dtype} {arrangement}\n  input {input}\n  got   {got}\n  want  {want}\n  rule  {rule}"
        )
    }
}

/// Whether a function can be tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There are vectors for it.
    Tested,
    /// The project has the function, but there are no vectors for it.
    NoVectors,
    /// The project does not have it yet.
    NotThere,
}

/// The results of one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionReport {
    /// Its chapter.
    pub chapter: &'static str,
    /// Its standard name.
    pub name: &'static str,
    /// Whether it can be tested.
    pub status: Status,
    /// How the backend computes it.
    pub path: Path,
    /// Vectors that passed, counted once for each layout.
    pub passed: usize,
    /// Vectors that failed.
    pub failed: usize,
    /// Vectors that failed within a known gap.
    pub known: usize,
    /// Vectors of dtypes that the device lacks.
    pub absent: usize,
    /// Vectors whose result the standard leaves open.
    pub open: usize,
    /// The first failures.
    pub failures: Vec<Failure>,
}

/// The results of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The device.
    pub device: Device,
    /// Its functions, in the order of the standard.
    pub functions: Vec<FunctionReport>,
    /// Known gaps for which no vector fails any more.
    pub closed_gaps: Vec<Gap>,
}

impl Report {
    /// Whether nothing failed and no known gap has closed.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.closed_gaps.is_empty() && self.functions.iter().all(|f| f.failed == 0)
    }

    /// How many vectors passed, counted once for each layout.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.functions.iter().map(|f| f.passed).sum()
    }

    /// How many vectors failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.functions.iter().map(|f| f.failed).sum()
    }
}

/// The counts, the failures and the closed gaps in full: what a failing test prints.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} passed, {} failed",
            self.device,
            self.passed(),
            self.failed()
        )?;
        for function in self.functions.iter().filter(|r| r.failed > 0) {
            writeln!(
                f,
                "{}: {} failed, {} passed",
                function.name, function.failed, function.passed
            )?;
            for failure in &function.failures {
                writeln!(f, "{failure}")?;
            }
        }
        for gap in &self.closed_gaps {
            writeln!(
                f,
                "known gap of {} in {} (`{}`) has closed; remove it from the list: {}",
                gap.device, gap.function, gap.rule, gap.reason
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chapters, grid_vectors, special_cases};

    #[test]
    fn known_gaps_are_about_functions_with_vectors() {
        for gap in known_gaps() {
            assert!(
                chapters()
                    .iter()
                    .any(|c| c.functions.contains(&gap.function)),
                "{gap:?}"
            );
            let special = special_cases()
                .iter()
                .any(|v| v.function == gap.function && v.rule.contains(gap.rule));
            let grid = grid_vectors().iter().any(|v| v.function == gap.function);
            assert!(
                special || (grid && (gap.rule.is_empty() || !gap.rule.contains("->"))),
                "{gap:?}"
            );
            assert!(gap.reason.len() > 20, "{gap:?} needs a reason");
        }
    }

    #[test]
    fn a_gap_is_of_the_devices_that_it_names() {
        let gap = |device| Gap {
            device,
            function: "abs",
            rule: "",
            dtype: None,
            reason: "",
        };
        assert!(gap("*").is_of(&Device::new("cpu")) && gap("wgpu*").is_of(&Device::new("wgpu:0")));
        assert!(gap("cpu").is_of(&Device::new("cpu")));
        assert!(
            !gap("wgpu*").is_of(&Device::new("cpu")) && !gap("cpu").is_of(&Device::new("cpu:1"))
        );
    }
}
