//! Reductions and scans. Both compute the program's elements as they read them, so these are never materialized.
//!
//! A long reduction is a tree of launches: every thread reduces a few thousand elements, a second launch reduces the
//! threads' results, and so on. So floating-point sums are as accurate as pairwise ones, neither shared memory nor
//! barriers are needed (which are slow on software adapters), and all axes are handled alike.

use array_api_spec::{
    DType, Layout, Op, Program, ReduceOp, Result, Scalar, ScanOp, Step, Strided,
    backend::{ElementwiseBackend, Initial, StatisticalBackend},
    shape::size,
};

use super::{
    Gpu,
    elementwise::{Fused, Fusion},
    kernel::{
        arithmetic,
        element::{Value, register},
        ir::{Builder, Ty, Val, for_, if_, lit, select, var},
    },
    kernels::KernelBody,
    memory::{Memory, words},
    packing::{Elements, wide},
    reduction::{Reduction, Slot},
    runtime::Runtime,
};

/// A thread sums in three nested levels of 16 terms, so that rounding errors grow with log n.
const BLOCK: u32 = 16;
/// Most elements that one thread reduces.
const CHUNK: usize = (BLOCK * BLOCK * BLOCK) as usize;
/// A thread reduces at least this many elements, if there are so many.
const LEAST: usize = 128;

impl<R: Runtime> StatisticalBackend for Gpu<R> {
    fn reduce(
        &self,
        op: ReduceOp,
        x: &Program<Memory<R>>,
        axes: &[usize],
        dtype: DType,
    ) -> Result<Memory<R>> {
        if axes.is_empty() && !matches!(op, ReduceOp::Argmax | ReduceOp::Argmin) {
            return self.evaluate(x);
        }
        self.reduce_by(Reduction::from(op), x, axes, dtype)
    }

    fn scan(
        &self,
        op: ScanOp,
        x: &Program<Memory<R>>,
        axis: usize,
        initial: Initial,
    ) -> Result<Memory<R>> {
        let dtype = x.dtype();
        let wide = wide(dtype);
        if wide != dtype {
            // 8- and 16-bit integers share a word, so they are computed in 32 bits, which wrap to the same result.
            let mut program = x.clone();
            program.steps.push(Step {
                op: Op::Cast(program.steps.len() - 1),
                dtype: wide,
            });
            let mut shape = x.shape.clone();
            shape[axis] += initial.length();
            let scanned = self.scan(op, &program, axis, initial)?;
            let mut back = Program::input(Strided::contiguous(scanned, &shape, wide));
            back.push(Op::Cast(0), dtype);
            return self.evaluate(&back);
        }
        let n = x.shape[axis];
        let mut shape = x.shape.clone();
        shape[axis] += initial.length();
        let order = last(axis, shape.len());
        if self.compiles() {
            let layout = Layout::contiguous(&shape).permute(&order);
            return self.scan_rows(op, &permuted(x, &order), n, &layout, initial);
        }
        let x = self.materialized(&permuted(x, &order))?;
        let shape: Vec<usize> = order.iter().map(|&a| shape[a]).collect();
        let layout = Layout::contiguous(&shape);
        let rows = self.scan_rows(op, &x, n, &layout, initial)?;
        let scanned = Strided::contiguous(rows, &shape, dtype);
        let back = scanned.layout.permute(&first(axis, shape.len()));
        Ok(self.contiguous(&scanned.with_layout(back))?.storage)
    }
}

/// The axes with `axis` at the end.
fn last(axis: usize, ndim: usize) -> Vec<usize> {
    (0..ndim).filter(|&a| a != axis).chain([axis]).collect()
}

/// The axes with the last one at `axis`, which undoes [`last`].
fn first(axis: usize, ndim: usize) -> Vec<usize> {
    let mut axes: Vec<usize> = (0..ndim - 1).collect();
    axes.insert(axis, ndim - 1);
    axes
}

/// The program with its axes permuted.
pub(super) fn permuted<S: Clone>(x: &Program<S>, axes: &[usize]) -> Program<S> {
    let place = |axis: usize| axes.iter().position(|&a| a == axis).unwrap_or(axis);
    Program {
        shape: axes.iter().map(|&a| x.shape[a]).collect(),
        inputs: x
            .inputs
            .iter()
            .map(|i| i.with_layout(i.layout.permute(axes)))
            .collect(),
        steps: x
            .steps
            .iter()
            .map(|s| match s.op {
                Op::Index(axis) => Step {
                    op: Op::Index(place(axis)),
                    ..*s
                },
                _ => *s,
            })
            .collect(),
    }
}

/// A stage of a reduction: it computes `kept` results, each from `length` elements and by `parts` threads.
#[derive(Clone, Copy)]
struct Stage {
    kept: usize,
    length: usize,
    parts: usize,
    /// True if the kept axis is the contiguous one.
    outer: bool,
}

