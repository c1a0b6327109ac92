//! How a reduction reads its elements: it computes the program block by block, and folds each block into accumulators.
//!
//! The axes are put in the order of the memory. If the innermost axis is reduced, blocks consist of *rows*, each of
//! which is folded into one accumulator. If it is kept, each *column* of a block is folded into one accumulator. Long
//! reductions are cut into slabs, whose accumulators are merged in pairs, so that sums lose few digits. The size of the
//! slabs follows from the shape only, so sums do not depend on the number of threads.

use array_api_host::threads;
use array_api_spec::{Layout, Program, layout::Dims, shape::size};
use rayon::prelude::*;
use smallvec::SmallVec;

use super::fold::{Fold, Place};
use crate::{
    Storage,
    elementwise::{
        PARALLEL,
        plan::{Plan, Scratch, View},
    },
    vectors::Vectors,
};

/// Elements of a slab.
const SLAB: usize = 64 << 10;

/// Fewest elements that a thread takes at once.
const PIECE: usize = 16 << 10;

/// Most bytes of the accumulators of a panel: half a first-level cache, which leaves room for the elements.
const PANEL: usize = 16 << 10;

/// Most bytes of the accumulators of all columns, if the columns are read in place: a part of the second-level cache.
/// Loops then get several whole rows at a time, and handle one part of the columns after the other.
const DIRECT_PANEL: usize = 256 << 10;

/// Rows of a long slab: a sum of this many terms loses few digits.
const SLAB_ROWS: usize = 1 << 10;

/// Most slabs if rows are cut only to use more threads: each slab has accumulators that must be merged.
const SLABS: usize = 32;

/// If there are few columns, several rows are treated as one, up to this many accumulators.
const WIDE: usize = 128;

/// Reduces a program over axes into row-major results.
///
/// # Safety
/// The fold takes the program's dtype. `out` has room for its results, and nobody else reads or writes them.
pub(super) unsafe fn reduce(
    program: &Program<Storage>,
    axes: &[usize],
    fold: Fold,
    correction: f64,
    out: *mut u8,
    out_size: usize,
    vectors: Vectors,
) {
    let kept: Dims<usize> = (0..program.shape.len())
        .filter(|k| !axes.contains(k))
        .collect();
    let count = size(
        &kept
            .iter()
            .map(|&k| program.shape[k])
            .collect::<Dims<usize>>(),
    );
    if program.size() == 0 {
        let mut panel = accumulators(fold, 1);
        let place = Place {
            panel: panel.as_mut_ptr().cast(),
            count: 1,
            at: 0,
        };
        for k in 0..count {
            // SAFETY: the panel has one accumulator; there is room for `count` results.
            unsafe {
                (fold.start)(place, 1);
                (fold.finish)(place, out.add(k * out_size), 1, correction);
            }
        }
        return;
    }
    let plan = Plan::new(program, vectors);
    let results = marker(&program.shape, &kept);
    let positions = marker(&program.shape, axes);
    let mut view = plan.view(&program.shape, &[&results, &positions]);
    let inner = order(&mut view, fold.ordered);
    let reduced = program.size() / count;
    let work = Work {
        plan: &plan,
        view: &view,
        fold,
        correction,
        outer: count / inner,
        reduced,
        inner,
        out,
        out_size,
        parallel: program.size().saturating_mul(plan.weight) >= PARALLEL && threads::count() > 1,
    };
    // SAFETY: by the contract of this function.
    unsafe {
        if inner > 1 {
            work.columns();
        } else if reduced > SLAB {
            work.long_rows();
        } else {
            work.short_rows();
        }
    }
}

/// A layout whose positions number the elements along some of the axes in row-major order.
fn marker(shape: &[usize], axes: &[usize]) -> Layout {
    let mut strides: Dims<isize> = Dims::from_elem(0, shape.len());
    let mut stride = 1;
    for &axis in axes.iter().rev() {
        strides[axis] = stride;
        stride *= shape[axis] as isize;
    }
    Layout::new(shape, &strides, 0)
}

