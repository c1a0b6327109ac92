//! Creation functions, but for `asarray`.

use array_api_compat::AnyBackend;
use array_api_spec::{DType, Indexing, Namespace, Scalar};

use crate::{
    argument::{ArrayOnly, Operand, ScalarOnly, Shape, borrowed, first, saturated, word},
    asarray::default_dtype,
    data_type::PyDType,
    device::{On, on},
    functions,
};

functions! { "API_specification/generated/array_api."
    #[pyo3(text_signature = "(start, /, stop=None, step=1, *, dtype=None, device=None)")]
    arange [start, /, stop=None, step=ScalarOnly(Scalar::Int(1)), *, dtype=None, device=None]
        (start: ScalarOnly, stop: Option<ScalarOnly>, step: ScalarOnly, dtype: Option<PyDType>, device: Option<On>) => {
        let (start, stop) = match stop {
            Some(stop) => (start.0, stop.0),
            None => (Scalar::Int(0), start.0),
        };
        let xp = on(device);
        match dtype {
            Some(dtype) => xp.arange_as(start, stop, step.0, dtype.0),
            None => xp.arange(start, stop, step.0),
        }
    };
    empty [shape, *, dtype=None, device=None] (shape: Shape, dtype: Option<PyDType>, device: Option<On>) => {
        let xp = on(device);
        xp.empty(shape.0, floating(&xp, dtype))
    };
    empty_like [x, /, *, dtype=None, device=None] (x: ArrayOnly, dtype: Option<PyDType>, device: Option<On>) =>
        like(&x, device).empty(x.0.shape(), dtype_like(&x, dtype));
    eye [n_rows, n_cols=None, /, *, k=0, dtype=None, device=None]
        (n_rows: usize, n_cols: Option<usize>, #[pyo3(from_py_with = saturated)] k: isize, dtype: Option<PyDType>, device: Option<On>) => {
        let xp = on(device);
        xp.eye(n_rows, n_cols.unwrap_or(n_rows), k, floating(&xp, dtype))
    };
    full [shape, fill_value, *, dtype=None, device=None]
        (shape: Shape, fill_value: ScalarOnly, dtype: Option<PyDType>, device: Option<On>) => {
        let xp = on(device);
        let own = default_dtype(&xp, &[fill_value.0]);
        xp.full(shape.0, fill_value.0, dtype.map_or(own, |d| d.0))
    };
    full_like [x, /, fill_value, *, dtype=None, device=None]
        (x: ArrayOnly, fill_value: ScalarOnly, dtype: Option<PyDType>, device: Option<On>) =>
        like(&x, device).full(x.0.shape(), fill_value.0, dtype_like(&x, dtype));
    linspace [start, stop, /, num, *, dtype=None, device=None, endpoint=true]
        (start: ScalarOnly, stop: ScalarOnly, num: usize, dtype: Option<PyDType>, device: Option<On>, endpoint: bool) => {
        let xp = on(device);
        let num = array_api_spec::num(num);
        let num = if endpoint { num } else { num.without_endpoint() };
        match dtype {
            Some(dtype) => xp.linspace_as(start.0, stop.0, num, dtype.0),
            None => xp.linspace(start.0, stop.0, num),
        }
    };
    meshgrid [*arrays, indexing="xy"] (arrays: Vec<ArrayOnly>, indexing: &str) => {
        let indexing = word("meshgrid", indexing, &[("xy", Indexing::Xy), ("ij", Indexing::Ij)])?;
        first(&arrays).meshgrid(&borrowed(&arrays), indexing)
    };
    ones [shape, *, dtype=None, device=None] (shape: Shape, dtype: Option<PyDType>, device: Option<On>) => {
        let xp = on(device);
        xp.ones(shape.0, floating(&xp, dtype))
    };
    ones_like [x, /, *, dtype=None, device=None] (x: ArrayOnly, dtype: Option<PyDType>, device: Option<On>) =>
        like(&x, device).ones(x.0.shape(), dtype_like(&x, dtype));
    tril [x, /, *, k=0] (x: Operand, #[pyo3(from_py_with = saturated)] k: isize) => x.xp().tril(x, k);
    triu [x, /, *, k=0] (x: Operand, #[pyo3(from_py_with = saturated)] k: isize) => x.xp().triu(x, k);
    zeros [shape, *, dtype=None, device=None] (shape: Shape, dtype: Option<PyDType>, device: Option<On>) => {
        let xp = on(device);
        xp.zeros(shape.0, floating(&xp, dtype))
    };
    zeros_like [x, /, *, dtype=None, device=None] (x: ArrayOnly, dtype: Option<PyDType>, device: Option<On>) =>
        like(&x, device).zeros(x.0.shape(), dtype_like(&x, dtype));
}

/// The dtype asked for, or the device's floating-point one.
fn floating(xp: &Namespace<AnyBackend>, dtype: Option<PyDType>) -> DType {
    dtype.map_or_else(|| xp.info().default_dtypes().real_floating, |d| d.0)
}

fn dtype_like(x: &ArrayOnly, dtype: Option<PyDType>) -> DType {
    dtype.map_or_else(|| x.0.dtype(), |d| d.0)
}

fn like(x: &ArrayOnly, device: Option<On>) -> Namespace<AnyBackend> {
    device.map_or_else(|| x.0.namespace(), |device| device.0)
}
