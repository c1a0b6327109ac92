//! For each group, its number of rows and its means; for each column, the largest distance from the mean.

use array_api_spec::{DType, Result, Strided};

use super::{
    Rows,
    columns::{RowsInput, RowsText, ThreadColumns, float, zero},
};
use crate::{
    Gpu,
    kernel::{
        element::register,
        ir::{Atomic, Builder, Ty, for_, if_, lit, select, var},
    },
    kernels::KernelBody,
    memory::Memory,
    packing::{Axes, Elements, Positions},
    runtime::Runtime,
};

impl<R: Runtime> Gpu<R> {
    /// `(k,)` of `uint32`: how many rows each group has. A row whose group number does not exist is not counted.
    pub(crate) fn group_counts(&self, rows: &Rows<'_, R>) -> Result<Memory<R>> {
        let (n, k) = (rows.n, rows.k);
        let counts = self.zeros(k, DType::UInt32)?;
        let kernel = GroupCounts {
            groups: rows.groups.dtype,
            at: Axes::of(&rows.groups.layout),
        };
        self.run(kernel, n, |args| {
            args.buffer("codes", &rows.groups.storage)
                .buffer("counts", &counts);
            args.layout("codes", &rows.groups.layout)
                .size("n", n)
                .size("k", k);
        })?;
        Ok(counts)
    }

    /// `(k, p)` of `work`: the mean of each group, up to rounding.
    ///
    /// It is computed in two passes. The second adds the mean of the differences from the first result, which removes
    /// most of the rounding error. So in `float64` the mean of equal values is exactly that value, and small
    /// differences keep their digits beside a large mean.
    pub(super) fn group_means(
        &self,
        rows: &Rows<'_, R>,
        counts: &Memory<R>,
        work: DType,
    ) -> Result<Memory<R>> {
        let (p, k) = (rows.p, rows.k);
        let near = self.zeros(k * p, work)?;
        let parts = self.row_parts(p, rows.n, k * work.size());
        let sums = self.allocate(parts * k * p, work)?;
        for _ in 0..2 {
            self.group_sums(rows, None, &near, &sums, (parts, work))?;
            self.run(GroupMeans { ty: float(work) }, k * p, |args| {
                args.buffer("sums", &sums)
                    .buffer("counts", counts)
                    .buffer("near", &near);
                args.size("parts", parts).size("p", p).size("all", k * p);
            })?;
        }
        Ok(near)
    }

    /// `(parts, k, p)`: the sums of the differences from `near`, times the weights `(n,)` of the rows. Each thread adds
    /// them up for its column and its rows.
    pub(crate) fn group_sums(
        &self,
        rows: &Rows<'_, R>,
        weights: Option<&Strided<Memory<R>>>,
        near: &Memory<R>,
        sums: &Memory<R>,
        (parts, work): (usize, DType),
    ) -> Result<()> {
        let kernel = GroupSums {
            rows: RowsText::of(rows),
            weights: weights.map(|w| (w.dtype, Axes::of(&w.layout))),
            ty: float(work),
        };
        self.run(kernel, parts * rows.p, |args| {
            if let Some(weights) = weights {
                args.buffer("weights", &weights.storage)
                    .layout("weights", &weights.layout);
            }
            args.rows(rows)
                .buffer("near", near)
                .buffer("sums", sums)
                .thread_columns((rows.p, parts), (0, rows.n));
        })
    }

    /// `(p,)` of `work`: the largest distance of each column from the mean of its group; ∞ if there is a NaN.
    pub(super) fn largest_distances(
        &self,
        rows: &Rows<'_, R>,
        means: &Memory<R>,
        work: DType,
    ) -> Result<Memory<R>> {
        let (n, p) = (rows.n, rows.p);
        let parts = self.row_parts(p, n, work.size());
        let of_parts = self.allocate(parts * p, work)?;
        let kernel = GroupDistance {
            rows: RowsText::of(rows),
            ty: float(work),
        };
        self.run(kernel, parts * p, |args| {
            args.rows(rows)
                .buffer("means", means)
                .buffer("largest", &of_parts)
                .thread_columns((p, parts), (0, n));
        })?;
        self.largest_of_parts(&of_parts, (parts, p), work)
    }

    /// `(p,)`: the largest number of each column of `of_parts (parts, p)`.
    pub(super) fn largest_of_parts(
        &self,
        of_parts: &Memory<R>,
        (parts, p): (usize, usize),
        work: DType,
    ) -> Result<Memory<R>> {
        let largest = self.allocate(p, work)?;
        self.run(LargestOfParts { ty: float(work) }, p, |args| {
            args.buffer("of_parts", of_parts)
                .buffer("largest", &largest);
            args.size("parts", parts).size("p", p);
        })?;
        Ok(largest)
    }
}

