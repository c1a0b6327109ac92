//! The extension `fft`.

use array_api_spec::{Norm, Result};

use crate::{
    argument::{Integers, Keywords, Operand, Shape, word},
    data_type::PyDType,
    device::{On, on},
    functions,
};

/// Takes lists of transforms along one axis and along several, and then full rows.
macro_rules! transforms {
    (one { $($one:ident)* } several { $($several:ident)* } $($other:tt)*) => {
        functions! { "extensions/generated/array_api.fft."
            $($one [x, /, *, n=None, axis=-1, norm="backward"]
                (x: Operand, n: Option<usize>, axis: isize, norm: &str) =>
                x.xp().fft().$one(x, n, axis, norm_of(norm)?);)*
            $($several [x, /, *, s=None, axes=None, norm="backward"]
                (x: Operand, s: Option<Shape>, axes: Option<Vec<isize>>, norm: &str) =>
                x.xp().fft().$several(x, s.as_ref().map(|s| &s.0[..]), axes.as_deref(), norm_of(norm)?);)*
            $($other)*
        }
    };
}

transforms! {
    one { fft ifft rfft irfft hfft ihfft }
    several { fftn ifftn rfftn irfftn }
    fftfreq [n, /, *, d=1.0, dtype=None, device=None] (n: usize, d: f64, dtype: Option<PyDType>, device: Option<On>) =>
        on(device).fft().fftfreq(n, d, dtype.map(|d| d.0));
    rfftfreq [n, /, *, d=1.0, dtype=None, device=None] (n: usize, d: f64, dtype: Option<PyDType>, device: Option<On>) =>
        on(device).fft().rfftfreq(n, d, dtype.map(|d| d.0));
    fftshift [x, /, *, axes=None] (x: Operand, axes: Option<Integers>) => x.xp().fft().fftshift(x, axes.axes());
    ifftshift [x, /, *, axes=None] (x: Operand, axes: Option<Integers>) => x.xp().fft().ifftshift(x, axes.axes());
}

fn norm_of(norm: &str) -> Result<Norm> {
    let all = [
        ("backward", Norm::Backward),
        ("ortho", Norm::Ortho),
        ("forward", Norm::Forward),
    ];
    word("norm", norm, &all)
}
