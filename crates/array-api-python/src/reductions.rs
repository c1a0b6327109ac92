//! Functions that reduce axes: statistical, searching and utility functions.

use array_api_spec::Side;

use crate::{
    argument::{ArrayOnly, AxesKeywords, Integers, Keywords, Operand, word, xp_of},
    data_type::PyDType,
    functions,
};

/// Takes lists of functions with `axis` and `keepdims`, and then full rows.
macro_rules! reductions {
    (plain { $($plain:ident)* } dtype { $($typed:ident)* } scan { $($scan:ident)* } $($other:tt)*) => {
        functions! { "API_specification/generated/array_api."
            $($plain [x, /, *, axis=None, keepdims=false]
                (x: Operand, axis: Option<Integers>, keepdims: bool) =>
                x.xp().$plain(x, axis.axes().keep(keepdims));)*
            $($typed [x, /, *, axis=None, dtype=None, keepdims=false]
                (x: Operand, axis: Option<Integers>, dtype: Option<PyDType>, keepdims: bool) =>
                x.xp().$typed(x, axis.axes().typed(dtype).keep(keepdims));)*
            $($scan [x, /, *, axis=None, dtype=None, include_initial=false]
                (x: Operand, axis: Option<Integers>, dtype: Option<PyDType>, include_initial: bool) =>
                x.xp().$scan(x, axis.axes().typed(dtype).initial(include_initial));)*
            $($other)*
        }
    };
}

reductions! {
    plain { all any argmax argmin count_nonzero max mean min }
    dtype { prod sum }
    scan { cumulative_prod cumulative_sum }
    // A function called `std` would hide the standard library.
    std_ as "std" [x, /, *, axis=None, correction=0.0, keepdims=false]
        (x: Operand, axis: Option<Integers>, correction: f64, keepdims: bool) =>
        x.xp().std(x, axis.axes().correction(correction).keep(keepdims));
    var [x, /, *, axis=None, correction=0.0, keepdims=false]
        (x: Operand, axis: Option<Integers>, correction: f64, keepdims: bool) =>
        x.xp().var(x, axis.axes().correction(correction).keep(keepdims));
    nonzero [x, /] (x: Operand) => x.xp().nonzero(x);
    where_ as "where" [condition, x1, x2, /] (condition: Operand, x1: Operand, x2: Operand) =>
        xp_of(&condition, &x1).where_(condition, x1, x2);
    diff [x, /, *, axis=-1, n=1, prepend=None, append=None]
        (x: Operand, axis: isize, n: usize, prepend: Option<ArrayOnly>, append: Option<ArrayOnly>) =>
        x.xp().diff(x, axis, n, prepend.as_ref().map(|x| &x.0), append.as_ref().map(|x| &x.0));
    searchsorted [x1, x2, /, *, side="left", sorter=None]
        (x1: Operand, x2: Operand, side: &str, sorter: Option<ArrayOnly>) => {
        let side = word("searchsorted", side, &[("left", Side::Left), ("right", Side::Right)])?;
        xp_of(&x1, &x2).searchsorted(x1, x2, side, sorter.as_ref().map(|x| &x.0))
    };
}
