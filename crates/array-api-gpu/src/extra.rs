//! What the standard lacks: reductions without NaN, `take`, and the statistics of grouped rows.

use array_api_spec::{
    Program, ReduceOp, Result, Strided,
    backend::{ExtraBackend, GroupScatterParts},
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

    fn group_scatter(
        &self,
        x: &Strided<Memory<R>>,
        groups: &Strided<Memory<R>>,
        counts: &[usize],
        tolerance: f64,
    ) -> Option<Result<GroupScatterParts<Memory<R>>>> {
        Some(self.scatter_of_groups(x, groups, counts, tolerance))
    }
}
