//! The Gram matrix about the means of `float32` rows, exact on devices without `float64`.
//!
//! Let m be a value near the mean of a column in a group, and s a scale of the column. Each element x becomes a 24-bit
//! integer, `f = round(s (x - m))`. The device adds up f and the products of f by group, in halves that fit 32 bits.
//! From these sums the host computes the mean `m + Σf / (n s)` and the scatter `Σ f fᵀ - Σf Σfᵀ / n` of each group.

use array_api_spec::{DType, Moments, Result};

use super::{
    Found, Rows,
    columns::{RowsInput, RowsText, ThreadColumns, block_rows, lower_tiles, zero},
    mirror,
};
use crate::{
    Gpu,
    kernel::ir::{Builder, Ty, Val, Var, for_, if_, lit, select, var},
    kernels::KernelBody,
    memory::Memory,
    runtime::Runtime,
};

/// Most rows whose integer sums do not overflow: the sum of 2¹⁹ numbers of 12 bits fits 31 bits. Then the sums are
/// brought to the host.
const EXACT_ROWS: usize = 1 << 19;
/// Most rows whose products can be added up in 31 bits: each row adds up to two products of 12-bit numbers.
const PRODUCT_ROWS: u32 = 128;
/// The largest fixed-point number: 24 bits with the sign, so that each half has 12. The 8 below 2²³ leave room for the
/// rounding of the scale.
const LARGEST: f64 = ((1 << 23) - 8) as f64;
/// A thread adds up the products of `TILE × TILE` elements of the Gram matrix.
const TILE: usize = 2;
/// Words for one element of the Gram matrix. Its products are summed in three parts, high · high, the two mixed ones
/// together, and low · low, and each part's upper and lower 16 bits are summed apart.
const WORDS: usize = 6;
/// The relative error of the Gram matrix. Each element is rounded to 2⁻²⁴ of its column's largest distance, and the
/// errors of the rows largely cancel, being as often positive as negative.
const ERROR: f64 = 1.0 / (1_u64 << 44) as f64;

/// Integer sums of rows, on the device.
struct Buffers<R: Runtime> {
    /// `(rows, p)`: the fixed-point numbers of a block of rows.
    fixed: Memory<R>,
    /// `(parts, k, p, 2)`: sums of their halves.
    residuals: Memory<R>,
    /// `(p, p, WORDS)`: sums of products of halves.
    products: Memory<R>,
    parts: usize,
}

/// Integer sums of rows, on the host.
struct Sums {
    /// `(k, p)`.
    residual: Vec<i64>,
    /// `(p, p)`, the lower triangle.
    gram: Vec<i128>,
}

impl<R: Runtime> Gpu<R> {
    pub(super) fn exact_gram(&self, rows: &Rows<'_, R>) -> Result<Moments> {
        const WORK: DType = DType::Float32;
        let (n, p, k) = (rows.n, rows.p, rows.k);
        let counts = self.group_counts(rows)?;
        // The means need not be exact: the integer sums contain the difference.
        let near = self.group_means(rows, &counts, WORK)?;
        let largest = self.largest_distances(rows, &near, WORK)?;
        let scales = self.scales(&largest, p)?;

        let block_rows = block_rows(p, 4).min(n);
        let parts = self.row_parts(p, block_rows, k * 8);
        // Kernels write the lower triangle only, but the host downloads the whole matrix: the upper triangle must be
        // initialized.
        let no_products = || self.zeros(p * p * WORDS, DType::Int32);
        let mut buffers = Buffers {
            fixed: self.allocate(block_rows * p, DType::Int32)?,
            residuals: self.allocate(parts * k * p * 2, DType::Int32)?,
            products: no_products()?,
            parts,
        };
        let mut sums = Sums {
            residual: vec![0; k * p],
            gram: vec![0; p * p],
        };
        let mut since = 0;
        for first in (0..n).step_by(block_rows) {
            let end = (first + block_rows).min(n);
            let block = Block {
                first,
                end,
                again: since > 0,
            };
            self.fix(rows, [&near, &scales], &buffers, block)?;
            self.add_exact_products(&buffers, p, block)?;
            since += end - first;
            if since + block_rows > EXACT_ROWS && end < n {
                since = 0;
                let [residuals, products] = self.fetch_together(buffers.words(k, p))?;
                sums.add(residuals.int32(), products.int32());
                buffers.products = no_products()?;
            }
        }
        let [residuals, products] = buffers.words(k, p);
        let [counts, near, largest, scales, residuals, products] = self.fetch_together([
            (&counts, k),
            (&near, k * p),
            (&largest, p),
            (&scales, p),
            residuals,
            products,
        ])?;
        sums.add(residuals.int32(), products.int32());
        let about = About {
            near: near.float32(),
            largest: largest.float32(),
            scales: scales.float32(),
        };
        Ok(about.assemble(counts.uint32(), &sums).moments(p))
    }

