//! Products by `gemm` on strided views, factorisations by `faer`.

use array_api_spec::{
    Complex, DType, Element, Error, Layout, QrMode, Result, Strided, SvdMode,
    backend::LinalgBackend, shape::size,
};
use gemm::{Parallelism, gemm};
use rayon::prelude::*;

use super::{NdArray, Storage, check_bounds, elements};
use array_api_host::{dispatch_floating, linalg as host, thin, threads};
use array_api_spec::memory;

/// Up to this many multiplications, a plain loop is faster than `gemm`, which first packs its blocks.
const SMALL: usize = 12 * 12 * 12;

/// From this many multiplications on, several threads pay (measured: about two products of order 128).
const PARALLEL: usize = 2 * 128 * 128 * 128;

/// Rows and columns of a block of the right integer matrix. It stays in the cache while it is multiplied by all rows of
/// the left one.
const BLOCK: (usize, usize) = (128, 256);

/// From this order on, only the lower triangle of `xᵀ x` is computed, and mirrored.
const SYMMETRIC: usize = 128;

/// Columns of the triangle that one product computes.
const PANEL: usize = 64;

impl LinalgBackend for NdArray {
    fn matmul(&self, a: &Strided<Storage>, b: &Strided<Storage>) -> Result<Storage> {
        match a.dtype {
            DType::Bool => Err(Error::dtype("matmul", &[a.dtype], "numeric dtypes")),
            DType::Float32 => floating::<f32>(a, b),
            DType::Float64 => floating::<f64>(a, b),
            DType::Complex64 => floating::<Complex<f32>>(a, b),
            DType::Complex128 => floating::<Complex<f64>>(a, b),
            DType::Int8 => integer::<i8>(a, b),
            DType::Int16 => integer::<i16>(a, b),
            DType::Int32 => integer::<i32>(a, b),
            DType::Int64 => integer::<i64>(a, b),
            DType::UInt8 => integer::<u8>(a, b),
            DType::UInt16 => integer::<u16>(a, b),
            DType::UInt32 => integer::<u32>(a, b),
            DType::UInt64 => integer::<u64>(a, b),
        }
    }

    fn cholesky(&self, x: &Strided<Storage>) -> Result<Storage> {
        dispatch_floating!("cholesky", x.dtype, T => Ok(host::cholesky(x.storage.slice::<T>(), &x.layout)?.into()))
    }

    fn solve(&self, a: &Strided<Storage>, b: &Strided<Storage>) -> Result<Storage> {
        dispatch_floating!("solve", a.dtype, T => {
            Ok(host::solve(a.storage.slice::<T>(), &a.layout, b.storage.slice::<T>(), &b.layout)?.into())
        })
    }

    fn eigh(&self, x: &Strided<Storage>) -> Result<[Storage; 2]> {
        dispatch_floating!("eigh", x.dtype, T => {
            let (values, vectors) = host::eigh(x.storage.slice::<T>(), &x.layout)?;
            Ok([values.into(), vectors.into()])
        })
    }

    fn eig(&self, x: &Strided<Storage>) -> Result<[Storage; 2]> {
        dispatch_floating!("eig", x.dtype, T => {
            let (values, vectors) = host::eig(x.storage.slice::<T>(), &x.layout)?;
            Ok([values.into(), vectors.into()])
        })
    }

    fn lu(&self, x: &Strided<Storage>) -> Result<[Storage; 2]> {
        dispatch_floating!("lu", x.dtype, T => {
            let (factors, rows) = host::lu(x.storage.slice::<T>(), &x.layout)?;
            let rows: Vec<i64> = rows.into_iter().map(|row| row as i64).collect();
            Ok([factors.into(), rows.into()])
        })
    }

    fn qr(&self, x: &Strided<Storage>, mode: QrMode) -> Result<[Storage; 2]> {
        dispatch_floating!("qr", x.dtype, T => {
            let (q, r) = host::qr(x.storage.slice::<T>(), &x.layout, mode)?;
            Ok([q.into(), r.into()])
        })
    }

