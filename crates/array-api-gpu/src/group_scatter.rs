//! Group means, and the singular values and right singular vectors of the rows about them, from the p × p Gram matrix.
//!
//! A Gram matrix squares the condition number, so it needs twice the precision of its result. Where the device has
//! `float64` it is added up in that. Elsewhere it is exact: the centred columns become 24-bit integers, and
//! their products are added up as integers, which no driver's idea of floating-point arithmetic can touch.
//! (In plain `float32` the coefficients of linear discriminant analysis are off by a third on rank-deficient data.)
//!
//! Where that does not do (more columns than rows, NaN, a tolerance below the rounding errors of squares), the rows go to the host.

use array_api_spec::{
    DType, Element, Error, HostBuffer, Layout, Result, Strided,
    backend::{ArrayObjectBackend, GroupScatterParts},
    shape::size,
};

use super::{
    GROUP, Gpu,
    elements::{Elements, Positions},
    kernel::{
        element::Value,
        ir::{Builder, Kernel, Ty, Val, Var, for_, if_, lit, select, var},
    },
    memory::Memory,
    runtime::Runtime,
};
use array_api_host::{linalg, scatter};

/// Why a part of this is done on the host.
pub(super) const HOST: &str = "the passes over the rows run on the device; the p × p eigenproblem, and rows for which the Gram matrix is too coarse, \
                               are for the host in f64";
/// Rows that are centred at a time.
const BLOCK_ROWS: usize = 1 << 14;
/// Bytes of a block of centred rows, at most.
const BLOCK_BYTES: usize = 64 << 20;
/// Bytes of partial group sums, at most.
const PARTIAL_BYTES: usize = 16 << 20;
/// Rows after which integer sums are brought to the host, before they overflow: 2¹⁹ sums of 12-bit numbers fit 31 bits.
const EXACT_ROWS: usize = 1 << 19;
/// Rows whose products of 12-bit numbers fit 31 bits, two to a row.
const PRODUCT_ROWS: u32 = 128;
/// The largest fixed-point number: 24 bits with sign, so that both halves have 12.
const LARGEST: f64 = ((1 << 23) - 8) as f64;

/// A matrix of rows in groups, on the device.
struct Rows<'a, R: Runtime> {
    x: &'a Strided<Memory<R>>,
    groups: &'a Strided<Memory<R>>,
    n: usize,
    p: usize,
    counts: &'a [usize],
}

/// Means and Gram matrix of the centred rows, in double precision.
struct Scatter {
    /// `(k, p)`.
    means: Vec<f64>,
    /// `(p, p)`.
    gram: Vec<f64>,
    /// Relative error of the Gram matrix.
    error: f64,
}

impl<R: Runtime> Gpu<R> {
    pub(super) fn scatter_of_groups(
        &self,
        x: &Strided<Memory<R>>,
        groups: &Strided<Memory<R>>,
        counts: &[usize],
        tolerance: f64,
    ) -> Result<GroupScatterParts<Memory<R>>> {
        let (n, p) = (x.shape()[0], x.shape()[1]);
        let copies;
        let (x, groups) = if self.compiles() {
            (x, groups)
        } else {
            copies = (self.plain(x)?, self.plain(groups)?);
            (&copies.0, &copies.1)
        };
        let rows = Rows {
            x,
            groups,
            n,
            p,
            counts,
        };
        let countable = [[n, p, 1], [counts.len(), p, 1], [p, p, 6]]
            .iter()
            .all(|lengths| self.check_size(size(lengths)).is_ok());
        // A Gram matrix of fewer rows than columns would be larger than x and know no more.
        if n >= p && countable {
            let scatter = if self.runtime.capabilities().float64 {
                Some(self.scatter_in_float64(&rows)?)
            } else {
                self.exact_scatter(&rows)?
            };
            if let Some(parts) = scatter
                .map(|s| s.decompose(&rows, tolerance))
                .transpose()?
                .flatten()
            {
                return self.upload_parts(&parts, x.dtype);
            }
        }
        let parts = self.scatter_on_host(&rows, tolerance)?;
        self.upload_parts(&parts, x.dtype)
    }

