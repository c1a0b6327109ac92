//! Dense factorisations in host memory by `faer`, for the CPU backend and for devices that bring their matrices to the
//! host. `eig` uses `faer` for the Hessenberg form only.
//!
//! All work is done in double precision, because `faer`'s single-precision QR takes nearly dependent columns for
//! dependent ones. Matrices are first scaled by powers of two, which is exact, so that finite input of any magnitude
//! neither overflows nor underflows on the way. A matrix with NaN or ∞ is not given to `faer`, whose iterations promise
//! nothing for it: its results are NaN.

mod cholesky;
mod eig;
mod eigh;
mod lu;
mod qr;
mod real;
mod solve;
mod svd;

use std::ops::Range;

use array_api_spec::{Complex, Element, Layout, Result, shape::size};
use faer::{
    Mat, Par,
    dyn_stack::{MemBuffer, MemStack, StackReq},
    traits::ComplexField,
};
use rayon::prelude::*;

use array_api_spec::memory;

use crate::threads;

pub use self::{
    cholesky::cholesky,
    eig::{eig, eigvals},
    eigh::{eigh, eigvalsh},
    lu::lu,
    qr::qr,
    real::{exponent, ldexp},
    solve::solve,
    svd::{Svd, svd, svdvals},
};

/// Up to this order one thread factorises faster than two (measured for QR and LU; eigh and svd gain nothing by a
/// second one).
const ONE_THREAD: usize = 400;

/// A batch with fewer multiplications than this, roughly, is done by one thread before a second one has woken up.
const STACK_WORK: usize = 1 << 18;

/// An element of a matrix that can be factorised.
pub trait Floating: Element {
    /// The type that the work is done in.
    type Wide: Wide;
    /// The type of singular values and of Hermitian matrices' eigenvalues.
    type Real: Element;
    /// The type of other matrices' eigenvalues.
    type Complex: Element;

    /// The same value in the type that the work is done in.
    fn widen(self) -> Self::Wide;
    /// The nearest value of this type.
    fn narrow(wide: Self::Wide) -> Self;
    /// The nearest value of [`Self::Real`].
    fn narrow_real(wide: f64) -> Self::Real;
    /// The nearest value of [`Self::Complex`].
    fn narrow_complex(wide: Complex<f64>) -> Self::Complex;
}

/// Runs a block with `$T` as the Rust type of a floating-point dtype.
#[macro_export]
macro_rules! dispatch_floating {
    ($function:literal, $dtype:expr, $T:ident => $body:expr) => {
        array_api_spec::dispatch!(floating: $dtype, $T => $body, other => Err(array_api_spec::Error::dtype(
            $function,
            &[other],
            "floating-point dtypes",
        )))
    };
}

/// `f64` or `Complex<f64>`.
pub trait Wide:
    ComplexField<Real = f64>
    + Copy
    + Send
    + Sync
    + std::ops::Add<Output = Self>
    + std::ops::AddAssign
    + std::ops::Sub<Output = Self>
    + std::ops::SubAssign
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// NaN, in both components.
    const NAN: Self;

    /// Whether no component is NaN or infinite.
    fn is_finite(self) -> bool;
    /// The largest magnitude of a component.
    fn magnitude(self) -> f64;
    /// The bits of that as an integer: ∞ is larger than all numbers, and NaN larger than ∞.
    fn magnitude_bits(self) -> u64;
    /// The value times 2^exponent.
    fn ldexp(self, exponent: i32) -> Self;
    /// The real part; the imaginary part is 0.
    fn real_part(self) -> Self;
    /// The complex conjugate.
    fn conj(self) -> Self;
    /// The sum of the components' magnitudes.
    fn abs1(self) -> f64;
    /// The value times a real number.
    fn times(self, by: f64) -> Self;
    /// The value times a complex number.
    fn times_complex(self, by: Complex<f64>) -> Complex<f64>;
    /// The same number as a complex one.
    fn to_complex(self) -> Complex<f64>;
    /// The nearest number of this type: a real type drops the imaginary part.
    fn from_complex(z: Complex<f64>) -> Self;
}

impl Wide for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NAN: Self = Self::NAN;

    fn is_finite(self) -> bool {
        self.is_finite()
    }
    fn magnitude(self) -> f64 {
        self.abs()
    }
    fn magnitude_bits(self) -> u64 {
        self.abs().to_bits()
    }
    fn ldexp(self, exponent: i32) -> Self {
        ldexp(self, exponent)
    }
    fn real_part(self) -> Self {
        self
    }
    fn conj(self) -> Self {
        self
    }
    fn abs1(self) -> f64 {
        self.abs()
    }
    fn times(self, by: f64) -> Self {
        self * by
    }
    fn times_complex(self, by: Complex<f64>) -> Complex<f64> {
        by.times(self)
    }
    fn to_complex(self) -> Complex<f64> {
        self.into()
    }
    fn from_complex(z: Complex<f64>) -> Self {
        z.re
    }
}

