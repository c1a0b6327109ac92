//! Eigenvalues of a matrix in Schur form.

use std::ops::Range;

use array_api_spec::Complex;

use super::{Wide, square::Square};

/// The blocks on the diagonal: of order 2 for a pair of complex eigenvalues of a real matrix, else of order 1.
pub(super) fn diagonal_blocks<T: Wide>(
    t: &Square<T>,
    rows: Range<usize>,
) -> impl Iterator<Item = Range<usize>> {
    let mut start = rows.start;
    std::iter::from_fn(move || {
        let two = start + 1 < rows.end && t[(start + 1, start)] != T::ZERO;
        let block = start..start + if two { 2 } else { 1 };
        start = block.end;
        (block.start < rows.end).then_some(block)
    })
}

/// All eigenvalues. Of the two in a block of order 2, the one with positive imaginary part comes first.
pub(super) fn eigenvalues<T: Wide>(t: &Square<T>) -> Vec<Complex<f64>> {
    let mut values = Vec::with_capacity(t.n);
    for block in diagonal_blocks(t, 0..t.n) {
        let value = eigenvalue(t, &block);
        values.extend([value, value.conj()].into_iter().take(block.len()));
    }
    values
}

/// A block's eigenvalue; of two, the one with positive imaginary part.
pub(super) fn eigenvalue<T: Wide>(t: &Square<T>, block: &Range<usize>) -> Complex<f64> {
    let k = block.start;
    let value = t[(k, k)].to_complex();
    if block.len() == 1 {
        return value;
    }
    let root = |x: T| x.abs1().sqrt();
    Complex::new(value.re, root(t[(k, k + 1)]) * root(t[(k + 1, k)]))
}