    /// `(p,)`: the scale of each column.
    fn scales(&self, largest: &Memory<R>, p: usize) -> Result<Memory<R>> {
        let scales = self.allocate(p, DType::Float32)?;
        self.run(Scales, p, |args| {
            args.buffer("largest", largest).buffer("scales", &scales);
            args.size("p", p);
        })?;
        Ok(scales)
    }

    /// Writes a block's rows as fixed-point numbers, and adds up the halves of these.
    fn fix(
        &self,
        rows: &Rows<'_, R>,
        [near, scales]: [&Memory<R>; 2],
        sums: &Buffers<R>,
        block: Block,
    ) -> Result<()> {
        let (p, parts) = (rows.p, sums.parts);
        let kernel = Fix {
            rows: RowsText::of(rows),
        };
        self.run(kernel, parts * p, |args| {
            args.rows(rows)
                .buffer("near", near)
                .buffer("scales", scales)
                .buffer("fixed", &sums.fixed)
                .buffer("residuals", &sums.residuals)
                .thread_columns((p, parts), (block.first, block.end))
                .size("again", usize::from(block.again));
        })
    }

    /// Adds the products of a block's columns, in halves.
    fn add_exact_products(&self, sums: &Buffers<R>, p: usize, block: Block) -> Result<()> {
        let (rows, tiles) = (block.end - block.first, p.div_ceil(TILE));
        let parts = self
            .row_parts(tiles * tiles, rows, TILE * TILE * WORDS * size_of::<i32>())
            .min(rows.div_ceil(PRODUCT_ROWS as usize));
        let of_parts = self.allocate(parts * p * p * WORDS, DType::Int32)?;
        self.run(GramExact, parts * tiles * tiles, |args| {
            args.buffer("fixed", &sums.fixed)
                .buffer("products", &of_parts);
            args.size("rows", rows)
                .size("parts", parts)
                .size("p", p)
                .size("tiles", tiles);
        })?;
        self.add_lower_triangles(&of_parts, &sums.products, (parts, p, WORDS), DType::Int32)
    }
}

/// The scale of each column, from its largest distance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scales;

impl KernelBody for Scales {
    fn name(&self) -> &'static str {
        "group_scales"
    }

    fn record(&self, b: Builder) {
        let largest = b.input("largest", Ty::F32);
        let scales = b.output("scales", Ty::F32);
        let p = b.size("p");
        let column = b.thread();
        if_(column.lt(p), || {
            let x = largest.load(column);
            let (scale, most) = (lit(Ty::F32, LARGEST) / x, lit(Ty::F32, 1e37));
            let scale = select(scale.lt(most), scale, most);
            scales.store(column, select(x.gt(0.0), scale, lit(Ty::F32, 1)));
        });
    }
}

/// Rows as fixed-point numbers, and the sums of the halves of these.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fix {
    rows: RowsText,
}