    fn svd(&self, x: &Strided<Storage>, mode: SvdMode) -> Result<[Storage; 3]> {
        dispatch_floating!("svd", x.dtype, T => {
            let (u, s, vh) = host::svd(x.storage.slice::<T>(), &x.layout, mode)?;
            Ok([u.into(), s.into(), vh.into()])
        })
    }

    fn eigvalsh(&self, x: &Strided<Storage>) -> Option<Result<Storage>> {
        Some(dispatch_floating!("eigvalsh", x.dtype, T => {
            host::eigvalsh(x.storage.slice::<T>(), &x.layout).map(Storage::from)
        }))
    }

    fn eigvals(&self, x: &Strided<Storage>) -> Option<Result<Storage>> {
        Some(dispatch_floating!("eigvals", x.dtype, T => {
            host::eigvals(x.storage.slice::<T>(), &x.layout).map(Storage::from)
        }))
    }

    fn svdvals(&self, x: &Strided<Storage>) -> Option<Result<Storage>> {
        Some(dispatch_floating!("svdvals", x.dtype, T => {
            host::svdvals(x.storage.slice::<T>(), &x.layout).map(Storage::from)
        }))
    }
}

/// A number that `gemm` multiplies.
trait Gemm: Element + std::ops::Add<Output = Self> + std::ops::Mul<Output = Self> {
    const ONE: Self;

    /// The product with a matrix of few columns or rows, if it is one.
    fn thin(a: (&[Self], &Layout), b: (&[Self], &Layout)) -> Option<Vec<Self>> {
        let _ = (a, b);
        None
    }
}
macro_rules! real {
    ($($t:ty),*) => { $(impl Gemm for $t {
        const ONE: Self = 1.0;

        fn thin(a: (&[Self], &Layout), b: (&[Self], &Layout)) -> Option<Vec<Self>> {
            thin::product(a, b)
        }
    })* };
}
real!(f32, f64);
impl Gemm for Complex<f32> {
    const ONE: Self = Self::new(1.0, 0.0);
}
impl Gemm for Complex<f64> {
    const ONE: Self = Self::new(1.0, 0.0);
}

/// A matrix: its first element, shape and strides.
#[derive(Clone, Copy)]
struct Matrix<T> {
    start: *const T,
    rows: usize,
    columns: usize,
    down: isize,
    right: isize,
}

// SAFETY: it is read only, through a borrow of the storage that outlives it.
unsafe impl<T: Sync> Sync for Matrix<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Send for Matrix<T> {}

/// The matrices of a batch.
///
/// # Errors
/// No memory for a list of them.
fn matrices<T: Element>(x: &Strided<Storage>) -> Result<Vec<Matrix<T>>> {
    check_bounds(x);
    let (shape, strides) = (x.shape(), x.layout.strides());
    let batch = shape.len() - 2;
    let start = x.storage.slice::<T>().as_ptr();
    let offsets = Layout::new(&shape[..batch], &strides[..batch], x.layout.offset());
    let empty = x.layout.size() == 0;
    let mut stack = memory::vector(offsets.size())?;
    stack.extend(offsets.positions().map(|offset| Matrix {
        start: if empty {
            start
        } else {
            start.wrapping_add(offset)
        },
        rows: shape[batch],
        columns: shape[batch + 1],
        down: strides[batch],
        right: strides[batch + 1],
    }));
    Ok(stack)
}

