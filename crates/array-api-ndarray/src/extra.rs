//! What the standard lacks.

use array_api_spec::{
    DType, Error, Program, ReduceOp, Result, Strided,
    backend::{ExtraBackend, GroupScatterParts},
};

use super::{NdArray, Storage, indexing, statistical};
use array_api_host::{linalg::Floating, scatter::group_scatter};

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

    fn group_scatter(
        &self,
        x: &Strided<Storage>,
        groups: &Strided<Storage>,
        counts: &[usize],
        tolerance: f64,
    ) -> Option<Result<GroupScatterParts<Storage>>> {
        Some(match x.dtype {
            DType::Float32 => scatter::<f32>(x, groups, counts, tolerance),
            DType::Float64 => scatter::<f64>(x, groups, counts, tolerance),
            other => Err(Error::dtype(
                "group_scatter",
                &[other],
                "real floating-point dtypes",
            )),
        })
    }
}

fn scatter<T: Floating<Wide = f64>>(
    x: &Strided<Storage>,
    groups: &Strided<Storage>,
    counts: &[usize],
    tolerance: f64,
) -> Result<GroupScatterParts<Storage>> {
    let (values, codes) = (x.storage.slice::<T>(), groups.storage.slice::<i64>());
    let parts = group_scatter(values, &x.layout, codes, &groups.layout, counts, tolerance)?;
    let narrow = |values: Vec<f64>| -> Storage {
        values.into_iter().map(T::narrow).collect::<Vec<T>>().into()
    };
    Ok(GroupScatterParts {
        means: narrow(parts.means),
        std: narrow(parts.std),
        singular_values: narrow(parts.singular_values),
        right_vectors: narrow(parts.right_vectors),
        rank: parts.rank,
    })
}
