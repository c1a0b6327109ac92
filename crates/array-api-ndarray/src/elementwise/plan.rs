//! The plan of a program: it has looked up the loops, converted the constants to bytes, and assigned the block buffers.

use std::{cell::RefCell, ptr, slice};

use array_api_spec::{
    BinaryOp, DType, Layout, Op, Program, Scalar, UnaryOp, dispatch,
    layout::{Dims, collapse},
    reference::math::Arithmetic,
    shape::size,
};
use smallvec::SmallVec;

use super::kernels::{self, Arguments, Kernel};
use crate::{
    Storage, check_bounds,
    strided::{self, Walk},
    vectors::Vectors,
};

/// Most elements of a block: few enough that a program's block buffers stay in the first-level cache, and enough that
/// the work on a block outweighs finding its positions.
pub(crate) const BLOCK: usize = 1024;

/// Most elements of a block that is read in place.
const DIRECT_BLOCK: usize = 2048;

/// Rows of this length or more get blocks of their own.
const ROW: usize = 128;

/// A program that is ready to run.
pub(crate) struct Plan<'a> {
    steps: SmallVec<[Step; 8]>,
    sources: SmallVec<[Source<'a>; 4]>,
    buffers: usize,
    size: usize,
    /// The dtype of the result.
    pub(crate) dtype: DType,
    /// About how many additions the work on one element is worth.
    pub(crate) weight: usize,
}

struct Step {
    action: Action,
    /// The block buffer that the values are written to.
    buffer: usize,
    size: usize,
}

enum Action {
    /// Reads elements of a source.
    Read(usize),
    /// A constant, whose buffer is filled once.
    Constant([u8; 16]),
    Compute(Kernel, SmallVec<[usize; 3]>),
}

enum Source<'a> {
    /// An array.
    Array(&'a Storage, &'a Layout),
    /// Indices along an axis of the program, in a dtype: an array that needs no memory.
    Index(usize, DType),
}

/// The positions of a program's elements, in all of its sources and in a few further arrays. Axes of the shape are
/// merged if all of these allow it.
pub(crate) struct View {
    pub(crate) shape: Dims<usize>,
    walks: SmallVec<[Walk; 4]>,
    /// Which sources are contiguous in the order of the view.
    dense: SmallVec<[bool; 4]>,
    sources: usize,
}

impl<'a> Plan<'a> {
    /// Plans a program. `vectors` are the processor's vector instructions.
    ///
    /// # Panics
    /// If an input's elements are not all inside its storage, which is a mistake of the caller.
    pub(crate) fn new(program: &'a Program<Storage>, vectors: Vectors) -> Self {
        let mut last_use: SmallVec<[usize; 16]> =
            SmallVec::from_elem(usize::MAX, program.steps.len());
        for (number, step) in program.steps.iter().enumerate() {
            for argument in step.op.arguments() {
                last_use[argument] = number;
            }
        }
        let mut plan = Self {
            steps: SmallVec::new(),
            sources: SmallVec::new(),
            buffers: 0,
            size: 1,
            dtype: program.dtype(),
            weight: 1,
        };
        let mut free: SmallVec<[usize; 8]> = SmallVec::new();
        for (number, step) in program.steps.iter().enumerate() {
            let action = plan.action(program, step, vectors);
            plan.size = plan.size.max(step.dtype.size());
            // A constant's buffer is never reused: it is filled once, before all blocks.
            let reused = if matches!(action, Action::Constant(_)) {
                None
            } else {
                free.pop()
            };
            let buffer = reused.unwrap_or_else(|| {
                plan.buffers += 1;
                plan.buffers - 1
            });
            // A buffer is free again only after the step that reads it last, because loops do not work in place.
            let arguments: SmallVec<[usize; 3]> = step.op.arguments().collect();
            for (k, &argument) in arguments.iter().enumerate() {
                let constant = matches!(plan.steps[argument].action, Action::Constant(_));
                if last_use[argument] == number && !constant && !arguments[..k].contains(&argument)
                {
                    free.push(plan.steps[argument].buffer);
                }
            }
            plan.steps.push(Step {
                action,
                buffer,
                size: step.dtype.size(),
            });
        }
        plan
    }

