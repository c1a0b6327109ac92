//! Square column-major matrices, and reflections of their rows and columns.

use std::ops::{Index, IndexMut, Range};

use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};

use super::Wide;

/// A square matrix, column-major and contiguous, so that columns are slices.
#[derive(Clone, Debug)]
pub(super) struct Square<T> {
    pub(super) n: usize,
    values: Vec<T>,
}

impl<T> Index<(usize, usize)> for Square<T> {
    type Output = T;
    fn index(&self, (i, j): (usize, usize)) -> &T {
        &self.values[j * self.n + i]
    }
}

impl<T> IndexMut<(usize, usize)> for Square<T> {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut T {
        &mut self.values[j * self.n + i]
    }
}

impl<T: Wide> Square<T> {
    pub(super) fn from_fn(n: usize, f: impl Fn(usize, usize) -> T) -> Self {
        let values = (0..n).flat_map(|j| (0..n).map(move |i| (i, j)));
        Self {
            n,
            values: values.map(|(i, j)| f(i, j)).collect(),
        }
    }

    pub(super) fn zeros(n: usize) -> Self {
        Self {
            n,
            values: vec![T::ZERO; n * n],
        }
    }

    pub(super) fn identity(n: usize) -> Self {
        let mut out = Self::zeros(n);
        (0..n).for_each(|i| out[(i, i)] = T::ONE);
        out
    }

    pub(super) fn column(&self, j: usize) -> &[T] {
        &self.values[j * self.n..][..self.n]
    }

    pub(super) fn column_mut(&mut self, j: usize) -> &mut [T] {
        &mut self.values[j * self.n..][..self.n]
    }

    /// Column j, and those from j + 1 on.
    pub(super) fn split_columns(&mut self, j: usize) -> (&mut [T], &mut [T]) {
        self.values[j * self.n..].split_at_mut(self.n)
    }

    pub(super) fn view(&self) -> MatRef<'_, T> {
        MatRef::from_column_major_slice(&self.values, self.n, self.n)
    }

    pub(super) fn view_mut(&mut self) -> MatMut<'_, T> {
        MatMut::from_column_major_slice_mut(&mut self.values, self.n, self.n)
    }

    /// A block on the diagonal.
    pub(super) fn block(&self, range: Range<usize>) -> Self {
        let values = range.clone().flat_map(|j| &self.column(j)[range.clone()]);
        Self {
            n: range.len(),
            values: values.copied().collect(),
        }
    }

    /// Writes a block on the diagonal.
    pub(super) fn set_block(&mut self, start: usize, block: &Self) {
        for j in 0..block.n {
            self.column_mut(start + j)[start..][..block.n].copy_from_slice(block.column(j));
        }
    }

    /// `x[:, range] ← x[:, range] u`, in some rows only.
    pub(super) fn columns_times(
        &mut self,
        rows: Range<usize>,
        range: Range<usize>,
        u: &Self,
        par: Par,
    ) {
        let mut part = self.view_mut().get_mut(rows, range);
        let copy = part.to_owned();
        matmul(part.as_mut(), Accum::Replace, &copy, u.view(), T::ONE, par);
    }

    /// `x[range, :] ← uᴴ x[range, :]`, in some columns only.
    pub(super) fn adjoint_times_rows(
        &mut self,
        range: Range<usize>,
        columns: Range<usize>,
        u: &Self,
        par: Par,
    ) {
        let mut part = self.view_mut().get_mut(range, columns);
        let copy = part.to_owned();
        matmul(
            part.as_mut(),
            Accum::Replace,
            u.view().adjoint(),
            &copy,
            T::ONE,
            par,
        );
    }
}

