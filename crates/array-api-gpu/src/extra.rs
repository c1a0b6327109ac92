//! Functions that the standard lacks: reductions that skip NaN, `take`, the moments of rows, and their nearest centres.

use array_api_spec::{
    Moments, NearestSums, Program, ReduceOp, Result, Strided,
    backend::{ExtraBackend, MomentsPlan},
};

use super::{Gpu, memory::Memory, reduction::Reduction, runtime::Runtime};

impl<R: Runtime> ExtraBackend for Gpu<R> {
    fn nan_reduce(
        &self,
        op: ReduceOp,
        x: &Program<Memory<R>>,
        axes: &[usize],
    ) -> Option<Result<Memory<R>>> {
        let op = match op {
            ReduceOp::Sum => Reduction::NanSum,
            ReduceOp::Max => Reduction::NanMax,
            ReduceOp::Min => Reduction::NanMin,
            _ => return None,
        };
        Some(self.reduce_by(op, x, axes, x.dtype()))
    }

    fn take(
        &self,
        x: &Strided<Memory<R>>,
        indices: &Strided<Memory<R>>,
        axis: usize,
    ) -> Option<Result<Memory<R>>> {
        Some(self.take_axis(x, indices, axis))
    }

    fn moments(
        &self,
        tables: &[Strided<Memory<R>>],
        groups: Option<&Strided<Memory<R>>>,
        weights: Option<&Strided<Memory<R>>>,
        plan: MomentsPlan,
    ) -> Option<Result<Moments>> {
        let [x] = tables else { return None };
        self.moments_of_rows(x, groups, weights, plan)
    }

    fn nearest(
        &self,
        x: &Strided<Memory<R>>,
        centers: &Strided<Memory<R>>,
        origin: &Strided<Memory<R>>,
        weights: Option<&Strided<Memory<R>>>,
    ) -> Option<Result<(Memory<R>, NearestSums)>> {
        Some(self.nearest_of_rows(x, centers, origin, weights))
    }
}
