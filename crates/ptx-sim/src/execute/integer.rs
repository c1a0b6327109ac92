//! Integer, logic and comparison instructions, each on all lanes at once.

use super::registers::{LANES, Registers};
use crate::instruction::{Carry, Comparison, Instruction, Join, Op, Ty};

/// The value as a signed integer, sign-extended or zero-extended as its type says.
#[inline(always)]
pub(super) fn extend(value: u64, ty: Ty) -> i64 {
    match ty {
        Ty::S8 => i64::from(value as i8),
        Ty::S16 => i64::from(value as i16),
        Ty::S32 => i64::from(value as i32),
        ty => truncate(value, ty) as i64,
    }
}

/// The low bits that the type holds.
#[inline(always)]
pub(super) fn truncate(value: u64, ty: Ty) -> u64 {
    value & (u64::MAX >> (64 - ty.bits()))
}

#[inline(always)]
fn wide(value: u64, ty: Ty) -> i128 {
    if ty.is_signed() {
        i128::from(extend(value, ty))
    } else {
        i128::from(truncate(value, ty))
    }
}

/// The high half of a product.
#[inline(always)]
fn mul_high(a: u64, b: u64, ty: Ty) -> u64 {
    if ty.bits() == 32 {
        let product = extend(a, ty).wrapping_mul(extend(b, ty)) as u64;
        return product >> 32;
    }
    let product = wide(a, ty).wrapping_mul(wide(b, ty));
    truncate((product >> ty.bits()) as u64, ty)
}

#[inline(always)]
fn mul_wide(a: u64, b: u64, ty: Ty) -> u64 {
    let product = extend(a, ty).wrapping_mul(extend(b, ty)) as u64;
    if ty.bits() == 16 {
        u64::from(product as u32)
    } else {
        product
    }
}

/// Division as the hardware does it: by zero all bits are set, overflow wraps.
#[inline(always)]
fn div(a: u64, b: u64, ty: Ty) -> u64 {
    let (a, b) = (extend(a, ty), extend(b, ty));
    if b == 0 {
        return truncate(u64::MAX, ty);
    }
    let quotient = if ty.is_signed() {
        a.wrapping_div(b) as u64
    } else {
        a as u64 / b as u64
    };
    truncate(quotient, ty)
}

#[inline(always)]
fn rem(a: u64, b: u64, ty: Ty) -> u64 {
    let (a, b) = (extend(a, ty), extend(b, ty));
    if b == 0 {
        return truncate(a as u64, ty);
    }
    let remainder = if ty.is_signed() {
        a.wrapping_rem(b) as u64
    } else {
        a as u64 % b as u64
    };
    truncate(remainder, ty)
}

/// A shift by the width or more clears, or for signed types fills with the sign.
#[inline(always)]
fn shift_left(a: u64, b: u64, ty: Ty) -> u64 {
    let by = b as u32;
    if by >= ty.bits() {
        0
    } else {
        truncate(a << by, ty)
    }
}

#[inline(always)]
fn shift_right(a: u64, b: u64, ty: Ty) -> u64 {
    let by = b as u32;
    if ty.is_signed() {
        truncate((extend(a, ty) >> by.min(ty.bits() - 1)) as u64, ty)
    } else if by >= ty.bits() {
        0
    } else {
        truncate(a, ty) >> by
    }
}

#[inline(always)]
fn funnel(low: u64, high: u64, by: u64, right: bool, wrap: bool) -> u64 {
    let joined = (high << 32) | truncate(low, Ty::U32);
    let by = if wrap {
        by as u32 & 31
    } else {
        (by as u32).min(32)
    };
    let shifted = if right {
        joined >> by
    } else {
        (joined << by) >> 32
    };
    truncate(shifted, Ty::U32)
}

fn permute(low: u64, high: u64, selector: u64) -> u64 {
    let joined = (high << 32) | truncate(low, Ty::U32);
    (0..4).fold(0, |out, at| {
        let select = selector >> (4 * at) & 15;
        let byte = (joined >> (8 * (select & 7))) as u8;
        let byte = if select & 8 != 0 {
            ((byte as i8) >> 7) as u8
        } else {
            byte
        };
        out | u64::from(byte) << (8 * at)
    })
}

fn logic3(a: u64, b: u64, c: u64, table: u8) -> u64 {
    (0..8)
        .filter(|row| table >> row & 1 == 1)
        .fold(0, |out, row| {
            let pick = |value: u64, bit: u32| if row >> bit & 1 == 1 { value } else { !value };
            out | truncate(pick(a, 2) & pick(b, 1) & pick(c, 0), Ty::U32)
        })
}