    fn action(
        &mut self,
        program: &'a Program<Storage>,
        step: &array_api_spec::Step,
        vectors: Vectors,
    ) -> Action {
        let argument_dtype = |argument: usize| program.steps[argument].dtype;
        match step.op {
            Op::Input(number) => {
                let input = &program.inputs[number];
                check_bounds(input);
                let size = input.dtype.size();
                if input.layout.strides().iter().all(|&s| s == 0) && input.layout.size() > 0 {
                    let mut bytes = [0; 16];
                    // SAFETY: the element lies inside the storage (just checked), and has at most 16 bytes.
                    unsafe {
                        let element = input.storage.start().add(input.layout.offset() * size);
                        ptr::copy_nonoverlapping(element, bytes.as_mut_ptr(), size);
                    }
                    return Action::Constant(bytes);
                }
                self.sources
                    .push(Source::Array(&input.storage, &input.layout));
                Action::Read(self.sources.len() - 1)
            }
            Op::Index(axis) => {
                self.sources.push(Source::Index(axis, step.dtype));
                Action::Read(self.sources.len() - 1)
            }
            Op::Scalar(value) => Action::Constant(constant(value, step.dtype)),
            Op::Unary(op, x) => {
                self.weight = self.weight.max(unary_weight(op, argument_dtype(x)));
                Action::Compute(
                    kernels::unary(op, argument_dtype(x), vectors),
                    [x].into_iter().collect(),
                )
            }
            Op::Binary(BinaryOp::Pow, x, y)
                if is_two(program.steps[y].op) && step.dtype.is_real_floating() =>
            {
                Action::Compute(
                    kernels::unary(UnaryOp::Square, step.dtype, vectors),
                    [x].into_iter().collect(),
                )
            }
            Op::Binary(op, x, y) => {
                self.weight = self.weight.max(binary_weight(op, argument_dtype(x)));
                Action::Compute(
                    kernels::binary(op, argument_dtype(x), vectors),
                    [x, y].into_iter().collect(),
                )
            }
            Op::Select(condition, x, y) => Action::Compute(
                kernels::select(step.dtype, vectors),
                [condition, x, y].into_iter().collect(),
            ),
            Op::Cast(x) => Action::Compute(
                kernels::convert(argument_dtype(x), step.dtype, vectors),
                [x].into_iter().collect(),
            ),
        }
    }

    /// The positions of the elements of a program of this shape, in row-major order, and of those of the layouts
    /// `besides`, which have the same shape.
    pub(crate) fn view(&self, shape: &[usize], besides: &[&Layout]) -> View {
        let dense = |layout: &Layout| layout.is_contiguous();
        let sources = self.sources.len();
        if self
            .sources
            .iter()
            .all(|s| matches!(s, Source::Array(_, layout) if dense(layout)))
            && besides.iter().all(|layout| dense(layout))
        {
            let walk = |layout: &Layout| Walk {
                strides: [1].into_iter().collect(),
                offset: layout.offset() as isize,
            };
            let arrays = self.sources.iter().filter_map(|s| match s {
                Source::Array(_, layout) => Some(*layout),
                Source::Index(..) => None,
            });
            return View {
                shape: [size(shape)].into_iter().collect(),
                walks: arrays.chain(besides.iter().copied()).map(walk).collect(),
                dense: SmallVec::from_elem(true, sources + besides.len()),
                sources,
            };
        }
        let indices: SmallVec<[Layout; 2]> = self
            .sources
            .iter()
            .filter_map(|s| match s {
                Source::Index(axis, _) => Some(index_layout(shape, *axis)),
                Source::Array(..) => None,
            })
            .collect();
        let mut index = indices.iter();
        let layouts: SmallVec<[&Layout; 8]> = self
            .sources
            .iter()
            .map(|s| match s {
                Source::Array(_, layout) => *layout,
                Source::Index(..) => index.next().expect("one for each such source"),
            })
            .chain(besides.iter().copied())
            .collect();
        // Without a source and without a further array, the shape itself is the only layout.
        if layouts.is_empty() {
            return View {
                shape: [size(shape)].into_iter().collect(),
                walks: SmallVec::new(),
                dense: SmallVec::new(),
                sources,
            };
        }
        let collapsed = collapse(&layouts);
        let mut view = View {
            shape: collapsed[0].shape().into(),
            walks: collapsed.iter().map(Walk::new).collect(),
            dense: SmallVec::new(),
            sources,
        };
        view.find_dense();
        view
    }