fn floating<T: Gemm>(a: &Strided<Storage>, b: &Strided<Storage>) -> Result<Storage> {
    let batch = a.layout.ndim() - 2;
    // A batch times one matrix is a single product, if the batch's rows are evenly spaced.
    if batch > 0
        && b.layout.strides()[..batch]
            .iter()
            .zip(b.shape())
            .all(|(&s, &n)| s == 0 || n == 1)
    {
        let (rows, k) = (size(&a.shape()[..=batch]), a.shape()[batch + 1]);
        if let Some(flat) = a.layout.reshape(&[rows, k])
            && b.layout.size() > 0
        {
            let one = Layout::new(
                &b.shape()[batch..],
                &b.layout.strides()[batch..],
                b.layout.offset(),
            );
            return floating::<T>(&a.with_layout(flat), &b.with_layout(one));
        }
    }
    if batch == 0
        && let Some(product) = T::thin(
            (a.storage.slice(), &a.layout),
            (b.storage.slice(), &b.layout),
        )
    {
        return Ok(product.into());
    }
    let (m, k, n) = (a.shape()[batch], a.shape()[batch + 1], b.shape()[batch + 1]);
    let (left, right) = (matrices::<T>(a)?, matrices::<T>(b)?);
    let symmetric = a.storage == b.storage
        && m >= SYMMETRIC
        && batch == 0
        && m == n
        && a.layout == b.layout.permute(&[1, 0]);
    let work = size(&[m, n, k]);
    Storage::build::<T>(left.len() * m * n, |out| {
        if m * n == 0 {
            return;
        }
        let one = |(out, (a, b)): (&mut [T], (&Matrix<T>, &Matrix<T>)), threads: Parallelism| {
            if k == 0 {
                out.fill(T::default());
            } else if work <= SMALL {
                small(a, b, out);
            } else if symmetric {
                self_product(a, b, out, threads);
            } else {
                // SAFETY: `matrices` has checked that both factors lie in their storages, which are borrowed for as long; `out` has
                // room for m × n elements and overlaps neither.
                unsafe { product(a, b, out.as_mut_ptr(), n as isize, threads) };
            }
        };
        let stack = out.chunks_exact_mut(m * n).zip(left.iter().zip(&right));
        if left.len().saturating_mul(work) < PARALLEL {
            stack.for_each(|item| one(item, Parallelism::None));
        } else if work >= PARALLEL {
            threads::install(|| stack.for_each(|item| one(item, Parallelism::Rayon(0))));
        } else {
            let stack = out
                .par_chunks_exact_mut(m * n)
                .zip(left.par_iter().zip(&right));
            threads::install(|| stack.for_each(|item| one(item, Parallelism::None)));
        }
    })
}

/// `out = a b`, whose rows are `stride` elements apart.
///
/// # Safety
/// The matrices may be read, the rows of `out` written, and nobody else writes to either.
unsafe fn product<T: Gemm>(
    a: &Matrix<T>,
    b: &Matrix<T>,
    out: *mut T,
    stride: isize,
    threads: Parallelism,
) {
    // SAFETY: by the contract of this function.
    unsafe {
        gemm(
            a.rows,
            b.columns,
            a.columns,
            out,
            1,
            stride,
            false,
            a.start,
            a.right,
            a.down,
            b.start,
            b.right,
            b.down,
            T::default(),
            T::ONE,
            false,
            false,
            false,
            threads,
        );
    }
}

/// `xᵀ x`, with half the multiplications: computes the lower triangle and mirrors it.
fn self_product<T: Gemm>(a: &Matrix<T>, b: &Matrix<T>, out: &mut [T], threads: Parallelism) {
    let n = a.rows;
    for j in (0..n).step_by(PANEL) {
        let left = Matrix {
            start: a.start.wrapping_offset(j as isize * a.down),
            rows: n - j,
            ..*a
        };
        let right = Matrix {
            start: b.start.wrapping_offset(j as isize * b.right),
            columns: PANEL.min(n - j),
            ..*b
        };
        // SAFETY: rows j.. of one factor and a panel of columns of the other, inside them; the result's rows from j on have room for
        // the panel from column j on.
        unsafe {
            product(
                &left,
                &right,
                out.as_mut_ptr().add(j * n + j),
                n as isize,
                threads,
            );
        };
    }
    for i in 0..n {
        for j in i + 1..n {
            out[i * n + j] = out[j * n + i];
        }
    }
}