/// `bfe`: beyond the type's width the field is filled with the sign, or with zeros.
fn field_extract(a: u64, position: u64, length: u64, ty: Ty) -> u64 {
    let (position, length) = (position as u32 & 255, length as u32 & 255);
    if length == 0 {
        return 0;
    }
    let top = ty.bits() - 1;
    let value = extend(a, ty);
    let sign = ty.is_signed() && value >> (position + length - 1).min(top) & 1 == 1;
    let field = if position > top {
        0
    } else {
        truncate(a, ty) >> position
    };
    let kept = length.min(ty.bits().saturating_sub(position));
    let mask = if kept == 64 {
        u64::MAX
    } else {
        (1 << kept) - 1
    };
    let filled = if sign { !mask } else { 0 };
    truncate(field & mask | filled, ty)
}

fn field_insert(a: u64, b: u64, position: u64, length: u64, ty: Ty) -> u64 {
    let (position, length) = (position as u32 & 255, length as u32 & 255);
    if position >= ty.bits() || length == 0 {
        return b;
    }
    let ones = if length >= 64 {
        u64::MAX
    } else {
        (1 << length) - 1
    };
    let mask = ones << position;
    truncate(b & !mask | (a << position) & mask, ty)
}

/// `bfind`: the highest bit that differs from the sign; all bits set if there is none.
fn find_lead(a: u64, ty: Ty, shift: bool) -> u64 {
    let value = if ty.is_signed() && extend(a, ty) < 0 {
        !a
    } else {
        a
    };
    match truncate(value, ty).checked_ilog2() {
        None => u64::from(u32::MAX),
        Some(at) if shift => u64::from(ty.bits() - 1 - at),
        Some(at) => u64::from(at),
    }
}

/// A sum and the carry out of it.
#[inline(always)]
fn add_carry(a: u64, b: u64, flag: u64, ty: Ty) -> (u64, u64) {
    if ty.bits() == 64 {
        let (sum, first) = a.overflowing_add(b);
        let (sum, second) = sum.overflowing_add(flag);
        (sum, u64::from(first | second))
    } else {
        let sum = a + b + flag;
        (truncate(sum, ty), sum >> ty.bits() & 1)
    }
}

/// A difference and the borrow out of it.
#[inline(always)]
fn sub_borrow(a: u64, b: u64, flag: u64, ty: Ty) -> (u64, u64) {
    if ty.bits() == 64 {
        let (difference, first) = a.overflowing_sub(b);
        let (difference, second) = difference.overflowing_sub(flag);
        (difference, u64::from(first | second))
    } else {
        let difference = a.wrapping_sub(b).wrapping_sub(flag);
        (truncate(difference, ty), difference >> ty.bits() & 1)
    }
}

#[inline(always)]
fn compare<T: PartialOrd>(comparison: Comparison, a: T, b: T) -> bool {
    match comparison {
        Comparison::Eq | Comparison::Equ => a == b,
        Comparison::Ne | Comparison::Neu => a != b,
        Comparison::Lt | Comparison::Ltu => a < b,
        Comparison::Le | Comparison::Leu => a <= b,
        Comparison::Gt | Comparison::Gtu => a > b,
        Comparison::Ge | Comparison::Geu => a >= b,
        Comparison::Num | Comparison::Nan => false,
    }
}

/// The unordered forms (`ltu`) are true if an operand is NaN, the ordered ones false.
#[inline(always)]
pub(super) fn compare_floats<T: PartialOrd + Copy>(comparison: Comparison, a: T, b: T) -> bool {
    let unordered = a.partial_cmp(&b).is_none();
    match comparison {
        Comparison::Num => !unordered,
        Comparison::Nan => unordered,
        Comparison::Ne => !unordered && a != b,
        Comparison::Equ
        | Comparison::Neu
        | Comparison::Ltu
        | Comparison::Leu
        | Comparison::Gtu
        | Comparison::Geu => unordered || compare(comparison, a, b),
        _ => compare(comparison, a, b),
    }
}

/// Joins a comparison with a predicate; gives `p`, and `q` which starts from the negation.
#[inline(always)]
fn join(join: Join, result: bool, other: bool) -> bool {
    match join {
        Join::None => result,
        Join::And => result && other,
        Join::Or => result || other,
        Join::Xor => result != other,
    }
}