    /// Most elements that [`run`](Self::run) computes at once, unless the plan [is direct](Self::is_direct).
    pub(crate) fn block(&self, view: &View) -> usize {
        if self.size > 8 {
            BLOCK / 2
        } else if self.is_direct(view) {
            DIRECT_BLOCK
        } else {
            BLOCK
        }
    }

    /// Whether the program only reads one array, which is contiguous in the view's order. Then its elements need no
    /// buffer: any number of them is read in place.
    pub(crate) fn is_direct(&self, view: &View) -> bool {
        let one = matches!(self.sources[..], [Source::Array(..)]) && self.steps.len() == 1;
        one && view.dense.first() == Some(&true)
    }

    /// Calls `work` with block buffers for this plan, for blocks of at most `len` elements. The memory is thread-local
    /// and reused.
    pub(crate) fn with_scratch<R>(&self, len: usize, work: impl FnOnce(&mut Scratch) -> R) -> R {
        thread_local! {
            static MEMORY: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
        }
        // The distance of the buffers is not a multiple of a page. Else a load would wait for a store to the same
        // offset in another buffer.
        let stride = (len * self.size).div_ceil(size_of::<Line>()) + 3;
        // The memory is taken out, so that other work that runs meanwhile on this thread allocates its own.
        let mut lines = MEMORY.take();
        if lines.len() < stride * self.buffers {
            lines.resize(stride * self.buffers, Line([0; 64]));
        }
        let mut scratch = Scratch {
            lines,
            stride,
            starts: SmallVec::from_elem(ptr::null(), self.steps.len()),
        };
        for (step, start) in self.steps.iter().zip(0..) {
            if let Action::Constant(bytes) = &step.action {
                let buffer = scratch.buffer(step.buffer);
                // SAFETY: the buffer has room for `len` elements of the largest size.
                unsafe { strided::fill(bytes, step.size, buffer, len) };
                scratch.starts[start] = buffer;
            }
        }
        let result = work(&mut scratch);
        MEMORY.replace(scratch.lines);
        result
    }

    /// Computes the elements `start..start + len` of a view, in its order: into `out` if it is given, else into a
    /// buffer or in place. Returns where they are.
    ///
    /// # Safety
    /// The view was made by this plan (or is a part of one that was) and has so many elements; `len` is at most what the scratch
    /// was made for, unless the plan [is direct](Self::is_direct) and nothing is to be written; `out` has room for them and overlaps no input.
    #[inline]
    pub(crate) unsafe fn run(
        &self,
        view: &View,
        scratch: &mut Scratch,
        start: usize,
        len: usize,
        out: Option<*mut u8>,
    ) -> *const u8 {
        let last = self.steps.len() - 1;
        for (number, step) in self.steps.iter().enumerate() {
            let wanted = out.filter(|_| number == last);
            let target = wanted.unwrap_or_else(|| scratch.buffer(step.buffer));
            // SAFETY: by the contract of this function. A plan's buffers hold a block of its largest elements; arguments are in buffers
            // other than the target, as `new` allots them.
            scratch.starts[number] = unsafe {
                match &step.action {
                    Action::Constant(bytes) => {
                        if wanted.is_none() {
                            continue;
                        }
                        strided::fill(bytes, step.size, target, len);
                        target
                    }
                    Action::Read(source) => match (
                        self.read(view, *source, start, len, step.size, target),
                        wanted,
                    ) {
                        (place, Some(target)) if !ptr::eq(place, target) => {
                            ptr::copy_nonoverlapping(place, target, len * step.size);
                            target
                        }
                        (place, _) => place,
                    },
                    Action::Compute(kernel, arguments) => {
                        let mut starts: Arguments = [ptr::null(); 3];
                        for (start, &argument) in starts.iter_mut().zip(arguments) {
                            *start = scratch.starts[argument];
                        }
                        kernel.run(&starts, target, len);
                        target
                    }
                }
            };
        }
        scratch.starts[last]
    }

