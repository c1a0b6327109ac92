//! One tight loop for each operation and dtype, which is looked up once for a program.
//!
//! Operations that the compiler can vectorise have loops that are compiled for each set of vector instructions, and
//! used if the processor has them; they call the functions in `mod math`. All other operations, and all operations on
//! older processors, call the scalar functions of `array_api_spec::reference::math` in a loop. (So the oracle and this
//! backend share that code, and comparing them tests nothing there: the vectors from NumPy and mpmath do.)

use std::{mem::MaybeUninit, slice};

use array_api_spec::{
    BinaryOp, Complex, DType, Element, Scalar, UnaryOp, dispatch,
    reference::math::{Arithmetic, BinaryFunction, UnaryFunction},
};

use super::math::{double, single};
use crate::vectors::Vectors;

/// Pointers to the arguments of a loop. An operation reads as many of them as it takes.
pub(super) type Arguments = [*const u8; 3];

/// Computes consecutive elements.
///
/// # Safety
/// The arguments that the operation takes hold as many elements as the last parameter says, of the dtype for which the
/// loop was looked up. The output has room for as many of the result's dtype, and overlaps no argument.
type Loop = unsafe fn(&Arguments, *mut u8, usize);

/// A [`Loop`] as a closure.
type ScalarLoop = Box<dyn Fn(&Arguments, *mut u8, usize) + Send + Sync>;

/// The loop of an operation.
pub(super) enum Kernel {
    /// Vectorised.
    Vector(Loop),
    /// One function call for each element.
    Scalar(ScalarLoop),
}

impl Kernel {
    /// # Safety
    /// See [`Loop`].
    pub(super) unsafe fn run(&self, arguments: &Arguments, out: *mut u8, len: usize) {
        match self {
            // SAFETY: by the contract of this function; loops for vector instructions are only found where the processor has them.
            Self::Vector(kernel) => unsafe { kernel(arguments, out, len) },
            Self::Scalar(kernel) => kernel(arguments, out, len),
        }
    }
}

/// # Safety
/// So many elements of this type are there, initialised and aligned, for as long as the slice is used.
#[inline(always)]
unsafe fn input<'a, T>(start: *const u8, len: usize) -> &'a [T] {
    // SAFETY: by the contract above.
    unsafe { slice::from_raw_parts(start.cast(), len) }
}

/// # Safety
/// There is room for so many elements of this type, aligned and free of other references for as long as the slice is used.
#[inline(always)]
unsafe fn output<'a, T>(start: *mut u8, len: usize) -> &'a mut [MaybeUninit<T>] {
    // SAFETY: by the contract above.
    unsafe { slice::from_raw_parts_mut(start.cast(), len) }
}

/// A loop compiled for each set of vector instructions.
#[derive(Clone, Copy)]
struct Loops {
    fused: Loop,
    wide: Loop,
}

impl Loops {
    /// The loop for a processor that has these.
    fn chosen(self, vectors: Vectors) -> Option<Loop> {
        match vectors {
            Vectors::Platform => None,
            Vectors::Fused => Some(self.fused),
            Vectors::Wide => Some(self.wide),
        }
    }
}

/// A loop over `$len` elements from its body, compiled for each set of vector instructions.
macro_rules! compiled {
    (|$arguments:ident, $out:ident, $len:ident| $body:block) => {{
        #[inline(always)]
        unsafe fn body($arguments: &Arguments, $out: *mut u8, $len: usize) $body

        #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
        unsafe fn fused(arguments: &Arguments, out: *mut u8, len: usize) {
            // SAFETY: by the contract of `Loop`.
            unsafe { body(arguments, out, len) }
        }
        #[cfg_attr(
            target_arch = "x86_64",
            target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw")
        )]
        unsafe fn wide(arguments: &Arguments, out: *mut u8, len: usize) {
            // SAFETY: by the contract of `Loop`.
            unsafe { body(arguments, out, len) }
        }
        Loops { fused, wide }
    }};
}