impl Wide for Complex<f64> {
    const ZERO: Self = Self::new(0.0, 0.0);
    const ONE: Self = Self::new(1.0, 0.0);
    const NAN: Self = Self::new(f64::NAN, f64::NAN);

    fn is_finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }
    fn magnitude(self) -> f64 {
        self.re.abs().max(self.im.abs())
    }
    fn magnitude_bits(self) -> u64 {
        self.re.magnitude_bits().max(self.im.magnitude_bits())
    }
    fn ldexp(self, exponent: i32) -> Self {
        Self::new(ldexp(self.re, exponent), ldexp(self.im, exponent))
    }
    fn real_part(self) -> Self {
        Self::new(self.re, 0.0)
    }
    fn conj(self) -> Self {
        Self::new(self.re, -self.im)
    }
    fn abs1(self) -> f64 {
        self.re.abs() + self.im.abs()
    }
    fn times(self, by: f64) -> Self {
        Self::new(self.re * by, self.im * by)
    }
    fn times_complex(self, by: Self) -> Self {
        self * by
    }
    fn to_complex(self) -> Complex<f64> {
        self
    }
    fn from_complex(z: Complex<f64>) -> Self {
        z
    }
}

macro_rules! floating {
    ($($t:ty, $wide:ty, $real:ty, $widen:expr, $narrow:expr;)*) => {
        $(impl Floating for $t {
            type Wide = $wide;
            type Real = $real;
            type Complex = Complex<$real>;
            fn widen(self) -> $wide {
                $widen(self)
            }
            fn narrow(wide: $wide) -> Self {
                $narrow(wide)
            }
            fn narrow_real(wide: f64) -> $real {
                wide as $real
            }
            fn narrow_complex(wide: Complex<f64>) -> Complex<$real> {
                Complex::new(wide.re as $real, wide.im as $real)
            }
        })*
    };
}
floating! {
    f32, f64, f32, f64::from, |x| x as f32;
    f64, f64, f64, |x| x, |x| x;
    Complex<f32>, Complex<f64>, f32, |z: Self| Complex::new(z.re.into(), z.im.into()), |z: Complex<f64>| Self::new(z.re as f32, z.im as f32);
    Complex<f64>, Complex<f64>, f64, |z| z, |z| z;
}

/// One matrix of a batch.
#[derive(Clone, Copy)]
struct Matrix<'a, T> {
    values: &'a [T],
    offset: usize,
    rows: usize,
    columns: usize,
    row_stride: isize,
    column_stride: isize,
    /// Its number in the batch; `None` if there is a single matrix.
    number: Option<usize>,
}

impl<T: Floating> Matrix<'_, T> {
    fn at(&self, row: usize, column: usize) -> T::Wide {
        let position = self.offset as isize
            + row as isize * self.row_stride
            + column as isize * self.column_stride;
        self.values[position as usize].widen()
    }

    /// A copy of the matrix, each element passed through `f`.
    fn map(&self, f: impl Fn(usize, usize, T::Wide) -> T::Wide) -> Mat<T::Wide> {
        let mut out = Mat::zeros(self.rows, self.columns);
        for (rows, columns) in tiles(self.rows, self.columns) {
            for j in columns {
                let column = &mut out.col_as_slice_mut(j)[rows.clone()];
                for (i, out) in rows.clone().zip(column) {
                    *out = f(i, j, self.at(i, j));
                }
            }
        }
        out
    }

    /// The largest magnitude of a component; NaN if one is NaN or ∞.
    fn largest(&self) -> f64 {
        let mut bits = 0;
        for (rows, columns) in tiles(self.rows, self.columns) {
            for i in rows {
                for j in columns.clone() {
                    bits = self.at(i, j).magnitude_bits().max(bits);
                }
            }
        }
        let largest = f64::from_bits(bits);
        if largest.is_finite() {
            largest
        } else {
            f64::NAN
        }
    }

    /// Its name in error messages.
    fn name(&self) -> String {
        match self.number {
            None => "the matrix".to_owned(),
            Some(number) => format!("matrix {number} of the stack"),
        }
    }

    /// Threads for one factorisation: one in a batch, whose matrices already keep all threads busy.
    fn parallelism(&self) -> Par {
        if self.number.is_some() || self.rows.min(self.columns) <= ONE_THREAD {
            Par::Seq
        } else {
            Par::rayon(0)
        }
    }
}