/// How many rows each group has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupCounts {
    /// The dtype of the group numbers.
    groups: DType,
    at: Axes,
}

impl KernelBody for GroupCounts {
    fn name(&self) -> &'static str {
        "group_counts"
    }

    fn record(&self, b: Builder) {
        let codes = Elements::input(b, "codes", self.groups);
        let at = Positions::new(b, "codes", self.at);
        let counts = b.atomic("counts");
        let (n, k) = (b.size("n"), b.size("k"));
        let row = b.thread();
        if_(row.lt(n), || {
            let code = codes.load(at.at(row)).real();
            let most = lit(register(self.groups), i32::MAX);
            let group = code.to(Ty::U32);
            if_(code.ge(0) & code.le(most) & group.lt(k), || {
                let _ = counts.atomic(Atomic::Add, group, lit(Ty::U32, 1));
            });
        });
    }
}

/// Sums of differences from values near the means, for each part of the rows and each group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupSums {
    rows: RowsText,
    /// The dtype and layout of the rows' weights.
    weights: Option<(DType, Axes)>,
    ty: Ty,
}

impl KernelBody for GroupSums {
    fn name(&self) -> &'static str {
        "group_sums"
    }

    fn record(&self, b: Builder) {
        let ty = self.ty;
        let input = RowsInput::new(b, self.rows);
        let weights = self.weights.map(|(dtype, axes)| {
            let weights = Elements::input(b, "weights", dtype);
            (weights, Positions::new(b, "weights", axes))
        });
        let near = b.input("near", ty);
        let sums = b.output("sums", ty);
        let columns = ThreadColumns::new(b);
        columns.each(b, |part, column, all| {
            let at = |group| (part * input.k() + group) * columns.p + column;
            for_(lit(Ty::U32, 0), input.k(), 1, |g| {
                sums.store(at(g), zero(ty));
            });
            all(&|row| {
                let group = input.group(row);
                let x = input.x(row, column, columns.p).to(ty);
                let difference = x - near.load(group * columns.p + column);
                let share = match &weights {
                    Some((weights, at)) => difference * weights.load(at.at(row)).real().to(ty),
                    None => difference,
                };
                sums.store(at(group), sums.load(at(group)) + share);
            });
        });
    }
}

/// Values nearer to the means, from sums of differences.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupMeans {
    ty: Ty,
}

impl KernelBody for GroupMeans {
    fn name(&self) -> &'static str {
        "group_means"
    }

    fn record(&self, b: Builder) {
        let ty = self.ty;
        let sums = b.input("sums", ty);
        let counts = b.input("counts", Ty::U32);
        let near = b.output("near", ty);
        let parts = b.size("parts");
        let (p, all) = (b.size("p"), b.size("all"));
        let at = b.thread();
        if_(at.lt(all), || {
            let total = var(zero(ty));
            for_(lit(Ty::U32, 0), parts, 1, |part| {
                total.set(total.get() + sums.load(part * all + at));
            });
            let count = counts.load(at / p).max(1).to(ty);
            near.store(at, near.load(at) + total.get() / count);
        });
    }
}

/// The largest distance of each column from the mean of its group, for each part of the rows; ∞ if there is a NaN.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupDistance {
    rows: RowsText,
    ty: Ty,
}

impl KernelBody for GroupDistance {
    fn name(&self) -> &'static str {
        "group_distance"
    }

    fn record(&self, b: Builder) {
        let ty = self.ty;
        let input = RowsInput::new(b, self.rows);
        let means = b.input("means", ty);
        let out = b.output("largest", ty);
        let columns = ThreadColumns::new(b);
        columns.each(b, |part, column, all| {
            let largest = var(zero(ty));
            all(&|row| {
                let mean = means.load(input.group(row) * columns.p + column);
                let distance = (input.x(row, column, columns.p).to(ty) - mean).abs();
                let distance = select(distance.is_nan(), lit(ty, f32::INFINITY), distance);
                largest.set(select(distance.gt(largest.get()), distance, largest.get()));
            });
            out.store(part * columns.p + column, largest.get());
        });
    }
}

/// The largest number of each column of parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LargestOfParts {
    ty: Ty,
}

impl KernelBody for LargestOfParts {
    fn name(&self) -> &'static str {
        "largest_of_parts"
    }

    fn record(&self, b: Builder) {
        let of_parts = b.input("of_parts", self.ty);
        let out = b.output("largest", self.ty);
        let (parts, p) = (b.size("parts"), b.size("p"));
        let column = b.thread();
        if_(column.lt(p), || {
            let largest = var(zero(self.ty));
            for_(lit(Ty::U32, 0), parts, 1, |part| {
                let x = of_parts.load(part * p + column);
                largest.set(select(x.gt(largest.get()), x, largest.get()));
            });
            out.store(column, largest.get());
        });
    }
}
