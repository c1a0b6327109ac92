//! For each group, its number of rows and its means; for each column, the largest distance from the mean.

use array_api_spec::{DType, Result};

use super::{
    Rows,
    columns::{RowsInput, ThreadColumns, float, zero},
};
use crate::{
    GROUP, Gpu,
    kernel::{
        element::register,
        ir::{Atomic, Kernel, Ty, for_, if_, lit, select, var},
    },
    memory::Memory,
    packing::{Elements, Positions},
    runtime::Runtime,
};

impl<R: Runtime> Gpu<R> {
    /// `(k,)` of `uint32`: how many rows each group has. A row whose group number does not exist is not counted.
    pub(super) fn group_counts(&self, rows: &Rows<'_, R>) -> Result<Memory<R>> {
        let (n, k) = (rows.n, rows.k);
        let counts = self.zeros(k, DType::UInt32)?;
        let kernel = Kernel::build("group_counts", GROUP, |b| {
            let codes = Elements::input(b, "codes", rows.groups.dtype);
            let at = Positions::new(b, "codes", &rows.groups.layout);
            let counts = b.atomic("counts");
            let (n, k) = (b.size("n", n as isize), b.size("k", k as isize));
            let row = b.thread();
            if_(row.lt(n), || {
                let code = codes.load(at.at(row)).real();
                let most = lit(register(rows.groups.dtype), i32::MAX);
                let group = code.to(Ty::U32);
                if_(code.ge(0) & code.le(most) & group.lt(k), || {
                    let _ = counts.atomic(Atomic::Add, group, lit(Ty::U32, 1));
                });
            });
        });
        self.launch(&kernel, &[&rows.groups.storage, &counts], n)?;
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
            self.group_sums(rows, &near, &sums, (parts, work))?;
            let kernel = Kernel::build("group_means", GROUP, |b| {
                let sums = b.input("sums", float(work));
                let counts = b.input("counts", Ty::U32);
                let near = b.output("near", float(work));
                let parts = b.size("parts", parts as isize);
                let (p, all) = (b.size("p", p as isize), b.size("all", (k * p) as isize));
                let at = b.thread();
                if_(at.lt(all), || {
                    let total = var(zero(float(work)));
                    for_(lit(Ty::U32, 0), parts, 1, |part| {
                        total.set(total.get() + sums.load(part * all + at));
                    });
                    let count = counts.load(at / p).max(1).to(float(work));
                    near.store(at, near.load(at) + total.get() / count);
                });
            });
            self.launch(&kernel, &[&sums, counts, &near], k * p)?;
        }
        Ok(near)
    }

    /// `(parts, k, p)`: the sums of the differences from `near`. Each thread adds them up for its column and its rows.
    fn group_sums(
        &self,
        rows: &Rows<'_, R>,
        near: &Memory<R>,
        sums: &Memory<R>,
        (parts, work): (usize, DType),
    ) -> Result<()> {
        let kernel = Kernel::build("group_sums", GROUP, |b| {
            let input = RowsInput::new(b, rows);
            let near = b.input("near", float(work));
            let sums = b.output("sums", float(work));
            let columns = ThreadColumns::new(b, rows.p, parts, 0, rows.n);
            columns.each(b, |part, column, all| {
                let at = |group| (part * input.k() + group) * columns.p + column;
                for_(lit(Ty::U32, 0), input.k(), 1, |g| {
                    sums.store(at(g), zero(float(work)));
                });
                all(&|row| {
                    let group = input.group(row);
                    let x = input.x(row, column, columns.p).to(float(work));
                    let difference = x - near.load(group * columns.p + column);
                    sums.store(at(group), sums.load(at(group)) + difference);
                });
            });
        });
        let buffers = [&rows.x.storage, &rows.groups.storage, near, sums];
        self.launch(&kernel, &buffers, parts * rows.p)
    }

    /// `(p,)` of `work`: the largest distance of each column from the mean of its group; ∞ if there is a NaN.
    pub(super) fn largest_distances(
        &self,
        rows: &Rows<'_, R>,
        means: &Memory<R>,
        work: DType,
    ) -> Result<Memory<R>> {
        let (n, p) = (rows.n, rows.p);
        let ty = float(work);
        let parts = self.row_parts(p, n, work.size());
        let of_parts = self.allocate(parts * p, work)?;
        let kernel = Kernel::build("group_distance", GROUP, |b| {
            let input = RowsInput::new(b, rows);
            let means = b.input("means", ty);
            let out = b.output("largest", ty);
            let columns = ThreadColumns::new(b, p, parts, 0, n);
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
        });
        let buffers = [&rows.x.storage, &rows.groups.storage, means, &of_parts];
        self.launch(&kernel, &buffers, parts * p)?;
        self.largest_of_parts(&of_parts, (parts, p), work)
    }

    /// `(p,)`: the largest number of each column of `of_parts (parts, p)`.
    pub(super) fn largest_of_parts(
        &self,
        of_parts: &Memory<R>,
        (parts, p): (usize, usize),
        work: DType,
    ) -> Result<Memory<R>> {
        let ty = float(work);
        let largest = self.allocate(p, work)?;
        let kernel = Kernel::build("largest_of_parts", GROUP, |b| {
            let of_parts = b.input("of_parts", ty);
            let out = b.output("largest", ty);
            let (parts, p) = (b.size("parts", parts as isize), b.size("p", p as isize));
            let column = b.thread();
            if_(column.lt(p), || {
                let largest = var(zero(ty));
                for_(lit(Ty::U32, 0), parts, 1, |part| {
                    let x = of_parts.load(part * p + column);
                    largest.set(select(x.gt(largest.get()), x, largest.get()));
                });
                out.store(column, largest.get());
            });
        });
        self.launch(&kernel, &[of_parts, &largest], p)?;
        Ok(largest)
    }
}