/// Puts kept axes before reduced ones. The exception is a kept axis along which the memory is contiguous: it comes
/// last, and its length is returned (else 1). Kept axes keep their order, which is that of the results; reduced ones
/// keep theirs if the fold needs it.
fn order(view: &mut View, ordered: bool) -> usize {
    let ndim = view.shape.len();
    let (kept, mut reduced): (Dims<usize>, Dims<usize>) =
        (0..ndim).partition(|&k| view.beside(0).strides[k] != 0);
    let stride = |axis: usize| -> usize {
        view.sources()
            .iter()
            .map(|w| w.strides[axis].unsigned_abs())
            .sum()
    };
    if !ordered {
        reduced.sort_by_key(|&k| std::cmp::Reverse(stride(k)));
    }
    let inner = kept
        .last()
        .copied()
        .filter(|&k| reduced.last().is_some_and(|&r| stride(k) < stride(r)));
    let outer = kept.iter().copied().filter(|&k| Some(k) != inner);
    let order: Dims<usize> = outer.chain(reduced.iter().copied()).chain(inner).collect();
    let length = inner.map_or(1, |k| view.shape[k]);
    view.permute(&order);
    length
}

/// Memory for `count` accumulators.
fn accumulators(fold: Fold, count: usize) -> SmallVec<[u64; 32]> {
    SmallVec::from_elem(0, fold.size * count / size_of::<u64>())
}

/// A reduction of `outer` × `reduced` × `inner` elements over its middle axis.
struct Work<'w, 'a> {
    plan: &'w Plan<'a>,
    view: &'w View,
    fold: Fold,
    correction: f64,
    outer: usize,
    reduced: usize,
    inner: usize,
    out: *mut u8,
    out_size: usize,
    parallel: bool,
}

// SAFETY: the pointer is used for writing distinct results only.
unsafe impl Sync for Work<'_, '_> {}

/// Panels of accumulators, to which threads write at distinct positions.
struct Shared(*mut u8);

// SAFETY: as said above.
unsafe impl Sync for Shared {}

impl Work<'_, '_> {
    fn for_each(&self, tasks: usize, grain: usize, run: impl Fn(usize) + Sync + Send) {
        if self.parallel && tasks > 1 {
            threads::install(|| {
                (0..tasks)
                    .into_par_iter()
                    .with_min_len(grain.max(1))
                    .for_each(run);
            });
        } else {
            (0..tasks).for_each(run);
        }
    }

    /// Reduces rows of at most a slab. A task takes some rows, and writes their results.
    ///
    /// # Safety
    /// That of [`reduce`].
    unsafe fn short_rows(&self) {
        let block = self.plan.block(self.view);
        let (rows, len) = (self.outer, self.reduced);
        let together = (PIECE / len).clamp(1, rows);
        self.for_each(rows.div_ceil(together), 1, |task| {
            let first = task * together;
            let count = together.min(rows - first);
            let mut panel = accumulators(self.fold, count);
            let to = Place {
                panel: panel.as_mut_ptr().cast(),
                count,
                at: 0,
            };
            self.plan.with_scratch(block.min(count * len), |scratch| {
                // SAFETY: the panel has `count` accumulators; by the contract, for rows `first..first + count`.
                unsafe {
                    (self.fold.start)(to, count);
                    if len >= block {
                        for k in 0..count {
                            self.row(scratch, (first + k) * len, 0..len, to.further(k));
                        }
                    } else {
                        let step = if self.view.by_rows() { 1 } else { block / len };
                        for k in (0..count).step_by(step) {
                            let rows = step.min(count - k);
                            let data = self.plan.run(
                                self.view,
                                scratch,
                                (first + k) * len,
                                rows * len,
                                None,
                            );
                            (self.fold.rows)(to.further(k), data, rows, len, 0);
                        }
                    }
                    (self.fold.finish)(
                        to,
                        self.out.add(first * self.out_size),
                        count,
                        self.correction,
                    );
                }
            });
        });
    }

