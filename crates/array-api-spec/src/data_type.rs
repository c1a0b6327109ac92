//! Data type functions.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/data_type_functions.html>

use crate::{Array, Backend, DType, Error, Expr, Namespace, Result, Scalar};

/// The result of [`finfo`]: limits of a floating-point dtype, or of the parts of a complex one.
///
/// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.finfo.html>
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FloatInfo {
    /// Number of bits of a part.
    pub bits: u32,
    /// Distance from 1 to the next number.
    pub eps: f64,
    /// Largest number.
    pub max: f64,
    /// Smallest number (the largest, negated).
    pub min: f64,
    /// Smallest positive number with full precision.
    pub smallest_normal: f64,
    /// The real dtype.
    pub dtype: DType,
}

/// The result of [`iinfo`]: limits of an integer dtype.
///
/// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.iinfo.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegerInfo {
    /// Number of bits.
    pub bits: u32,
    /// Largest number.
    pub max: i128,
    /// Smallest number.
    pub min: i128,
    /// The dtype.
    pub dtype: DType,
}

/// Machine limits of a floating-point dtype.
///
/// # Errors
/// Another dtype.
pub fn finfo(dtype: DType) -> Result<FloatInfo> {
    match dtype.real() {
        DType::Float32 => Ok(FloatInfo {
            bits: 32,
            eps: f32::EPSILON.into(),
            max: f32::MAX.into(),
            min: f32::MIN.into(),
            smallest_normal: f32::MIN_POSITIVE.into(),
            dtype: DType::Float32,
        }),
        DType::Float64 => Ok(FloatInfo {
            bits: 64,
            eps: f64::EPSILON,
            max: f64::MAX,
            min: f64::MIN,
            smallest_normal: f64::MIN_POSITIVE,
            dtype: DType::Float64,
        }),
        other => Err(Error::dtype("finfo", &[other], "floating-point dtypes")),
    }
}

/// Machine limits of an integer dtype.
///
/// # Errors
/// Another dtype.
pub fn iinfo(dtype: DType) -> Result<IntegerInfo> {
    let (min, max) = dtype
        .integer_range()
        .ok_or_else(|| Error::dtype("iinfo", &[dtype], "integer dtypes"))?;
    Ok(IntegerInfo {
        bits: 8 * dtype.size() as u32,
        max,
        min,
        dtype,
    })
}

/// Whether `from` converts to `to` by the promotion rules.
///
/// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.can_cast.html>
#[must_use]
pub fn can_cast(from: DType, to: DType) -> bool {
    from.promote(to) == Some(to)
}

/// Whether a dtype is of a kind that the standard names: a dtype's own name, or `"bool"`, `"signed integer"`, `"unsigned integer"`, `"integral"`,
/// `"real floating"`, `"complex floating"`, `"numeric"`.
///
/// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.isdtype.html>
///
/// # Errors
/// An unknown kind.
pub fn isdtype(dtype: DType, kind: &str) -> Result<bool> {
    use crate::Kind;
    Ok(match kind {
        "bool" => dtype == DType::Bool,
        "signed integer" => dtype.kind() == Kind::SignedInteger,
        "unsigned integer" => dtype.kind() == Kind::UnsignedInteger,
        "integral" => dtype.is_integer(),
        "real floating" => dtype.is_real_floating(),
        "complex floating" => dtype.is_complex(),
        "numeric" => dtype.is_numeric(),
        name => name.parse::<DType>().map(|d| d == dtype).map_err(|_| {
            let kinds = "`bool`, `signed integer`, `unsigned integer`, `integral`, `real floating`, `complex floating`, `numeric`";
            Error::value("isdtype", format!("`{name}` is neither a dtype's name nor one of the kinds {kinds}"))
        })?,
    })
}

/// The dtype that dtypes and scalars promote to.
///
/// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.result_type.html>
///
/// # Errors
/// No dtype at all; a mixture that the standard leaves open; a scalar that does not fit.
pub fn result_type(dtypes: &[DType], scalars: &[Scalar]) -> Result<DType> {
    const FUNCTION: &str = "result_type";
    let (first, rest) = dtypes
        .split_first()
        .ok_or_else(|| Error::value(FUNCTION, "needs at least one array or dtype"))?;
    let promoted = rest.iter().try_fold(*first, |a, &b| {
        a.promote(b).ok_or_else(|| Error::promotion(FUNCTION, a, b))
    })?;
    scalars
        .iter()
        .try_fold(promoted, |dtype, s| s.weak_dtype(FUNCTION, dtype))
}

impl<B: Backend> Namespace<B> {
    /// Converts the values to another dtype, as an expression, which is fused with the expression around it.
    ///
    /// Floating-point to integer truncates; values out of range saturate, and NaN gives 0 (the standard leaves both
    /// open). Integer to integer wraps. A number becomes the `bool` `x ≠ 0`: NaN, subnormal numbers, and complex
    /// numbers with one part that is not 0 are `true`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.astype.html>
    ///
    /// # Errors
    /// At the next `?`: complex to real numbers; a dtype that the device cannot hold.
    pub fn astype(&self, x: impl Into<Expr<B>>, dtype: DType) -> Expr<B> {
        Expr::cast("astype", x.into().checked_on("astype", self), dtype)
    }

    /// The dtype that arrays promote to together.
    ///
    /// # Errors
    /// No array at all; a mixture that the standard leaves open.
    pub fn result_type(&self, arrays: &[&Array<B>]) -> Result<DType> {
        let dtypes: Vec<DType> = arrays.iter().map(|a| a.dtype()).collect();
        result_type(&dtypes, &[])
    }
}