/// The Householder reflection `1 - τ v vᴴ` with `v[0] = 1` that maps x to a multiple of the first unit vector. Replaces
/// x by v, and returns τ and the multiple, which has the phase of `-x[0]`, so that the reflection is Hermitian for
/// complex numbers, too.
pub(super) fn householder<T: Wide>(x: &mut [T]) -> (f64, T) {
    let (first, rest) = x.split_first_mut().expect("a component");
    let largest = rest.iter().map(|z| z.magnitude()).fold(0.0, f64::max);
    let Some(exponent) = super::exponent(largest.max(first.magnitude())).filter(|_| largest > 0.0)
    else {
        return (0.0, std::mem::replace(first, T::ONE));
    };
    // The numbers are scaled to about 1, so that their squares neither overflow nor underflow.
    let (alpha, square) = (first.ldexp(-exponent), |z: T| z.to_complex().norm_sqr());
    rest.iter_mut().for_each(|z| *z = z.ldexp(-exponent));
    let tail: f64 = rest.iter().map(|&z| square(z)).sum();
    let (length, modulus) = ((square(alpha) + tail).sqrt(), square(alpha).sqrt());
    let phase = if modulus == 0.0 {
        T::ONE
    } else {
        alpha.times(1.0 / modulus)
    };
    let divisor = phase.times(modulus + length);
    rest.iter_mut().for_each(|z| *z /= divisor);
    *first = T::ONE;
    let multiple = phase.times(-length).ldexp(exponent);
    ((modulus + length) / length, multiple)
}

/// Reflects rows from `row` on, in some columns.
pub(super) fn reflect_rows<T: Wide>(
    x: &mut Square<T>,
    row: usize,
    columns: Range<usize>,
    v: &[T],
    tau: f64,
) {
    for j in columns {
        let part = &mut x.column_mut(j)[row..][..v.len()];
        let mut along = T::ZERO;
        for (&v, &x) in v.iter().zip(&*part) {
            along += v.conj() * x;
        }
        let along = along.times(tau);
        for (&v, x) in v.iter().zip(part) {
            *x -= v * along;
        }
    }
}

/// Reflects columns from `column` on, in some rows.
pub(super) fn reflect_columns<T: Wide>(
    x: &mut Square<T>,
    rows: Range<usize>,
    column: usize,
    v: &[T],
    tau: f64,
) {
    let mut along = vec![T::ZERO; rows.len()];
    for (k, &v) in v.iter().enumerate() {
        for (sum, &x) in along.iter_mut().zip(&x.column(column + k)[rows.clone()]) {
            *sum += x * v;
        }
    }
    for (k, v) in v.iter().enumerate() {
        let by = v.conj().times(tau);
        for (&sum, x) in along
            .iter()
            .zip(&mut x.column_mut(column + k)[rows.clone()])
        {
            *x -= sum * by;
        }
    }
}

/// [`reflect_columns`] for two or three columns, in one pass without intermediate results. This is the innermost loop
/// of the QR algorithm.
pub(super) fn reflect_few_columns<T: Wide>(
    x: &mut Square<T>,
    rows: Range<usize>,
    column: usize,
    v: &[T],
    tau: f64,
) {
    let n = x.n;
    let (first, others) = x.split_columns(column);
    match *v {
        [_, v1] => {
            let (w0, w1) = (tau, v1.conj().times(tau));
            for (a, b) in first[rows.clone()].iter_mut().zip(&mut others[rows]) {
                let along = *a + *b * v1;
                *a -= along.times(w0);
                *b -= along * w1;
            }
        }
        [_, v1, v2] => {
            let (w0, w1, w2) = (tau, v1.conj().times(tau), v2.conj().times(tau));
            let (second, third) = others.split_at_mut(n);
            let columns = first[rows.clone()]
                .iter_mut()
                .zip(&mut second[rows.clone()])
                .zip(&mut third[rows]);
            for ((a, b), c) in columns {
                let along = *a + *b * v1 + *c * v2;
                *a -= along.times(w0);
                *b -= along * w1;
                *c -= along * w2;
            }
        }
        _ => reflect_columns(x, rows, column, v, tau),
    }
}
