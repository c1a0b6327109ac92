//! How many principal components there are, by the evidence of the data.

use std::f64::consts::{LN_2, PI, TAU};

/// The number of components with the largest evidence: at least 1, and less than the number of variances.
///
/// `variances (p,)`, descending, are those along all components of n samples.
///
/// Source: T. Minka, "Automatic choice of dimensionality for PCA" (2000).
pub(super) fn n_components(variances: &[f64], n: f64) -> usize {
    let evidence = (1..variances.len()).map(|rank| (rank, log_evidence(variances, rank, n)));
    let best = evidence.fold((1, f64::NEG_INFINITY), |best, now| {
        if now.1 > best.1 { now } else { best }
    });
    best.0
}

/// The log of the evidence for `rank` components; its terms have the names of the paper's factors.
fn log_evidence(variances: &[f64], rank: usize, n: f64) -> f64 {
    const LEAST: f64 = 1e-15;
    let p = variances.len();
    if variances[rank - 1] < LEAST {
        return f64::NEG_INFINITY;
    }
    let (k, rest) = (rank as f64, (p - rank) as f64);
    // log p(U) = -k log 2 + Σ_i log Γ((p - i + 1) / 2) - (p - i + 1) / 2 log π.
    let half = |i: usize| log_gamma_half(p - i + 1) - (p - i + 1) as f64 / 2.0 * PI.ln();
    let p_u = -k * LN_2 + (1..=rank).map(half).sum::<f64>();
    let p_l = -n / 2.0 * variances[..rank].iter().map(|v| v.ln()).sum::<f64>();
    let noise = (variances[rank..].iter().sum::<f64>() / rest).max(LEAST);
    let p_v = -noise.ln() * n * rest / 2.0;
    let m = p as f64 * k - k * (k + 1.0) / 2.0;
    let p_p = TAU.ln() * (m + k) / 2.0;
    let smoothed = |i: usize| if i < rank { variances[i] } else { noise };
    let pairs = (0..rank).flat_map(|i| (i + 1..p).map(move |j| (i, j)));
    let p_a: f64 = pairs
        .map(|(i, j)| {
            ((variances[i] - variances[j]) * (1.0 / smoothed(j) - 1.0 / smoothed(i))).ln() + n.ln()
        })
        .sum();
    p_u + p_l + p_v + p_p - p_a / 2.0 - k * n.ln() / 2.0
}

/// log Γ(m / 2), by Γ(x + 1) = x Γ(x) from Γ(1/2) = √π and Γ(1) = 1 on.
fn log_gamma_half(m: usize) -> f64 {
    let (start, first) = if m.is_multiple_of(2) {
        (0.0, 1.0)
    } else {
        (PI.ln() / 2.0, 0.5)
    };
    let steps = (m - 1) / 2;
    start
        + (0..steps)
            .map(|step| (first + step as f64).ln())
            .sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_of_halves() {
        // Γ(1/2) = √π, Γ(1) = 1, Γ(5/2) = 3√π/4, Γ(5) = 24.
        let expected = [(1, PI.sqrt()), (2, 1.0), (5, 0.75 * PI.sqrt()), (10, 24.0)];
        for (m, gamma) in expected {
            assert!((log_gamma_half(m) - gamma.ln()).abs() < 1e-13, "{m}");
        }
    }

    #[test]
    fn two_strong_directions_in_noise() {
        assert_eq!(n_components(&[25.0, 9.0, 1.02, 1.0, 0.98], 1000.0), 2);
    }
}
