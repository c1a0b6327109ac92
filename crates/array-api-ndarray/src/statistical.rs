//! Statistical functions: reductions and scans, fused with the program that they read. The program's elements are never
//! materialized as a whole.

mod fold;
mod reduction;
mod scan;

use array_api_spec::{
    DType, Op, Program, ReduceOp, Result, ScanOp, Strided,
    backend::{ElementwiseBackend, Initial, StatisticalBackend},
    layout::Dims,
    shape::size,
};

use self::fold::Fold;
use super::{NdArray, Storage, vectors::Vectors};

impl StatisticalBackend for NdArray {
    fn reduce(
        &self,
        op: ReduceOp,
        x: &Program<Storage>,
        axes: &[usize],
        dtype: DType,
    ) -> Result<Storage> {
        let fold = Fold::new(op, x.dtype(), Vectors::available());
        if !fold.ordered {
            return folded(x, axes, fold, 0.0, dtype);
        }
        let positions = folded(x, axes, fold, 0.0, DType::Int64)?;
        if dtype == DType::Int64 {
            return Ok(positions);
        }
        let count = positions.len();
        let mut cast = Program::input(Strided::contiguous(positions, &[count], DType::Int64));
        cast.push(Op::Cast(0), dtype);
        self.evaluate(&cast)
    }

    fn scan(
        &self,
        op: ScanOp,
        x: &Program<Storage>,
        axis: usize,
        initial: Initial,
    ) -> Result<Storage> {
        scan::scan(op, x, axis, initial, Vectors::available())
    }

    fn variance(
        &self,
        x: &Program<Storage>,
        axes: &[usize],
        correction: f64,
    ) -> Option<Result<Storage>> {
        let fold = Fold::variance(x.dtype(), Vectors::available())?;
        Some(folded(x, axes, fold, correction, x.dtype()))
    }
}

/// A sum, maximum or minimum over axes that skips NaN, for [`ExtraBackend`](array_api_spec::backend::ExtraBackend).
pub(super) fn nan_reduce(
    op: ReduceOp,
    x: &Program<Storage>,
    axes: &[usize],
) -> Option<Result<Storage>> {
    let fold = Fold::skipping_nan(op, x.dtype(), Vectors::available())?;
    Some(folded(x, axes, fold, 0.0, x.dtype()))
}

/// The results of a fold over axes, with their dtype.
fn folded(
    x: &Program<Storage>,
    axes: &[usize],
    fold: Fold,
    correction: f64,
    dtype: DType,
) -> Result<Storage> {
    let kept = (0..x.shape.len()).filter(|k| !axes.contains(k));
    let count = size(&kept.map(|k| x.shape[k]).collect::<Dims<usize>>());
    // SAFETY: all `count` results are written, in the dtype of the fold's results; those of `bool` folds are `bool`.
    unsafe {
        Storage::build_raw(dtype, count, |out| {
            reduction::reduce(
                x,
                axes,
                fold,
                correction,
                out,
                dtype.size(),
                Vectors::available(),
            );
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