/// A vectorised loop over one argument. With `if` and `else`, the function after `else` computes the blocks in which
/// some element does not fulfil the condition.
macro_rules! map {
    ($T:ty => $R:ty, |$x:ident| $body:expr) => {
        compiled!(|arguments, out, len| {
            // SAFETY: by the contract of `Loop`.
            let (x, out) = unsafe { (input::<$T>(arguments[0], len), output::<$R>(out, len)) };
            for (out, &$x) in out.iter_mut().zip(x) {
                out.write($body);
            }
        })
    };
    ($T:ty => $R:ty, |$x:ident| $body:expr, if $guard:expr, else $slow:expr) => {
        compiled!(|arguments, out, len| {
            // SAFETY: by the contract of `Loop`.
            let (x, out) = unsafe { (input::<$T>(arguments[0], len), output::<$R>(out, len)) };
            if x.iter().fold(true, |all, &$x| all & $guard) {
                for (out, &$x) in out.iter_mut().zip(x) {
                    out.write($body);
                }
            } else {
                for (out, &$x) in out.iter_mut().zip(x) {
                    out.write($slow);
                }
            }
        })
    };
}

/// As `map`, over two arguments of one type.
macro_rules! zip {
    ($T:ty => $R:ty, |$x:ident, $y:ident| $body:expr) => {
        compiled!(|arguments, out, len| {
            // SAFETY: by the contract of `Loop`.
            let (x, y) = unsafe {
                (
                    input::<$T>(arguments[0], len),
                    input::<$T>(arguments[1], len),
                )
            };
            // SAFETY: as above.
            let out = unsafe { output::<$R>(out, len) };
            for ((out, &$x), &$y) in out.iter_mut().zip(x).zip(y) {
                out.write($body);
            }
        })
    };
    ($T:ty => $R:ty, |$x:ident, $y:ident| $body:expr, if $guard:expr, else $slow:expr) => {
        compiled!(|arguments, out, len| {
            // SAFETY: by the contract of `Loop`.
            let (x, y) = unsafe {
                (
                    input::<$T>(arguments[0], len),
                    input::<$T>(arguments[1], len),
                )
            };
            // SAFETY: as above.
            let out = unsafe { output::<$R>(out, len) };
            if x.iter().zip(y).fold(true, |all, (&$x, &$y)| all & $guard) {
                for ((out, &$x), &$y) in out.iter_mut().zip(x).zip(y) {
                    out.write($body);
                }
            } else {
                for ((out, &$x), &$y) in out.iter_mut().zip(x).zip(y) {
                    out.write($slow);
                }
            }
        })
    };
}

/// The scalar function of an operation on one value.
macro_rules! slow {
    ($op:ident, $T:ty, $x:expr) => {
        match <$T>::unary(UnaryOp::$op) {
            Some(UnaryFunction::Same(f)) => f($x),
            _ => unreachable!("the function is defined for real numbers"),
        }
    };
}

/// The loop of an operation on one argument of a dtype. `Positive` copies, `bool` too.
///
/// # Panics
/// If the operation does not take the dtype. Whoever made the program has checked that.
pub(super) fn unary(op: UnaryOp, dtype: DType, vectors: Vectors) -> Kernel {
    let fast = match dtype {
        DType::Float32 => unary_f32(op),
        DType::Float64 => unary_f64(op),
        DType::Complex64 | DType::Complex128 => unary_complex(op, dtype),
        _ => unary_integer(op, dtype),
    };
    if let Some(kernel) = fast.and_then(|loops| loops.chosen(vectors)) {
        return Kernel::Vector(kernel);
    }
    fn boxed<T, R>(f: fn(T) -> R) -> Kernel
    where
        T: Copy + 'static,
        R: 'static,
    {
        Kernel::Scalar(Box::new(move |arguments, out, len| {
            // SAFETY: by the contract of `Loop`, under which alone `Kernel::run` is called.
            let (x, out) = unsafe { (input::<T>(arguments[0], len), output::<R>(out, len)) };
            for (out, &x) in out.iter_mut().zip(x) {
                out.write(f(x));
            }
        }))
    }
    dispatch!(dtype, T => match T::unary(op) {
        Some(UnaryFunction::Same(f)) => boxed(f),
        Some(UnaryFunction::Real(f)) => boxed(f),
        Some(UnaryFunction::Bool(f)) => boxed(f),
        None => panic!("{} does not take {dtype}", op.name()),
    })
}