impl KernelBody for Fix {
    fn name(&self) -> &'static str {
        "group_fix"
    }

    fn record(&self, b: Builder) {
        let input = RowsInput::new(b, self.rows);
        let (near, scales) = (b.input("near", Ty::F32), b.input("scales", Ty::F32));
        let (out, halves_of) = (b.output("fixed", Ty::I32), b.output("residuals", Ty::I32));
        let columns = ThreadColumns::new(b);
        let again = b.size("again");
        columns.each(b, |part, column, all| {
            let at = |group: Val| ((part * input.k() + group) * columns.p + column) * 2;
            if_(again.eq(0), || {
                for_(lit(Ty::U32, 0), input.k(), 1, |g| {
                    halves_of.store(at(g), 0);
                    halves_of.store(at(g) + 1, 0);
                });
            });
            let scale = scales.load(column);
            all(&|row| {
                let group = input.group(row);
                let mean = near.load(group * columns.p + column);
                let scaled = ((input.x(row, column, columns.p) - mean) * scale).round();
                // If an element is not finite, the host does not use the sums. The conversion to an integer still
                // needs a number that fits.
                let fits = scaled.abs().lt(lit(Ty::F32, (1 << 23) as f64));
                let fixed = select(fits, scaled, lit(Ty::F32, 0)).to(Ty::I32);
                out.store((row - columns.first) * columns.p + column, fixed);
                let (high, low) = halves(fixed);
                let at = at(group);
                halves_of.store(at, halves_of.load(at) + high);
                halves_of.store(at + 1, halves_of.load(at + 1) + low);
            });
        });
    }
}

/// Products of the columns of fixed-point numbers, in halves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GramExact;

impl KernelBody for GramExact {
    fn name(&self) -> &'static str {
        "gram_exact"
    }

    fn record(&self, b: Builder) {
        let fixed = b.input("fixed", Ty::I32);
        let out = b.output("products", Ty::I32);
        let (rows, parts) = (b.size("rows"), b.size("parts"));
        lower_tiles::<TILE>(b, parts, |part, p, i, j| {
            let totals: Vec<[Var; WORDS]> = zeros();
            for_(part * PRODUCT_ROWS, rows, parts * PRODUCT_ROWS, |start| {
                // Sums of high · high, of the two mixed products, and of low · low.
                let sums: Vec<[Var; 3]> = zeros();
                for_(start, (start + PRODUCT_ROWS).min(rows), 1, |row| {
                    let a = i.map(|i| halves(fixed.load(row * p + i)));
                    let b = j.map(|j| halves(fixed.load(row * p + j)));
                    for (at, [high, mixed, low]) in sums.iter().enumerate() {
                        let ((ah, al), (bh, bl)) = (a[at / TILE], b[at % TILE]);
                        high.set(high.get() + ah * bh);
                        mixed.set(mixed.get() + (ah * bl + al * bh));
                        low.set(low.get() + al * bl);
                    }
                });
                for (total, sums) in totals.iter().zip(&sums) {
                    for (at, sum) in sums.iter().enumerate() {
                        let (upper, lower) = (total[2 * at], total[2 * at + 1]);
                        upper.set(upper.get() + (sum.get() >> 16));
                        lower.set(lower.get() + (sum.get() & 0xffff));
                    }
                }
            });
            let place = |at: usize| ((part * p + i[at / TILE]) * p + j[at % TILE]) * WORDS as u32;
            // Beyond the edge the tile repeats the last row and column, and writes the same sums again.
            for (at, total) in totals.iter().enumerate() {
                for (word, sum) in total.iter().enumerate() {
                    out.store(place(at) + word as u32, sum.get());
                }
            }
        });
    }
}

/// A block of rows, and whether the residuals already hold sums of earlier blocks.
#[derive(Clone, Copy)]
struct Block {
    first: usize,
    end: usize,
    again: bool,
}

impl<R: Runtime> Buffers<R> {
    /// The buffers of sums, with their lengths in words.
    fn words(&self, k: usize, p: usize) -> [(&Memory<R>, usize); 2] {
        [
            (&self.residuals, self.parts * k * p * 2),
            (&self.products, p * p * WORDS),
        ]
    }
}

