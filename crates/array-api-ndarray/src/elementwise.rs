//! Elementwise functions: a whole program in one pass.
//!
//! The elements are computed in blocks that stay in the first-level cache, by one tight loop for each step of each
//! block. Blocks are spread over threads. Arguments that are contiguous in the right order are read in place, and the
//! last step writes into the result.

mod direct;
mod kernels;
mod math;
pub(crate) mod plan;

use array_api_spec::{
    Layout, Program, Result,
    backend::{ElementwiseBackend, FusionLimit},
};
use rayon::prelude::*;

use self::plan::{BLOCK, Plan, Scratch, View};
use super::{
    NdArray, Storage,
    strided::{self, Walk},
    vectors::Vectors,
};
use array_api_host::threads;

/// From this amount of work on, in additions, a second thread pays. Measured: 64 Ki elements of an addition, 16 Ki of
/// an exponential.
pub(crate) const PARALLEL: usize = 64 << 10;

/// Edge of the square tiles for arguments of different memory orders.
const TILE: usize = 32;

impl ElementwiseBackend for NdArray {
    fn evaluate(&self, program: &Program<Storage>) -> Result<Storage> {
        if let Some(result) = direct::evaluate(program) {
            return result;
        }
        // SAFETY: `write` fills the whole buffer with elements of the program's dtype.
        unsafe {
            Storage::build_raw(program.dtype(), program.size(), |out| {
                write(
                    program,
                    &Layout::contiguous(&program.shape),
                    out,
                    Vectors::available(),
                );
                Ok(())
            })
        }
    }

    fn fusion_limit(&self) -> FusionLimit {
        FusionLimit {
            steps: 64,
            inputs: 16,
        }
    }
}

/// Computes a program's elements, and writes them to the positions of a layout.
///
/// # Safety
/// The layout has the program's shape, and no two of its elements share a position. `out` has room for all of them,
/// nobody else reads or writes them, and no input overlaps them.
pub(super) unsafe fn write(
    program: &Program<Storage>,
    region: &Layout,
    out: *mut u8,
    vectors: Vectors,
) {
    if program.size() == 0 {
        return;
    }
    let plan = Plan::new(program, vectors);
    let view = plan.view(&program.shape, &[region]);
    let work = Work {
        plan: &plan,
        out,
        parallel: program.size().saturating_mul(plan.weight) >= PARALLEL && threads::count() > 1,
    };
    // SAFETY: by the contract of this function.
    unsafe {
        match tiled_axis(&view) {
            Some(axis) => work.in_tiles(&view, axis),
            None => work.in_blocks(&view),
        }
    }
}

struct Work<'w, 'a> {
    plan: &'w Plan<'a>,
    out: *mut u8,
    parallel: bool,
}

// SAFETY: the pointer is used for writing distinct elements only, as the contract of `write` has it.
unsafe impl Sync for Work<'_, '_> {}

impl Work<'_, '_> {
    /// Blocks of consecutive elements.
    ///
    /// # Safety
    /// That of [`write`].
    unsafe fn in_blocks(&self, view: &View) {
        let (size, block) = (view.size(), self.plan.block(view));
        // A piece is large enough to outweigh starting a thread, and small enough to share the work evenly.
        let piece = 16 * block;
        let row = if view.by_rows() {
            view.shape[view.shape.len() - 1]
        } else {
            size
        };
        let run = |first: usize, last: usize| {
            self.plan.with_scratch(block.min(last - first), |scratch| {
                let mut start = first;
                while start < last {
                    let len = block.min(last - start).min(row - start % row);
                    // SAFETY: by the contract; pieces and blocks do not overlap.
                    unsafe { self.block(view, scratch, start, len) };
                    start += len;
                }
            });
        };
        if self.parallel {
            threads::install(|| {
                (0..size.div_ceil(piece))
                    .into_par_iter()
                    .for_each(|k| run(k * piece, size.min((k + 1) * piece)));
            });
        } else {
            run(0, size);
        }
    }

    /// Computes tiles over the last axis and the axis along which an input is contiguous, so that every cache line that
    /// is read is used as a whole.
    ///
    /// # Safety
    /// That of [`write`].
    unsafe fn in_tiles(&self, view: &View, axis: usize) {
        let last = view.shape.len() - 1;
        let (rows, columns) = (view.shape[axis], view.shape[last]);
        let bands = rows.div_ceil(TILE);
        let others: usize = view.size() / (rows * columns);
        let run = |task: usize| {
            let (mut other, row) = (task / bands, task % bands * TILE);
            let mut starts = view.shape.clone();
            let mut shape = view.shape.clone();
            for k in (0..last).rev().filter(|&k| k != axis) {
                starts[k] = other % view.shape[k];
                shape[k] = 1;
                other /= view.shape[k];
            }
            (starts[axis], shape[axis]) = (row, TILE.min(rows - row));
            self.plan.with_scratch(BLOCK, |scratch| {
                for column in (0..columns).step_by(TILE) {
                    (starts[last], shape[last]) = (column, TILE.min(columns - column));
                    let tile = view.part(&starts, &shape).squeeze(axis);
                    // SAFETY: by the contract; tiles do not overlap.
                    unsafe { self.block(&tile, scratch, 0, shape[axis] * shape[last]) };
                }
            });
        };
        if self.parallel {
            threads::install(|| (0..others * bands).into_par_iter().for_each(run));
        } else {
            (0..others * bands).for_each(run);
        }
    }

    /// # Safety
    /// That of [`write`], and of [`Plan::run`].
    unsafe fn block(&self, view: &View, scratch: &mut Scratch, start: usize, len: usize) {
        let (walk, size): (&Walk, usize) = (view.beside(0), self.plan.dtype.size());
        // SAFETY: by the contract.
        unsafe {
            if let Some(position) = walk.contiguous(&view.shape, start, len) {
                let out = self.out.offset(position * size as isize);
                self.plan.run(view, scratch, start, len, Some(out));
            } else {
                let values = self.plan.run(view, scratch, start, len, None);
                strided::scatter(walk, &view.shape, start, len, size, values, self.out);
            }
        }
    }
}

/// The axis that is tiled together with the last one: that along which some input is contiguous, if that is not the
/// last.
fn tiled_axis(view: &View) -> Option<usize> {
    let last = view.shape.len().checked_sub(1)?;
    if view.shape[last] < TILE / 2 {
        return None;
    }
    view.sources().iter().find_map(|walk| {
        let axis = (0..last)
            .filter(|&k| walk.strides[k] != 0)
            .min_by_key(|&k| walk.strides[k].abs())?;
        let shorter = walk.strides[axis].abs() < walk.strides[last].abs();
        (shorter && view.shape[axis] >= TILE / 2).then_some(axis)
    })
}

#[cfg(test)]
mod tests;
