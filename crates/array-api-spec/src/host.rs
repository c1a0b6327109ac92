//! Typed values on the host: how data enters and leaves a device.

use num_complex::Complex;

use crate::{DType, Error, Result, Scalar};

/// Contiguous values of one dtype in host memory.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "one variant a dtype")]
pub enum HostBuffer {
    Bool(Vec<bool>),
    Int8(Vec<i8>),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    UInt8(Vec<u8>),
    UInt16(Vec<u16>),
    UInt32(Vec<u32>),
    UInt64(Vec<u64>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Complex64(Vec<Complex<f32>>),
    Complex128(Vec<Complex<f64>>),
}

/// A Rust type that is the element of an array.
pub trait Element:
    Copy + Send + Sync + PartialEq + std::fmt::Debug + Default + Into<Scalar> + 'static
{
    /// Its dtype.
    const DTYPE: DType;

    /// Wraps values of this type.
    fn into_buffer(values: Vec<Self>) -> HostBuffer;

    /// Unwraps values of this type, or gives the buffer back if they are of another.
    ///
    /// # Errors
    /// The buffer, unchanged, if its dtype is not [`Self::DTYPE`].
    fn from_buffer(buffer: HostBuffer) -> Result<Vec<Self>, HostBuffer>;

    /// Borrows values of this type.
    fn slice(buffer: &HostBuffer) -> Option<&[Self]>;

    /// Borrows values of this type for writing.
    fn slice_mut(buffer: &mut HostBuffer) -> Option<&mut Vec<Self>>;

    /// The value of a scalar that has this dtype's form (see [`Scalar::to_dtype`]); the default value for a scalar of
    /// another kind.
    fn stored(scalar: Scalar) -> Self;
}

/// Runs a block with `$T` as the Rust type of a dtype. With `real` (integer or real floating-point), `numeric` or
/// `floating`, only these dtypes are handled, and the last arm says what happens for others.
///
/// ```
/// use array_api_spec::{DType, dispatch};
/// let size = dispatch!(DType::Complex64, T => size_of::<T>());
/// assert_eq!(size, 8);
/// let largest = |dtype| dispatch!(real: dtype, T => Some(T::MAX as f64), _other => None);
/// assert_eq!((largest(DType::UInt8), largest(DType::Complex64)), (Some(255.0), None));
/// ```
#[macro_export]
macro_rules! dispatch {
    (@arms $dtype:expr, $T:ident => $body:expr, { $($variant:ident $t:ty),* } $($other:ident => $otherwise:expr)?) => {
        match $dtype {
            $($crate::DType::$variant => {
                type $T = $t;
                $body
            })*
            $($other => $otherwise,)?
        }
    };
    (real: $dtype:expr, $T:ident => $body:expr, $other:ident => $otherwise:expr) => {
        $crate::dispatch!(@arms $dtype, $T => $body, {
            Int8 i8, Int16 i16, Int32 i32, Int64 i64, UInt8 u8, UInt16 u16, UInt32 u32, UInt64 u64, Float32 f32, Float64 f64
        } $other => $otherwise)
    };
    (floating: $dtype:expr, $T:ident => $body:expr, $other:ident => $otherwise:expr) => {
        $crate::dispatch!(@arms $dtype, $T => $body, {
            Float32 f32, Float64 f64, Complex64 $crate::Complex<f32>, Complex128 $crate::Complex<f64>
        } $other => $otherwise)
    };
    (numeric: $dtype:expr, $T:ident => $body:expr, $other:ident => $otherwise:expr) => {
        $crate::dispatch!(@arms $dtype, $T => $body, {
            Int8 i8, Int16 i16, Int32 i32, Int64 i64, UInt8 u8, UInt16 u16, UInt32 u32, UInt64 u64, Float32 f32, Float64 f64,
            Complex64 $crate::Complex<f32>, Complex128 $crate::Complex<f64>
        } $other => $otherwise)
    };
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::dispatch!(@arms $dtype, $T => $body, {
            Bool bool,
            Int8 i8, Int16 i16, Int32 i32, Int64 i64, UInt8 u8, UInt16 u16, UInt32 u32, UInt64 u64, Float32 f32, Float64 f64,
            Complex64 $crate::Complex<f32>, Complex128 $crate::Complex<f64>
        })
    };
}