    fn scatter_on_host(&self, rows: &Rows<'_, R>, tolerance: f64) -> Result<scatter::Scatter> {
        let layout = Layout::contiguous(rows.x.shape());
        let groups: Vec<i64> = match self.download(rows.groups)? {
            HostBuffer::Int64(groups) => groups,
            HostBuffer::Int32(groups) => groups.into_iter().map(i64::from).collect(),
            other => {
                return Err(Error::dtype(
                    "group_scatter",
                    &[other.dtype()],
                    "the index dtype",
                ));
            }
        };
        let group_layout = Layout::contiguous(rows.groups.shape());
        let counts = rows.counts;
        match self.download(rows.x)? {
            HostBuffer::Float32(x) => {
                scatter::group_scatter(&x, &layout, &groups, &group_layout, counts, tolerance)
            }
            HostBuffer::Float64(x) => {
                scatter::group_scatter(&x, &layout, &groups, &group_layout, counts, tolerance)
            }
            other => Err(Error::dtype(
                "group_scatter",
                &[other.dtype()],
                "real floating-point dtypes",
            )),
        }
    }

    fn upload_parts(
        &self,
        parts: &scatter::Scatter,
        dtype: DType,
    ) -> Result<GroupScatterParts<Memory<R>>> {
        Ok(GroupScatterParts {
            means: self.upload_real(&parts.means, dtype)?,
            std: self.upload_real(&parts.std, dtype)?,
            singular_values: self.upload_real(&parts.singular_values, dtype)?,
            right_vectors: self.upload_real(&parts.right_vectors, dtype)?,
            rank: parts.rank,
        })
    }

    fn upload_real(&self, values: &[f64], dtype: DType) -> Result<Memory<R>> {
        self.upload(match dtype {
            DType::Float64 => HostBuffer::Float64(values.to_vec()),
            _ => HostBuffer::Float32(values.iter().map(|&x| x as f32).collect()),
        })
    }

    fn fetch<T: Element>(&self, memory: &Memory<R>, n: usize) -> Result<Vec<T>> {
        self.values(&Strided::contiguous(memory.clone(), &[n], T::DTYPE))
    }

    /// Threads along the rows for kernels with a thread for each column.
    fn row_parts(&self, columns: usize, rows: usize, bytes_each: usize) -> usize {
        let threads = if self.runtime.capabilities().is_cpu {
            1 << 10
        } else {
            1 << 16
        };
        let room = PARTIAL_BYTES / (bytes_each * columns).max(1);
        (threads / columns).min(room).min(rows.div_ceil(16)).max(1)
    }

    /// Group means from sums in `work`, which every thread adds up for its column and its rows.
    fn group_means(&self, rows: &Rows<'_, R>, work: DType) -> Result<Vec<f64>> {
        let (n, p, k) = (rows.n, rows.p, rows.counts.len());
        let parts = self.row_parts(p, n, k * work.size());
        let sums = self.allocate(parts * k * p, work)?;
        let kernel = Kernel::build("group_sums", GROUP, |b| {
            let input = RowsInput::new(b, rows);
            let sums = Elements::output(b, "sums", work);
            let columns = Columns::new(b, p, parts, 0, n);
            let k = b.size("k", k as isize);
            columns.each(b, |part, column, all| {
                let at = |group: Val| (part * k + group) * columns.p + column;
                for_(lit(Ty::U32, 0), k, 1, |g| {
                    sums.store(at(g), Value::Real(lit(float(work), 0)));
                });
                all(&|row| {
                    let x = input.x(row, column, columns.p).to(float(work));
                    let at = at(input.group(row));
                    sums.store(at, Value::Real(sums.load(at).real() + x));
                });
            });
        });
        self.launch(
            &kernel,
            &[&rows.x.storage, &rows.groups.storage, &sums],
            parts * p,
        )?;
        let sums: Vec<f64> = if work == DType::Float64 {
            self.fetch(&sums, parts * k * p)?
        } else {
            self.fetch::<f32>(&sums, parts * k * p)?
                .into_iter()
                .map(f64::from)
                .collect()
        };
        let mean = |at: usize| {
            (0..parts).map(|part| sums[part * k * p + at]).sum::<f64>() / rows.counts[at / p] as f64
        };
        Ok((0..k * p).map(mean).collect())
    }