    /// Folds a part of the row that starts at element `start` of the view.
    ///
    /// # Safety
    /// That of [`Plan::run`]; the place is that of a started accumulator.
    unsafe fn row(
        &self,
        scratch: &mut Scratch,
        start: usize,
        part: std::ops::Range<usize>,
        to: Place,
    ) {
        let block = self.plan.block(self.view);
        for index in part.clone().step_by(block) {
            let len = block.min(part.end - index);
            // SAFETY: by the contract.
            unsafe {
                let data = self.plan.run(self.view, scratch, start + index, len, None);
                (self.fold.rows)(to, data, 1, len, index);
            }
        }
    }

    /// Reduces rows of more than a slab. A task takes one slab.
    ///
    /// # Safety
    /// That of [`reduce`].
    unsafe fn long_rows(&self) {
        let slabs = self.reduced.div_ceil(SLAB);
        let mut panels = accumulators(self.fold, self.outer * slabs);
        let panels = Shared(panels.as_mut_ptr().cast());
        let panels = &panels;
        let place = |unit: usize| Place {
            panel: panels.0.wrapping_add(unit * self.fold.size),
            count: 1,
            at: 0,
        };
        self.for_each(self.outer * slabs, 1, |unit| {
            let (row, first) = (unit / slabs, unit % slabs * SLAB);
            let part = first..self.reduced.min(first + SLAB);
            self.plan
                .with_scratch(self.plan.block(self.view), |scratch| {
                    // SAFETY: every unit has a panel of one accumulator to itself.
                    unsafe {
                        (self.fold.start)(place(unit), 1);
                        self.row(scratch, row * self.reduced, part, place(unit));
                    }
                });
        });
        for row in 0..self.outer {
            // SAFETY: all accumulators are started and filled, and only this thread uses them now.
            unsafe {
                self.join(slabs, 1, |slab| place(row * slabs + slab));
                (self.fold.finish)(
                    place(row * slabs),
                    self.out.add(row * self.out_size),
                    1,
                    self.correction,
                );
            }
        }
    }

    /// Reduces columns. A task takes some columns (a panel) and some rows (a slab).
    ///
    /// # Safety
    /// That of [`reduce`].
    unsafe fn columns(&self) {
        let whole = self.inner * self.fold.size <= DIRECT_PANEL
            && self.plan.is_direct(self.view)
            && !self.fold.ordered;
        let most = if whole { DIRECT_PANEL } else { PANEL } / self.fold.size;
        // All panels have about the same width, so none is narrow.
        let width = self
            .inner
            .div_ceil(self.inner.div_ceil(most))
            .next_multiple_of(16)
            .min(self.inner);
        // If whole rows are contiguous, several rows are treated as one, as long as panels stay small.
        let together = if self.fold.ordered || width < self.inner {
            1
        } else {
            (WIDE.min(most) / width).clamp(1, self.reduced)
        };
        let panels = self.inner.div_ceil(width);
        let rows = SLAB_ROWS.min(self.reduced.div_ceil(SLABS));
        let slab = (SLAB / width).max(rows).next_multiple_of(together);
        let slabs = self.reduced.div_ceil(slab);
        let units = self.outer * panels * slabs;
        let grain = PIECE / (slab.min(self.reduced) * width);
        if slabs == 1 {
            self.for_each(units, grain, |unit| {
                let (outer, panel) = (unit / panels, unit % panels);
                let count = width.min(self.inner - panel * width);
                let mut accumulators = accumulators(self.fold, count * together);
                let to = Place {
                    panel: accumulators.as_mut_ptr().cast(),
                    count: count * together,
                    at: 0,
                };
                // SAFETY: the panel has so many accumulators; by the contract for the results of these columns.
                unsafe {
                    self.panel(
                        outer,
                        panel * width..panel * width + count,
                        0..self.reduced,
                        together,
                        to,
                    );
                    let out = self
                        .out
                        .add((outer * self.inner + panel * width) * self.out_size);
                    (self.fold.finish)(to, out, count, self.correction);
                }
            });
            return;
        }
        let mut all = accumulators(self.fold, units * width);
        let all = Shared(all.as_mut_ptr().cast());
        let all = &all;
        let place = |unit: usize, count: usize| Place {
            panel: all.0.wrapping_add(unit * width * self.fold.size),
            count,
            at: 0,
        };
        let columns = |panel: usize| panel * width..self.inner.min((panel + 1) * width);
        self.for_each(units, grain, |unit| {
            let (outer, panel, slab_number) =
                (unit / slabs / panels, unit / slabs % panels, unit % slabs);
            let columns = columns(panel);
            let count = columns.len();
            let rows = slab_number * slab..self.reduced.min((slab_number + 1) * slab);
            if together == 1 {
                // SAFETY: every unit has a panel to itself.
                unsafe { self.panel(outer, columns, rows, 1, place(unit, count)) };
                return;
            }
            let mut wide = accumulators(self.fold, count * together);
            let from = Place {
                panel: wide.as_mut_ptr().cast(),
                count: count * together,
                at: 0,
            };
            // SAFETY: the panels have so many accumulators, and every unit has one to itself.
            unsafe {
                self.panel(outer, columns, rows, together, from);
                let to = place(unit, count);
                (self.fold.start)(to, count);
                (self.fold.merge)(to, from, count);
            }
        });
        for line in 0..self.outer * panels {
            let columns = columns(line % panels);
            let place = |slab: usize| place(line * slabs + slab, columns.len());
            // SAFETY: all accumulators are started and filled, and only this thread uses them now.
            unsafe {
                self.join(slabs, columns.len(), place);
                let out = self
                    .out
                    .add((line / panels * self.inner + columns.start) * self.out_size);
                (self.fold.finish)(place(0), out, columns.len(), self.correction);
            }
        }
    }