fn small<T: Gemm>(a: &Matrix<T>, b: &Matrix<T>, out: &mut [T]) {
    // SAFETY: the element (i, j) of a matrix that `matrices` has checked.
    let at = |m: &Matrix<T>, i: usize, j: usize| unsafe {
        *m.start.offset(i as isize * m.down + j as isize * m.right)
    };
    out.fill(T::default());
    for (i, row) in out.chunks_exact_mut(b.columns).enumerate() {
        for k in 0..a.columns {
            let factor = at(a, i, k);
            row.iter_mut()
                .enumerate()
                .for_each(|(j, out)| *out = *out + factor * at(b, k, j));
        }
    }
}

/// An integer whose sums and products wrap.
trait Wrapping: Element {
    fn multiply_add(self, a: Self, b: Self) -> Self;
}
macro_rules! wrapping {
    ($($t:ty),*) => { $(impl Wrapping for $t {
        fn multiply_add(self, a: Self, b: Self) -> Self {
            self.wrapping_add(a.wrapping_mul(b))
        }
    })* };
}
wrapping!(i8, i16, i32, i64, u8, u16, u32, u64);

fn integer<T: Wrapping>(a: &Strided<Storage>, b: &Strided<Storage>) -> Result<Storage> {
    let batch = a.layout.ndim() - 2;
    let (m, k, n) = (a.shape()[batch], a.shape()[batch + 1], b.shape()[batch + 1]);
    let (left, right) = (elements::<T>(a)?, elements::<T>(b)?);
    let count = size(&a.shape()[..batch]);
    let rows = if size(&[count, m, n, k]) < PARALLEL {
        m.max(1)
    } else {
        m.div_ceil(8).max(1)
    };
    // Memory for the list of bands below, which may be longer than the result.
    memory::room(size(&[
        count,
        m.div_ceil(rows),
        size_of::<(usize, usize, &[T])>(),
    ]))?;
    Storage::build::<T>(count * m * n, |out| {
        if m * n == 0 {
            return;
        }
        out.fill(T::default());
        // Each band is some rows of one matrix of the batch.
        let bands: Vec<(usize, usize, &mut [T])> = out
            .chunks_exact_mut(m * n)
            .enumerate()
            .flat_map(|(matrix, out)| {
                out.chunks_mut(rows * n)
                    .enumerate()
                    .map(move |(band, out)| (matrix, band * rows, out))
            })
            .collect();
        let run = |(matrix, first, out): (usize, usize, &mut [T])| {
            let a = &left[(matrix * m + first) * k..];
            let b = &right[matrix * k * n..][..k * n];
            for k0 in (0..k).step_by(BLOCK.0) {
                for j0 in (0..n).step_by(BLOCK.1) {
                    let j1 = (j0 + BLOCK.1).min(n);
                    for (i, out) in out.chunks_exact_mut(n).enumerate() {
                        for kk in k0..(k0 + BLOCK.0).min(k) {
                            let factor = a[i * k + kk];
                            let row = &b[kk * n + j0..kk * n + j1];
                            out[j0..j1]
                                .iter_mut()
                                .zip(row)
                                .for_each(|(out, &b)| *out = out.multiply_add(factor, b));
                        }
                    }
                }
            }
        };
        if bands.len() > 1 && rows < m {
            threads::install(|| bands.into_par_iter().for_each(run));
        } else {
            bands.into_iter().for_each(run);
        }
    })
}

#[cfg(test)]
mod tests {
    use array_api_spec::Program;
    use proptest::prelude::*;

    use super::{
        super::testing::{on_reference, ramp, reference_backend, reference_values, values, view},
        *,
    };

    /// Compares both products. The tests' values are small fractions, so sums are exact in any order.
    fn assert_same_product(a: &Strided<Storage>, b: &Strided<Storage>) {
        let ours = NdArray.matmul(a, b).expect("room");
        let mirrored =
            |x: &Strided<Storage>| on_reference(&Program::input(x.clone())).inputs.remove(0);
        let theirs = reference_backend()
            .matmul(&mirrored(a), &mirrored(b))
            .expect("room");
        let mut shape = a.shape().to_vec();
        *shape.last_mut().expect("a matrix") = *b.shape().last().expect("a matrix");
        assert_eq!(
            values(&ours),
            reference_values(theirs, &shape, a.dtype),
            "{:?} {:?}",
            a.layout,
            b.layout
        );
    }

