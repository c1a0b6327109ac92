//! Transforms of a few numbers in registers.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use crate::kernel::element::Value;

/// `y[k] = Σ x[j] exp(-2πi jk / n)` for n = 2, 3, 4, 5, 7 or 8.
pub(super) fn butterfly(x: &[Value]) -> Vec<Value> {
    match *x {
        [a, b] => vec![a + b, a - b],
        [a, b, c, d] => four([a, b, c, d]).to_vec(),
        [a, b, c, d, e, f, g, h] => eight([a, c, e, g], [b, d, f, h]),
        _ => odd(x),
    }
}

/// -i x.
fn turned(x: Value) -> Value {
    let (re, im) = x.complex();
    Value::Complex(im, -re)
}

fn four([a, b, c, d]: [Value; 4]) -> [Value; 4] {
    let (p, q) = (a + c, a - c);
    let (r, s) = (b + d, turned(b - d));
    [p + r, q + s, p - r, q - s]
}

/// From the elements with even and those with odd positions.
fn eight(even: [Value; 4], odd: [Value; 4]) -> Vec<Value> {
    let half = |x: Value| x.map(|part| part * FRAC_1_SQRT_2);
    let (even, [a, b, c, d]) = (four(even), four(odd));
    // Times exp(-πi k / 4): exp(-πi / 4) = (1 - i) / √2 and exp(-3πi / 4) = (-i - 1) / √2.
    let odd = [a, half(b + turned(b)), turned(c), half(turned(d) - d)];
    let sums = even.iter().zip(odd).map(|(&x, y)| x + y);
    let differences = even.iter().zip(odd).map(|(&x, y)| x - y);
    sums.chain(differences).collect()
}

/// With `s[q] = x[q] + x[n - q]` and `d[q] = x[q] - x[n - q]`, the elements k and n - k of the result are the sum and the
/// difference of `x[0] + Σ s[q] cos(2π kq / n)` and `-i Σ d[q] sin(2π kq / n)`, 1 ≤ q ≤ (n - 1) / 2.
fn odd(x: &[Value]) -> Vec<Value> {
    let (n, half) = (x.len(), x.len() / 2);
    let pairs: Vec<(Value, Value)> = (1..=half)
        .map(|q| (x[q] + x[n - q], turned(x[q] - x[n - q])))
        .collect();
    let mut out = vec![pairs.iter().fold(x[0], |sum, &(s, _)| sum + s); n];
    for k in 1..=half {
        let times = |x: Value, c: f64| x.map(|part| part * c);
        let angle = |q: usize| TAU * (k * q % n) as f64 / n as f64;
        let mut even = x[0];
        let mut odd: Option<Value> = None;
        for (q, &(s, d)) in (1..).zip(&pairs) {
            even = even + times(s, angle(q).cos());
            let term = times(d, angle(q).sin());
            odd = Some(odd.map_or(term, |odd| odd + term));
        }
        if let Some(odd) = odd {
            (out[k], out[n - k]) = (even + odd, even - odd);
        }
    }
    out
}
