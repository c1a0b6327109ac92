//! Tables of roots of unity on the device, computed in `float64` on the host and kept for the next transform.

use std::{
    collections::HashMap,
    f64::consts::FRAC_PI_2,
    fmt::{self, Debug},
    sync::{Mutex, PoisonError},
};

use array_api_host::fft::transformed;
use array_api_spec::{
    Complex, DType, Element, Result,
    backend::{ArrayObjectBackend, Direction},
    memory,
};

use crate::{Gpu, memory::Memory, runtime::Runtime};

/// Tables of more bytes than this together are not kept; the one not used for longest goes first.
const KEPT_BYTES: u64 = 64 << 20;

/// Entries of the first part of [`Table::Turns`].
pub(super) const LOW: u32 = 1024;

/// A table of complex numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Table {
    /// `exp(-2πi j / n)` for 0 ≤ j < n.
    Roots(usize),
    /// `exp(-2πi j / n)` for 0 ≤ j < [`LOW`], and then for all multiples of `LOW` below n. The root of any j is the product
    /// of one of each part.
    Turns(usize),
    /// `exp(-πi j² / n)` for 0 ≤ j < n.
    Chirp(usize),
    /// The transform of `exp(πi j² / n)`, -n < j < n, as a period of `padded` elements, over `padded`.
    Filter { n: usize, padded: usize },
}

impl Table {
    fn values(self) -> Result<Vec<Complex<f64>>> {
        let fill = |count: usize, value: &dyn Fn(usize) -> Complex<f64>| {
            let mut values = memory::vector(count)?;
            values.extend((0..count).map(value));
            Ok(values)
        };
        let low = LOW as usize;
        match self {
            Self::Roots(n) => fill(n, &|j| root(j, n)),
            Self::Turns(n) => fill(low + n.div_ceil(low), &|j| {
                root(if j < low { j } else { (j - low) * low }, n)
            }),
            Self::Chirp(n) => fill(n, &|j| chirp(j, n)),
            Self::Filter { n, padded } => {
                let period = fill(padded, &|j| match j.min(padded - j) {
                    j if j < n => chirp(j, n).conj(),
                    _ => Complex::default(),
                })?;
                let mut filter = transformed(&period, padded, Direction::Forward)?;
                for value in &mut filter {
                    *value /= padded as f64;
                }
                Ok(filter)
            }
        }
    }
}

/// `exp(-2πi j / n)`. The angle is brought within ±π/4 in whole numbers, so that both parts are right to their last bits.
fn root(j: usize, n: usize) -> Complex<f64> {
    let (j, n) = (j as i128 % n as i128, n as i128);
    let quarter = (8 * j + n) / (2 * n);
    let angle = FRAC_PI_2 * (4 * j - quarter * n) as f64 / n as f64;
    let (s, c) = angle.sin_cos();
    match quarter % 4 {
        0 => Complex::new(c, -s),
        1 => Complex::new(-s, -c),
        2 => Complex::new(-c, s),
        _ => Complex::new(s, c),
    }
}

/// `exp(-πi j² / n)`; j² is reduced in whole numbers.
fn chirp(j: usize, n: usize) -> Complex<f64> {
    let square = j as u128 * j as u128 % (2 * n as u128);
    root(square as usize, 2 * n)
}

/// The tables of a device.
pub(crate) struct Tables<R: Runtime>(Mutex<Kept<Memory<R>>>);

impl<R: Runtime> Default for Tables<R> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<R: Runtime> Debug for Tables<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tables")
    }
}

type Key = (Table, DType);

/// Tables of [`KEPT_BYTES`] together at most.
struct Kept<T> {
    tables: HashMap<Key, Entry<T>>,
    /// Counts the uses.
    time: u64,
    bytes: u64,
}

struct Entry<T> {
    table: T,
    bytes: u64,
    /// The time of its last use.
    used: u64,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            tables: HashMap::new(),
            time: 0,
            bytes: 0,
        }
    }
}

impl<T: Clone> Kept<T> {
    fn get(&mut self, key: &Key) -> Option<T> {
        self.time += 1;
        let entry = self.tables.get_mut(key)?;
        entry.used = self.time;
        Some(entry.table.clone())
    }

