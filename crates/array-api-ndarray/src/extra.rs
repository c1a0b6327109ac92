//! Functions that the standard lacks.

use array_api_spec::{
    DType, Error, Moments, NearestSums, Program, ReduceOp, Result, Strided,
    backend::{ExtraBackend, MomentsPlan},
};

use super::{NdArray, Storage, check_bounds, elements, indexing, statistical};
use array_api_host::{distances, linalg::Floating, moments::moments, nearest, vectors::Real};

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
        tables: &[Strided<Storage>],
        groups: Option<&Strided<Storage>>,
        weights: Option<&Strided<Storage>>,
        plan: MomentsPlan,
    ) -> Option<Result<Moments>> {
        Some(match tables.first()?.dtype {
            DType::Float32 => of::<f32>(tables, groups, weights, plan),
            DType::Float64 => of::<f64>(tables, groups, weights, plan),
            other => Err(Error::dtype(
                "moments",
                &[other],
                "real floating-point dtypes",
            )),
        })
    }

    fn squared_distances(
        &self,
        x: &Strided<Storage>,
        centers: &Strided<Storage>,
        weights: Option<&Strided<Storage>>,
    ) -> Option<Result<Storage>> {
        match x.dtype {
            DType::Float32 => Some(distances_of::<f32>(x, centers, weights)),
            DType::Float64 => Some(distances_of::<f64>(x, centers, weights)),
            _ => None,
        }
    }

    fn nearest(
        &self,
        x: &Strided<Storage>,
        centers: &Strided<Storage>,
        origin: &Strided<Storage>,
        weights: Option<&Strided<Storage>>,
    ) -> Option<Result<(Storage, NearestSums)>> {
        match x.dtype {
            _ if centers.shape()[0] > nearest::MOST => None,
            DType::Float32 => Some(nearest_of::<f32>(x, centers, origin, weights)),
            DType::Float64 => Some(nearest_of::<f64>(x, centers, origin, weights)),
            _ => None,
        }
    }
}

fn of<T: Floating<Wide = f64>>(
    tables: &[Strided<Storage>],
    groups: Option<&Strided<Storage>>,
    weights: Option<&Strided<Storage>>,
    plan: MomentsPlan,
) -> Result<Moments> {
    let groups = groups.map(|g| (g.storage.slice::<i64>(), &g.layout));
    let weights = weights.map(|w| (w.storage.slice::<T>(), &w.layout));
    let tables: Vec<_> = tables
        .iter()
        .map(|x| (x.storage.slice::<T>(), &x.layout))
        .collect();
    moments(&tables, groups, weights, plan)
}

fn distances_of<T: Real>(
    x: &Strided<Storage>,
    centers: &Strided<Storage>,
    weights: Option<&Strided<Storage>>,
) -> Result<Storage> {
    check_bounds(x);
    let rows = (x.storage.slice::<T>(), &x.layout);
    let size = x.shape()[0] * centers.shape()[0];
    let (centers, weights) = (
        elements::<T>(centers)?,
        weights.map(elements::<T>).transpose()?,
    );
    Storage::build::<T>(size, |out| {
        distances::squared_distances(rows, &centers, weights.as_deref(), out);
    })
}

fn nearest_of<T: Real>(
    x: &Strided<Storage>,
    centers: &Strided<Storage>,
    origin: &Strided<Storage>,
    weights: Option<&Strided<Storage>>,
) -> Result<(Storage, NearestSums)> {
    check_bounds(x);
    let rows = (x.storage.slice::<T>(), &x.layout);
    let (centers, origin) = (elements::<T>(centers)?, elements::<T>(origin)?);
    let weights = weights.map(|w| (w.storage.slice::<T>(), &w.layout));
    let mut sums = NearestSums::none(0, 0);
    let labels = Storage::build::<i64>(x.shape()[0], |labels| {
        sums = nearest::nearest(rows, &centers, &origin, weights, labels);
    })?;
    Ok((labels, sums))
}