    /// # Safety
    /// As for [`run`](Self::run).
    #[inline]
    unsafe fn read(
        &self,
        view: &View,
        source: usize,
        start: usize,
        len: usize,
        size: usize,
        to: *mut u8,
    ) -> *const u8 {
        let walk = &view.walks[source];
        match &self.sources[source] {
            Source::Array(storage, _) => {
                let from = storage.start();
                // SAFETY: the plan checked that the input's elements lie inside its storage.
                unsafe {
                    if view.dense[source] {
                        return from.offset((walk.offset + start as isize) * size as isize);
                    }
                    if let Some(position) = walk.contiguous(&view.shape, start, len) {
                        return from.offset(position * size as isize);
                    }
                    strided::gather(walk, &view.shape, start, len, size, from, to);
                }
                to
            }
            Source::Index(_, dtype) => {
                dispatch!(*dtype, T => {
                    walk.runs(&view.shape, start, len, |first, stride, done, length| {
                        // SAFETY: a run is a part of the block, for which `to` has room.
                        let to = unsafe { slice::from_raw_parts_mut(to.cast::<T>().add(done), length) };
                        <T as FromIndex>::count(to, first, stride);
                    });
                });
                to
            }
        }
    }
}

/// The layout of the indices along an axis: each element's position is its index on that axis.
pub(crate) fn index_layout(shape: &[usize], axis: usize) -> Layout {
    let strides: Dims<isize> = (0..shape.len()).map(|k| isize::from(k == axis)).collect();
    Layout::new(shape, &strides, 0)
}

impl View {
    /// The positions in one of the further arrays (`besides`).
    pub(crate) fn beside(&self, number: usize) -> &Walk {
        &self.walks[self.sources + number]
    }

    /// Number of elements.
    pub(crate) fn size(&self) -> usize {
        size(&self.shape)
    }

    /// Whether blocks should end at the ends of rows: rows are long enough, and some array that is not contiguous as a
    /// whole may be contiguous within a row, so that it can be read in place.
    pub(crate) fn by_rows(&self) -> bool {
        let long = self.shape.len() > 1 && self.shape.last().is_some_and(|&n| n >= ROW);
        long && self.dense[..self.sources].iter().any(|dense| !dense)
    }

    /// The positions in the program's sources.
    pub(crate) fn sources(&self) -> &[Walk] {
        &self.walks[..self.sources]
    }

    /// The same elements with the axes in another order.
    pub(crate) fn permute(&mut self, axes: &[usize]) {
        self.shape = axes.iter().map(|&a| self.shape[a]).collect();
        for walk in &mut self.walks {
            walk.strides = axes.iter().map(|&a| walk.strides[a]).collect();
        }
        self.find_dense();
    }

    /// The part `starts[k]..starts[k] + shape[k]` of each axis.
    pub(crate) fn part(&self, starts: &[usize], shape: &[usize]) -> Self {
        let walk = |walk: &Walk| {
            let shift: isize = walk
                .strides
                .iter()
                .zip(starts)
                .map(|(&s, &i)| s * i as isize)
                .sum();
            Walk {
                strides: walk.strides.clone(),
                offset: walk.offset + shift,
            }
        };
        let mut part = Self {
            shape: shape.into(),
            walks: self.walks.iter().map(walk).collect(),
            dense: SmallVec::new(),
            sources: self.sources,
        };
        part.find_dense();
        part
    }

