//! Products by three loops, and factorisations by `array-api-host`.

use array_api_host::{dispatch_floating, linalg};
use array_api_spec::{
    BinaryOp, Element, QrMode, Result, Scalar, Strided, SvdMode, backend::LinalgBackend, dispatch,
    memory, reference::math::Arithmetic, shape::size,
};

use crate::{Memory, Mine, read, statistical::operation, stored};

/// All values of the storage that a view lies in, for functions that take its layout, too.
fn values<T: Element>(x: &Strided<Memory>) -> &[T] {
    T::slice(&x.storage.0).expect("a storage has the dtype of its views")
}

impl LinalgBackend for Mine {
    fn matmul(&self, a: &Strided<Memory>, b: &Strided<Memory>) -> Result<Memory> {
        let (&[.., m, k], &[ref stack @ .., _, n]) = (a.shape(), b.shape()) else {
            unreachable!("a matrix has two axes")
        };
        let count = size(stack);
        dispatch!(a.dtype, T => {
            let (times, plus) = (operation::<T>(BinaryOp::Multiply), operation::<T>(BinaryOp::Add));
            let (a, b): (Vec<T>, Vec<T>) = (read(a)?, read(b)?);
            let mut out = memory::vector(size(&[count, m, n]))?;
            for (s, i) in (0..count).flat_map(|s| (0..m).map(move |i| (s, i))) {
                for j in 0..n {
                    let terms = (0..k).map(|l| times(a[(s * m + i) * k + l], b[(s * k + l) * n + j]));
                    out.push(terms.fold(T::cast(Scalar::Int(0)), plus));
                }
            }
            Ok(stored(out))
        })
    }

    fn cholesky(&self, x: &Strided<Memory>) -> Result<Memory> {
        dispatch_floating!("cholesky", x.dtype, T => {
            linalg::cholesky(values::<T>(x), &x.layout).map(stored)
        })
    }

    fn solve(&self, a: &Strided<Memory>, b: &Strided<Memory>) -> Result<Memory> {
        dispatch_floating!("solve", a.dtype, T => {
            linalg::solve(values::<T>(a), &a.layout, values(b), &b.layout).map(stored)
        })
    }

    fn eigh(&self, x: &Strided<Memory>) -> Result<[Memory; 2]> {
        dispatch_floating!("eigh", x.dtype, T => {
            let (values, vectors) = linalg::eigh(values::<T>(x), &x.layout)?;
            Ok([stored(values), stored(vectors)])
        })
    }

    fn eig(&self, x: &Strided<Memory>) -> Result<[Memory; 2]> {
        dispatch_floating!("eig", x.dtype, T => {
            let (values, vectors) = linalg::eig(values::<T>(x), &x.layout)?;
            Ok([stored(values), stored(vectors)])
        })
    }

    fn lu(&self, x: &Strided<Memory>) -> Result<[Memory; 2]> {
        dispatch_floating!("lu", x.dtype, T => {
            let (factors, rows) = linalg::lu(values::<T>(x), &x.layout)?;
            let rows: Vec<i64> = rows.into_iter().map(|row| row as i64).collect();
            Ok([stored(factors), stored(rows)])
        })
    }

    fn qr(&self, x: &Strided<Memory>, mode: QrMode) -> Result<[Memory; 2]> {
        dispatch_floating!("qr", x.dtype, T => {
            let (q, r) = linalg::qr(values::<T>(x), &x.layout, mode)?;
            Ok([stored(q), stored(r)])
        })
    }

    fn svd(&self, x: &Strided<Memory>, mode: SvdMode) -> Result<[Memory; 3]> {
        dispatch_floating!("svd", x.dtype, T => {
            let (u, s, vh) = linalg::svd(values::<T>(x), &x.layout, mode)?;
            Ok([stored(u), stored(s), stored(vh)])
        })
    }
}