    proptest! {
        #[test]
        fn products_are_those_of_the_reference(
            (a, b) in (prop::collection::vec(0..3_usize, 0..3), [0..40_usize, 0..20, 0..40], 1..DType::ALL.len())
                .prop_flat_map(|(batch, [m, k, n], dtype)| {
                    let dtype = DType::ALL[dtype];
                    let of = |rows: usize, columns: usize| [batch.as_slice(), &[rows, columns]].concat();
                    (view(of(m, k), dtype), view(of(k, n), dtype))
                }),
        ) {
            assert_same_product(&a, &b);
        }
    }

    #[test]
    fn large_products_of_every_kind() {
        for dtype in [
            DType::Float32,
            DType::Float64,
            DType::Complex128,
            DType::Int32,
            DType::UInt8,
        ] {
            let x = Strided::contiguous(ramp(dtype, 150 * 170), &[150, 170], dtype);
            let transposed = x.with_layout(x.layout.permute(&[1, 0]));
            assert_same_product(&transposed, &x);
            assert_same_product(&x, &transposed);
            let flipped = x.with_layout(x.layout.flip(0));
            assert_same_product(&transposed, &flipped);
            let stack = Strided::contiguous(ramp(dtype, 20 * 64 * 66), &[20, 64, 66], dtype);
            let other = stack.with_layout(stack.layout.permute(&[0, 2, 1]));
            assert_same_product(&stack, &other);
            assert_same_product(
                &stack,
                &stack.with_layout(other.layout.select(0, 3).broadcast_to(&[20, 66, 64])),
            );
        }
    }

    fn matrix<T: Element>(values: Vec<T>, n: usize) -> Strided<Storage> {
        Strided::contiguous(values.into(), &[n, n], T::DTYPE)
    }

    #[test]
    fn nan_and_infinity_go_through_small_and_large_products() {
        for n in [3, 40] {
            let mut x = vec![0.0; n * n];
            x[0] = f64::NAN;
            x[n + 1] = f64::INFINITY;
            let x = matrix(x, n);
            let product = NdArray.matmul(&x, &x).expect("room").into_vec::<f64>();
            assert!((0..n).all(|j| product[j].is_nan()), "NaN · 0 = NaN");
            for i in 1..n {
                assert!(
                    product[i * n].is_nan() && (product[i * n + 1].is_nan() == (i > 1)),
                    "{product:?}"
                );
            }
        }
    }

    #[test]
    fn factorisations_reach_the_host_s() {
        let x = matrix(vec![4.0_f32, 2.0, 2.0, 5.0], 2);
        assert_eq!(
            NdArray
                .cholesky(&x)
                .expect("positive definite")
                .into_vec::<f32>(),
            [2.0, 0.0, 1.0, 2.0]
        );
        let b = matrix(vec![8.0_f32, 0.0, 8.0, 0.0], 2);
        let b = b.with_layout(b.layout.slice(1, 0, 1, 1));
        assert_eq!(
            NdArray.solve(&x, &b).expect("regular").into_vec::<f32>(),
            [1.5, 1.0]
        );
        let [_, s, _] = NdArray.svd(&x, SvdMode::Full).expect("converges");
        let [e, _] = NdArray.eigh(&x).expect("converges");
        let (s, e) = (s.into_vec::<f32>(), e.into_vec::<f32>());
        assert!(
            (s[0] - e[1]).abs() < 1e-6 && (s[1] - e[0]).abs() < 1e-6,
            "{s:?} {e:?}"
        );
        assert!(
            NdArray
                .svd(&matrix(vec![1_i32; 4], 2), SvdMode::Reduced)
                .is_err()
        );
    }
}
