//! The runner.

use array_api_spec::{Array, Backend, DType, HostArray, Namespace, Result, Strided};

use crate::{
    Arrangement, Chapter, Failure, FunctionReport, Gap, Mutation, Report, Selection, Status,
    arrangement::scatter,
    call::{ON_THE_HOST, Output},
    calls, chapters, grid, special,
    traffic::Traffic,
    vectors,
};

/// Runs the selected vectors on a namespace's device.
///
/// Special cases run in `float32` and `float64` (`complex64`, `complex128`), except in a dtype that would round their
/// arguments. Every vector runs with each [`Arrangement`] that suits it. A vector that fails within a known gap is not
/// a failure.
#[must_use]
pub fn run<B: Backend>(xp: &Namespace<B>, select: &Selection, gaps: &[Gap]) -> Report {
    let gaps: Vec<Gap> = gaps
        .iter()
        .filter(|g| g.is_of(&xp.device()))
        .copied()
        .collect();
    let mut report = Report {
        device: xp.device(),
        functions: Vec::new(),
        closed_gaps: Vec::new(),
    };
    for &Chapter {
        name: chapter,
        ref functions,
    } in chapters()
    {
        if select.chapter.as_ref().is_some_and(|c| c != chapter) {
            continue;
        }
        for &name in functions {
            if select.function.as_ref().is_some_and(|f| f != name) {
                continue;
            }
            let mut tally = Tally::new(chapter, name, &gaps, select);
            tally.report.path = xp.path(name);
            special::run(xp, name, &mut tally);
            grid::run(xp, name, &mut tally);
            calls::run(xp, name, &mut tally);
            tally.judge_path();
            if tally.missing {
                tally.report = FunctionReport {
                    status: Status::NotThere,
                    ..empty(chapter, name)
                };
            } else if !has_vectors(name) {
                let there = ON_THE_HOST.contains(&name);
                tally.report.status = if there {
                    Status::NoVectors
                } else {
                    Status::NotThere
                };
            }
            report.closed_gaps.extend(tally.closed_gaps());
            report.functions.push(tally.report);
        }
    }
    report
}

pub(crate) fn is_elementwise(function: &str) -> bool {
    chapters()
        .iter()
        .any(|c| c.name == "elementwise" && c.functions.contains(&function))
}

fn has_vectors(function: &str) -> bool {
    vectors::special_cases()
        .iter()
        .any(|v| v.function == function)
        || vectors::grid()
            .iter()
            .chain(vectors::functions())
            .any(|v| v.function == function)
        || calls::covers(function)
}

/// The outcome of one vector in one layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed {
        got: String,
        want: String,
    },
    /// The device lacks a dtype.
    Absent,
    /// The standard leaves it open.
    Open,
}

struct GapCount<'a> {
    gap: &'a Gap,
    failed: usize,
    passed: usize,
}

/// Counts the outcomes of one function.
pub(crate) struct Tally<'a> {
    pub(crate) report: FunctionReport,
    /// The project lacks the function.
    pub(crate) missing: bool,
    gaps: Vec<GapCount<'a>>,
    keep: usize,
    mutation: Option<Mutation>,
    traffic: Traffic,
}

impl<'a> Tally<'a> {
    fn new(chapter: &'static str, name: &'static str, gaps: &'a [Gap], select: &Selection) -> Self {
        Self {
            report: empty(chapter, name),
            missing: false,
            gaps: gaps
                .iter()
                .filter(|g| g.function == name)
                .map(|gap| GapCount {
                    gap,
                    failed: 0,
                    passed: 0,
                })
                .collect(),
            keep: select.failures,
            mutation: select.mutation,
            traffic: Traffic::default(),
        }
    }

    /// Calls the function on the device, and counts what the call downloads.
    pub(crate) fn watch<B: Backend, T>(
        &mut self,
        xp: &Namespace<B>,
        call: impl FnOnce() -> T,
    ) -> T {
        self.traffic.watch(xp, call)
    }

    /// Adds a failure if the calls have contradicted the function's path.
    fn judge_path(&mut self) {
        let found = self.traffic.contradicts(self.report.name, self.report.path);
        if let Some((got, want)) = found {
            self.report.failed += 1;
            self.report.failures.push(Failure {
                function: self.report.name.into(),
                dtype: DType::Bool,
                arrangement: Arrangement::Contiguous,
                input: "all calls".into(),
                got,
                want,
                rule: "the path is true".into(),
            });
        }
    }

    /// A result that may not be an array, mutated if a mutation is selected.
    pub(crate) fn answer<B: Backend>(&self, output: Output<B>) -> Output<B> {
        match (self.mutation, output) {
            (Some(_), Output::Bool(answer)) => Output::Bool(!answer),
            (Some(_), Output::DType(DType::Bool)) => Output::DType(DType::Int8),
            (Some(_), Output::DType(_)) => Output::DType(DType::Bool),
            (_, output) => output,
        }
    }

    /// A function's result, mutated if a mutation is selected.
    pub(crate) fn result<B: Backend>(&self, xp: &Namespace<B>, x: Array<B>) -> Result<Array<B>> {
        match self.mutation {
            None => Ok(x),
            Some(mutation) => mutation.apply(xp, x),
        }
    }