impl Registers {
    /// Writes the one or two results of `setp`.
    #[inline(always)]
    pub(super) fn compare(
        &mut self,
        i: &Instruction,
        active: u32,
        joined: Join,
        f: impl Fn(u64, u64) -> bool,
    ) {
        let (a, b) = (self.get(i.a), self.get(i.b));
        let mut defined = self.defined(i.a) & self.defined(i.b);
        let mut results = [0; LANES];
        for (lane, result) in results.iter_mut().enumerate() {
            *result = u64::from(f(a[lane], b[lane]));
        }
        if joined == Join::None && i.also_to == crate::instruction::NONE {
            return self.write(i.to, active, defined, &results);
        }
        let mut other = [0; LANES];
        if joined != Join::None {
            let negate = u64::from(i.negated_source);
            other = self.get(i.c).map(|c| u64::from(c != 0) ^ negate);
            defined &= self.defined(i.c);
        }
        let q = std::array::from_fn(|l| u64::from(join(joined, results[l] == 0, other[l] != 0)));
        let p = std::array::from_fn(|l| u64::from(join(joined, results[l] != 0, other[l] != 0)));
        self.write(i.to, active, defined, &p);
        self.write_optional(i.also_to, active, defined, &q);
    }

    #[inline(always)]
    fn compare_integers(&mut self, i: &Instruction, active: u32, by: Comparison, ty: Ty, j: Join) {
        // Integers are never unordered.
        let by = if by == Comparison::Ne {
            Comparison::Neu
        } else {
            by
        };
        match ty {
            Ty::U32 | Ty::U64 => self.compare_by(i, active, by, j, |a| a),
            Ty::S32 => self.compare_by(i, active, by, j, |a| a as i32),
            Ty::S64 => self.compare_by(i, active, by, j, |a| a as i64),
            ty => self.compare_by(i, active, by, j, |a| extend(a, ty)),
        }
    }

    /// The common comparisons chosen outside the loop over the lanes.
    #[inline(always)]
    pub(super) fn compare_by<T: PartialOrd + Copy>(
        &mut self,
        i: &Instruction,
        active: u32,
        by: Comparison,
        j: Join,
        cast: impl Fn(u64) -> T,
    ) {
        match by {
            Comparison::Eq => self.compare(i, active, j, |a, b| cast(a) == cast(b)),
            Comparison::Neu => self.compare(i, active, j, |a, b| cast(a) != cast(b)),
            Comparison::Lt => self.compare(i, active, j, |a, b| cast(a) < cast(b)),
            Comparison::Le => self.compare(i, active, j, |a, b| cast(a) <= cast(b)),
            Comparison::Gt => self.compare(i, active, j, |a, b| cast(a) > cast(b)),
            Comparison::Ge => self.compare(i, active, j, |a, b| cast(a) >= cast(b)),
            _ => self.compare(i, active, j, |a, b| compare_floats(by, cast(a), cast(b))),
        }
    }

    /// Additions and subtractions with a carry flag, and multiplications that add with one.
    fn carry(&mut self, i: &Instruction, active: u32, op: Carry, ty: Ty, ins: bool, outs: bool) {
        let (a, b, flag) = (self.get(i.a), self.get(i.b), self.get(i.d));
        let mad = matches!(op, Carry::MadLow | Carry::MadHigh);
        let c = if mad { self.get(i.c) } else { self.get(i.a) };
        let mut defined = self.defined(i.a) & self.defined(i.b);
        if mad {
            defined &= self.defined(i.c);
        }
        if ins {
            defined &= self.defined(i.d);
        }
        let (mut out, mut carries) = ([0; LANES], [0; LANES]);
        let mut each = |f: &dyn Fn(u64, u64, u64, u64) -> (u64, u64)| {
            for lane in 0..LANES {
                let flag = if ins { flag[lane] } else { 0 };
                (out[lane], carries[lane]) = f(a[lane], b[lane], c[lane], flag);
            }
        };
        match op {
            Carry::Add => each(&|a, b, _, flag| add_carry(a, b, flag, ty)),
            Carry::Sub => each(&|a, b, _, flag| sub_borrow(a, b, flag, ty)),
            Carry::MadLow => {
                each(&|a, b, c, flag| add_carry(truncate(a.wrapping_mul(b), ty), c, flag, ty));
            }
            Carry::MadHigh => each(&|a, b, c, flag| add_carry(mul_high(a, b, ty), c, flag, ty)),
        }
        self.write(i.to, active, defined, &out);
        if outs {
            self.write(i.also_to, active, defined, &carries);
        }
    }