/// The loop of an operation on two arguments of a dtype.
///
/// # Panics
/// If the operation does not take the dtype. Whoever made the program has checked that.
pub(super) fn binary(op: BinaryOp, dtype: DType, vectors: Vectors) -> Kernel {
    let fast = match dtype {
        DType::Float32 => binary_f32(op),
        DType::Float64 => binary_f64(op),
        DType::Complex64 | DType::Complex128 => binary_complex(op, dtype),
        DType::Bool => binary_bool(op),
        _ => binary_integer(op, dtype),
    };
    if let Some(kernel) = fast.and_then(|loops| loops.chosen(vectors)) {
        return Kernel::Vector(kernel);
    }
    fn boxed<T, R>(f: fn(T, T) -> R) -> Kernel
    where
        T: Copy + 'static,
        R: 'static,
    {
        Kernel::Scalar(Box::new(move |arguments, out, len| {
            // SAFETY: by the contract of `Loop`, under which alone `Kernel::run` is called.
            let (x, y) = unsafe { (input::<T>(arguments[0], len), input::<T>(arguments[1], len)) };
            // SAFETY: as above.
            let out = unsafe { output::<R>(out, len) };
            for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
                out.write(f(x, y));
            }
        }))
    }
    dispatch!(dtype, T => match T::binary(op) {
        Some(BinaryFunction::Same(f)) => boxed(f),
        Some(BinaryFunction::Bool(f)) => boxed(f),
        None => panic!("{} does not take {dtype}", op.name()),
    })
}

/// The operations on real numbers that are alike for both widths; `$U` has a number's bits.
macro_rules! unary_real {
    ($op:expr, $T:ident, $U:ident) => {
        match $op {
            UnaryOp::Abs => map!($T => $T, |x| x.abs()),
            UnaryOp::Ceil => map!($T => $T, |x| x.ceil()),
            UnaryOp::Conj | UnaryOp::Positive | UnaryOp::Real => map!($T => $T, |x| x),
            UnaryOp::Floor => map!($T => $T, |x| x.floor()),
            UnaryOp::Isfinite => map!($T => bool, |x| x.abs() < $T::INFINITY),
            UnaryOp::Isinf => map!($T => bool, |x| x.abs() == $T::INFINITY),
            UnaryOp::Isnan => map!($T => bool, |x| x.is_nan()),
            UnaryOp::Negative => map!($T => $T, |x| -x),
            UnaryOp::Reciprocal => map!($T => $T, |x| 1.0 / x),
            UnaryOp::Round => map!($T => $T, |x| x.round_ties_even()),
            UnaryOp::Sign => map!($T => $T, |x| {
                let one: $T = 1.0;
                // A zero of either sign gives +0, and NaN gives NaN.
                if x == 0.0 { 0.0 } else if x.is_nan() { x } else { one.copysign(x) }
            }),
            UnaryOp::Signbit => map!($T => bool, |x| x.to_bits() >> ($U::BITS - 1) != 0),
            UnaryOp::Sqrt => map!($T => $T, |x| x.sqrt()),
            UnaryOp::Square => map!($T => $T, |x| x * x),
            UnaryOp::Trunc => map!($T => $T, |x| x.trunc()),
            _ => return None,
        }
    };
}

fn unary_f64(op: UnaryOp) -> Option<Loops> {
    Some(match op {
        UnaryOp::Cos => {
            map!(f64 => f64, |x| double::cos(x), if x.abs() <= double::LARGEST_ANGLE, else x.cos())
        }
        UnaryOp::Cosh => map!(f64 => f64, |x| double::cosh(x), if x.abs() <= 700.0, else x.cosh()),
        UnaryOp::Exp => map!(f64 => f64, |x| double::exp(x)),
        UnaryOp::Expm1 => {
            map!(f64 => f64, |x| double::expm1(x), if x.abs() <= 700.0, else x.exp_m1())
        }
        UnaryOp::Log => map!(f64 => f64, |x| double::log(x), if normal_f64(x), else x.ln()),
        UnaryOp::Log1p => {
            map!(f64 => f64, |x| double::log1p(x), if (x > -0.999_999) & (x <= 1e300), else slow!(Log1p, f64, x))
        }
        UnaryOp::Log2 => map!(f64 => f64, |x| double::log2(x), if normal_f64(x), else x.log2()),
        UnaryOp::Sin => {
            map!(f64 => f64, |x| double::sin(x), if x.abs() <= double::LARGEST_ANGLE, else x.sin())
        }
        UnaryOp::Sinh => map!(f64 => f64, |x| double::sinh(x), if x.abs() <= 700.0, else x.sinh()),
        UnaryOp::Tan => {
            map!(f64 => f64, |x| double::tan(x), if x.abs() <= double::LARGEST_ANGLE, else x.tan())
        }
        UnaryOp::Tanh => map!(f64 => f64, |x| double::tanh(x)),
        op => unary_real!(op, f64, u64),
    })
}

