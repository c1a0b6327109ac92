//! eˣ and eˣ - 1.
//!
//! Source: FreeBSD's `e_exp.c` and `e_expf.c` (Copyright © 2004 Sun Microsystems; "Permission to use, copy, modify, and distribute this
//! software is freely granted, provided that this notice is preserved"): their reduction and coefficients, one formula for both functions.

use super::format::{constant, infinity, polynomial, power_of_two, round, scale};
use crate::ir::{Ty, Val, call, select};

/// e^(hi - lo) - 1 for |hi - lo| ≤ ½ log 2, where `lo` is a small correction of `hi`.
pub(super) fn expm1_reduced(hi: Val, lo: Val) -> Val {
    let r = hi - lo;
    let square = r * r;
    let p = polynomial(
        square,
        &[1.666_662_544e-1, -2.766_733_290_6e-3],
        &[
            1.666_666_666_666_660_190_37e-1,
            -2.777_777_777_701_559_338_42e-3,
            6.613_756_321_437_934_361_17e-5,
            -1.653_390_220_546_525_153_90e-6,
            4.138_136_797_057_238_460_39e-8,
        ],
    );
    let c = r - square * p;
    hi - (lo - r * c / (2.0 - c))
}

/// `(hi, lo, k)` with x = k log 2 + hi - lo; k is a floating-point value.
fn reduce(x: Val) -> (Val, Val, Val) {
    let k = round(x * constant(x, 1.442_695_021_6, std::f64::consts::LOG2_E));
    // The upper part has so few bits that its product with k is exact.
    let hi = (x - k * constant(x, 6.931_457_519_5e-1, 6.931_471_803_691_238_164_90e-1)).pin();
    (
        hi,
        k * constant(x, 1.428_606_765_3e-6, 1.908_214_929_270_587_700_02e-10),
        k,
    )
}

/// eˣ = y · 2ᵏ with y in (0.7, 1.5) for |x| < 5,000 (f32) or 40,000 (f64): `(y, k)`, k as `I32`.
pub(super) fn exp_parts(x: Val) -> (Val, Val) {
    call("exp_parts", [x], |[x]| {
        let (hi, lo, k) = reduce(x);
        (expm1_reduced(hi, lo) + 1.0, k.to(Ty::I32))
    })
}

/// x where `low < x < high`, else 0.
fn inside(x: Val, low: Val, high: Val) -> (Val, Val) {
    let inside = x.gt(low) & x.lt(high);
    (inside, select(inside, x, 0.0))
}

/// eˣ.
pub(super) fn exp(x: Val) -> Val {
    call("exp", [x], |[x]| {
        let (inside, y) = inside(x, constant(x, -104.0, -746.0), constant(x, 89.0, 710.0));
        let (y, k) = exp_parts(y);
        let outside = select(x.gt(0.0), infinity(x), 0.0);
        select(x.is_nan(), x, select(inside, scale(y, k), outside))
    })
}

/// eˣ - 1.
pub(super) fn expm1(x: Val) -> Val {
    call("expm1", [x], |[x]| {
        let low = constant(x, -20.0, -40.0);
        let (inside, y) = inside(x, low, constant(x, 89.0, 710.0));
        let (hi, lo, k) = reduce(y);
        let k = k.to(Ty::I32);
        // 2ᵏ (e^r - 1 + 1 - 2⁻ᵏ). The difference 1 - 2⁻ᵏ is exact for all k for which 2⁻ᵏ matters.
        let rest = 1.0 - power_of_two((-k).max(-64), x.ty());
        let y = scale(rest + expm1_reduced(hi, lo), k);
        let outside = select(x.gt(0.0), infinity(x), -1.0);
        let tiny = x.abs().lt(constant(x, 1e-8, 1e-17));
        select(tiny | x.is_nan(), x, select(inside, y, outside))
    })
}

/// ½ e^|x|, which overflows only where sinh and cosh do.
pub(super) fn half_exp(x: Val) -> Val {
    call("half_exp", [x], |[x]| {
        let a = x.abs();
        let inside = a.lt(constant(x, 90.0, 711.0));
        let (y, k) = exp_parts(select(inside, a, 0.0));
        select(inside, scale(y, k - 1), select(x.is_nan(), x, infinity(x)))
    })
}
