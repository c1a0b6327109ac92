//! Radix sort of unsigned integers, by their leading digits.
//!
//! A pass counts how many keys have each leading digit, and moves every key to its digit's bucket. A bucket is then
//! sorted by comparison, if it is small enough for the first-level cache, or by another pass. The position of the digit
//! follows from the smallest and the largest key. So every pass separates some keys: a digit that is the same for all
//! keys does not occur.
//!
//! Source: McIlroy, Bostic and McIlroy, "Engineering Radix Sort" (1993), with a buffer beside the keys.

use bytemuck::Pod;
use rayon::prelude::*;

use super::PARALLEL;
use crate::pool::Scratch;
use array_api_spec::Result;

/// Up to this many keys are sorted by comparison: `sort_unstable` is as fast on them (measured).
const SMALL: usize = 128;

/// Most buckets of a pass: the caches can take writes to this many places at once.
const BUCKETS: usize = 1 << 10;

/// An unsigned integer.
pub(super) trait Key: Pod + Ord + Send + Sync {
    /// How many of the lowest bits are needed for the distance from `low`, which is not more than `self`.
    fn spread(self, low: Self) -> u32;
    /// The digit: the key's distance from `low`, shifted right by `shift`. It is less than [`BUCKETS`] for the keys
    /// that `low` and `shift` were chosen for.
    fn digit(self, low: Self, shift: u32) -> usize;
}

macro_rules! keys {
    ($($t:ty)*) => { $(
        impl Key for $t {
            fn spread(self, low: Self) -> u32 {
                <$t>::BITS - (self - low).leading_zeros()
            }
            #[inline(always)]
            fn digit(self, low: Self, shift: u32) -> usize {
                ((self - low) >> shift) as usize
            }
        }
    )* };
}
keys!(u8 u16 u32 u64 u128);

/// Sorts keys, with all threads if `parallel`.
///
/// # Errors
/// No memory for a buffer of their size.
pub(super) fn sort<K: Key>(keys: &mut [K], parallel: bool) -> Result<()> {
    if keys.is_sorted() {
    } else if keys.len() <= SMALL {
        keys.sort_unstable();
    } else {
        let mut spare = Scratch::new(keys.len())?;
        in_place(keys, &mut spare, parallel);
    }
    Ok(())
}

/// Sorts keys in place. `spare` has the same length.
fn in_place<K: Key>(keys: &mut [K], spare: &mut [K], parallel: bool) {
    if keys.len() <= SMALL {
        keys.sort_unstable();
    } else if let Some(pass) = Pass::of(keys, parallel) {
        let ends = pass.distribute(keys, spare, parallel);
        let ends = &ends[..pass.buckets];
        each_bucket(spare, keys, ends, parallel, |bucket, keys, parallel| {
            if pass.is_last() {
                keys.copy_from_slice(bucket);
            } else {
                into(bucket, keys, parallel);
            }
        });
    }
}

/// Sorts keys into `to`, which has the same length. The content of `keys` afterwards is arbitrary.
fn into<K: Key>(keys: &mut [K], to: &mut [K], parallel: bool) {
    if keys.len() <= SMALL {
        to.copy_from_slice(keys);
        to.sort_unstable();
    } else if let Some(pass) = Pass::of(keys, parallel) {
        let ends = pass.distribute(keys, to, parallel);
        if !pass.is_last() {
            let ends = &ends[..pass.buckets];
            each_bucket(to, keys, ends, parallel, in_place);
        }
    } else {
        to.copy_from_slice(keys);
    }
}

/// Calls `run` with each bucket, the same part of `other`, and whether it may use all threads.
fn each_bucket<K: Key>(
    mut buckets: &mut [K],
    mut other: &mut [K],
    ends: &[usize],
    parallel: bool,
    run: impl Fn(&mut [K], &mut [K], bool) + Sync,
) {
    let mut parts = Vec::new();
    let mut start = 0;
    for &end in ends {
        let (bucket, rest) = std::mem::take(&mut buckets).split_at_mut(end - start);
        let (part, other_rest) = std::mem::take(&mut other).split_at_mut(end - start);
        (buckets, other, start) = (rest, other_rest, end);
        if !parallel {
            run(bucket, part, false);
        } else if !bucket.is_empty() {
            parts.push((bucket, part));
        }
    }
    if parallel {
        parts.into_par_iter().for_each(|(bucket, part)| {
            let large = bucket.len() >= PARALLEL;
            run(bucket, part, large);
        });
    }
}

/// Where each bucket ends.
type Ends = [usize; BUCKETS];

/// A pass over keys that are not all the same.
struct Pass<K> {
    low: K,
    shift: u32,
    /// How many buckets there are.
    buckets: usize,
}

/// Memory to which several threads write keys, each at positions of its own.
struct Shared<K>(*mut K);

