//! Where the rows of a transform lie.

use array_api_spec::{Layout, layout::collapse};

use crate::{
    kernel::element::Value,
    kernel::ir::{Builder, Mem, Val},
    kernels::Bindings,
    runtime::Runtime,
};

/// Digits of a row's number.
const DIGITS: usize = 4;

/// Rows in memory. A row's number has digits of several ranges, the last of which changes fastest, and each digit has a
/// distance: element i of a row is at position `offset + Σ digit · distance + i · step`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    offset: usize,
    digits: Vec<(usize, isize)>,
    step: isize,
}

impl Rows {
    /// The rows along an axis of a view that has elements; `None` if the other axes are too many for the digits.
    pub(super) fn along(layout: &Layout, axis: usize) -> Option<Self> {
        let others = &collapse(&[&layout.select(axis, 0)])[0];
        let digits = others.shape().iter().copied();
        let digits: Vec<_> = digits.zip(others.strides().iter().copied()).collect();
        // The columns of rows need a digit more.
        (digits.len() < DIGITS).then(|| Self {
            offset: layout.offset(),
            digits,
            // That of a single element is never used.
            step: if layout.shape()[axis] == 1 {
                1
            } else {
                layout.strides()[axis]
            },
        })
    }

    /// The rows along an axis of a contiguous array.
    pub(super) fn of_contiguous(shape: &[usize], axis: usize) -> Self {
        let before: usize = shape[..axis].iter().product();
        let after: usize = shape[axis + 1..].iter().product();
        Self {
            offset: 0,
            digits: vec![(before, (shape[axis] * after) as isize), (after, 1)],
            step: after as isize,
        }
    }

    /// `count` rows of n elements, one after another.
    pub(super) fn contiguous(count: usize, n: usize) -> Self {
        Self {
            offset: 0,
            digits: vec![(count, n as isize)],
            step: 1,
        }
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> usize {
        self.digits.iter().map(|(range, _)| range).product()
    }

    /// Writes each row as a table of `columns` columns, whose columns are the rows of the result.
    pub(super) fn columns(mut self, columns: usize) -> Self {
        if columns > 1 {
            self.digits.push((columns, self.step));
            self.step *= columns as isize;
        }
        self
    }
}

impl<R: Runtime> Bindings<'_, '_, R> {
    /// The numbers that [`Walk`] declares.
    pub(super) fn walk(&mut self, name: &str, rows: &Rows) -> &mut Self {
        self.size(format_args!("{name}_offset"), rows.offset);
        let missing = DIGITS - rows.digits.len();
        let digits = std::iter::repeat_n((1, 0), missing).chain(rows.digits.iter().copied());
        for (digit, (range, distance)) in digits.enumerate() {
            if digit > 0 {
                self.size(format_args!("{name}_range{digit}"), range);
            }
            self.stride(format_args!("{name}_distance{digit}"), distance);
        }
        self.stride(format_args!("{name}_step"), rows.step)
    }
}

/// [`Rows`] in a kernel.
pub(super) struct Walk {
    offset: Val,
    /// Range and distance of each digit. The range of the first is never needed.
    digits: Vec<(Option<Val>, Val)>,
    /// The distance of a row's elements.
    pub(super) step: Val,
}

impl Walk {
    pub(super) fn new(k: Builder, name: &str) -> Self {
        let offset = k.size(&format!("{name}_offset"));
        let digit = |digit: usize| {
            let range = (digit > 0).then(|| k.size(&format!("{name}_range{digit}")));
            (range, k.size(&format!("{name}_distance{digit}")))
        };
        Self {
            offset,
            digits: (0..DIGITS).map(digit).collect(),
            step: k.size(&format!("{name}_step")),
        }
    }

    /// The position of a row's first element.
    pub(super) fn start(&self, row: Val) -> Val {
        let (mut position, mut rest) = (self.offset, row);
        for (range, distance) in self.digits.iter().rev() {
            let digit = match range {
                Some(range) => {
                    let digit = rest % *range;
                    rest = rest / *range;
                    digit
                }
                None => rest,
            };
            position = position + digit * *distance;
        }
        position
    }
}

/// Complex numbers in memory whose parts are exchanged if `flip` is 1, and not if it is 0. An inverse transform is the
/// transform of numbers with exchanged parts, exchanged again.
#[derive(Clone, Copy)]
pub(super) struct Flipped {
    pub(super) mem: Mem,
    pub(super) flip: Val,
}

impl Flipped {
    pub(super) fn load(self, position: Val) -> Value {
        let at = position * 2;
        let (re, im) = (at + self.flip, at + 1 - self.flip);
        Value::Complex(self.mem.load(re), self.mem.load(im))
    }

    pub(super) fn store(self, position: Val, value: Value) {
        let at = position * 2;
        let (re, im) = value.complex();
        self.mem.store(at + self.flip, re);
        self.mem.store(at + 1 - self.flip, im);
    }
}
