//! Arrays inside kernels: elements of every dtype in 32-bit words, and positions of strided views.
//!
//! A word holds four elements of `bool` or of an 8-bit integer dtype, or two of a 16-bit one, in the same order as on
//! the host. The parts of a complex number lie beside each other.

use std::fmt::Display;

use array_api_spec::{DType, Layout};

use super::kernel::{
    element::{Value, register},
    ir::{Arguments, Builder, Mem, Ty, Val, for_, if_, lit, var},
};

/// An array argument of a kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elements {
    mem: Mem,
    dtype: DType,
}

/// How many elements a word holds; 1 for wider dtypes.
pub(super) const fn lanes(dtype: DType) -> usize {
    if dtype.size() < 4 {
        4 / dtype.size()
    } else {
        1
    }
}

/// The dtype in which elements are computed: 8- and 16-bit integers are widened to 32 bits.
pub(super) const fn wide(dtype: DType) -> DType {
    match dtype {
        DType::Int8 | DType::Int16 => DType::Int32,
        DType::UInt8 | DType::UInt16 => DType::UInt32,
        other => other,
    }
}

fn memory_type(dtype: DType) -> Ty {
    if lanes(dtype) > 1 {
        Ty::U32
    } else {
        register(dtype)
    }
}

impl Elements {
    /// An array that the kernel reads.
    pub(super) fn input(k: Builder, name: &str, dtype: DType) -> Self {
        Self {
            mem: k.input(name, memory_type(dtype)),
            dtype,
        }
    }

    /// An array that the kernel writes.
    pub(super) fn output(k: Builder, name: &str, dtype: DType) -> Self {
        Self {
            mem: k.output(name, memory_type(dtype)),
            dtype,
        }
    }

    /// An array that the work-group's threads share, of elements that fill whole words.
    pub(super) fn shared(k: Builder, name: &str, dtype: DType, length: usize) -> Self {
        let words = if dtype.is_complex() {
            2 * length
        } else {
            length
        };
        Self {
            mem: k.shared(name, memory_type(dtype), words),
            dtype,
        }
    }

    /// The element at a position.
    pub(super) fn load(self, position: Val) -> Value {
        if self.dtype.is_complex() {
            let at = position * 2;
            return Value::Complex(self.mem.load(at), self.mem.load(at + 1));
        }
        Value::Real(match self.dtype.size() {
            1 => unpack(
                self.mem.load(position >> 2),
                (position & 3) << 3,
                self.dtype,
            ),
            2 => unpack(
                self.mem.load(position >> 1),
                (position & 1) << 4,
                self.dtype,
            ),
            _ => self.mem.load(position),
        })
    }

    /// Writes the element at a position. Only for dtypes whose elements fill whole words.
    pub(super) fn store(self, position: Val, value: Value) {
        match value {
            Value::Complex(re, im) => {
                let at = position * 2;
                self.mem.store(at, re);
                self.mem.store(at + 1, im);
            }
            Value::Real(x) => {
                assert_eq!(
                    lanes(self.dtype),
                    1,
                    "elements that share a word are written by `fill`"
                );
                self.mem.store(position, x);
            }
        }
    }

    /// Writes elements 0 to `n` (exclusive). Each thread writes one word.
    pub(super) fn fill(self, k: Builder, n: Val, element: impl FnOnce(Val) -> Value) {
        let thread = k.thread();
        let lanes = lanes(self.dtype) as u32;
        if lanes == 1 {
            if_(thread.lt(n), || self.store(thread, element(thread)));
            return;
        }
        let first = thread * lanes;
        if_(first.lt(n), || {
            let word = var(lit(Ty::U32, 0));
            for_(lit(Ty::U32, 0), (n - first).min(lanes), 1, |lane| {
                let bits = pack(element(first + lane).real(), self.dtype);
                word.set(word.get() | (bits << (lane * (32 / lanes))));
            });
            self.mem.store(thread, word.get());
        });
    }
}

/// The element of a packed dtype whose bits start at bit `shift` of the word.
fn unpack(word: Val, shift: Val, dtype: DType) -> Val {
    let bits = dtype.size() as u32 * 8;
    match dtype {
        DType::Bool => ((word >> shift) & 0xff).ne(0),
        DType::UInt8 | DType::UInt16 => (word >> shift) & ((1_u32 << bits) - 1),
        _ => (word << (lit(Ty::U32, 32 - bits) - shift)).bitcast(Ty::I32) >> (32 - bits),
    }
}

/// An element of a packed dtype in the lowest bits of a word, with zeros above it.
pub(super) fn pack(x: Val, dtype: DType) -> Val {
    match dtype {
        DType::Bool => x.to(Ty::U32),
        _ => x.to(Ty::U32) & ((1_u32 << (dtype.size() * 8)) - 1),
    }
}

/// Whether 32-bit positions reach all elements of a layout. A complex number counts as two positions. Half of the range
/// is used, so that a loop may step beyond the end without overflow.
pub(super) fn is_within_reach(layout: &Layout) -> bool {
    layout
        .bounds()
        .is_none_or(|(_, last)| last <= i32::MAX as usize)
}

/// What of a layout the text of a kernel depends on: the number of axes, or `None` for a contiguous one from its
/// storage's start, whose positions need no lengths and strides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Axes(Option<usize>);

impl Axes {
    pub(super) fn of(layout: &Layout) -> Self {
        let is_plain = layout.offset() == 0 && layout.is_contiguous();
        Self((!is_plain).then(|| layout.ndim()))
    }
}

/// A layout whose lengths and strides are parameters of the kernel.
pub(super) struct Positions {
    /// Length and stride of each axis, first axis first. The first length is never needed.
    axes: Vec<(Option<Val>, Val)>,
    offset: Option<Val>,
}

impl Positions {
    /// Declares the parameters, named after `name`.
    pub(super) fn new(k: Builder, name: &str, axes: Axes) -> Self {
        let Some(ndim) = axes.0 else {
            return Self {
                axes: Vec::new(),
                offset: None,
            };
        };
        let axes = (0..ndim).map(|axis| {
            let length = (axis > 0).then(|| k.size(&format!("{name}_n{axis}")));
            (length, k.size(&format!("{name}_s{axis}")))
        });
        Self {
            axes: axes.collect(),
            offset: Some(k.size(&format!("{name}_o"))),
        }
    }

    /// Sets the parameters. If a layout reaches further than 32-bit positions, the launch is an error.
    pub(super) fn set(arguments: &mut Arguments<'_>, name: impl Display, layout: &Layout) {
        if !is_within_reach(layout) {
            arguments.refuse();
        }
        if Axes::of(layout).0.is_none() {
            return;
        }
        for (axis, (&n, &s)) in layout.shape().iter().zip(layout.strides()).enumerate() {
            if axis > 0 {
                arguments.size(format_args!("{name}_n{axis}"), n as isize);
            }
            // The stride of an axis of length 1 is never used; 0 always fits 32 bits.
            arguments.size(format_args!("{name}_s{axis}"), if n == 1 { 0 } else { s });
        }
        arguments.size(format_args!("{name}_o"), layout.offset() as isize);
    }

    /// The storage position of the element at row-major position `linear`.
    pub(super) fn at(&self, linear: Val) -> Val {
        let Some(mut position) = self.offset else {
            return linear;
        };
        let mut rest = linear;
        for (length, stride) in self.axes.iter().rev() {
            let coordinate = match length {
                Some(n) => {
                    let coordinate = rest % *n;
                    rest = rest / *n;
                    coordinate
                }
                None => rest,
            };
            position = position + coordinate * *stride;
        }
        position
    }
}