    pub(crate) fn absent(&mut self, count: usize) {
        self.report.absent += count;
    }

    pub(crate) fn add(
        &mut self,
        dtype: DType,
        arrangement: Arrangement,
        rule: &str,
        outcome: Outcome,
        input: impl FnOnce() -> String,
    ) {
        let name = self.report.name;
        let gap = self
            .gaps
            .iter_mut()
            .find(|g| g.gap.covers(name, rule, dtype));
        match outcome {
            Outcome::Passed => {
                self.report.passed += 1;
                if let Some(gap) = gap {
                    gap.passed += 1;
                }
            }
            Outcome::Absent => self.report.absent += 1,
            Outcome::Open => self.report.open += 1,
            Outcome::Failed { got, want } => {
                if let Some(gap) = gap {
                    gap.failed += 1;
                    self.report.known += 1;
                    return;
                }
                self.report.failed += 1;
                if self.report.failures.len() < self.keep {
                    self.report.failures.push(Failure {
                        function: name.into(),
                        dtype,
                        arrangement,
                        input: input(),
                        got,
                        want,
                        rule: rule.into(),
                    });
                }
            }
        }
    }

    pub(crate) fn is_elementwise(&self) -> bool {
        self.report.chapter == "elementwise"
    }

    /// Gaps whose vectors all pass. If the device lacks the dtype, no vector ran, and the gap is not closed.
    fn closed_gaps(&self) -> impl Iterator<Item = Gap> + '_ {
        self.gaps
            .iter()
            .filter(|g| g.failed == 0 && g.passed > 0)
            .map(|g| *g.gap)
    }
}

fn empty(chapter: &'static str, name: &'static str) -> FunctionReport {
    FunctionReport {
        chapter,
        name,
        status: Status::Tested,
        path: array_api_spec::Path::Composed,
        passed: 0,
        failed: 0,
        known: 0,
        absent: 0,
        open: 0,
        failures: Vec::new(),
    }
}

/// An array on the device in one of the layouts.
pub(crate) fn make<B: Backend>(
    xp: &Namespace<B>,
    array: &HostArray,
    arrangement: Arrangement,
) -> Result<Array<B>> {
    let layout = arrangement.layout(&array.shape);
    let storage = xp.backend().upload(scatter(array, &layout))?;
    Ok(Array::new(
        xp.clone(),
        Strided {
            storage,
            layout,
            dtype: array.buffer.dtype(),
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use array_api_spec::reference;

    fn run_abs(gaps: &[Gap]) -> Report {
        run(
            &reference::namespace(),
            &Selection {
                function: Some("abs".into()),
                ..Selection::default()
            },
            gaps,
        )
    }

    #[test]
    fn a_selection_runs_its_function_only() {
        let report = run_abs(&[]);
        assert_eq!(report.functions.len(), 1);
        assert!(report.is_success() && report.passed() > 30, "{report}");
    }

    #[test]
    fn a_gap_that_has_closed_fails_the_run() {
        let gap = Gap {
            device: "reference:*",
            function: "abs",
            rule: "NaN",
            dtype: None,
            reason: "none any more",
        };
        let report = run_abs(&[gap]);
        assert_eq!(report.closed_gaps, [gap]);
        assert!(!report.is_success());
        assert!(report.to_string().contains("has closed"), "{report}");
        assert!(
            run_abs(&[Gap {
                device: "cpu",
                ..gap
            }])
            .is_success()
        );
    }

    #[test]
    fn a_path_that_the_calls_contradict_fails_the_run() {
        let mut tally = Tally::new("elementwise", "abs", &[], &Selection::default());
        let xp = reference::namespace();
        let x = xp.asarray([1.0, 2.0]).expect("room");
        tally.watch(&xp, || ());
        tally.judge_path();
        assert_eq!(tally.report.failed, 0);
        tally.watch(&xp, || x.to_host().map(drop)).expect("values");
        tally.report.path = array_api_spec::Path::Host("to see");
        tally.judge_path();
        assert_eq!(tally.report.failed, 0);
        tally.report.path = array_api_spec::Path::Native;
        tally.judge_path();
        assert_eq!((tally.report.failed, tally.report.failures.len()), (1, 1));
    }

    #[test]
    fn failures_are_counted_kept_up_to_a_number_and_spared_by_gaps() {
        let gap = Gap {
            device: "*",
            function: "abs",
            rule: "known",
            dtype: None,
            reason: "",
        };
        let gaps = [gap];
        let one = Selection {
            failures: 1,
            ..Selection::default()
        };
        let mut tally = Tally::new("elementwise", "abs", &gaps, &one);
        let failed = || Outcome::Failed {
            got: "1".into(),
            want: "2".into(),
        };
        for rule in ["known rule", "one", "two"] {
            tally.add(
                DType::Float32,
                Arrangement::Contiguous,
                rule,
                failed(),
                || "0".into(),
            );
        }
        assert_eq!(
            (
                tally.report.known,
                tally.report.failed,
                tally.report.failures.len()
            ),
            (1, 2, 1)
        );
        assert_eq!(tally.closed_gaps().count(), 0);
    }
}