fn unary_f32(op: UnaryOp) -> Option<Loops> {
    Some(match op {
        UnaryOp::Cos => {
            map!(f32 => f32, |x| single::cos(x), if x.abs() <= single::LARGEST_ANGLE, else slow!(Cos, f32, x))
        }
        UnaryOp::Cosh => {
            map!(f32 => f32, |x| double::cosh(f64::from(x)) as f32, if x.abs() <= 700.0, else slow!(Cosh, f32, x))
        }
        UnaryOp::Exp => map!(f32 => f32, |x| single::exp(x)),
        UnaryOp::Expm1 => {
            map!(f32 => f32, |x| double::expm1(f64::from(x)) as f32, if x.abs() <= 700.0, else slow!(Expm1, f32, x))
        }
        UnaryOp::Log => {
            map!(f32 => f32, |x| single::log(x), if normal_f32(x), else slow!(Log, f32, x))
        }
        UnaryOp::Log1p => {
            map!(f32 => f32, |x| double::log1p(f64::from(x)) as f32, if (x > -0.999_999) & (x <= f32::MAX), else slow!(Log1p, f32, x))
        }
        UnaryOp::Log2 => {
            map!(f32 => f32, |x| double::log2(f64::from(x)) as f32, if normal_f32(x), else slow!(Log2, f32, x))
        }
        UnaryOp::Log10 => {
            map!(f32 => f32, |x| (double::log(f64::from(x)) * std::f64::consts::LOG10_E) as f32, if normal_f32(x), else slow!(Log10, f32, x))
        }
        UnaryOp::Sin => {
            map!(f32 => f32, |x| single::sin(x), if x.abs() <= single::LARGEST_ANGLE, else slow!(Sin, f32, x))
        }
        UnaryOp::Sinh => {
            map!(f32 => f32, |x| double::sinh(f64::from(x)) as f32, if x.abs() <= 700.0, else slow!(Sinh, f32, x))
        }
        UnaryOp::Tan => {
            map!(f32 => f32, |x| double::tan(f64::from(x)) as f32, if x.abs() <= double::LARGEST_ANGLE as f32, else slow!(Tan, f32, x))
        }
        UnaryOp::Tanh => map!(f32 => f32, |x| single::tanh(x)),
        op => unary_real!(op, f32, u32),
    })
}

#[inline(always)]
fn normal_f64(x: f64) -> bool {
    (f64::MIN_POSITIVE..=f64::MAX).contains(&x)
}

#[inline(always)]
fn normal_f32(x: f32) -> bool {
    (f32::MIN_POSITIVE..=f32::MAX).contains(&x)
}

/// The operations on two real numbers that are alike for both widths.
macro_rules! binary_real {
    ($op:expr, $T:ident) => {
        match $op {
            BinaryOp::Add => zip!($T => $T, |x, y| x + y),
            BinaryOp::Copysign => zip!($T => $T, |x, y| x.copysign(y)),
            BinaryOp::Divide => zip!($T => $T, |x, y| x / y),
            BinaryOp::Equal => zip!($T => bool, |x, y| x == y),
            BinaryOp::Greater => zip!($T => bool, |x, y| x > y),
            BinaryOp::GreaterEqual => zip!($T => bool, |x, y| x >= y),
            BinaryOp::Less => zip!($T => bool, |x, y| x < y),
            BinaryOp::LessEqual => zip!($T => bool, |x, y| x <= y),
            BinaryOp::Maximum => zip!($T => $T, |x, y| if (x >= y) | x.is_nan() { x } else { y }),
            BinaryOp::Minimum => zip!($T => $T, |x, y| if (x <= y) | x.is_nan() { x } else { y }),
            BinaryOp::Multiply => zip!($T => $T, |x, y| x * y),
            BinaryOp::NotEqual => zip!($T => bool, |x, y| x != y),
            BinaryOp::Subtract => zip!($T => $T, |x, y| x - y),
            _ => return None,
        }
    };
}

macro_rules! slow2 {
    ($op:ident, $T:ty, $x:expr, $y:expr) => {
        match <$T>::binary(BinaryOp::$op) {
            Some(BinaryFunction::Same(f)) => f($x, $y),
            _ => unreachable!("the function is defined for real numbers"),
        }
    };
}