    /// The view of a tile with two axes, the given one and the last. All others have length 1.
    pub(crate) fn squeeze(mut self, axis: usize) -> Self {
        let last = self.shape.len() - 1;
        self.permute(&[axis, last]);
        self
    }

    fn find_dense(&mut self) {
        let shape = &self.shape;
        let dense = |walk: &Walk| {
            let mut expected = 1;
            shape.iter().zip(&walk.strides).rev().all(|(&n, &stride)| {
                let fits = n == 1 || stride == expected;
                expected *= n as isize;
                fits
            })
        };
        self.dense = self.walks.iter().map(dense).collect();
    }
}

/// A cache line, by which block buffers are aligned.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code, reason = "memory")] [u8; 64]);

/// The block buffers of a plan, and pointers to the results of its steps for the current block.
pub(crate) struct Scratch {
    lines: Vec<Line>,
    stride: usize,
    starts: SmallVec<[*const u8; 16]>,
}

impl Scratch {
    fn buffer(&mut self, number: usize) -> *mut u8 {
        self.lines
            .as_mut_ptr()
            .wrapping_add(number * self.stride)
            .cast()
    }
}

/// A scalar's bytes in a dtype.
pub(super) fn constant(value: Scalar, dtype: DType) -> [u8; 16] {
    let mut bytes = [0; 16];
    dispatch!(dtype, T => {
        let value = <T as Arithmetic>::cast(value);
        // SAFETY: no element has more than 16 bytes; an element's bytes are all initialised.
        unsafe { ptr::copy_nonoverlapping((&raw const value).cast(), bytes.as_mut_ptr(), size_of::<T>()) };
    });
    bytes
}

/// Elements that an index can be converted to. For `bool`, which no program asks for, everything but 0 is true.
trait FromIndex: Sized {
    fn count(to: &mut [Self], first: isize, stride: isize);
}

macro_rules! from_index {
    ($($t:ty: |$i:ident| $value:expr;)*) => { $(
        impl FromIndex for $t {
            fn count(to: &mut [Self], first: isize, stride: isize) {
                for (k, to) in to.iter_mut().enumerate() {
                    let $i = first + k as isize * stride;
                    *to = $value;
                }
            }
        }
    )* };
}
from_index! {
    bool: |i| i != 0;
    i8: |i| i as Self;
    i16: |i| i as Self;
    i32: |i| i as Self;
    i64: |i| i as Self;
    u8: |i| i as Self;
    u16: |i| i as Self;
    u32: |i| i as Self;
    u64: |i| i as Self;
    f32: |i| i as Self;
    f64: |i| i as Self;
    array_api_spec::Complex<f32>: |i| (i as f32).into();
    array_api_spec::Complex<f64>: |i| (i as f64).into();
}

pub(super) fn is_two(op: Op) -> bool {
    op == Op::Scalar(Scalar::Float(2.0))
}

/// About how many additions an operation is worth.
fn unary_weight(op: UnaryOp, dtype: DType) -> usize {
    use UnaryOp as U;
    match op {
        U::Abs | U::Sign if dtype.is_complex() => 8,
        U::Sqrt | U::Reciprocal if dtype.is_complex() => 16,
        U::Acos | U::Acosh | U::Asin | U::Asinh | U::Atan | U::Atanh | U::Log10 => 16,
        U::Cos
        | U::Cosh
        | U::Exp
        | U::Expm1
        | U::Log
        | U::Log1p
        | U::Log2
        | U::Sin
        | U::Sinh
        | U::Tan
        | U::Tanh => {
            if dtype.is_complex() {
                32
            } else {
                4
            }
        }
        _ => 1,
    }
}

fn binary_weight(op: BinaryOp, dtype: DType) -> usize {
    match op {
        BinaryOp::Pow if dtype.is_complex() => 64,
        BinaryOp::Divide if dtype.is_complex() => 8,
        BinaryOp::Atan2
        | BinaryOp::FloorDivide
        | BinaryOp::Remainder
        | BinaryOp::Hypot
        | BinaryOp::Logaddexp
        | BinaryOp::Pow => 8,
        _ => 1,
    }
}