    fn insert_field(&mut self, i: &Instruction, active: u32, ty: Ty) {
        let (a, b, c, d) = (self.get(i.a), self.get(i.b), self.get(i.c), self.get(i.d));
        let out = std::array::from_fn(|l| field_insert(a[l], b[l], c[l], d[l], ty));
        let defined = self.defined(i.a) & self.defined(i.b) & self.defined(i.c) & self.defined(i.d);
        self.write(i.to, active, defined, &out);
    }

    /// A lane is defined if the side that it takes is.
    #[inline(always)]
    pub(super) fn select(&mut self, i: &Instruction, active: u32) {
        let (a, b, c) = (self.get(i.a), self.get(i.b), self.get(i.c));
        let mut out = [0; LANES];
        for (lane, out) in out.iter_mut().enumerate() {
            *out = if c[lane] != 0 { a[lane] } else { b[lane] };
        }
        let (da, db, dc) = (self.defined(i.a), self.defined(i.b), self.defined(i.c));
        let defined = if da & db == !0 {
            dc
        } else {
            let taken = self.predicate(i.c);
            dc & (taken & da | !taken & db)
        };
        self.write(i.to, active, defined, &out);
    }

    #[inline(always)]
    pub(super) fn unpack(&mut self, i: &Instruction, active: u32, bits: u32) {
        let (whole, defined) = (*self.get(i.a), self.defined(i.a));
        let mask = u64::MAX >> (64 - bits);
        let parts = i
            .vector
            .iter()
            .take_while(|s| **s != crate::instruction::NONE);
        for (at, &slot) in parts.enumerate() {
            let mut part = whole;
            for part in &mut part {
                *part = (*part >> (at as u32 * bits)) & mask;
            }
            self.write(slot, active, defined, &part);
        }
    }

    #[inline(always)]
    pub(super) fn pack(&mut self, i: &Instruction, active: u32, bits: u32) {
        let (mut whole, mut defined) = ([0; LANES], !0);
        let mask = u64::MAX >> (64 - bits);
        let parts = i
            .vector
            .iter()
            .take_while(|s| **s != crate::instruction::NONE);
        for (at, &slot) in parts.enumerate() {
            for (whole, part) in whole.iter_mut().zip(self.get(slot)) {
                *whole |= (part & mask) << (at as u32 * bits);
            }
            defined &= self.defined(slot);
        }
        self.write(i.to, active, defined, &whole);
    }

    /// Executes integer, logic and data movement instructions.
    #[inline(always)]
    pub(super) fn integer(&mut self, i: &Instruction, active: u32) {
        match i.op {
            Op::Mov => self.map1(i, active, |a| a),
            Op::Pack(bits) => self.pack(i, active, bits),
            Op::Unpack(bits) => self.unpack(i, active, bits),
            Op::Add(ty) | Op::Sub(ty) | Op::MulLow(ty) | Op::MadLow(ty) => match ty.size() {
                4 => self.ring(i, active, |x| u64::from(x as u32)),
                8 => self.ring(i, active, |x| x),
                _ => self.ring(i, active, |x| truncate(x, ty)),
            },
            Op::MulWide(Ty::U32) => self.map2(i, active, |a, b| mul_wide(a, b, Ty::U32)),
            Op::MulWide(Ty::S32) => self.map2(i, active, |a, b| mul_wide(a, b, Ty::S32)),
            Op::MulWide(ty) => self.map2(i, active, |a, b| mul_wide(a, b, ty)),
            Op::MadWide(ty) => self.map3(i, active, |a, b, c| mul_wide(a, b, ty).wrapping_add(c)),
            Op::Min(ty) => self.least(i, active, ty, false),
            Op::Max(ty) => self.least(i, active, ty, true),
            Op::Abs(ty) => {
                self.map1(i, active, |a| {
                    truncate(extend(a, ty).wrapping_abs() as u64, ty)
                });
            }
            Op::Neg(ty) => self.map1(i, active, |a| truncate(a.wrapping_neg(), ty)),
            Op::And => self.map2(i, active, |a, b| a & b),
            Op::Or => self.map2(i, active, |a, b| a | b),
            Op::Xor => self.map2(i, active, |a, b| a ^ b),
            Op::Not(Ty::Pred) => self.map1(i, active, |a| a ^ 1),
            Op::Not(ty) => self.map1(i, active, |a| truncate(!a, ty)),
            Op::Shl(Ty::U32) => self.map2(i, active, |a, b| shift_left(a, b, Ty::U32)),
            Op::Shl(Ty::U64) => self.map2(i, active, |a, b| shift_left(a, b, Ty::U64)),
            Op::Shl(ty) => self.map2(i, active, |a, b| shift_left(a, b, ty)),
            Op::Shr(Ty::U32) => self.map2(i, active, |a, b| shift_right(a, b, Ty::U32)),
            Op::Shr(Ty::U64) => self.map2(i, active, |a, b| shift_right(a, b, Ty::U64)),
            Op::Shr(ty) => self.map2(i, active, |a, b| shift_right(a, b, ty)),
            Op::Compare {
                comparison,
                ty,
                join,
                ..
            } if !ty.is_float() => self.compare_integers(i, active, comparison, ty, join),
            Op::Select => self.select(i, active),
            _ => self.rare_integer(i, active),
        }
    }