macro_rules! elements {
    ($($variant:ident $t:ty: $scalar:pat => $value:expr),* $(,)?) => {
        $(impl Element for $t {
            const DTYPE: DType = DType::$variant;
            fn into_buffer(values: Vec<Self>) -> HostBuffer {
                HostBuffer::$variant(values)
            }
            fn from_buffer(buffer: HostBuffer) -> Result<Vec<Self>, HostBuffer> {
                if let HostBuffer::$variant(values) = buffer { Ok(values) } else { Err(buffer) }
            }
            fn slice(buffer: &HostBuffer) -> Option<&[Self]> {
                if let HostBuffer::$variant(values) = buffer { Some(values) } else { None }
            }
            fn slice_mut(buffer: &mut HostBuffer) -> Option<&mut Vec<Self>> {
                if let HostBuffer::$variant(values) = buffer { Some(values) } else { None }
            }
            fn stored(scalar: Scalar) -> Self {
                if let $scalar = scalar { $value } else { Self::default() }
            }
        })*

        impl HostBuffer {
            /// The dtype of the values.
            #[must_use]
            pub const fn dtype(&self) -> DType {
                match self { $(Self::$variant(_) => DType::$variant,)* }
            }

            /// How many values there are.
            #[must_use]
            pub fn len(&self) -> usize {
                match self { $(Self::$variant(values) => values.len(),)* }
            }

            /// One value.
            #[must_use]
            pub fn get(&self, index: usize) -> Option<Scalar> {
                match self { $(Self::$variant(values) => values.get(index).map(|&v| v.into()),)* }
            }
        }
    };
}
elements! {
    Bool bool: Scalar::Bool(b) => b,
    Int8 i8: Scalar::Int(i) => i as Self,
    Int16 i16: Scalar::Int(i) => i as Self,
    Int32 i32: Scalar::Int(i) => i as Self,
    Int64 i64: Scalar::Int(i) => i as Self,
    UInt8 u8: Scalar::Int(i) => i as Self,
    UInt16 u16: Scalar::Int(i) => i as Self,
    UInt32 u32: Scalar::Int(i) => i as Self,
    UInt64 u64: Scalar::Int(i) => i as Self,
    Float32 f32: Scalar::Float(x) => x as Self,
    Float64 f64: Scalar::Float(x) => x,
    Complex64 Complex<f32>: Scalar::Complex(z) => Self::new(z.re as f32, z.im as f32),
    Complex128 Complex<f64>: Scalar::Complex(z) => z,
}

impl HostBuffer {
    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no value is NaN or infinite.
    #[must_use]
    pub fn all_finite(&self) -> bool {
        match self {
            Self::Float32(v) => v.iter().all(|x| x.is_finite()),
            Self::Float64(v) => v.iter().all(|x| x.is_finite()),
            Self::Complex64(v) => v.iter().all(|z| z.is_finite()),
            Self::Complex128(v) => v.iter().all(|z| z.is_finite()),
            _ => true,
        }
    }

    /// The values as little-endian bytes, `bool` as 0 and 1.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Bool(v) => bytemuck::cast_slice(v),
            Self::Int8(v) => bytemuck::cast_slice(v),
            Self::Int16(v) => bytemuck::cast_slice(v),
            Self::Int32(v) => bytemuck::cast_slice(v),
            Self::Int64(v) => bytemuck::cast_slice(v),
            Self::UInt8(v) => v,
            Self::UInt16(v) => bytemuck::cast_slice(v),
            Self::UInt32(v) => bytemuck::cast_slice(v),
            Self::UInt64(v) => bytemuck::cast_slice(v),
            Self::Float32(v) => bytemuck::cast_slice(v),
            Self::Float64(v) => bytemuck::cast_slice(v),
            Self::Complex64(v) => bytemuck::cast_slice(v),
            Self::Complex128(v) => bytemuck::cast_slice(v),
        }
    }

    /// Values of `dtype` from little-endian bytes. Any nonzero byte is `true`.
    ///
    /// # Errors
    /// A number of bytes that is not a multiple of the element's size.
    pub fn from_bytes(dtype: DType, bytes: &[u8]) -> Result<Self> {
        if !bytes.len().is_multiple_of(dtype.size()) {
            return Err(Error::value(
                "from_bytes",
                format!("{} bytes are no whole number of {dtype}", bytes.len()),
            ));
        }
        Ok(match dtype {
            DType::Bool => Self::Bool(bytes.iter().map(|&b| b != 0).collect()),
            DType::Int8 => Self::Int8(bytemuck::allocation::pod_collect_to_vec(bytes)),
            DType::Int16 => Self::Int16(bytemuck::allocation::pod_collect_to_vec(bytes)),
            DType::Int32 => Self::Int32(bytemuck::allocation::pod_collect_to_vec(bytes)),
            DType::Int64 => Self::Int64(bytemuck::allocation::pod_collect_to_vec(bytes)),
            DType::UInt8 => Self::UInt8(bytes.to_vec()),
            DType::UInt16 => Self::UInt16(bytemuck::allocation::pod_collect_to_vec(bytes)),
            DType::UInt32 => Self::UInt32(bytemuck::allocation::pod_collect_to_vec(bytes)),
            DType::UInt64 => Self::UInt64(bytemuck::allocation::pod_collect_to_vec(bytes)),
            DType::Float32 => Self::Float32(bytemuck::allocation::pod_collect_to_vec(bytes)),
            DType::Float64 => Self::Float64(bytemuck::allocation::pod_collect_to_vec(bytes)),
            DType::Complex64 => Self::Complex64(bytemuck::allocation::pod_collect_to_vec(bytes)),
            DType::Complex128 => Self::Complex128(bytemuck::allocation::pod_collect_to_vec(bytes)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_round() {
        for buffer in [
            HostBuffer::Bool(vec![true, false]),
            HostBuffer::Int16(vec![-2, 3]),
            HostBuffer::Complex128(vec![Complex::new(1.0, -0.0)]),
        ] {
            assert_eq!(
                HostBuffer::from_bytes(buffer.dtype(), buffer.as_bytes()).expect("whole"),
                buffer
            );
        }
        assert!(HostBuffer::from_bytes(DType::Float32, &[0; 6]).is_err());
    }
}
