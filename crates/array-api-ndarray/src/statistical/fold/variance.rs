//! Variance in one pass. An accumulator has a count, a shift, the sum of the elements' differences from the shift, and
//! the sum of the squares of these, each in its own plane.
//!
//! For a row, the shift is its mean: the row is read twice while it is in the cache. For a column, the shift is its
//! first element, which loses few digits: if this element is at a distance d from the mean of n elements, the variance
//! is at least d²/n, so at most a factor of n is lost, and a slab has few rows. Accumulators are merged by the formula
//! of Chan, Golub and LeVeque (1979).

use std::{hint::black_box, slice};

use super::{Fold, Place, TILE, Vectors, compiled};

/// `float32` and `float64`.
pub(super) trait Real: Copy + Into<f64> + 'static {
    /// The nearest value.
    fn narrow(x: f64) -> Self;
}
impl Real for f32 {
    fn narrow(x: f64) -> Self {
        x as Self
    }
}
impl Real for f64 {
    fn narrow(x: f64) -> Self {
        x
    }
}

/// The functions of this reduction.
pub(super) fn fold<T: Real>(vectors: Vectors) -> Fold {
    Fold {
        size: 32,
        ordered: false,
        start,
        rows: compiled!(vectors, rows, T: Real),
        columns: compiled!(vectors, columns, T: Real),
        merge,
        finish: finish::<T>,
    }
}

#[derive(Clone, Copy)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// # Safety
    /// The place is that of a started accumulator.
    unsafe fn read(from: Place, k: usize) -> Self {
        // SAFETY: by the contract.
        let [count, shift, sum, squares] =
            unsafe { [0, 8, 16, 24].map(|plane| *from.plane::<f64>(plane).add(k)) };
        if count == 0.0 {
            return Self {
                count,
                mean: 0.0,
                squares: 0.0,
            };
        }
        Self {
            count,
            mean: shift + sum / count,
            squares: squares - sum * (sum / count),
        }
    }

    /// # Safety
    /// The place is that of a started accumulator.
    unsafe fn write(self, to: Place, k: usize) {
        for (plane, value) in [
            (0, self.count),
            (8, self.mean),
            (16, 0.0),
            (24, self.squares),
        ] {
            // SAFETY: by the contract.
            unsafe { *to.plane::<f64>(plane).add(k) = value };
        }
    }

    fn join(self, other: Self) -> Self {
        if self.count == 0.0 || other.count == 0.0 {
            return if self.count == 0.0 { other } else { self };
        }
        let count = self.count + other.count;
        let distance = other.mean - self.mean;
        Self {
            count,
            mean: self.mean + distance * (other.count / count),
            squares: self.squares
                + other.squares
                + distance * distance * (self.count * other.count / count),
        }
    }
}

/// # Safety
/// See [`Fold`].
unsafe fn start(to: Place, count: usize) {
    for plane in [0, 8, 16, 24] {
        // SAFETY: by the contract.
        unsafe { to.plane::<f64>(plane).write_bytes(0, count) };
    }
}

/// The sum of `of(x)` over the elements, in independent lanes.
#[inline(always)]
fn sum<T: Real>(row: &[T], of: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; 16];
    let mut chunks = row.chunks_exact(lanes.len());
    for chunk in &mut chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += of(x.into());
        }
    }
    let rest: f64 = chunks.remainder().iter().map(|&x| of(x.into())).sum();
    // This hides the lanes from the compiler: if it saw the sum below, it would add only two lanes at a time above.
    let mut lanes = black_box(lanes);
    let mut width = lanes.len() / 2;
    while width > 0 {
        for k in 0..width {
            lanes[k] += lanes[k + width];
        }
        width /= 2;
    }
    lanes[0] + rest
}

/// # Safety
/// See [`Fold`].
#[inline(always)]
unsafe fn rows<T: Real>(to: Place, data: *const u8, rows: usize, len: usize, _index: usize) {
    if len == 0 {
        return;
    }
    // SAFETY: by the contract.
    let data = unsafe { slice::from_raw_parts(data.cast::<T>(), rows * len) };
    for (k, row) in data.chunks_exact(len).enumerate() {
        let count = len as f64;
        let mean = sum(row, |x| x) / count;
        let squares = sum(row, |x| (x - mean) * (x - mean));
        // SAFETY: by the contract.
        unsafe {
            let so_far = Moments::read(to, k);
            so_far
                .join(Moments {
                    count,
                    mean,
                    squares,
                })
                .write(to, k);
        }
    }
}

/// # Safety
/// See [`Fold`].
#[inline(always)]
unsafe fn columns<T: Real>(to: Place, data: *const u8, rows: usize, columns: usize, _index: usize) {
    // SAFETY: by the contract; the planes do not overlap.
    let (counts, shifts, sums, squares, data) = unsafe {
        (
            slice::from_raw_parts_mut(to.plane::<f64>(0), columns),
            slice::from_raw_parts_mut(to.plane::<f64>(8), columns),
            slice::from_raw_parts_mut(to.plane::<f64>(16), columns),
            slice::from_raw_parts_mut(to.plane::<f64>(24), columns),
            slice::from_raw_parts(data.cast::<T>(), rows * columns),
        )
    };
    for ((count, shift), &x) in counts.iter_mut().zip(shifts.iter_mut()).zip(data) {
        *shift = if *count == 0.0 { x.into() } else { *shift };
        *count += rows as f64;
    }
    for first in (0..columns).step_by(TILE) {
        let tile = first..columns.min(first + TILE);
        let (shifts, sums) = (&shifts[tile.clone()], &mut sums[tile.clone()]);
        let squares = &mut squares[tile];
        let n = shifts.len();
        let mut fours = data.chunks_exact(4 * columns);
        for four in &mut fours {
            let rows = [0, 1, 2, 3].map(|k| &four[k * columns + first..][..n]);
            for (k, ((sum, square), &shift)) in sums
                .iter_mut()
                .zip(squares.iter_mut())
                .zip(shifts)
                .enumerate()
            {
                for row in rows {
                    let distance = row[k].into() - shift;
                    *sum += distance;
                    *square += distance * distance;
                }
            }
        }
        for row in fours.remainder().chunks_exact(columns) {
            for (((sum, square), &shift), &x) in sums
                .iter_mut()
                .zip(squares.iter_mut())
                .zip(shifts)
                .zip(&row[first..])
            {
                let distance = x.into() - shift;
                *sum += distance;
                *square += distance * distance;
            }
        }
    }
}

/// # Safety
/// See [`Fold`].
unsafe fn merge(to: Place, from: Place, count: usize) {
    for k in 0..count {
        // SAFETY: by the contract.
        unsafe {
            Moments::read(to, k)
                .join(Moments::read(from, k))
                .write(to, k);
        };
    }
}

/// # Safety
/// See [`Fold`].
unsafe fn finish<T: Real>(from: Place, out: *mut u8, count: usize, correction: f64) {
    for k in 0..count {
        // SAFETY: by the contract.
        unsafe {
            let moments = Moments::read(from, k);
            let divisor = moments.count - correction;
            // Rounding may have made the sum of squares negative: that becomes 0. NaN stays.
            let squares = if moments.squares < 0.0 {
                0.0
            } else {
                moments.squares
            };
            let variance = if divisor > 0.0 {
                squares / divisor
            } else {
                f64::NAN
            };
            out.cast::<T>().add(k).write(T::narrow(variance));
        }
    }
}
