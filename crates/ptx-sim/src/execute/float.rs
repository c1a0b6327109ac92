//! Floating-point instructions, bit for bit as PTX defines them.
//!
//! Rust's operators round to nearest, keep subnormals and are never contracted. The rest is here:
//! directed rounding, `.ftz`, `.sat`, the canonical NaN of single precision.

use super::integer::compare_floats;
use super::registers::Registers;
use crate::instruction::{Approximation, Comparison, Float, Instruction, Join, Op, Rounding};
use crate::instruction::{Test, Ty};

const NAN32: u32 = 0x7fff_ffff;
const SIGN64: u64 = 1 << 63;

#[inline(always)]
pub(super) fn single(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

#[inline(always)]
fn double(bits: u64) -> f64 {
    f64::from_bits(bits)
}

/// The bits of a result; every NaN of single precision is the canonical one.
#[inline(always)]
pub(super) fn single_bits(value: f32) -> u64 {
    u64::from(if value.is_nan() {
        NAN32
    } else {
        value.to_bits()
    })
}

/// A subnormal becomes the zero of its sign.
#[inline(always)]
pub(super) fn flush(value: f32) -> f32 {
    if value.is_subnormal() {
        0f32.copysign(value)
    } else {
        value
    }
}

/// `.sat`: into 0 to 1, and NaN to +0.
#[inline(always)]
pub(super) fn saturate(value: f32) -> f32 {
    if value > 0.0 { value.min(1.0) } else { 0.0 }
}

#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// The sign of zero that a sum of opposite terms has: minus only when rounding down.
fn zero_sum(rounding: Rounding) -> f64 {
    if rounding == Rounding::Down {
        -0.0
    } else {
        0.0
    }
}

/// Rounds `high + low` to single precision; `high` is the sum rounded to nearest.
pub(super) fn round_to_single(high: f64, low: f64, rounding: Rounding) -> f32 {
    let nearest = high as f32;
    if rounding == Rounding::Nearest || high.is_nan() {
        return nearest;
    }
    if nearest.is_infinite() {
        if high.is_infinite() {
            return nearest;
        }
        let toward = match rounding {
            Rounding::Zero => false,
            Rounding::Down => nearest < 0.0,
            _ => nearest > 0.0,
        };
        return if toward {
            nearest
        } else {
            f32::MAX.copysign(nearest)
        };
    }
    let error = (high - f64::from(nearest)) + low;
    step32(nearest, error, rounding)
}

/// The neighbour of `nearest` that directed rounding gives; `error` has the sign of what is left.
macro_rules! step {
    ($name:ident, $ty:ty) => {
        pub(super) fn $name(nearest: $ty, error: f64, rounding: Rounding) -> $ty {
            let negative = nearest.is_sign_negative();
            match rounding {
                Rounding::Down if error < 0.0 => nearest.next_down(),
                Rounding::Up if error > 0.0 => nearest.next_up(),
                Rounding::Zero if error < 0.0 && !negative => nearest.next_down(),
                Rounding::Zero if error > 0.0 && negative => nearest.next_up(),
                _ => nearest,
            }
        }
    };
}

step!(step32, f32);
step!(step64, f64);

fn add32(a: f32, b: f32, rounding: Rounding) -> f32 {
    let (high, low) = two_sum(f64::from(a), f64::from(b));
    if high == 0.0 && (a != 0.0 || a.is_sign_negative() != b.is_sign_negative()) {
        return zero_sum(rounding) as f32;
    }
    if !high.is_finite() {
        return high as f32;
    }
    round_to_single(high, low, rounding)
}

fn fma32(a: f32, b: f32, c: f32, rounding: Rounding) -> f32 {
    // The product of two singles is exact in double precision.
    let product = f64::from(a) * f64::from(b);
    let (high, low) = two_sum(product, f64::from(c));
    let opposite = product.is_sign_negative() != c.is_sign_negative();
    if high == 0.0 && (product != 0.0 || opposite) {
        return zero_sum(rounding) as f32;
    }
    if !high.is_finite() {
        return high as f32;
    }
    round_to_single(high, low, rounding)
}

/// A quotient, root or product rounded as told: `error(r)` has the sign of exact minus `r`.
fn directed(nearest: f32, rounding: Rounding, error: impl Fn(f64) -> f64) -> f32 {
    if !nearest.is_finite() || rounding == Rounding::Nearest {
        return nearest;
    }
    step32(nearest, error(f64::from(nearest)), rounding)
}

/// The same for double precision, where the error comes from a fused multiply-add. An infinite
/// result of finite operands has overflowed.
fn directed64(nearest: f64, rounding: Rounding, error: f64, finite: bool) -> f64 {
    let negative = nearest.is_sign_negative();
    if nearest.is_infinite() && finite {
        let away = match rounding {
            Rounding::Nearest => true,
            Rounding::Zero => false,
            Rounding::Down => negative,
            Rounding::Up => !negative,
        };
        return if away {
            nearest
        } else {
            f64::MAX.copysign(nearest)
        };
    }
    if !nearest.is_finite() {
        return nearest;
    }
    step64(nearest, error, rounding)
}

fn add64(a: f64, b: f64, rounding: Rounding) -> f64 {
    let (sum, error) = two_sum(a, b);
    if sum == 0.0 && (a != 0.0 || a.is_sign_negative() != b.is_sign_negative()) {
        return zero_sum(rounding);
    }
    directed64(sum, rounding, error, a.is_finite() && b.is_finite())
}

fn mul64(a: f64, b: f64, rounding: Rounding) -> f64 {
    let product = a * b;
    let finite = a.is_finite() && b.is_finite();
    directed64(product, rounding, a.mul_add(b, -product), finite)
}

/// The smaller value; a NaN loses, and -0 is less than +0.
macro_rules! minimum {
    ($name:ident, $ty:ty) => {
        #[inline(always)]
        fn $name(a: $ty, b: $ty) -> $ty {
            let tie = a == b && a.is_sign_negative();
            if b.is_nan() || tie || a < b { a } else { b }
        }
    };
}

/// The larger value, likewise.
macro_rules! maximum {
    ($name:ident, $ty:ty) => {
        #[inline(always)]
        fn $name(a: $ty, b: $ty) -> $ty {
            let tie = a == b && a.is_sign_positive();
            if b.is_nan() || tie || a > b { a } else { b }
        }
    };
}

minimum!(min32, f32);
minimum!(min64, f64);
maximum!(max32, f32);
maximum!(max64, f64);

fn approximate(function: Approximation, x: f32) -> f32 {
    let wide = f64::from(x);
    match function {
        Approximation::Reciprocal => 1.0 / x,
        Approximation::SquareRoot => x.sqrt(),
        Approximation::ReciprocalRoot => (1.0 / wide.sqrt()) as f32,
        Approximation::Exp2 => x.exp2(),
        Approximation::Log2 => x.log2(),
        Approximation::Sine => wide.sin() as f32,
        Approximation::Cosine => wide.cos() as f32,
        Approximation::Tanh => wide.tanh() as f32,
    }
}

/// `rcp.approx.ftz.f64` reads and gives the upper halves only.
fn reciprocal64(bits: u64) -> u64 {
    let result = 1.0 / double(bits & !0xffff_ffff);
    if result.is_subnormal() {
        0f64.copysign(result).to_bits()
    } else {
        result.to_bits() & !0xffff_ffff
    }
}

fn reciprocal_root64(bits: u64, ftz: bool) -> u64 {
    if ftz {
        (1.0 / double(bits & !0xffff_ffff).sqrt()).to_bits() & !0xffff_ffff
    } else {
        (1.0 / double(bits).sqrt()).to_bits()
    }
}

fn test(value: f64, subnormal: bool, test: Test) -> bool {
    match test {
        Test::Finite => value.is_finite(),
        Test::Infinite => value.is_infinite(),
        Test::Number => !value.is_nan(),
        Test::NotANumber => value.is_nan(),
        Test::Normal => value.is_finite() && !subnormal && value != 0.0,
        Test::Subnormal => subnormal,
    }
}

/// An operand in single precision, flushed if the instruction asks for it.
#[inline(always)]
fn operand(bits: u64, m: Float) -> f32 {
    let value = single(bits);
    if m.ftz { flush(value) } else { value }
}

/// The bits of a result, flushed and saturated if the instruction asks for it.
#[inline(always)]
fn finish(value: f32, m: Float) -> u64 {
    let value = if m.ftz { flush(value) } else { value };
    single_bits(if m.sat { saturate(value) } else { value })
}

impl Registers {
    /// Applies `f` in single precision, with the flushing that the instruction asks for.
    #[inline(always)]
    pub(super) fn singles1(
        &mut self,
        i: &Instruction,
        active: u32,
        m: Float,
        f: impl Fn(f32) -> f32,
    ) {
        if m.ftz || m.sat {
            self.map1(i, active, |a| finish(f(operand(a, m)), m));
        } else {
            self.map1(i, active, |a| single_bits(f(single(a))));
        }
    }

    #[inline(always)]
    fn singles2(&mut self, i: &Instruction, active: u32, m: Float, f: impl Fn(f32, f32) -> f32) {
        if m.ftz || m.sat {
            self.map2(i, active, |a, b| finish(f(operand(a, m), operand(b, m)), m));
        } else {
            self.map2(i, active, |a, b| single_bits(f(single(a), single(b))));
        }
    }

    #[inline(always)]
    fn singles3(
        &mut self,
        i: &Instruction,
        active: u32,
        m: Float,
        f: impl Fn(f32, f32, f32) -> f32,
    ) {
        if m.ftz || m.sat {
            self.map3(i, active, |a, b, c| {
                finish(f(operand(a, m), operand(b, m), operand(c, m)), m)
            });
        } else {
            self.map3(i, active, |a, b, c| {
                single_bits(f(single(a), single(b), single(c)))
            });
        }
    }

    #[inline(always)]
    fn doubles2(&mut self, i: &Instruction, active: u32, f: impl Fn(f64, f64) -> f64) {
        self.map2(i, active, |a, b| f(double(a), double(b)).to_bits());
    }

    #[inline(always)]
    fn compare_singles(
        &mut self,
        i: &Instruction,
        active: u32,
        by: Comparison,
        ftz: bool,
        j: Join,
    ) {
        if ftz {
            self.compare(i, active, j, |a, b| {
                compare_floats(by, flush(single(a)), flush(single(b)))
            });
        } else {
            self.compare_by(i, active, by, j, single);
        }
    }

    /// Executes floating-point instructions.
    #[inline(always)]
    pub(super) fn float(&mut self, i: &Instruction, active: u32) {
        match i.op {
            Op::FloatAdd(m) if plain(m, Ty::F32) => self.singles2(i, active, m, |a, b| a + b),
            Op::FloatSub(m) if plain(m, Ty::F32) => self.singles2(i, active, m, |a, b| a - b),
            Op::FloatMul(m) if plain(m, Ty::F32) => self.singles2(i, active, m, |a, b| a * b),
            Op::FloatFma(m) if plain(m, Ty::F32) => self.singles3(i, active, m, f32::mul_add),
            Op::FloatAdd(m) if plain(m, Ty::F64) => self.doubles2(i, active, |a, b| a + b),
            Op::FloatSub(m) if plain(m, Ty::F64) => self.doubles2(i, active, |a, b| a - b),
            Op::FloatMul(m) if plain(m, Ty::F64) => self.doubles2(i, active, |a, b| a * b),
            Op::FloatFma(m) if plain(m, Ty::F64) => self.map3(i, active, |a, b, c| {
                double(a).mul_add(double(b), double(c)).to_bits()
            }),
            Op::FloatAbs(m) => self.sign(i, active, m, |bits, sign| bits & !sign),
            Op::FloatNeg(m) => self.sign(i, active, m, |bits, sign| bits ^ sign),
            Op::FloatMin { float: m, nan } => self.extremum(i, active, m, nan, true),
            Op::FloatMax { float: m, nan } => self.extremum(i, active, m, nan, false),
            Op::Compare {
                comparison,
                ty: Ty::F32,
                ftz,
                join,
            } => self.compare_singles(i, active, comparison, ftz, join),
            Op::Compare {
                comparison,
                ty: Ty::F64,
                join,
                ..
            } => self.compare_by(i, active, comparison, join, double),
            _ => self.rare_float(i, active),
        }
    }

    /// `abs` and `neg`, which keep a NaN's payload in double precision.
    #[inline(always)]
    fn sign(&mut self, i: &Instruction, active: u32, m: Float, f: impl Fn(u64, u64) -> u64) {
        match m.ty {
            Ty::F64 => self.map1(i, active, |a| f(a, SIGN64)),
            _ => self.singles1(i, active, m, |a| {
                f32::from_bits(f(u64::from(a.to_bits()), 1 << 31) as u32)
            }),
        }
    }

    #[inline(always)]
    fn extremum(&mut self, i: &Instruction, active: u32, m: Float, nan: bool, least: bool) {
        match (m.ty, nan) {
            (Ty::F64, _) if least => self.doubles2(i, active, min64),
            (Ty::F64, _) => self.doubles2(i, active, max64),
            (_, true) => self.singles2(i, active, m, |a, b| {
                match (a.is_nan() || b.is_nan(), least) {
                    (true, _) => f32::NAN,
                    (_, true) => min32(a, b),
                    (_, false) => max32(a, b),
                }
            }),
            (_, false) if least => self.singles2(i, active, m, min32),
            (_, false) => self.singles2(i, active, m, max32),
        }
    }

    fn rare_float(&mut self, i: &Instruction, active: u32) {
        match i.op {
            Op::FloatAdd(m)
            | Op::FloatSub(m)
            | Op::FloatMul(m)
            | Op::FloatFma(m)
            | Op::FloatDiv(m)
            | Op::FloatSqrt(m)
            | Op::FloatReciprocal(m)
                if m.ty == Ty::F32 =>
            {
                self.directed_singles(i, active, m);
            }
            Op::FloatAdd(m)
            | Op::FloatSub(m)
            | Op::FloatMul(m)
            | Op::FloatDiv(m)
            | Op::FloatSqrt(m)
            | Op::FloatReciprocal(m) => self.directed_doubles(i, active, m.rounding),
            Op::FloatFma(m) => self.map3(i, active, |a, b, c| {
                let (a, b, c) = (double(a), double(b), double(c));
                directed_fma64(a, b, c, m.rounding).to_bits()
            }),
            Op::CopySign(Ty::F32) => self.map2(i, active, |a, b| {
                u64::from(single(b).copysign(single(a)).to_bits())
            }),
            Op::CopySign(_) => self.doubles2(i, active, |a, b| b.copysign(a)),
            Op::Test {
                ty: Ty::F32,
                test: t,
            } => self.map1(i, active, |a| {
                let a = single(a);
                u64::from(test(f64::from(a), a.is_subnormal(), t))
            }),
            Op::Test { test: t, .. } => self.map1(i, active, |a| {
                let a = double(a);
                u64::from(test(a, a.is_subnormal(), t))
            }),
            Op::Approximate(function, m) => {
                self.singles1(i, active, m, |a| approximate(function, a));
            }
            Op::Reciprocal64 => self.map1(i, active, reciprocal64),
            Op::ReciprocalRoot64 { ftz } => self.map1(i, active, |a| reciprocal_root64(a, ftz)),
            _ => debug_assert!(false, "the decoder gives {:?}, which no one executes", i.op),
        }
    }

    fn directed_singles(&mut self, i: &Instruction, active: u32, m: Float) {
        let r = m.rounding;
        match i.op {
            Op::FloatAdd(_) => self.singles2(i, active, m, |a, b| add32(a, b, r)),
            Op::FloatSub(_) => self.singles2(i, active, m, |a, b| add32(a, -b, r)),
            Op::FloatMul(_) => self.singles2(i, active, m, |a, b| {
                round_to_single(f64::from(a) * f64::from(b), 0.0, r)
            }),
            Op::FloatFma(_) => self.singles3(i, active, m, |a, b, c| fma32(a, b, c, r)),
            Op::FloatDiv(_) => self.singles2(i, active, m, |a, b| quotient32(a, b, r)),
            Op::FloatSqrt(_) => self.singles1(i, active, m, |a| {
                directed(a.sqrt(), r, |root| f64::from(a) - root * root)
            }),
            _ => self.singles1(i, active, m, |a| quotient32(1.0, a, r)),
        }
    }

    fn directed_doubles(&mut self, i: &Instruction, active: u32, r: Rounding) {
        match i.op {
            Op::FloatAdd(_) => self.doubles2(i, active, |a, b| add64(a, b, r)),
            Op::FloatSub(_) => self.doubles2(i, active, |a, b| add64(a, -b, r)),
            Op::FloatMul(_) => self.doubles2(i, active, |a, b| mul64(a, b, r)),
            Op::FloatDiv(_) => self.doubles2(i, active, |a, b| quotient64(a, b, r)),
            Op::FloatSqrt(_) => self.map1(i, active, |a| {
                let (a, root) = (double(a), double(a).sqrt());
                directed64(root, r, -root.mul_add(root, -a), a.is_finite()).to_bits()
            }),
            _ => self.map1(i, active, |a| quotient64(1.0, double(a), r).to_bits()),
        }
    }
}

/// Whether the operator of Rust does what the instruction says.
#[inline(always)]
fn plain(m: Float, ty: Ty) -> bool {
    m.ty == ty && m.rounding == Rounding::Nearest
}

fn quotient32(a: f32, b: f32, rounding: Rounding) -> f32 {
    let quotient = a / b;
    if a.is_infinite() || b.is_infinite() || b == 0.0 {
        return quotient;
    }
    if quotient.is_infinite() {
        return round_to_single(f64::from(a) / f64::from(b), 0.0, rounding);
    }
    let sign = f64::from(b).signum();
    directed(quotient, rounding, |q| {
        (f64::from(a) - q * f64::from(b)) * sign
    })
}

fn quotient64(a: f64, b: f64, rounding: Rounding) -> f64 {
    let quotient = a / b;
    if a.is_infinite() || b.is_infinite() || b == 0.0 || rounding == Rounding::Nearest {
        return quotient;
    }
    directed64(
        quotient,
        rounding,
        -quotient.mul_add(b, -a) * b.signum(),
        true,
    )
}

/// A fused multiply-add in double precision: the error of the product, then of the sum.
fn directed_fma64(a: f64, b: f64, c: f64, rounding: Rounding) -> f64 {
    let nearest = a.mul_add(b, c);
    if rounding == Rounding::Nearest {
        return nearest;
    }
    let finite = a.is_finite() && b.is_finite() && c.is_finite();
    let product = a * b;
    let tail = a.mul_add(b, -product);
    let (sum, error) = two_sum(product, c);
    let rest = (sum - nearest) + (error + tail);
    if nearest == 0.0
        && rest == 0.0
        && (product != 0.0 || product.is_sign_negative() != c.is_sign_negative())
    {
        return zero_sum(rounding);
    }
    directed64(nearest, rounding, rest, finite)
}
