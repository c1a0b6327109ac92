//! Running sums and products.

use std::marker::PhantomData;

use array_api_host::threads;
use array_api_spec::{
    Complex, Layout, Program, Result, ScanOp, backend::Initial, dispatch, shape::size,
};

use crate::{
    Storage,
    elementwise::{
        PARALLEL,
        plan::{Plan, View},
    },
    vectors::Vectors,
};

/// Columns that are scanned at once.
const PANEL: usize = 512;

/// Scans a program along an axis. With the initial value, the result starts with the value of no elements, and is one
/// longer.
///
/// # Errors
/// No memory.
pub(super) fn scan(
    op: ScanOp,
    program: &Program<Storage>,
    axis: usize,
    initial: Initial,
    vectors: Vectors,
) -> Result<Storage> {
    match op {
        ScanOp::Sum => {
            dispatch!(program.dtype(), T => along::<Sum<T>>(program, axis, initial, vectors))
        }
        ScanOp::Prod => {
            dispatch!(program.dtype(), T => along::<Prod<T>>(program, axis, initial, vectors))
        }
    }
}

/// A running reduction of one element type.
trait Running: 'static {
    type Element: array_api_spec::Element;
    /// The running value. It is wider than a result, so that rounding errors do not add up.
    type Carry: Copy + Send + 'static;
    const START: Self::Carry;
    fn take(carry: Self::Carry, x: Self::Element) -> Self::Carry;
    fn result(carry: Self::Carry) -> Self::Element;
}

fn along<F: Running>(
    program: &Program<Storage>,
    axis: usize,
    initial: Initial,
    vectors: Vectors,
) -> Result<Storage> {
    let shape = &program.shape;
    let (lines, inner) = (size(&shape[..axis]), size(&shape[axis + 1..]));
    let (length, initial) = (shape[axis], initial.length());
    Storage::build::<F::Element>(lines * (length + initial) * inner, |out| {
        if out.is_empty() {
            return;
        }
        let results = (length + initial) * inner;
        if length == 0 {
            out.fill(F::result(F::START));
            return;
        }
        let plan = Plan::new(program, vectors);
        let view = plan.view(shape, &[&Layout::contiguous(shape)]);
        let scan = |line: usize, out: &mut [F::Element]| {
            if inner == 1 {
                row::<F>(&plan, &view, line * length, length, initial, out);
            } else {
                rows::<F>(&plan, &view, line * length * inner, inner, initial, out);
            }
        };
        let parallel =
            program.size().saturating_mul(plan.weight) >= PARALLEL && threads::count() > 1;
        if parallel && lines > 1 {
            let grain = (PARALLEL / 4 / results).max(1);
            threads::for_each_chunk(out, results, grain, &scan);
        } else {
            let lines = out.chunks_exact_mut(results).enumerate();
            lines.for_each(|(line, out)| scan(line, out));
        }
    })
}

/// Scans one line along the last axis, from element `start` of the view.
fn row<F: Running>(
    plan: &Plan<'_>,
    view: &View,
    start: usize,
    length: usize,
    initial: usize,
    out: &mut [F::Element],
) {
    let block = plan.block(view);
    let mut carry = F::START;
    if initial == 1 {
        out[0] = F::result(carry);
    }
    plan.with_scratch(block.min(length), |scratch| {
        for (number, out) in out[initial..].chunks_mut(block).enumerate() {
            // SAFETY: the view has so many elements of this type, a block of which fits the scratch. The plan's data is not
            // the result, which is fresh memory.
            let data = unsafe {
                let data = plan.run(view, scratch, start + number * block, out.len(), None);
                std::slice::from_raw_parts(data.cast::<F::Element>(), out.len())
            };
            // A local copy stays in a register; a value that the closure borrows does not.
            let mut running = carry;
            for (out, &x) in out.iter_mut().zip(data) {
                running = F::take(running, x);
                *out = F::result(running);
            }
            carry = running;
        }
    });
}