    /// Folds some rows of some columns into a panel, which has `together` accumulators for each column.
    ///
    /// # Safety
    /// The panel is so large; the part lies inside the array.
    unsafe fn panel(
        &self,
        outer: usize,
        columns: std::ops::Range<usize>,
        rows: std::ops::Range<usize>,
        together: usize,
        to: Place,
    ) {
        let count = columns.len();
        let part;
        let view = if count == self.inner {
            self.view
        } else {
            let mut starts: Dims<usize> = Dims::from_elem(0, self.view.shape.len());
            let mut shape = self.view.shape.clone();
            let last = shape.len() - 1;
            (starts[last], shape[last]) = (columns.start, count);
            part = self.view.part(&starts, &shape);
            &part
        };
        // Whole rows are contiguous, so several can be read at a time; parts of rows are not.
        let direct = self.plan.is_direct(view);
        let block = if direct { SLAB } else { self.plan.block(view) };
        let step = if count == self.inner && !view.by_rows() {
            (block / (count * together)).max(1) * together
        } else {
            together
        };
        let room = if direct {
            1
        } else {
            (step * count).min(rows.len() * count)
        };
        // SAFETY: by the contract.
        unsafe {
            (self.fold.start)(to, to.count);
            self.plan.with_scratch(room, |scratch| {
                for index in rows.clone().step_by(step) {
                    let rows = step.min(rows.end - index);
                    let start = (outer * self.reduced + index) * count;
                    let data = self.plan.run(view, scratch, start, rows * count, None);
                    let (wide, rest) = (rows / together, rows % together);
                    (self.fold.columns)(to, data, wide, count * together, index);
                    if rest > 0 {
                        let size = self.plan.dtype.size();
                        let data = data.add(wide * together * count * size);
                        (self.fold.columns)(to, data, 1, rest * count, index + wide * together);
                    }
                }
            });
            self.join(together, count, |k| to.further(k * count));
        }
    }

    /// Merges accumulators in pairs, and finally all into the first.
    ///
    /// # Safety
    /// All places are those of `count` started accumulators, which nobody else uses.
    unsafe fn join(&self, places: usize, count: usize, place: impl Fn(usize) -> Place) {
        let mut distance = 1;
        while distance < places {
            for k in (0..places - distance).step_by(2 * distance) {
                // SAFETY: by the contract.
                unsafe { (self.fold.merge)(place(k), place(k + distance), count) };
            }
            distance *= 2;
        }
    }
}
