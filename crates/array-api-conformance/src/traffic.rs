//! Checks that a backend's [`Path`]s are true: no function may bring data to the host unless its path says so.
//!
//! It does not check that functions on the host do bring data: the vectors are small, and a backend may keep copies of
//! small uploads on the host.

use array_api_spec::{Backend, Namespace, Path};

/// Functions that bring a few bytes to the host on every device, because their next step depends on these.
const DECISIONS: &[(&str, &str)] = &[
    (
        "__getitem__",
        "whether an index is out of range, how many elements a mask selects",
    ),
    (
        "__setitem__",
        "whether an index is out of range, how many elements a mask selects",
    ),
    ("cholesky", "whether each matrix is positive definite"),
    ("eigh", "after each sweep, whether another one is needed"),
    (
        "eigvalsh",
        "after each sweep, whether another one is needed",
    ),
    ("inv", "whether each matrix is singular"),
    (
        "matrix_norm",
        "whether rotations are still needed, for the orders 2, -2 and \"nuc\"",
    ),
    (
        "matrix_power",
        "whether each matrix is singular, for negative powers",
    ),
    ("matrix_rank", "whether rotations are still needed"),
    (
        "nonzero",
        "how many elements are true, which is the result's length",
    ),
    ("pinv", "whether rotations are still needed"),
    (
        "repeat",
        "whether a count is negative, and their sum, which is the result's length",
    ),
    (
        "searchsorted",
        "whether an index of the sorter is out of range",
    ),
    ("solve", "whether each matrix is singular"),
    ("svd", "whether rotations are still needed"),
    ("svdvals", "whether rotations are still needed"),
    ("take", "whether an index is out of range"),
    ("take_along_axis", "whether an index is out of range"),
    (
        "unique_all",
        "how many values differ, which is the results' length",
    ),
    (
        "unique_counts",
        "how many values differ, which is the results' length",
    ),
    (
        "unique_inverse",
        "how many values differ, which is the results' length",
    ),
    (
        "unique_values",
        "how many values differ, which is the result's length",
    ),
];

/// Most bytes of such a decision: several numbers, or the positions of the first few hundred true elements.
const DECISION: u64 = 16 << 10;

/// The bytes that the calls of one function have brought to the host: those of the call that brought most. Results are
/// read after the calls, and do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    most: u64,
}

impl Traffic {
    /// Makes a call, and records what it brings to the host, if the backend counts that.
    pub(crate) fn watch<B: Backend, T>(
        &mut self,
        xp: &Namespace<B>,
        call: impl FnOnce() -> T,
    ) -> T {
        let before = xp.backend().downloaded_bytes();
        let result = call();
        if let (Some(before), Some(after)) = (before, xp.backend().downloaded_bytes()) {
            self.most = self.most.max(after - before);
        }
        result
    }

    /// If the traffic contradicts a function's path: what was found, and what the path promises.
    pub(crate) fn contradicts(self, function: &str, path: Path) -> Option<(String, String)> {
        if matches!(path, Path::Host(_)) {
            return None;
        }
        let decides = DECISIONS.iter().any(|(name, _)| *name == function);
        let allowed = if decides { DECISION } else { 0 };
        (self.most > allowed).then(|| {
            let got = format!("{} bytes that one call brought to the host", self.most);
            (
                got,
                format!("at most {allowed}, by a function whose path is not the host"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use array_api_spec::{Array, Result, reference};

    use super::*;

    #[test]
    fn what_a_call_brings_to_the_host_is_counted() -> Result<()> {
        let xp = reference::namespace();
        let x: Array<_> = xp.asarray([1.0, 2.0, 3.0])?;
        let mut traffic = Traffic::default();
        traffic.watch(&xp, || xp.sum(&x, ..))?;
        assert_eq!(traffic.most, 0);
        traffic.watch(&xp, || x.to_host())?;
        traffic.watch(&xp, || xp.sum(&x, ..)?.to_host())?;
        assert_eq!(traffic.most, 24);
        Ok(())
    }

    #[test]
    fn a_path_that_lies_is_noticed() {
        let traffic = |most| Traffic { most };
        for honest in [Path::Native, Path::Composed] {
            assert_eq!(traffic(0).contradicts("sum", honest), None);
            let (got, _) = traffic(24)
                .contradicts("sum", honest)
                .expect("it downloads");
            assert!(got.starts_with("24 bytes"), "{got}");
        }
        let host = Path::Host("no eigenvalues here");
        assert_eq!(traffic(24).contradicts("eigh", host), None);
        // A count is not data, and a backend that does not count is not checked.
        assert_eq!(traffic(8).contradicts("nonzero", Path::Native), None);
        assert!(
            traffic(80_000)
                .contradicts("nonzero", Path::Native)
                .is_some()
        );
        assert_eq!(Traffic::default().contradicts("sum", Path::Native), None);
    }

    #[test]
    fn decisions_are_about_functions_of_the_standard_and_have_a_reason() {
        for (function, reason) in DECISIONS {
            let known = |c: &crate::Chapter| c.functions.contains(function);
            assert!(crate::chapters().iter().any(known), "{function}");
            assert!(reason.len() > 20, "{function}");
        }
    }
}