/// Scans rows of `inner` elements, from element `start` of the view.
fn rows<F: Running>(
    plan: &Plan<'_>,
    view: &View,
    start: usize,
    inner: usize,
    initial: usize,
    out: &mut [F::Element],
) {
    let (first_row, out) = out.split_at_mut(initial * inner);
    first_row.fill(F::result(F::START));
    let length = out.len() / inner;
    // Several short rows are computed at a time; long rows are computed in parts.
    let together = (PANEL / inner).max(1);
    let mut carries = [F::START; PANEL];
    plan.with_scratch(PANEL, |scratch| {
        for first in (0..inner).step_by(PANEL) {
            let width = PANEL.min(inner - first);
            let carries = &mut carries[..width];
            carries.fill(F::START);
            for row in (0..length).step_by(together) {
                let rows = together.min(length - row);
                // SAFETY: as in `row`; there are several rows only if they are whole, and then they have at most a panel's
                // elements.
                let data = unsafe {
                    let data = plan.run(
                        view,
                        scratch,
                        start + row * inner + first,
                        rows * width,
                        None,
                    );
                    std::slice::from_raw_parts(data.cast::<F::Element>(), rows * width)
                };
                for (data, row) in data.chunks_exact(width).zip(row..) {
                    let out = &mut out[row * inner + first..][..width];
                    for ((out, carry), &x) in out.iter_mut().zip(carries.iter_mut()).zip(data) {
                        *carry = F::take(*carry, x);
                        *out = F::result(*carry);
                    }
                }
            }
        }
    });
}

struct Sum<T>(PhantomData<T>);
struct Prod<T>(PhantomData<T>);

macro_rules! running {
    ($F:ty: $T:ty, $Carry:ty, $start:expr, |$carry:ident, $x:ident| $take:expr, $result:expr) => {
        impl Running for $F {
            type Element = $T;
            type Carry = $Carry;
            const START: $Carry = $start;
            #[inline(always)]
            fn take($carry: $Carry, $x: $T) -> $Carry {
                $take
            }
            #[inline(always)]
            fn result(carry: $Carry) -> $T {
                let result: fn($Carry) -> $T = $result;
                result(carry)
            }
        }
    };
}

macro_rules! integers {
    ($($t:ty),*) => { $(
        running!(Sum<$t>: $t, $t, 0, |carry, x| carry.wrapping_add(x), |c| c);
        running!(Prod<$t>: $t, $t, 1, |carry, x| carry.wrapping_mul(x), |c| c);
    )* };
}
integers!(i8, i16, i32, i64, u8, u16, u32, u64);
// Scans take numbers only, so these are never used. They complete the dispatch over dtypes.
running!(Sum<bool>: bool, bool, false, |carry, x| carry | x, |c| c);
running!(Prod<bool>: bool, bool, true, |carry, x| carry & x, |c| c);

macro_rules! reals {
    ($($t:ty),*) => { $(
        running!(Sum<$t>: $t, f64, 0.0, |carry, x| carry + f64::from(x), |c| c as $t);
        running!(Prod<$t>: $t, f64, 1.0, |carry, x| carry * f64::from(x), |c| c as $t);
        running!(Sum<Complex<$t>>: Complex<$t>, Complex<f64>, Complex::ZERO,
            |carry, z| Complex::new(carry.re + f64::from(z.re), carry.im + f64::from(z.im)),
            |c| Complex::new(c.re as $t, c.im as $t));
        running!(Prod<Complex<$t>>: Complex<$t>, Complex<f64>, Complex::ONE, |carry, z| {
            let (re, im) = (f64::from(z.re), f64::from(z.im));
            Complex::new(carry.re * re - carry.im * im, carry.re * im + carry.im * re)
        }, |c| Complex::new(c.re as $t, c.im as $t));
    )* };
}
reals!(f32, f64);
