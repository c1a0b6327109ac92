//! The nearest centre of each row, and what the rows of each centre sum up to, without a matrix of all distances.

use array_api_spec::{
    BinaryOp, DType, NearestSums, Op, Program, ReduceOp, Result, Scalar, Strided,
    backend::{ElementwiseBackend, StatisticalBackend},
    layout::Layout,
};

use super::{
    Gpu,
    kernel::{
        element::{Value, register},
        ir::{Builder, Ty, Val, Var, for_, if_, lit, select, var},
    },
    kernels::KernelBody,
    memory::Memory,
    moments::{Rows, RowsText},
    packing::Elements,
    runtime::Runtime,
};

/// How many centres a thread compares its row with at a time: the row is read anew for each such tile.
const TILE: u32 = 4;

impl<R: Runtime> Gpu<R> {
    /// Labels `(n,)` in the index dtype, and the sums.
    pub(super) fn nearest_of_rows(
        &self,
        x: &Strided<Memory<R>>,
        centers: &Strided<Memory<R>>,
        origin: &Strided<Memory<R>>,
        weights: Option<&Strided<Memory<R>>>,
    ) -> Result<(Memory<R>, NearestSums)> {
        let (n, p, k) = (x.shape()[0], x.shape()[1], centers.shape()[0]);
        for count in [n.saturating_mul(p), k.saturating_mul(p)] {
            self.check_size(count)?;
        }
        let (index, work) = (self.index_dtype(), self.work_dtype(x.dtype));
        let x = self.readable(x)?;
        let weights = weights.map(|w| self.readable(w)).transpose()?;
        let centers = self.contiguous(centers)?;
        // The origin for each centre, as the sums of groups want it.
        let spread = origin.layout.broadcast_to(&[k, p]);
        let mut near = Program::input(origin.with_layout(spread));
        near.push(Op::Cast(0), work);
        let near = self.evaluate(&near)?;

        let labels = self.allocate(n, index)?;
        let distances = self.allocate(n, work)?;
        let labelled = Strided::contiguous(labels.clone(), &[n], index);
        let rows = Rows {
            x: &x,
            groups: &labelled,
            n,
            p,
            k,
        };
        let kernel = NearestRows {
            x: RowsText::of(&rows),
            work,
        };
        self.run(kernel, n, |args| {
            args.buffer("x", &x.storage).layout("x", &x.layout);
            args.buffer("centers", &centers.storage)
                .buffer("near", &near)
                .buffer("labels", &labels)
                .buffer("distances", &distances);
            args.size("n", n).size("p", p).size("k", k);
        })?;
        let distances = Strided::contiguous(distances, &[n], work);
        let distance = self.weighted_sum(Program::input(distances), weights.as_ref(), work)?;
        let parts = self.row_parts(p, n, k * work.size());
        let sums = self.allocate(parts * k * p, work)?;
        self.group_sums(&rows, weights.as_ref(), &near, &sums, (parts, work))?;
        let sums = Program::input(Strided::contiguous(sums, &[parts, k * p], work));
        let sums = self.reduce(ReduceOp::Sum, &sums, &[0], work)?;
        let totals = match &weights {
            Some(weights) => self.weights_of_groups(&labelled, weights, k, work)?,
            None => {
                let counts = Strided::contiguous(self.group_counts(&rows)?, &[k], DType::UInt32);
                let mut counts = Program::input(counts);
                counts.push(Op::Cast(0), work);
                self.evaluate(&counts)?
            }
        };
        let words = work.size() / 4;
        let [totals, sums, distance] = self.fetch_together([
            (&totals, k * words),
            (&sums, k * p * words),
            (&distance, words),
        ])?;
        let numbers = |found: super::moments::Words| {
            if work == DType::Float64 {
                found.float64()
            } else {
                found.float32().iter().map(|&x| f64::from(x)).collect()
            }
        };
        let sums = NearestSums {
            weights: numbers(totals),
            sums: numbers(sums),
            distance: numbers(distance)[0],
        };
        Ok((labels, sums))
    }

    /// `Σ w x` over all elements of a program.
    fn weighted_sum(
        &self,
        mut x: Program<Memory<R>>,
        weights: Option<&Strided<Memory<R>>>,
        work: DType,
    ) -> Result<Memory<R>> {
        let last = x.steps.len() - 1;
        if let Some(weights) = weights {
            let weights = x.push_input(weights.clone());
            let weights = x.push(Op::Cast(weights), work);
            x.push(Op::Binary(BinaryOp::Multiply, last, weights), work);
        }
        self.reduce(ReduceOp::Sum, &x, &[0], work)
    }

    /// `(k,)`: the sum of the weights of each group.
    fn weights_of_groups(
        &self,
        labels: &Strided<Memory<R>>,
        weights: &Strided<Memory<R>>,
        k: usize,
        work: DType,
    ) -> Result<Memory<R>> {
        let n = labels.shape()[0];
        let along_groups = |x: &Strided<Memory<R>>| {
            let column = Layout::new(&[n, k], &[x.layout.strides()[0], 0], x.layout.offset());
            x.with_layout(column)
        };
        let mut program = Program::input(along_groups(labels));
        let group = program.push(Op::Index(1), labels.dtype);
        let member = program.push(Op::Binary(BinaryOp::Equal, 0, group), DType::Bool);
        let weights = program.push_input(along_groups(weights));
        let weights = program.push(Op::Cast(weights), work);
        let zero = program.push(Op::Scalar(Scalar::Int(0).to_dtype("nearest", work)?), work);
        program.push(Op::Select(member, weights, zero), work);
        self.reduce(ReduceOp::Sum, &program, &[0], work)
    }
}

/// Finds the nearest centre of each row, the first of several, and the square of its distance; a thread for each row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct NearestRows {
    x: RowsText,
    work: DType,
}

impl KernelBody for NearestRows {
    fn name(&self) -> &'static str {
        "nearest_rows"
    }

    fn record(&self, k: Builder) {
        let ty = register(self.work);
        let ((dtype, _), (index, _)) = (self.x.x, self.x.groups);
        let (x, x_at) = self.x.declare_x(k);
        let centers = Elements::input(k, "centers", dtype);
        let near = k.input("near", ty);
        let labels = Elements::output(k, "labels", index);
        let distances = k.output("distances", ty);
        let [n, p, count] = ["n", "p", "k"].map(|name| k.size(name));
        let row = k.thread();
        if_(row.lt(n), || {
            let (best, label) = (var(lit(ty, f64::INFINITY)), var(lit(Ty::U32, 0)));
            for_(lit(Ty::U32, 0), count, TILE, |first| {
                // A tile may reach beyond the last centre. There it compares with that one again.
                let tile = |i: u32| (first + i).min(count - 1);
                let squares: Vec<Var> = (0..TILE).map(|_| var(lit(ty, 0))).collect();
                for_(lit(Ty::U32, 0), p, 1, |column| {
                    let x = x.load(x_at.at(row * p + column)).real().to(ty) - near.load(column);
                    for (i, square) in squares.iter().enumerate() {
                        let center = centers.load(tile(i as u32) * p + column).real().to(ty);
                        let apart = x - center;
                        square.set(apart.mul_add(apart, square.get()));
                    }
                });
                for (i, square) in squares.iter().enumerate() {
                    let is_nearer: Val = square.get().lt(best.get());
                    label.set(select(is_nearer, tile(i as u32), label.get()));
                    best.set(select(is_nearer, square.get(), best.get()));
                }
            });
            labels.store(row, Value::Real(label.get().to(register(index))));
            distances.store(row, best.get());
        });
    }
}
