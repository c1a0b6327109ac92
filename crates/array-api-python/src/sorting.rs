//! Sorting and set functions. Sorting is always stable, and unique values are sorted.

use crate::{
    argument::{AxesKeywords, Operand, xp_of},
    functions,
    results::Named,
};

functions! { "API_specification/generated/array_api."
    argsort [x, /, *, axis=-1, descending=false, stable=true] (x: Operand, axis: isize, descending: bool, stable: bool) => {
        let _ = stable;
        x.xp().argsort(x, array_api_spec::axis(axis).ordered(descending))
    };
    isin [x1, x2, /, *, invert=false] (x1: Operand, x2: Operand, invert: bool) => {
        let xp = xp_of(&x1, &x2);
        let found = xp.isin(x1, x2)?;
        if invert { (!found).eval() } else { Ok(found) }
    };
    sort [x, /, *, axis=-1, descending=false, stable=true] (x: Operand, axis: isize, descending: bool, stable: bool) => {
        let _ = stable;
        x.xp().sort(x, array_api_spec::axis(axis).ordered(descending))
    };
    unique_all [x, /] (x: Operand) => x.xp().unique_all(x).map(|u| Named("unique_all_result", [u.values, u.indices, u.inverse_indices, u.counts]));
    unique_counts [x, /] (x: Operand) => x.xp().unique_counts(x).map(|(values, counts)| {
        Named("unique_counts_result", [values, counts])
    });
    unique_inverse [x, /] (x: Operand) => x.xp().unique_inverse(x).map(|(values, inverse_indices)| {
        Named("unique_inverse_result", [values, inverse_indices])
    });
    unique_values [x, /] (x: Operand) => x.xp().unique_values(x);
}