fn binary_f64(op: BinaryOp) -> Option<Loops> {
    Some(match op {
        BinaryOp::Logaddexp => {
            zip!(f64 => f64, |x, y| double::logaddexp(x, y), if (x.abs() <= f64::MAX) & (y.abs() <= f64::MAX), else slow2!(Logaddexp, f64, x, y))
        }
        BinaryOp::Pow => {
            zip!(f64 => f64, |x, y| double::pow(x, y), if normal_f64(x) & (y.abs() <= 1e300), else slow2!(Pow, f64, x, y))
        }
        op => binary_real!(op, f64),
    })
}

fn binary_f32(op: BinaryOp) -> Option<Loops> {
    Some(match op {
        BinaryOp::Hypot => zip!(f32 => f32, |x, y| {
            let (x, y) = (f64::from(x), f64::from(y));
            x.mul_add(x, y * y).sqrt() as f32
        }, if (x.abs() <= f32::MAX) & (y.abs() <= f32::MAX), else slow2!(Hypot, f32, x, y)),
        BinaryOp::Logaddexp => {
            zip!(f32 => f32, |x, y| double::logaddexp(f64::from(x), f64::from(y)) as f32, if (x.abs() <= f32::MAX) & (y.abs() <= f32::MAX), else slow2!(Logaddexp, f32, x, y))
        }
        BinaryOp::Pow => {
            zip!(f32 => f32, |x, y| single::pow(x, y), if normal_f32(x) & (y.abs() <= f32::MAX), else slow2!(Pow, f32, x, y))
        }
        op => binary_real!(op, f32),
    })
}

/// A complex product in double precision for both widths, as the scalar functions have it.
macro_rules! product {
    ($T:ident, $z:expr, $w:expr) => {{
        let (a, b, c, d) = (
            f64::from($z.re),
            f64::from($z.im),
            f64::from($w.re),
            f64::from($w.im),
        );
        Complex::new((a * c - b * d) as $T, (a * d + b * c) as $T)
    }};
}

fn unary_complex(op: UnaryOp, dtype: DType) -> Option<Loops> {
    macro_rules! loops {
        ($T:ident) => {
            match op {
                UnaryOp::Conj => map!(Complex<$T> => Complex<$T>, |z| Complex::new(z.re, -z.im)),
                UnaryOp::Imag => map!(Complex<$T> => $T, |z| z.im),
                UnaryOp::Isfinite => {
                    map!(Complex<$T> => bool, |z| (z.re.abs() < $T::INFINITY) & (z.im.abs() < $T::INFINITY))
                }
                UnaryOp::Isinf => {
                    map!(Complex<$T> => bool, |z| (z.re.abs() == $T::INFINITY) | (z.im.abs() == $T::INFINITY))
                }
                UnaryOp::Isnan => map!(Complex<$T> => bool, |z| z.re.is_nan() | z.im.is_nan()),
                UnaryOp::Negative => map!(Complex<$T> => Complex<$T>, |z| Complex::new(-z.re, -z.im)),
                UnaryOp::Positive => map!(Complex<$T> => Complex<$T>, |z| z),
                UnaryOp::Real => map!(Complex<$T> => $T, |z| z.re),
                UnaryOp::Square => map!(Complex<$T> => Complex<$T>, |z| product!($T, z, z)),
                _ => return None,
            }
        };
    }
    Some(if dtype == DType::Complex64 {
        loops!(f32)
    } else {
        loops!(f64)
    })
}

fn binary_complex(op: BinaryOp, dtype: DType) -> Option<Loops> {
    macro_rules! loops {
        ($T:ident) => {
            match op {
                BinaryOp::Add => {
                    zip!(Complex<$T> => Complex<$T>, |z, w| Complex::new(z.re + w.re, z.im + w.im))
                }
                BinaryOp::Equal => zip!(Complex<$T> => bool, |z, w| (z.re == w.re) & (z.im == w.im)),
                BinaryOp::Multiply => zip!(Complex<$T> => Complex<$T>, |z, w| product!($T, z, w)),
                BinaryOp::NotEqual => zip!(Complex<$T> => bool, |z, w| (z.re != w.re) | (z.im != w.im)),
                BinaryOp::Subtract => {
                    zip!(Complex<$T> => Complex<$T>, |z, w| Complex::new(z.re - w.re, z.im - w.im))
                }
                _ => return None,
            }
        };
    }
    Some(if dtype == DType::Complex64 {
        loops!(f32)
    } else {
        loops!(f64)
    })
}