    fn keep(&mut self, key: Key, table: T, bytes: u64) {
        if bytes > KEPT_BYTES {
            return;
        }
        self.remove(&key);
        while self.bytes + bytes > KEPT_BYTES {
            let oldest = self.tables.iter().min_by_key(|(_, entry)| entry.used);
            let Some(key) = oldest.map(|(key, _)| *key) else {
                return;
            };
            self.remove(&key);
        }
        self.time += 1;
        let used = self.time;
        self.tables.insert(key, Entry { table, bytes, used });
        self.bytes += bytes;
    }

    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.tables.remove(key) {
            self.bytes -= entry.bytes;
        }
    }
}

impl<R: Runtime> Gpu<R> {
    /// A table in a complex dtype.
    pub(super) fn table(&self, table: Table, dtype: DType) -> Result<Memory<R>> {
        // A forked child gets its error here: the lock may be held by a thread that it does not have.
        self.runtime().check("fft")?;
        let kept = || {
            let kept = &self.tables.0;
            kept.lock().unwrap_or_else(PoisonError::into_inner)
        };
        let known = kept().get(&(table, dtype));
        if let Some(known) = known {
            return Ok(known);
        }
        let values = table.values()?;
        let made = self.upload(if dtype == DType::Complex64 {
            let mut narrow = memory::vector(values.len())?;
            narrow.extend(
                values
                    .iter()
                    .map(|z| Complex::new(z.re as f32, z.im as f32)),
            );
            Element::into_buffer(narrow)
        } else {
            Element::into_buffer(values)
        })?;
        kept().keep((table, dtype), made.clone(), made.bytes());
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_exact_where_they_can_be_and_multiply_elsewhere() {
        for n in [1, 2, 3, 4, 5, 8, 12, 97, 1000, 1 << 30] {
            assert_eq!(root(0, n), Complex::new(1.0, 0.0));
            for (quarter, z) in [(1, (0.0, -1.0)), (2, (-1.0, 0.0)), (3, (0.0, 1.0))] {
                if n % 4 == 0 {
                    assert_eq!(root(n / 4 * quarter, n), Complex::new(z.0, z.1), "{n}");
                }
            }
            for j in [1, n / 3, n / 2 + 1, n - 1] {
                let angle = -std::f64::consts::TAU * (j % n) as f64 / n as f64;
                assert!((root(j, n) - Complex::cis(angle)).norm() < 1e-15, "{j} {n}");
            }
        }
        assert_eq!(chirp(0, 7), Complex::new(1.0, 0.0));
        assert!((chirp(3, 7) - Complex::cis(-9.0 * std::f64::consts::PI / 7.0)).norm() < 1e-15);
    }

    #[test]
    fn tables_not_used_for_longest_go_first() {
        let mut kept = Kept::default();
        let key = |n| (Table::Roots(n), DType::Complex64);
        let third = KEPT_BYTES / 3;
        for n in 0..3 {
            kept.keep(key(n), n, third);
        }
        assert_eq!(kept.get(&key(0)), Some(0));
        kept.keep(key(3), 3, third);
        let there = [0, 1, 2, 3].map(|n| kept.get(&key(n)).is_some());
        assert_eq!(there, [true, false, true, true]);
        // One that could not stay pushes nothing out; one that is made twice counts once.
        kept.keep(key(4), 4, KEPT_BYTES + 1);
        kept.keep(key(3), 5, third);
        assert_eq!((kept.tables.len(), kept.bytes), (3, 3 * third));
        assert_eq!(kept.get(&key(3)), Some(5));
        kept.keep(key(5), 6, KEPT_BYTES);
        assert_eq!((kept.tables.len(), kept.bytes), (1, KEPT_BYTES));
    }

    #[test]
    fn a_root_is_the_product_of_two_turns() {
        let n = 1 << 22;
        let turns = Table::Turns(n).values().expect("room");
        let low = LOW as usize;
        for j in [0, 1, low, 123_456, n - 1] {
            let product = turns[j % low] * turns[low + j / low];
            assert!((product - root(j, n)).norm() < 1e-15, "{j}");
        }
    }
}
