//! Argument reduction of the trigonometric functions: angles modulo π/2, exact for every argument.
//!
//! Payne and Hanek's method ("Radian reduction for trigonometric functions", SIGNUM Newsletter 18, 1983) in integers:
//! the mantissa is multiplied by three words of 2/π. They are chosen so that the two uppermost bits of the product are
//! the quadrant.

use super::format::{constant, mantissa_bits, negate_if, pattern};
use crate::ir::{Ty, Val, call, lit, select};

/// One word of zeros, then the bits of 2/π after the binary point.
const TWO_OVER_PI: [u64; 20] = [
    0,
    0xa2f9_836e_4e44_1529,
    0xfc27_57d1_f534_ddc0,
    0xdb62_9599_3c43_9041,
    0xfe51_63ab_debb_c561,
    0xb724_6e3a_424d_d2e0,
    0x0649_2eea_09d1_921c,
    0xfe1d_eb1c_b129_a73e,
    0xe882_35f5_2ebb_4484,
    0xe99c_7026_b45f_7e41,
    0x3991_d639_8353_39f4,
    0x9c84_5f8b_bdf9_283b,
    0x1ff8_97ff_de05_980f,
    0xef2f_118b_5a0a_6d1f,
    0x6d36_7ecf_27cb_09b7,
    0x4f46_3f66_9e5f_ea2d,
    0x7527_bac7_ebe5_f17b,
    0x3d07_39f7_8a52_92ea,
    0x6bfb_5fb1_1f8d_5d08,
    0x5603_3046_fc7b_6bab,
];

/// The upper word of the product of two unsigned integers.
fn multiply_high(a: Val, b: Val) -> Val {
    call("multiply_high", [a, b], |[a, b]| {
        let half = a.ty().bits() / 2;
        let mask = pattern(a.ty(), 0xffff, 0xffff_ffff);
        let (a_hi, a_lo, b_hi, b_lo) = (a >> half, a & mask, b >> half, b & mask);
        let middle = a_hi * b_lo + ((a_lo * b_lo) >> half);
        let other = a_lo * b_hi + (middle & mask);
        a_hi * b_hi + (middle >> half) + (other >> half)
    })
}

/// Four consecutive words of 2/π, from word `first` (`U32`) on.
fn window(word: Ty, first: Val) -> [Val; 4] {
    let mut words: Vec<Val> = match word {
        Ty::U64 => TWO_OVER_PI.iter().map(|&w| lit(word, w)).collect(),
        _ => std::iter::once(lit(word, 0))
            .chain(
                TWO_OVER_PI[1..]
                    .iter()
                    .flat_map(|&w| [lit(word, (w >> 32) as u32), lit(word, w as u32)])
                    .take(7),
            )
            .collect(),
    };
    // A window of four words can start at the first n of n + 3 words. Each step halves n, by one bit of `first`.
    while words.len() > 4 {
        let starts = words.len() - 3;
        let half = starts.next_power_of_two() / 2;
        let moved = (first & half as u32).ne(0);
        words = (0..half + 3)
            .map(|i| {
                words
                    .get(i + half)
                    .map_or(words[i], |&w| select(moved, w, words[i]))
            })
            .collect();
    }
    [words[0], words[1], words[2], words[3]]
}

/// `(r, tail, quadrant)` with a = quadrant · π/2 + r + tail and |r| ≤ π/4, for finite a ≥ ½. `tail` is the rounding
/// error of r; the quadrant is a `U32` modulo 4.
pub(super) fn quadrant(a: Val) -> (Val, Val, Val) {
    let ty = a.ty();
    let word = ty.unsigned();
    let (width, mantissa) = (word.bits(), mantissa_bits(ty));
    let bits = a.bits();
    let field = (bits >> mantissa).to(Ty::U32);
    let m = (bits & pattern(ty, 0x007f_ffff, 0x000f_ffff_ffff_ffff))
        | pattern(ty, 0x0080_0000, 0x0010_0000_0000_0000);
    // The number of the first bit of 2/π that is needed, counted from the leading word of zeros: multiplied by the unit
    // of m, it has the value 2.
    let start = field - if width == 64 { 1013 } else { 120 };
    let shift = start & (width - 1);
    let words = window(word, start >> width.ilog2());
    let aligned =
        |i: usize| (words[i] << shift) | ((words[i + 1] >> 1) >> (lit(Ty::U32, width - 1) - shift));
    let (c0, c1, c2) = (aligned(0), aligned(1), aligned(2));
    let upper = m * c1;
    let low = upper + multiply_high(m, c2);
    let carry = select(low.lt(upper), lit(word, 1), 0);
    let high = m * c0 + multiply_high(m, c1) + carry;
    let above = ((high << 2) >> (width - 1)).to(Ty::U32);
    let quadrant = (high >> (width - 2)).to(Ty::U32) + above;
    // The fraction of a quadrant in two words, and its distance to the nearest one.
    let negative = above.ne(0);
    let flip = select(negative, pattern(ty, u32::MAX, u64::MAX), 0);
    let f = ((high << 2) | (low >> (width - 2))) ^ flip;
    let rest = (low << 2) ^ flip;
    let upper_mask = pattern(ty, 0xffff_0000, 0xffff_ffff_0000_0000);
    let unit = constant(a, 2f64.powi(-32), 2f64.powi(-64));
    let f_hi = (f & upper_mask).to(ty) * unit;
    let f_lo = ((f & !upper_mask).to(ty) + rest.to(ty) * unit) * unit;
    // π/2 in two parts, the upper one so short that its product with f_hi is exact.
    let hi = (f_hi * constant(a, 1.570_312_5, 1.570_796_012_878_418)).pin();
    let lo = f_hi * constant(a, 4.838_267_923_332_751e-4, 3.139_164_786_504_813e-7)
        + f_lo * std::f64::consts::FRAC_PI_2;
    let r = (hi + lo).pin();
    let tail = lo - (r - hi).pin();
    (negate_if(negative, r), negate_if(negative, tail), quadrant)
}