/// Applies `f` to every matrix of a batch, in parallel where that pays, and returns the results in the batch's order,
/// or the first error in that order. `f`'s result must have about as many elements as the matrix.
fn each_matrix<'a, T: Floating, R: Send>(
    values: &'a [T],
    layout: &Layout,
    f: impl Fn(Matrix<'a, T>) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let matrix = &layout.shape()[layout.ndim() - 2..];
    each_matrix_into(values, layout, size(matrix), f)
}

/// [`each_matrix`], for results that have `elements` elements for each matrix.
fn each_matrix_into<'a, T: Floating, R: Send>(
    values: &'a [T],
    layout: &Layout,
    elements: usize,
    f: impl Fn(Matrix<'a, T>) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let (shape, strides) = (layout.shape(), layout.strides());
    let batch = layout.ndim() - 2;
    let (rows, columns) = (shape[batch], shape[batch + 1]);
    let offsets = offsets(layout)?;
    if offsets.len() > 1 {
        // The results of the matrices exist twice while they are joined. For a single matrix, `f` itself asks for room.
        let each = size(&[elements, 2 * size_of::<T>()]).saturating_add(size_of::<Result<R>>());
        memory::room(size(&[offsets.len(), each]))?;
    }
    let matrix = |(number, &offset): (usize, &usize)| {
        f(Matrix {
            values,
            offset,
            rows,
            columns,
            row_stride: strides[batch],
            column_stride: strides[batch + 1],
            number: (offsets.len() > 1).then_some(number),
        })
    };
    let work = size(&[offsets.len(), rows, columns, rows.min(columns)]);
    let in_order = || offsets.iter().enumerate().map(matrix).collect();
    if work < STACK_WORK {
        in_order()
    } else if offsets.len() == 1 {
        threads::install(in_order)
    } else {
        let results: Vec<Result<R>> =
            threads::install(|| offsets.par_iter().enumerate().map(matrix).collect());
        results.into_iter().collect()
    }
}

/// The offset of each matrix of a batch.
///
/// # Errors
/// No memory for a list of them.
fn offsets(layout: &Layout) -> Result<Vec<usize>> {
    let batch = layout.ndim() - 2;
    let (shape, strides) = (&layout.shape()[..batch], &layout.strides()[..batch]);
    let mut offsets = memory::vector(size(shape))?;
    offsets.extend(Layout::new(shape, strides, layout.offset()).positions());
    Ok(offsets)
}

/// Joins the results of a batch; a single one is not copied.
fn join<T: Copy>(mut parts: Vec<Vec<T>>) -> Vec<T> {
    if parts.len() == 1 {
        parts.swap_remove(0)
    } else {
        parts.concat()
    }
}

/// A matrix in row-major order, each element passed through `f`.
fn row_major<T: Floating>(
    matrix: faer::MatRef<'_, T::Wide>,
    f: impl Fn(usize, usize, T::Wide) -> T::Wide,
) -> Vec<T> {
    let (rows, columns) = matrix.shape();
    let mut out = vec![T::default(); rows * columns];
    for (tile_rows, tile_columns) in tiles(rows, columns) {
        for i in tile_rows {
            let row = &mut out[i * columns..][tile_columns.clone()];
            for (j, out) in tile_columns.clone().zip(row) {
                *out = T::narrow(f(i, j, matrix[(i, j)]));
            }
        }
    }
    out
}

/// Tiles of a matrix that fit the first-level cache, for copies between row-major and column-major order.
fn tiles(rows: usize, columns: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    const SIDE: usize = 32;
    let parts = |n: usize| (0..n).step_by(SIDE).map(move |k| k..n.min(k + SIDE));
    parts(rows).flat_map(move |rows| parts(columns).map(move |columns| (rows.clone(), columns)))
}

/// An error if the host has no memory for matrices of these shapes, in the type that the work is done in.
///
/// # Errors
/// No memory for them.
fn room_for<T: Floating>(matrices: &[[usize; 2]]) -> Result<()> {
    let bytes = |&[rows, columns]: &[usize; 2]| size(&[rows, columns, size_of::<T::Wide>()]);
    memory::room(matrices.iter().map(bytes).fold(0, usize::saturating_add))
}

/// Runs `f` with a work space of the size `need`.
///
/// # Errors
/// No memory for it.
fn with_work<R>(need: StackReq, f: impl FnOnce(&mut MemStack) -> R) -> Result<R> {
    let bytes = need.unaligned_bytes_required();
    memory::room(bytes)?;
    let mut work = MemBuffer::try_new(need).map_err(|_| memory::out_of_memory(bytes))?;
    Ok(f(MemStack::new(&mut work)))
}

#[cfg(test)]
mod tests;
