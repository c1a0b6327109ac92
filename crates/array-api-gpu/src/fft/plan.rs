//! How a length is divided among launches and stages.

/// The radices that there are butterflies for, in the order in which they are divided out.
pub(super) const RADICES: [u32; 6] = [8, 7, 5, 4, 3, 2];

/// How rows of a length are transformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// In passes, which transform rows of these lengths, whose product is the length.
    Passes(Vec<usize>),
    /// By Bluestein's algorithm: as a convolution of rows padded to a length that has passes.
    Chirp { padded: usize, factors: Vec<usize> },
}

impl Plan {
    /// The plan for rows of n elements with passes of rows of at most `most` elements; `None` if more than three passes
    /// would be needed.
    pub(super) fn of(n: usize, most: usize) -> Option<Self> {
        if radices(n).is_some() {
            return factors(n, most).map(Self::Passes);
        }
        // Two rows of n elements meet in a convolution; the rest keeps the ends apart.
        let needed = n.checked_mul(2)? - 1;
        let padded = [1, 3, 5, 7, 9, 15].map(|odd: usize| {
            let power = needed.div_ceil(odd).next_power_of_two();
            odd.saturating_mul(power)
        });
        let padded = padded.into_iter().min()?;
        let factors = factors(padded, most)?;
        Some(Self::Chirp { padded, factors })
    }

    /// The length of the rows that are transformed on the way.
    pub(super) const fn padded(&self, n: usize) -> usize {
        match self {
            Self::Passes(_) => n,
            Self::Chirp { padded, .. } => *padded,
        }
    }
}

/// Radices whose product is n; `None` if n has another prime factor.
fn radices(n: usize) -> Option<Vec<u32>> {
    let mut rest = n;
    let mut found = Vec::new();
    for radix in RADICES {
        while rest > 1 && rest.is_multiple_of(radix as usize) {
            found.push(radix);
            rest /= radix as usize;
        }
    }
    (rest == 1).then_some(found)
}

/// The radices of one pass in a word, and how many there are: four bits for each stage, the first stage lowest. A pass of
/// 2048 elements has seven stages at most, because all radices but one are 3 or more.
pub(super) fn packed_radices(n: usize) -> (u32, usize) {
    let radices = radices(n).unwrap_or_default();
    let pack = |word: u32, radix: &u32| word << 4 | radix;
    (radices.iter().rev().fold(0, pack), radices.len())
}

/// The lengths of as few passes as possible, and of those the ones whose longest is shortest.
fn factors(n: usize, most: usize) -> Option<Vec<usize>> {
    (1..=3).find_map(|count| factors_of(n, most, count))
}

fn factors_of(n: usize, most: usize, count: u32) -> Option<Vec<usize>> {
    if n > most.saturating_pow(count) {
        return None;
    }
    if count == 1 {
        return Some(vec![n]);
    }
    let with_first = |first: usize| {
        let mut factors = factors_of(n / first, most, count - 1)?;
        factors.insert(0, first);
        Some(factors)
    };
    (2..=most)
        .filter(|first| n.is_multiple_of(*first))
        .filter_map(with_first)
        .min_by_key(|factors| factors.iter().copied().max())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_has_passes_that_fit() {
        for most in [512, 1024, 2048] {
            for n in (1..5000).chain([78_125, 352_947, 823_543, 1 << 20, 1 << 24, 999_999]) {
                let plan = Plan::of(n, most).expect("is short enough");
                let padded = plan.padded(n);
                let (Plan::Passes(factors) | Plan::Chirp { factors, .. }) = &plan;
                assert_eq!(factors.iter().product::<usize>(), padded, "{n}");
                assert!(factors.iter().all(|f| *f <= most), "{n}: {factors:?}");
                if matches!(plan, Plan::Chirp { .. }) {
                    assert!((2 * n - 1..=n * 12 / 5).contains(&padded), "{n}: {padded}");
                }
            }
        }
        let passes = |n, most| {
            Plan::of(n, most).map(|plan| match plan {
                Plan::Passes(factors) => factors,
                Plan::Chirp { .. } => vec![],
            })
        };
        assert_eq!(passes(1, 2048), Some(vec![1]));
        assert_eq!(passes(1 << 20, 1024), Some(vec![1024, 1024]));
        assert_eq!(passes(823_543, 2048).map(|f| f.len()), Some(3));
        assert_eq!(Plan::of(1 << 40, 2048), None);
        assert_eq!(Plan::of(usize::MAX, 2048), None);
    }

    #[test]
    fn the_radices_of_a_pass_fit_a_word() {
        for n in 1..=2048 {
            if let Some(radices) = radices(n) {
                assert!(radices.len() <= 7, "{n}");
                let (word, stages) = packed_radices(n);
                let read: Vec<u32> = (0..stages).map(|s| word >> (4 * s) & 15).collect();
                assert_eq!(read, radices);
            }
        }
    }
}