// SAFETY: as said above.
unsafe impl<K: Send> Sync for Shared<K> {}

impl<K: Key> Pass<K> {
    /// The pass that separates the keys; `None` if they are all the same. There is at least one key.
    fn of(keys: &[K], parallel: bool) -> Option<Self> {
        let extremes = |keys: &[K]| {
            let first = (keys[0], keys[0]);
            let wider = |(low, high): (K, K), &key: &K| (low.min(key), high.max(key));
            keys.iter().fold(first, wider)
        };
        let (low, high) = if parallel {
            keys.par_chunks(PARALLEL)
                .map(extremes)
                .reduce(|| (keys[0], keys[0]), |(a, b), (c, d)| (a.min(c), b.max(d)))
        } else {
            extremes(keys)
        };
        // Four keys per bucket on average, within the limit.
        let wanted = (keys.len() / 4).ilog2().min(BUCKETS.ilog2());
        (low < high).then(|| {
            let shift = high.spread(low).saturating_sub(wanted);
            Self {
                low,
                shift,
                buckets: high.digit(low, shift) + 1,
            }
        })
    }

    /// Whether all keys of a bucket are the same.
    const fn is_last(&self) -> bool {
        self.shift == 0
    }

    fn count(&self, keys: &[K]) -> Ends {
        let mut counts = [0; BUCKETS];
        for key in keys {
            counts[key.digit(self.low, self.shift)] += 1;
        }
        counts
    }

    /// Moves each key to its bucket in `to`.
    fn distribute(&self, keys: &[K], to: &mut [K], parallel: bool) -> Ends {
        if parallel {
            return self.distribute_together(keys, to);
        }
        let mut places = self.count(keys);
        let mut sum = 0;
        for place in &mut places[..self.buckets] {
            sum += std::mem::replace(place, sum);
        }
        for &key in keys {
            let place = &mut places[key.digit(self.low, self.shift)];
            to[*place] = key;
            *place += 1;
        }
        places
    }

    /// As [`distribute`](Self::distribute), with all threads: each takes a part of the keys.
    fn distribute_together(&self, keys: &[K], to: &mut [K]) -> Ends {
        let part = keys.len().div_ceil(rayon::current_num_threads());
        let mut places: Vec<Ends> = keys.par_chunks(part).map(|keys| self.count(keys)).collect();
        let mut sum = 0;
        for bucket in 0..self.buckets {
            for places in &mut places {
                sum += std::mem::replace(&mut places[bucket], sum);
            }
        }
        assert_eq!(sum, to.len(), "the buffer is as long as the keys");
        let shared = &Shared(to.as_mut_ptr());
        keys.par_chunks(part)
            .zip(&mut places)
            .for_each(|(keys, places)| {
                for &key in keys {
                    let place = &mut places[key.digit(self.low, self.shift)];
                    // SAFETY: the same keys were counted, so each of them has a place of its own among `to.len()` ones.
                    unsafe { shared.0.add(*place).write(key) };
                    *place += 1;
                }
            });
        // When all keys are moved, the last thread's positions are the ends of the buckets.
        places.pop().unwrap_or([0; BUCKETS])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_sorts<K: Key + std::fmt::Debug>(keys: Vec<K>) {
        for parallel in [false, true] {
            let (mut ours, mut expected) = (keys.clone(), keys.clone());
            sort(&mut ours, parallel).expect("room");
            expected.sort_unstable();
            assert!(
                ours == expected,
                "{} keys, parallel: {parallel}",
                keys.len()
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        /// Keys in clusters of different width, which give buckets of all sizes and passes of all depths.
        #[test]
        fn any_keys(
            crowds in prop::collection::vec((any::<u128>(), 0..128_u32, 0..3 * SMALL), 0..60),
        ) {
            let mut state = 1_u128;
            let mut keys = Vec::new();
            for (place, spread, count) in crowds {
                keys.extend((0..count).map(|_| {
                    state = state.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(1);
                    place ^ (state >> 1 & ((1 << spread) - 1))
                }));
            }
            assert_sorts(keys.iter().map(|&k| k as u8).collect());
            assert_sorts(keys.iter().map(|&k| k as u16).collect());
            assert_sorts(keys.iter().map(|&k| k as u32).collect());
            assert_sorts(keys.iter().map(|&k| k as u64).collect());
            assert_sorts(keys);
        }
    }

    #[test]
    fn large_buckets_use_all_threads_again() {
        let n = 4 * PARALLEL as u64;
        let scattered = |k: u64| k.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // All but one of the keys lie together.
        assert_sorts(
            (0..n)
                .map(|k| scattered(k) >> 20)
                .chain([u64::MAX])
                .collect(),
        );
        assert_sorts((0..n).map(scattered).collect());
        assert_sorts((0..n).rev().collect());
        assert_sorts(vec![7_u32; n as usize]);
    }
}
