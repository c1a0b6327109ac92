//! Buffers that are used again. A fresh buffer costs page faults and is cleared; a recycled one costs nothing.

use std::collections::BTreeMap;

/// Free buffers by size class, up to a number of bytes in all.
#[derive(Debug)]
pub struct Pool<B> {
    free: BTreeMap<u64, Vec<B>>,
    bytes: u64,
    capacity: u64,
}

/// The size that is allocated for `bytes` bytes, at most `limit`. There are four size classes between powers of two, so
/// at most a quarter of the request is wasted.
pub fn size_class(bytes: u64, limit: u64) -> u64 {
    let bytes = bytes.max(256);
    let step = (bytes.next_power_of_two() / 8).max(4);
    let class = bytes.next_multiple_of(step);
    if class > limit {
        bytes.next_multiple_of(4)
    } else {
        class
    }
}

impl<B> Pool<B> {
    /// An empty pool that keeps at most `capacity` bytes.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        Self {
            free: BTreeMap::new(),
            bytes: 0,
            capacity,
        }
    }

    /// A free buffer of exactly this class.
    pub fn take(&mut self, class: u64) -> Option<B> {
        let buffer = self.free.get_mut(&class)?.pop()?;
        self.bytes -= class;
        Some(buffer)
    }

    /// Keeps a buffer of this class for later. Where that is more than the capacity, the largest buffers are dropped
    /// first.
    pub fn put(&mut self, class: u64, buffer: B) {
        self.bytes += class;
        self.free.entry(class).or_default().push(buffer);
        while self.bytes > self.capacity {
            let Some(mut largest) = self.free.last_entry() else {
                break;
            };
            if largest.get_mut().pop().is_some() {
                self.bytes -= largest.key();
            }
            if largest.get().is_empty() {
                largest.remove();
            }
        }
    }

    /// Drops all buffers; true if there were any.
    pub fn clear(&mut self) -> bool {
        self.bytes = 0;
        !std::mem::take(&mut self.free).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::size_class;

    #[test]
    fn classes_waste_at_most_a_quarter() {
        for bytes in (1..5000).chain([1 << 20, (1 << 20) + 1, 134_217_727]) {
            let class = size_class(bytes, 1 << 27);
            assert!(
                class >= bytes && class.is_multiple_of(4) && class <= 1 << 27,
                "{bytes} → {class}"
            );
            assert!(
                bytes < 256 || class <= bytes + bytes / 4 + 4,
                "{bytes} → {class}"
            );
        }
        assert_eq!(size_class(1001, 1002), 1004);
    }
}
