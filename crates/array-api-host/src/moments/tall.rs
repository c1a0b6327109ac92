//! The factor: R of the centred rows, by a QR factorisation of row blocks (TSQR).
//!
//! Source: J. Demmel, L. Grigori, M. Hoemmen, J. Langou, Communication-optimal parallel and sequential QR and LU
//! factorizations, SIAM J. Sci. Comput. 34 (2012).

use std::ops::Range;

use array_api_spec::{Moments, Scatter};
use faer::{
    Mat, MatMut, Par,
    dyn_stack::{MemBuffer, MemStack},
    linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch},
};

use super::{source::Source, tree};
use crate::linalg::Floating;

/// Fewest rows that are factorised at a time.
const BLOCK: usize = 2048;

/// Columns of a block of Householder reflections.
const REFLECTORS: usize = 32;

/// Rows of a table, or fewer rows that have the same Gram matrix.
struct Tall {
    /// `(capacity, p)`, column-major; the first `rows` rows are used.
    work: Vec<f64>,
    capacity: usize,
    rows: usize,
    p: usize,
}

/// Reads x three times: for the columns' magnitudes, the exact means and the factorisation.
pub(super) fn moments<T: Floating<Wide = f64>>(mut source: Source<'_, T>) -> Moments {
    let (n, p) = (source.n, source.p);
    let finite = source.scale_columns() && source.weights.iter().all(|w| w.is_finite());
    source.centre(true);
    let rank = n.min(p);
    let factor = if finite {
        let step = n.div_ceil(32).max(4 * BLOCK.max(p));
        let r = tree(0..n, step, &|rows| Tall::new(&source, rows), &Tall::join);
        let places = (0..rank * p).map(|at| (at / p, at % p));
        places
            .map(|(i, j)| r.column(j)[i] / source.scale[j])
            .collect()
    } else {
        vec![f64::NAN; rank * p]
    };
    source.moments(|_| 0.0, Scatter::Factor(vec![factor]))
}

impl Tall {
    fn new<T: Floating<Wide = f64>>(source: &Source<'_, T>, rows: Range<usize>) -> Self {
        let mut tall =
            Self::with_capacity((source.p + BLOCK.max(source.p)).min(rows.len()), source.p);
        let mut start = rows.start;
        while start < rows.end {
            if tall.rows == tall.capacity {
                tall.compress();
            }
            let block = start..(start + tall.capacity - tall.rows).min(rows.end);
            source.read(block.clone(), &mut tall.work[tall.rows..], 1, tall.capacity);
            tall.rows += block.len();
            start = block.end;
        }
        tall.compress();
        tall.shrink();
        tall
    }

    /// Frees the memory of unused rows, because several of these are alive in the tree at a time.
    fn shrink(&mut self) {
        for j in 0..self.p {
            let from = j * self.capacity;
            self.work.copy_within(from..from + self.rows, j * self.rows);
        }
        self.capacity = self.rows;
        self.work.truncate(self.rows * self.p);
        self.work.shrink_to_fit();
    }

    fn with_capacity(capacity: usize, p: usize) -> Self {
        Self {
            work: vec![0.0; capacity * p],
            capacity,
            rows: 0,
            p,
        }
    }

    fn column(&self, j: usize) -> &[f64] {
        &self.work[j * self.capacity..][..self.rows]
    }

    fn join(self, other: Self) -> Self {
        let mut both = Self::with_capacity(self.rows + other.rows, self.p);
        for j in 0..both.p {
            let (upper, lower) =
                both.work[j * both.capacity..][..both.capacity].split_at_mut(self.rows);
            upper.copy_from_slice(self.column(j));
            lower.copy_from_slice(other.column(j));
        }
        both.rows = both.capacity;
        both.compress();
        both.shrink();
        both
    }

    /// Replaces more than p rows by the p rows of R.
    fn compress(&mut self) {
        let (rows, p) = (self.rows, self.p);
        if rows <= p {
            return;
        }
        let mut reflectors = Mat::<f64>::zeros(REFLECTORS.min(p), p);
        let need =
            qr_in_place_scratch::<f64>(rows, p, reflectors.nrows(), Par::Seq, Default::default());
        qr_in_place(
            MatMut::from_column_major_slice_with_stride_mut(&mut self.work, rows, p, self.capacity),
            reflectors.as_mut(),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(need)),
            Default::default(),
        );
        for j in 0..p {
            self.work[j * self.capacity..][j + 1..rows].fill(0.0);
        }
        self.rows = p;
    }
}