    /// The smaller value, or the greater one.
    #[inline(always)]
    fn least(&mut self, i: &Instruction, active: u32, ty: Ty, greatest: bool) {
        if ty.is_signed() {
            self.map2(i, active, |a, b| {
                let less = extend(a, ty) < extend(b, ty);
                if less != greatest { a } else { b }
            });
        } else {
            self.map2(i, active, |a, b| if (a < b) != greatest { a } else { b });
        }
    }

    /// Arithmetic modulo two to the width.
    #[inline(always)]
    fn ring(&mut self, i: &Instruction, active: u32, wrap: impl Fn(u64) -> u64) {
        match i.op {
            Op::Add(_) => self.map2(i, active, |a, b| wrap(a.wrapping_add(b))),
            Op::Sub(_) => self.map2(i, active, |a, b| wrap(a.wrapping_sub(b))),
            Op::MulLow(_) => self.map2(i, active, |a, b| wrap(a.wrapping_mul(b))),
            _ => self.map3(i, active, |a, b, c| wrap(a.wrapping_mul(b).wrapping_add(c))),
        }
    }

    fn rare_integer(&mut self, i: &Instruction, active: u32) {
        let ordered = |a, b, ty: Ty| wide(a, ty) < wide(b, ty);
        match i.op {
            Op::AddSaturated => self.map2(i, active, |a, b| {
                u64::from((a as i32).saturating_add(b as i32) as u32)
            }),
            Op::SubSaturated => self.map2(i, active, |a, b| {
                u64::from((a as i32).saturating_sub(b as i32) as u32)
            }),
            Op::MulHigh(ty) => self.map2(i, active, |a, b| mul_high(a, b, ty)),
            Op::MadHigh(ty) => self.map3(i, active, |a, b, c| {
                truncate(mul_high(a, b, ty).wrapping_add(c), ty)
            }),
            Op::SumAbsDifference(ty) => self.map3(i, active, |a, b, c| {
                let (low, high) = if ordered(a, b, ty) { (a, b) } else { (b, a) };
                truncate(c.wrapping_add(high.wrapping_sub(low)), ty)
            }),
            Op::Carry {
                op,
                ty,
                carry_in,
                carry_out,
            } => self.carry(i, active, op, ty, carry_in, carry_out),
            Op::Div(ty) => self.map2(i, active, |a, b| div(a, b, ty)),
            Op::Rem(ty) => self.map2(i, active, |a, b| rem(a, b, ty)),
            Op::ConditionNot => self.map1(i, active, |a| u64::from(a == 0)),
            Op::Funnel { right, wrap } => {
                self.map3(i, active, |a, b, c| funnel(a, b, c, right, wrap));
            }
            Op::Logic3(table) => self.map3(i, active, |a, b, c| logic3(a, b, c, table)),
            Op::Permute => self.map3(i, active, permute),
            Op::FieldExtract(ty) => self.map3(i, active, |a, b, c| field_extract(a, b, c, ty)),
            Op::FieldInsert(ty) => self.insert_field(i, active, ty),
            Op::FindLead { ty, shift } => self.map1(i, active, |a| find_lead(a, ty, shift)),
            Op::Reverse(ty) => self.map1(i, active, |a| a.reverse_bits() >> (64 - ty.bits())),
            Op::LeadingZeros(ty) => self.map1(i, active, |a| {
                u64::from(truncate(a, ty).leading_zeros() - (64 - ty.bits()))
            }),
            Op::Population => self.map1(i, active, |a| u64::from(a.count_ones())),
            _ => debug_assert!(false, "the decoder gives {:?}, which no one executes", i.op),
        }
    }
}