impl<R: Runtime> Gpu<R> {
    /// Reduces a program over axes; no axis means that every element is reduced by itself.
    pub(super) fn reduce_by(
        &self,
        op: Reduction,
        x: &Program<Memory<R>>,
        axes: &[usize],
        dtype: DType,
    ) -> Result<Memory<R>> {
        let kept_axes: Vec<usize> = (0..x.shape.len()).filter(|a| !axes.contains(a)).collect();
        let order: Vec<usize> = kept_axes.iter().chain(axes).copied().collect();
        let product = |axes: &[usize]| size(&axes.iter().map(|&a| x.shape[a]).collect::<Vec<_>>());
        let (kept, length) = (product(&kept_axes), product(axes));
        if kept == 0 {
            return self.allocate(0, dtype);
        }
        self.check_size(x.size())?;
        if length == 0 {
            let identity = match op {
                Reduction::All | Reduction::Any => Scalar::Bool(op == Reduction::All),
                _ => Scalar::Int(i128::from(op == Reduction::Prod)).to_dtype(op.name(), dtype)?,
            };
            return self.evaluate(&Program::scalar(&[kept], identity, dtype));
        }
        let x = permuted(x, &order);
        let x = if self.compiles() {
            x
        } else {
            self.materialized(&x)?
        };
        let (fusion, layouts) = Fusion::of(&x);
        let value_dtype = x.dtype();
        // `argmax` and `argmin` keep each partial result's position in a second array. Both arrays have one word or
        // more per element, so that a thread writes its own.
        let partial_dtype = if op.is_position() {
            wide(value_dtype)
        } else {
            value_dtype
        };

        let step_within = |i: &Strided<Memory<R>>| {
            let strides = i.layout.strides();
            let (result, element) = strides.split_at(kept_axes.len());
            let near = |s: &[isize]| {
                s.iter()
                    .filter(|s| **s != 0)
                    .map(|s| s.unsigned_abs())
                    .min()
            };
            (
                near(result).unwrap_or(usize::MAX),
                near(element).unwrap_or(usize::MAX),
            )
        };
        let outer = kept > 1
            && x.inputs
                .iter()
                .map(step_within)
                .any(|(result, element)| result < element);
        let mut stage = Stage {
            kept,
            length,
            parts: self.parts(kept, length),
            outer,
        };
        let mut partial: Option<(Memory<R>, Option<Memory<R>>)> = None;
        loop {
            let last = stage.parts == 1;
            let results = stage.kept * stage.parts;
            let values = if last && op.is_position() {
                None
            } else {
                Some(self.allocate(results, partial_dtype)?)
            };
            let positions = match (op.is_position(), last) {
                (false, _) => None,
                (true, true) => Some(self.allocate(results, dtype)?),
                (true, false) => Some(self.allocate(results, DType::UInt32)?),
            };
            let before = partial.take();
            let kernel = Reduce {
                op,
                source: before.is_none().then(|| fusion.clone()),
                value_dtype: partial_dtype,
                dtype,
                outer: stage.outer,
                last,
            };
            let threads = if op.is_position() {
                results
            } else {
                words(results, partial_dtype)
            };
            self.run(kernel, threads, |args| {
                args.size("kept", stage.kept)
                    .size("length", stage.length)
                    .size("parts", stage.parts);
                match &before {
                    Some((values, positions)) => {
                        args.buffer("partial", values);
                        if let Some(positions) = positions {
                            args.buffer("partial_position", positions);
                        }
                    }
                    None => {
                        args.program(&x, &layouts);
                    }
                }
                if let Some(values) = &values {
                    args.buffer("out", values);
                }
                if let Some(positions) = &positions {
                    args.buffer("out_position", positions);
                }
            })?;
            if last {
                let result = if op.is_position() { positions } else { values };
                return result.map_or_else(|| self.allocate(0, dtype), Ok);
            }
            if let Some(values) = values {
                partial = Some((values, positions));
            }
            stage.length = stage.parts;
            stage.parts = self.parts(stage.kept, stage.length);
        }
    }

    /// How many threads compute one result: enough to use the whole device, and for each to add up few elements.
    fn parts(&self, kept: usize, length: usize) -> usize {
        let threads = if self.runtime.properties().is_cpu {
            1 << 10
        } else {
            1 << 16
        };
        let least = length.div_ceil(CHUNK);
        let useful = length.div_ceil(LEAST);
        least.max((threads / kept).min(useful)).max(1)
    }
}

/// A stage of a reduction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reduce {
    op: Reduction,
    /// Where the values come from; `None`: from the stage before.
    source: Option<Fusion>,
    value_dtype: DType,
    /// That of the result.
    dtype: DType,
    /// Whether the kept axis is the contiguous one.
    outer: bool,
    /// Whether one thread computes each result.
    last: bool,
}