fn binary_bool(op: BinaryOp) -> Option<Loops> {
    Some(match op {
        BinaryOp::BitwiseAnd | BinaryOp::LogicalAnd => zip!(bool => bool, |x, y| x & y),
        BinaryOp::BitwiseOr | BinaryOp::LogicalOr => zip!(bool => bool, |x, y| x | y),
        BinaryOp::BitwiseXor | BinaryOp::LogicalXor | BinaryOp::NotEqual => {
            zip!(bool => bool, |x, y| x ^ y)
        }
        BinaryOp::Equal => zip!(bool => bool, |x, y| x == y),
        _ => return None,
    })
}

/// Runs a block with `$T` as the Rust type of an integer dtype; returns `None` from the function for another dtype.
macro_rules! integers {
    ($dtype:expr, $loops:ident) => {
        match $dtype {
            DType::Int8 => $loops!(i8),
            DType::Int16 => $loops!(i16),
            DType::Int32 => $loops!(i32),
            DType::Int64 => $loops!(i64),
            DType::UInt8 => $loops!(u8),
            DType::UInt16 => $loops!(u16),
            DType::UInt32 => $loops!(u32),
            DType::UInt64 => $loops!(u64),
            _ => return None,
        }
    };
}

fn unary_integer(op: UnaryOp, dtype: DType) -> Option<Loops> {
    macro_rules! loops {
        ($T:ident) => {
            match op {
                UnaryOp::BitwiseInvert => map!($T => $T, |x| !x),
                UnaryOp::Negative => map!($T => $T, |x| x.wrapping_neg()),
                UnaryOp::Positive => map!($T => $T, |x| x),
                UnaryOp::Square => map!($T => $T, |x| x.wrapping_mul(x)),
                _ => return None,
            }
        };
    }
    if dtype == DType::Bool {
        return match op {
            UnaryOp::BitwiseInvert | UnaryOp::LogicalNot => Some(map!(bool => bool, |x| !x)),
            UnaryOp::Positive => Some(map!(bool => bool, |x| x)),
            _ => None,
        };
    }
    Some(integers!(dtype, loops))
}

fn binary_integer(op: BinaryOp, dtype: DType) -> Option<Loops> {
    macro_rules! loops {
        ($T:ident) => {
            match op {
                BinaryOp::Add => zip!($T => $T, |x, y| x.wrapping_add(y)),
                BinaryOp::BitwiseAnd => zip!($T => $T, |x, y| x & y),
                BinaryOp::BitwiseOr => zip!($T => $T, |x, y| x | y),
                BinaryOp::BitwiseXor => zip!($T => $T, |x, y| x ^ y),
                BinaryOp::Equal => zip!($T => bool, |x, y| x == y),
                BinaryOp::Greater => zip!($T => bool, |x, y| x > y),
                BinaryOp::GreaterEqual => zip!($T => bool, |x, y| x >= y),
                BinaryOp::Less => zip!($T => bool, |x, y| x < y),
                BinaryOp::LessEqual => zip!($T => bool, |x, y| x <= y),
                BinaryOp::Maximum => zip!($T => $T, |x, y| x.max(y)),
                BinaryOp::Minimum => zip!($T => $T, |x, y| x.min(y)),
                BinaryOp::Multiply => zip!($T => $T, |x, y| x.wrapping_mul(y)),
                BinaryOp::NotEqual => zip!($T => bool, |x, y| x != y),
                BinaryOp::Subtract => zip!($T => $T, |x, y| x.wrapping_sub(y)),
                _ => return None,
            }
        };
    }
    Some(integers!(dtype, loops))
}

