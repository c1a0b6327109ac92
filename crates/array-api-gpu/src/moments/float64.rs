//! The Gram matrix about the means in double precision.

use array_api_spec::{DType, Moments, Result};

use super::{
    Found, Rows,
    columns::{RowsInput, RowsText, ThreadColumns, block_rows, lower_tiles, zero},
    mirror,
};
use crate::{
    Gpu,
    kernel::ir::{Builder, Ty, Var, for_, select, var},
    kernels::KernelBody,
    memory::Memory,
    runtime::Runtime,
};

/// A thread adds up the products of `TILE × TILE` elements of the Gram matrix.
const TILE: usize = 6;
/// Sums of squares below this may have lost digits, or all of them, because small squares underflow.
const VANISHING: f64 = 1e-200;

impl<R: Runtime> Gpu<R> {
    pub(super) fn gram_in_float64(&self, rows: &Rows<'_, R>) -> Result<Moments> {
        const WORK: DType = DType::Float64;
        let (n, p, k) = (rows.n, rows.p, rows.k);
        let counts = self.group_counts(rows)?;
        let means = self.group_means(rows, &counts, WORK)?;
        // Kernels write the lower triangle only, but the host downloads the whole matrix: the upper triangle must be
        // initialized.
        let gram = self.zeros(p * p, WORK)?;
        let block_rows = block_rows(p, WORK.size()).min(n);
        let centred = self.allocate(block_rows * p, WORK)?;
        let parts = self.row_parts(p, block_rows, WORK.size());
        let distances = self.zeros(parts * p, WORK)?;
        for first in (0..n).step_by(block_rows) {
            let block = (first, (first + block_rows).min(n));
            self.centre(rows, &means, [&centred, &distances], parts, block)?;
            self.add_products(&centred, &gram, p, block)?;
        }
        let largest = self.largest_of_parts(&distances, (parts, p), WORK)?;
        let [counts, means, largest, gram] = self.fetch_together([
            (&counts, k),
            (&means, 2 * k * p),
            (&largest, 2 * p),
            (&gram, 2 * p * p),
        ])?;
        let (largest, mut gram) = (largest.float64(), gram.float64());
        let vanishes = |j: usize| largest[j] > 0.0 && gram[j * p + j] < VANISHING;
        let error = if (0..p).any(vanishes) {
            f64::INFINITY
        } else {
            4.0 * f64::EPSILON
        };
        mirror(&mut gram, p);
        Ok(Found {
            counts: counts.uint32(),
            means: means.float64(),
            gram,
            error,
        }
        .moments(p))
    }

    /// Writes a block's rows, each minus the mean of its group, and keeps the largest distances `(parts, p)` of all blocks.
    fn centre(
        &self,
        rows: &Rows<'_, R>,
        means: &Memory<R>,
        [centred, distances]: [&Memory<R>; 2],
        parts: usize,
        block: (usize, usize),
    ) -> Result<()> {
        let p = rows.p;
        let kernel = Centre {
            rows: RowsText::of(rows),
        };
        self.run(kernel, parts * p, |args| {
            args.rows(rows)
                .buffer("means", means)
                .buffer("centred", centred)
                .buffer("distances", distances)
                .thread_columns((p, parts), block);
        })
    }

    /// Adds the products of a block's columns to the lower triangle of the Gram matrix.
    ///
    /// A small matrix has few tiles, so the rows are divided into parts for enough threads.
    fn add_products(
        &self,
        centred: &Memory<R>,
        gram: &Memory<R>,
        p: usize,
        (first, end): (usize, usize),
    ) -> Result<()> {
        let tiles = p.div_ceil(TILE);
        let parts = self.row_parts(tiles * tiles, end - first, TILE * TILE * size_of::<f64>());
        let sums = self.allocate(parts * p * p, DType::Float64)?;
        self.run(GramFloat64, parts * tiles * tiles, |args| {
            args.buffer("centred", centred).buffer("sums", &sums);
            args.size("rows", end - first)
                .size("parts", parts)
                .size("p", p)
                .size("tiles", tiles);
        })?;
        self.add_lower_triangles(&sums, gram, (parts, p, 1), DType::Float64)
    }
}

/// Writes rows minus the means of their groups, and the largest distances of each part of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Centre {
    rows: RowsText,
}

impl KernelBody for Centre {
    fn name(&self) -> &'static str {
        "group_centre"
    }

    fn record(&self, b: Builder) {
        let input = RowsInput::new(b, self.rows);
        let means = b.input("means", Ty::F64);
        let (out, distances) = (b.output("centred", Ty::F64), b.output("distances", Ty::F64));
        let columns = ThreadColumns::new(b);
        columns.each(b, |part, column, all| {
            let largest = var(distances.load(part * columns.p + column));
            all(&|row| {
                let mean = means.load(input.group(row) * columns.p + column);
                let difference = input.x(row, column, columns.p).to(Ty::F64) - mean;
                out.store((row - columns.first) * columns.p + column, difference);
                let distance = difference.abs();
                largest.set(select(distance.gt(largest.get()), distance, largest.get()));
            });
            distances.store(part * columns.p + column, largest.get());
        });
    }
}

/// Products of the columns of centred rows, part by part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GramFloat64;

impl KernelBody for GramFloat64 {
    fn name(&self) -> &'static str {
        "gram_float64"
    }

    fn record(&self, b: Builder) {
        let centred = b.input("centred", Ty::F64);
        let out = b.output("sums", Ty::F64);
        let rows = b.size("rows");
        let parts = b.size("parts");
        lower_tiles::<TILE>(b, parts, |part, p, i, j| {
            let sums: Vec<Var> = (0..TILE * TILE).map(|_| var(zero(Ty::F64))).collect();
            for_(part, rows, parts, |row| {
                let a = i.map(|i| centred.load(row * p + i));
                let b = j.map(|j| centred.load(row * p + j));
                for (at, sum) in sums.iter().enumerate() {
                    sum.set(a[at / TILE].mul_add(b[at % TILE], sum.get()));
                }
            });
            // Beyond the edge the tile repeats the last row and column, and writes the same sums again.
            for (at, sum) in sums.iter().enumerate() {
                out.store((part * p + i[at / TILE]) * p + j[at % TILE], sum.get());
            }
        });
    }
}