impl KernelBody for Reduce {
    fn name(&self) -> &'static str {
        self.op.name()
    }

    fn record(&self, k: Builder) {
        let stage = StageParameters::new(k, self.outer, self.last);
        match &self.source {
            None => {
                let values = Elements::input(k, "partial", self.value_dtype);
                let positions = (self.op.is_position())
                    .then(|| Elements::input(k, "partial_position", DType::UInt32));
                let place = stage.place(self.outer);
                self.record_stage(k, &stage, |o, r| {
                    let at = place(o, r);
                    (values.load(at), positions.map_or(r, |p| p.load(at).real()))
                });
            }
            Some(fusion) => {
                let source = Fused::new(k, fusion);
                self.record_stage(k, &stage, |o, r| {
                    let value = source.at(o * stage.length + r);
                    let value = if self.op == Reduction::NanSum {
                        let real = value.real();
                        let zero = lit(real.ty(), 0);
                        arithmetic::select(real.is_nan(), Value::Real(zero), value)
                    } else {
                        value
                    };
                    (value, r)
                });
            }
        }
    }
}

#[derive(Clone, Copy)]
struct StageParameters {
    kept: Val,
    length: Val,
    parts: Val,
    outer: bool,
    single: bool,
}

impl StageParameters {
    fn new(k: Builder, outer: bool, single: bool) -> Self {
        Self {
            kept: k.size("kept"),
            length: k.size("length"),
            parts: k.size("parts"),
            outer,
            single,
        }
    }

    /// Where the previous stage stored part `r` of result `o`.
    fn place(self, outer: bool) -> impl Fn(Val, Val) -> Val {
        move |o, r| {
            if outer {
                r * self.kept + o
            } else {
                o * self.length + r
            }
        }
    }

    /// The result and the part of the thread number `e`.
    fn split(self, e: Val) -> (Val, Val) {
        if self.single {
            (e, lit(Ty::U32, 0))
        } else if self.outer {
            (e % self.kept, e / self.kept)
        } else {
            (e / self.parts, e % self.parts)
        }
    }
}

impl Reduce {
    /// The body of a stage. Part `p` of a result reduces elements `p, p + parts, …`, so that neighbouring threads read
    /// neighbouring elements.
    fn record_stage(
        &self,
        k: Builder,
        stage: &StageParameters,
        load: impl Fn(Val, Val) -> (Value, Val),
    ) {
        let Self {
            op,
            value_dtype,
            dtype,
            last,
            ..
        } = *self;
        let results = stage.kept * stage.parts;
        if op.is_position() {
            let values = (!last).then(|| Elements::output(k, "out", value_dtype));
            let position_dtype = if last { dtype } else { DType::UInt32 };
            let positions = Elements::output(k, "out_position", position_dtype);
            let thread = k.thread();
            if_(thread.lt(results), || {
                let (o, p) = stage.split(thread);
                let (value, position) = load(o, p);
                let (best, at) = (var(value.real()), var(position));
                for_(p + stage.parts, stage.length, stage.parts, |r| {
                    let (value, position) = load(o, r);
                    let (b, a) = (value.real(), best.get());
                    let neither = !op.prefers(a, b);
                    let earlier = neither & position.lt(at.get());
                    let ousts = op.prefers(b, a) | earlier;
                    best.set(select(ousts, b, a));
                    at.set(select(ousts, position, at.get()));
                });
                if let Some(values) = values {
                    values.store(thread, Value::Real(best.get()));
                }
                positions.store(thread, Value::Real(at.get().to(register(position_dtype))));
            });
            return;
        }
        let out = Elements::output(k, "out", value_dtype);
        out.fill(k, results, |e| {
            let (o, p) = stage.split(e);
            let combine = |a, b| op.combine(value_dtype, a, b);
            let Some(start) = op.start(value_dtype) else {
                let total = Slot::new(load(o, p).0);
                for_(p + stage.parts, stage.length, stage.parts, |r| {
                    total.set(combine(total.get(), load(o, r).0));
                });
                return total.get();
            };
            let total = Slot::new(start);
            if !value_dtype.is_floating() {
                for_(p, stage.length, stage.parts, |r| {
                    total.set(combine(total.get(), load(o, r).0));
                });
                return total.get();
            }
            // Rounding errors grow with the number of terms. So short blocks are summed first, and then their sums.
            let level =
                |first: Val, end: Val, step: u32, body: &dyn Fn(Val, Val) -> Value, total: Slot| {
                    let stride = stage.parts * step;
                    for_(first, end, stride, |block| {
                        total.set(combine(total.get(), body(block, (block + stride).min(end))));
                    });
                };
            let start = || {
                Slot::new(
                    op.start(value_dtype)
                        .unwrap_or(Value::Real(lit(Ty::U32, 0))),
                )
            };
            let inner = |first: Val, end: Val| {
                let sum = start();
                level(first, end, 1, &|r, _| load(o, r).0, sum);
                sum.get()
            };
            let middle = |first: Val, end: Val| {
                let sum = start();
                level(first, end, BLOCK, &inner, sum);
                sum.get()
            };
            level(p, stage.length, BLOCK * BLOCK, &middle, total);
            total.get()
        });
    }
}