/// The loop that takes the second argument where the first (`bool`) is true and the third elsewhere.
pub(super) fn select(dtype: DType, vectors: Vectors) -> Kernel {
    macro_rules! chosen {
        ($T:ty, |$condition:ident, $x:ident, $y:ident| $body:expr) => {
            compiled!(|arguments, out, len| {
                // SAFETY: by the contract of `Loop`; a `bool` is a byte, 0 or 1.
                let (condition, x) = unsafe {
                    (
                        input::<u8>(arguments[0], len),
                        input::<$T>(arguments[1], len),
                    )
                };
                // SAFETY: as above.
                let (y, out) = unsafe { (input::<$T>(arguments[2], len), output::<$T>(out, len)) };
                for (((out, &$condition), &$x), &$y) in out.iter_mut().zip(condition).zip(x).zip(y)
                {
                    out.write($body);
                }
            })
        };
    }
    // The compiler vectorises a bit mask, but not `if`.
    macro_rules! masked {
        ($T:ty) => {
            chosen!($T, |c, x, y| {
                let mask = <$T>::from(c).wrapping_neg();
                (x & mask) | (y & !mask)
            })
        };
    }
    let loops = match dtype.size() {
        1 => masked!(u8),
        2 => masked!(u16),
        4 => masked!(u32),
        8 => masked!(u64),
        _ => chosen!([u64; 2], |c, x, y| if c != 0 { x } else { y }),
    };
    if let Some(kernel) = loops.chosen(vectors) {
        return Kernel::Vector(kernel);
    }
    dispatch!(dtype, T => Kernel::Scalar(Box::new(|arguments, out, len| {
        // SAFETY: by the contract of `Loop`, under which alone `Kernel::run` is called.
        let (condition, x) = unsafe { (input::<bool>(arguments[0], len), input::<T>(arguments[1], len)) };
        // SAFETY: as above.
        let (y, out) = unsafe { (input::<T>(arguments[2], len), output::<T>(out, len)) };
        for (((out, &condition), &x), &y) in out.iter_mut().zip(condition).zip(x).zip(y) {
            out.write(if condition { x } else { y });
        }
    })))
}

/// The loop that converts from one dtype to another as `astype` does.
pub(super) fn convert(from: DType, to: DType, vectors: Vectors) -> Kernel {
    if from == to {
        return unary(UnaryOp::Positive, from, vectors);
    }
    if let Some(kernel) = convert_real(from, to).and_then(|loops| loops.chosen(vectors)) {
        return Kernel::Vector(kernel);
    }
    unsafe fn read<T: Element>(from: *const u8, k: usize) -> Scalar {
        // SAFETY: by the contract of `Loop`, under which alone `Kernel::run` is called.
        unsafe { *from.cast::<T>().add(k) }.into()
    }
    unsafe fn write<T: Arithmetic>(value: Scalar, to: *mut u8, k: usize) {
        // SAFETY: as in `read`.
        unsafe { to.cast::<T>().add(k).write(T::cast(value)) };
    }
    // Converts through `Scalar`, which needs one function for each dtype and not one for each pair.
    let read = dispatch!(from, T => read::<T> as unsafe fn(*const u8, usize) -> Scalar);
    let write = dispatch!(to, T => write::<T> as unsafe fn(Scalar, *mut u8, usize));
    Kernel::Scalar(Box::new(move |arguments, out, len| {
        for k in 0..len {
            // SAFETY: by the contract of `Loop`, under which alone `Kernel::run` is called.
            unsafe { write(read(arguments[0], k), out, k) };
        }
    }))
}

/// Between real dtypes, Rust's `as` does what the standard requires: it truncates, saturates and wraps.
fn convert_real(from: DType, to: DType) -> Option<Loops> {
    macro_rules! from_type {
        ($T:ident) => {
            match to {
                DType::Bool => map!($T => bool, |x| x != (0 as $T)),
                DType::Int8 => map!($T => i8, |x| x as i8),
                DType::Int16 => map!($T => i16, |x| x as i16),
                DType::Int32 => map!($T => i32, |x| x as i32),
                DType::Int64 => map!($T => i64, |x| x as i64),
                DType::UInt8 => map!($T => u8, |x| x as u8),
                DType::UInt16 => map!($T => u16, |x| x as u16),
                DType::UInt32 => map!($T => u32, |x| x as u32),
                DType::UInt64 => map!($T => u64, |x| x as u64),
                DType::Float32 => map!($T => f32, |x| x as f32),
                DType::Float64 => map!($T => f64, |x| x as f64),
                DType::Complex64 => map!($T => Complex<f32>, |x| Complex::new(x as f32, 0.0)),
                DType::Complex128 => map!($T => Complex<f64>, |x| Complex::new(x as f64, 0.0)),
            }
        };
    }
    Some(match from {
        // The bytes of `bool` are 0 and 1.
        DType::Bool => from_type!(u8),
        DType::Float32 => from_type!(f32),
        DType::Float64 => from_type!(f64),
        DType::Complex64 | DType::Complex128 => return None,
        integer => integers!(integer, from_type),
    })
}