    fn scatter_in_float64(&self, rows: &Rows<'_, R>) -> Result<Scatter> {
        const TILE: usize = 4;
        let (n, p) = (rows.n, rows.p);
        let means = self.group_means(rows, DType::Float64)?;
        let device_means = self.upload(HostBuffer::Float64(means.clone()))?;
        let gram = self.allocate(p * p, DType::Float64)?;
        let block_rows = block_rows(p, 8).min(n);
        let centred = self.allocate(block_rows * p, DType::Float64)?;
        for first in (0..n).step_by(block_rows) {
            let end = (first + block_rows).min(n);
            let parts = self.row_parts(p, end - first, 1);
            let kernel = Kernel::build("group_centre", GROUP, |b| {
                let input = RowsInput::new(b, rows);
                let means = b.input("means", Ty::F64);
                let out = b.output("centred", Ty::F64);
                let columns = Columns::new(b, p, parts, first, end);
                columns.each(b, |_, column, all| {
                    all(&|row| {
                        let mean = means.load(input.group(row) * columns.p + column);
                        let x = input.x(row, column, columns.p).to(Ty::F64);
                        out.store((row - columns.first) * columns.p + column, x - mean);
                    });
                });
            });
            let buffers = [
                &rows.x.storage,
                &rows.groups.storage,
                &device_means,
                &centred,
            ];
            self.launch(&kernel, &buffers, parts * p)?;
            let tiles = p.div_ceil(TILE);
            let kernel = Kernel::build("gram_float64", GROUP, |b| {
                let centred = b.input("centred", Ty::F64);
                let gram = b.output("gram", Ty::F64);
                let again = b.size("again", isize::from(first > 0));
                let (p, tiles) = (b.size("p", p as isize), b.size("tiles", tiles as isize));
                let rows = b.size("rows", (end - first) as isize);
                let thread = b.thread();
                let (row_tile, column_tile) = (thread / tiles, thread % tiles);
                // The lower triangle is enough.
                if_(row_tile.lt(tiles) & column_tile.le(row_tile), || {
                    let (i, j) = (edge::<TILE>(row_tile, p), edge::<TILE>(column_tile, p));
                    let sums: Vec<Var> = (0..TILE * TILE).map(|_| var(lit(Ty::F64, 0))).collect();
                    for_(lit(Ty::U32, 0), rows, 1, |row| {
                        let a = i.map(|i| centred.load(row * p + i));
                        let b = j.map(|j| centred.load(row * p + j));
                        for (at, sum) in sums.iter().enumerate() {
                            sum.set(sum.get() + a[at / TILE] * b[at % TILE]);
                        }
                    });
                    for (at, sum) in sums.iter().enumerate() {
                        let place = i[at / TILE] * p + j[at % TILE];
                        if_(again.ne(0), || sum.set(sum.get() + gram.load(place)));
                    }
                    // Beyond the edge the tile repeats the last row and column, with the same sums.
                    for (at, sum) in sums.iter().enumerate() {
                        gram.store(i[at / TILE] * p + j[at % TILE], sum.get());
                    }
                });
            });
            self.launch(&kernel, &[&centred, &gram], tiles * tiles)?;
        }
        let mut gram: Vec<f64> = self.fetch(&gram, p * p)?;
        mirror(&mut gram, p);
        Ok(Scatter {
            means,
            gram,
            error: 4.0 * f64::EPSILON,
        })
    }

