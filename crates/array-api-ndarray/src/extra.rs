//! Functions that the standard lacks.

use array_api_spec::{
    DType, Error, Moments, Program, ReduceOp, Result, Strided,
    backend::{ExtraBackend, MomentsPlan},
};

use super::{NdArray, Storage, indexing, statistical};
use array_api_host::{linalg::Floating, moments::moments};

impl ExtraBackend for NdArray {
    fn nan_reduce(
        &self,
        op: ReduceOp,
        x: &Program<Storage>,
        axes: &[usize],
    ) -> Option<Result<Storage>> {
        statistical::nan_reduce(op, x, axes)
    }

    fn take(
        &self,
        x: &Strided<Storage>,
        indices: &Strided<Storage>,
        axis: usize,
    ) -> Option<Result<Storage>> {
        Some(indexing::take(x, indices, axis))
    }

    fn moments(
        &self,
        x: &Strided<Storage>,
        groups: Option<&Strided<Storage>>,
        weights: Option<&Strided<Storage>>,
        plan: MomentsPlan,
    ) -> Option<Result<Moments>> {
        Some(match x.dtype {
            DType::Float32 => of::<f32>(x, groups, weights, plan),
            DType::Float64 => of::<f64>(x, groups, weights, plan),
            other => Err(Error::dtype(
                "moments",
                &[other],
                "real floating-point dtypes",
            )),
        })
    }
}

fn of<T: Floating<Wide = f64>>(
    x: &Strided<Storage>,
    groups: Option<&Strided<Storage>>,
    weights: Option<&Strided<Storage>>,
    plan: MomentsPlan,
) -> Result<Moments> {
    let groups = groups.map(|g| (g.storage.slice::<i64>(), &g.layout));
    let weights = weights.map(|w| (w.storage.slice::<T>(), &w.layout));
    moments(x.storage.slice::<T>(), &x.layout, groups, weights, plan)
}