impl Sums {
    fn add(&mut self, residuals: &[i32], products: &[i32]) {
        let groups = self.residual.len();
        for (at, pair) in residuals.chunks_exact(2).enumerate() {
            self.residual[at % groups] += (i64::from(pair[0]) << 12) + i64::from(pair[1]);
        }
        for (sum, words) in self.gram.iter_mut().zip(products.chunks_exact(WORDS)) {
            let part = |at: usize| (i128::from(words[at]) << 16) + i128::from(words[at + 1]);
            *sum += (part(0) << 24) + (part(2) << 12) + part(4);
        }
    }
}

/// How the fixed-point numbers relate to the elements: `f = round(scale (x - near))`.
struct About<'a> {
    /// `(k, p)`: values near the means.
    near: &'a [f32],
    /// `(p,)`: the largest distances from them.
    largest: &'a [f32],
    /// `(p,)`.
    scales: &'a [f32],
}

impl About<'_> {
    /// Means and Gram matrix from the integer sums. The mean of the residuals is what must be added to `near`.
    fn assemble(&self, counts: Vec<u32>, sums: &Sums) -> Found {
        let p = self.scales.len();
        let finite = |j: usize| {
            self.largest[j].is_finite() && self.near[j..].iter().step_by(p).all(|m| m.is_finite())
        };
        let finite: Vec<bool> = (0..p).map(finite).collect();
        let unit = |j: usize| f64::from(self.scales[j]).recip();
        let count = |at: usize| f64::from(counts[at / p].max(1));
        let residual = &sums.residual;
        let means = (0..residual.len()).map(|at| {
            if finite[at % p] {
                f64::from(self.near[at]) + residual[at] as f64 / count(at) * unit(at % p)
            } else {
                f64::NAN
            }
        });
        // The sums are exact, so a constant column has the variance 0 exactly.
        let squares: Vec<f64> = (0..p)
            .map(|j| {
                let of_column = residual[j..].iter().step_by(p).zip(&counts);
                square(sums.gram[j * p + j], of_column.map(|(&r, &c)| (r, c)))
            })
            .collect();
        let mut gram = vec![0.0; p * p];
        for i in 0..p {
            for j in 0..=i {
                gram[i * p + j] = if !(finite[i] && finite[j]) {
                    f64::NAN
                } else if squares[i] == 0.0 || squares[j] == 0.0 {
                    0.0
                } else if i == j {
                    squares[i] * unit(i) * unit(i)
                } else {
                    let correction: f64 = (0..counts.len())
                        .map(|g| (g * p + i, g * p + j))
                        .map(|(a, b)| residual[a] as f64 * residual[b] as f64 / count(a))
                        .sum();
                    (sums.gram[i * p + j] as f64 - correction) * unit(i) * unit(j)
                };
            }
        }
        mirror(&mut gram, p);
        Found {
            means: means.collect(),
            counts,
            gram,
            error: ERROR,
        }
    }
}

/// `total - Σ r² / c`, a sum over the groups, with residual r and count c of each.
fn square(total: i128, groups: impl Iterator<Item = (i64, u32)>) -> f64 {
    let (mut whole, mut rest) = (total, 0.0);
    for (residual, count) in groups.filter(|&(_, count)| count > 0) {
        let (square, count) = (i128::from(residual).pow(2), i128::from(count));
        whole -= square / count;
        rest += (square % count) as f64 / count as f64;
    }
    (whole as f64 - rest).max(0.0)
}

/// `N` accumulators, which start with 0, for each element of a tile.
fn zeros<const N: usize>() -> Vec<[Var; N]> {
    let zeros = || std::array::from_fn(|_| var(zero(Ty::I32)));
    (0..TILE * TILE).map(|_| zeros()).collect()
}

/// A 24-bit number as `high · 2¹² + low` with both in -2¹¹..=2¹¹.
fn halves(x: Val) -> (Val, Val) {
    let high = (x + 2048) >> 12;
    (high, x - (high << 12))
}