    /// The scatter of float32 rows from integer arithmetic, or `None` if they are not all finite.
    fn exact_scatter(&self, rows: &Rows<'_, R>) -> Result<Option<Scatter>> {
        const TILE: usize = 2;
        let (n, p, k) = (rows.n, rows.p, rows.counts.len());
        // The means need not be exact: what they lack is found again in the integer sums.
        let near: Vec<f32> = self
            .group_means(rows, DType::Float32)?
            .iter()
            .map(|&m| m as f32)
            .collect();
        let device_near = self.upload(HostBuffer::Float32(near.clone()))?;
        let largest = self.largest_distances(rows, &device_near)?;
        if !largest.iter().all(|x| x.is_finite()) || !near.iter().all(|x| x.is_finite()) {
            return Ok(None);
        }
        let scales: Vec<f32> = largest
            .iter()
            .map(|&x| {
                if x == 0.0 {
                    1.0
                } else {
                    (LARGEST / f64::from(x)).min(1e37) as f32
                }
            })
            .collect();
        let device_scales = self.upload(HostBuffer::Float32(scales.clone()))?;

        let block_rows = block_rows(p, 4).min(n);
        let fixed = self.allocate(block_rows * p, DType::Int32)?;
        let parts = self.row_parts(p, block_rows, k * 8);
        let residuals = self.allocate(parts * k * p * 2, DType::Int32)?;
        let products = self.allocate(p * p * 6, DType::Int32)?;
        let mut residual = vec![0_i64; k * p];
        let mut gram = vec![0_i128; p * p];
        let mut since = 0;
        for first in (0..n).step_by(block_rows) {
            let end = (first + block_rows).min(n);
            let kernel = Kernel::build("group_fix", GROUP, |b| {
                let input = RowsInput::new(b, rows);
                let (near, scales) = (b.input("near", Ty::F32), b.input("scales", Ty::F32));
                let (out, sums) = (b.output("fixed", Ty::I32), b.output("residuals", Ty::I32));
                let columns = Columns::new(b, p, parts, first, end);
                let (k, again) = (
                    b.size("k", k as isize),
                    b.size("again", isize::from(since > 0)),
                );
                columns.each(b, |part, column, all| {
                    let at = |group: Val| ((part * k + group) * columns.p + column) * 2;
                    if_(again.eq(0), || {
                        for_(lit(Ty::U32, 0), k, 1, |g| {
                            sums.store(at(g), 0);
                            sums.store(at(g) + 1, 0);
                        });
                    });
                    let scale = scales.load(column);
                    all(&|row| {
                        let group = input.group(row);
                        let distance =
                            input.x(row, column, columns.p) - near.load(group * columns.p + column);
                        let fixed = (distance * scale).round().to(Ty::I32);
                        out.store((row - columns.first) * columns.p + column, fixed);
                        let (high, low) = halves(fixed);
                        let at = at(group);
                        sums.store(at, sums.load(at) + high);
                        sums.store(at + 1, sums.load(at + 1) + low);
                    });
                });
            });
            let buffers = [
                &rows.x.storage,
                &rows.groups.storage,
                &device_near,
                &device_scales,
                &fixed,
                &residuals,
            ];
            self.launch(&kernel, &buffers, parts * p)?;
            let tiles = p.div_ceil(TILE);
            let kernel = Kernel::build("gram_exact", GROUP, |b| {
                let fixed = b.input("fixed", Ty::I32);
                let out = b.output("products", Ty::I32);
                let again = b.size("again", isize::from(since > 0));
                let (p, tiles) = (b.size("p", p as isize), b.size("tiles", tiles as isize));
                let rows = b.size("rows", (end - first) as isize);
                let thread = b.thread();
                let (row_tile, column_tile) = (thread / tiles, thread % tiles);
                if_(row_tile.lt(tiles) & column_tile.le(row_tile), || {
                    let (i, j) = (edge::<TILE>(row_tile, p), edge::<TILE>(column_tile, p));
                    let zero = || var(lit(Ty::I32, 0));
                    // For each product of halves (high · high, both mixed ones, low · low) the sum of its upper and of its lower 16 bits.
                    let totals: Vec<[Var; 6]> = (0..TILE * TILE)
                        .map(|_| std::array::from_fn(|_| zero()))
                        .collect();
                    for_(lit(Ty::U32, 0), rows, PRODUCT_ROWS, |start| {
                        let sums: Vec<[Var; 3]> = (0..TILE * TILE)
                            .map(|_| std::array::from_fn(|_| zero()))
                            .collect();
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
                    let place = |at: usize| (i[at / TILE] * p + j[at % TILE]) * 6;
                    for (at, total) in totals.iter().enumerate() {
                        if_(again.ne(0), || {
                            for (word, sum) in total.iter().enumerate() {
                                sum.set(sum.get() + out.load(place(at) + word as u32));
                            }
                        });
                    }
                    for (at, total) in totals.iter().enumerate() {
                        for (word, sum) in total.iter().enumerate() {
                            out.store(place(at) + word as u32, sum.get());
                        }
                    }
                });
            });
            self.launch(&kernel, &[&fixed, &products], tiles * tiles)?;
            since += end - first;
            if since + block_rows > EXACT_ROWS || end == n {
                since = 0;
                for (at, pair) in self
                    .fetch::<i32>(&residuals, parts * k * p * 2)?
                    .chunks_exact(2)
                    .enumerate()
                {
                    residual[at % (k * p)] += (i64::from(pair[0]) << 12) + i64::from(pair[1]);
                }
                let words = self.fetch::<i32>(&products, p * p * 6)?;
                for (sum, words) in gram.iter_mut().zip(words.chunks_exact(6)) {
                    let part =
                        |at: usize| (i128::from(words[at]) << 16) + i128::from(words[at + 1]);
                    *sum += (part(0) << 24) + (part(2) << 12) + part(4);
                }
            }
        }
        Ok(Some(assemble(
            rows.counts,
            p,
            &near,
            &scales,
            &residual,
            &gram,
        )))
    }

    /// The largest distance of each column from its group's mean; ∞ if there is a NaN.
    fn largest_distances(&self, rows: &Rows<'_, R>, means: &Memory<R>) -> Result<Vec<f32>> {
        let (n, p) = (rows.n, rows.p);
        let parts = self.row_parts(p, n, 4);
        let out = self.allocate(parts * p, DType::Float32)?;
        let kernel = Kernel::build("group_distance", GROUP, |b| {
            let input = RowsInput::new(b, rows);
            let means = b.input("means", Ty::F32);
            let out = b.output("largest", Ty::F32);
            let columns = Columns::new(b, p, parts, 0, n);
            columns.each(b, |part, column, all| {
                let largest = var(lit(Ty::F32, 0));
                all(&|row| {
                    let mean = means.load(input.group(row) * columns.p + column);
                    let distance = (input.x(row, column, columns.p) - mean).abs();
                    let distance = select(distance.is_nan(), lit(Ty::F32, f32::INFINITY), distance);
                    largest.set(select(distance.gt(largest.get()), distance, largest.get()));
                });
                out.store(part * columns.p + column, largest.get());
            });
        });
        self.launch(
            &kernel,
            &[&rows.x.storage, &rows.groups.storage, means, &out],
            parts * p,
        )?;
        let all: Vec<f32> = self.fetch(&out, parts * p)?;
        Ok((0..p)
            .map(|j| {
                all.iter()
                    .skip(j)
                    .step_by(p)
                    .fold(0.0, |a: f32, &b| a.max(b))
            })
            .collect())
    }
}

impl Scatter {
    /// Singular values and vectors, or `None` if the squares of the smallest ones drown in rounding errors or something is not finite.
    fn decompose<R: Runtime>(
        self,
        rows: &Rows<'_, R>,
        tolerance: f64,
    ) -> Result<Option<scatter::Scatter>> {
        let (n, p) = (rows.n as f64, rows.p);
        if !self.gram.iter().chain(&self.means).all(|x| x.is_finite()) {
            return Ok(None);
        }
        let std: Vec<f64> = (0..p)
            .map(|j| (self.gram[j * p + j] / n).sqrt())
            .map(|s| if s == 0.0 { 1.0 } else { s })
            .collect();
        let scaled: Vec<f64> = (0..p * p)
            .map(|at| self.gram[at] / n / std[at / p] / std[at % p])
            .collect();
        let (values, vectors) = linalg::eigh(&scaled, &Layout::contiguous(&[p, p]))?;
        let largest = values.last().copied().unwrap_or(0.0).max(0.0);
        let floor = self.error * p as f64 * largest;
        let kept = values
            .iter()
            .copied()
            .filter(|v| v.max(0.0).sqrt() > tolerance);
        let least = kept.fold(f64::INFINITY, f64::min);
        let accuracy = if rows.x.dtype == DType::Float64 {
            1e-7
        } else {
            1e-3
        };
        if tolerance * tolerance < floor || floor > accuracy * least {
            return Ok(None);
        }
        let order: Vec<usize> = (0..p).rev().collect();
        Ok(Some(scatter::Scatter {
            singular_values: order.iter().map(|&i| values[i].max(0.0).sqrt()).collect(),
            right_vectors: order
                .iter()
                .flat_map(|&i| (0..p).map(move |j| (i, j)))
                .map(|(i, j)| vectors[j * p + i])
                .collect(),
            means: self.means,
            std,
            rank: p,
        }))
    }
}

/// Means and Gram matrix from integer sums about the means `near`: what `near` lacks is the mean of the residuals.
fn assemble(
    counts: &[usize],
    p: usize,
    near: &[f32],
    scales: &[f32],
    residual: &[i64],
    gram: &[i128],
) -> Scatter {
    let unit = |j: usize| f64::from(scales[j]).recip();
    let shift: Vec<f64> = (0..counts.len() * p)
        .map(|at| residual[at] as f64 / counts[at / p] as f64)
        .collect();
    let means = (0..counts.len() * p)
        .map(|at| f64::from(near[at]) + shift[at] * unit(at % p))
        .collect();
    let mut out = vec![0.0; p * p];
    for i in 0..p {
        for j in 0..=i {
            let correction: f64 = counts
                .iter()
                .enumerate()
                .map(|(g, &count)| count as f64 * shift[g * p + i] * shift[g * p + j])
                .sum();
            out[i * p + j] = (gram[i * p + j] as f64 - correction) * unit(i) * unit(j);
        }
        // Rounding must not leave a negative square.
        out[i * p + i] = out[i * p + i].max(0.0);
    }
    mirror(&mut out, p);
    Scatter {
        means,
        gram: out,
        // Each element is rounded to 2⁻²⁴ of its column's largest distance.
        error: (0.5_f64).powi(44),
    }
}

fn mirror(gram: &mut [f64], p: usize) {
    for i in 0..p {
        for j in 0..i {
            gram[j * p + i] = gram[i * p + j];
        }
    }
}

/// Rows in a block whose elements have `size` bytes.
fn block_rows(p: usize, size: usize) -> usize {
    (BLOCK_BYTES / (p * size)).clamp(1, BLOCK_ROWS)
}

const fn float(work: DType) -> Ty {
    if matches!(work, DType::Float64) {
        Ty::F64
    } else {
        Ty::F32
    }
}

/// A 24-bit number as `high · 2¹² + low` with both in -2¹¹..=2¹¹.
fn halves(x: Val) -> (Val, Val) {
    let high = (x + 2048) >> 12;
    (high, x - (high << 12))
}

/// The indices of a tile, those beyond the edge held at it.
fn edge<const TILE: usize>(tile: Val, p: Val) -> [Val; TILE] {
    std::array::from_fn(|i| (tile * TILE as u32 + i as u32).min(p - 1))
}

/// The arrays as kernels read them.
struct RowsInput {
    x: Elements,
    groups: Elements,
    x_at: Positions,
    groups_at: Positions,
}

impl RowsInput {
    fn new<R: Runtime>(b: Builder, rows: &Rows<'_, R>) -> Self {
        Self {
            x: Elements::input(b, "x", rows.x.dtype),
            groups: Elements::input(b, "codes", rows.groups.dtype),
            x_at: Positions::new(b, "x", &rows.x.layout),
            groups_at: Positions::new(b, "codes", &rows.groups.layout),
        }
    }

    fn x(&self, row: Val, column: Val, p: Val) -> Val {
        self.x.load(self.x_at.at(row * p + column)).real()
    }

    fn group(&self, row: Val) -> Val {
        self.groups.load(self.groups_at.at(row)).real().to(Ty::U32)
    }
}

/// Threads for every column and every `parts`-th row of `first..end`.
#[derive(Clone, Copy)]
struct Columns {
    p: Val,
    parts: Val,
    first: Val,
    end: Val,
}

impl Columns {
    fn new(b: Builder, p: usize, parts: usize, first: usize, end: usize) -> Self {
        Self {
            p: b.size("p", p as isize),
            parts: b.size("parts", parts as isize),
            first: b.size("first", first as isize),
            end: b.size("end", end as isize),
        }
    }

    /// Hands `body` its part, its column, and a loop over its rows.
    fn each(self, b: Builder, body: impl FnOnce(Val, Val, &dyn Fn(&dyn Fn(Val)))) {
        let thread = b.thread();
        let (part, column) = (thread / self.p, thread % self.p);
        if_(part.lt(self.parts), || {
            body(part, column, &|row| {
                for_(self.first + part, self.end, self.parts, row);
            });
        });
    }
}
