//! Several small results in one download, because every download waits for the device.

use array_api_spec::{DType, Result, Strided};

use crate::{
    GROUP, Gpu,
    kernel::ir::{Kernel, Ty, if_},
    memory::Memory,
    runtime::Runtime,
};

/// 32-bit words from the device.
pub(super) struct Words(Vec<u32>);

impl Words {
    pub(super) fn uint32(self) -> Vec<u32> {
        self.0
    }

    pub(super) fn int32(&self) -> &[i32] {
        bytemuck::cast_slice(&self.0)
    }

    pub(super) fn float32(&self) -> &[f32] {
        bytemuck::cast_slice(&self.0)
    }

    pub(super) fn float64(&self) -> Vec<f64> {
        bytemuck::allocation::pod_collect_to_vec(&self.0)
    }
}

impl<R: Runtime> Gpu<R> {
    /// The first words of each memory, as many as its number says, by one download.
    pub(super) fn fetch_together<const N: usize>(
        &self,
        parts: [(&Memory<R>, usize); N],
    ) -> Result<[Words; N]> {
        let all: usize = parts.iter().map(|(_, words)| words).sum();
        self.check_size(all)?;
        let together = self.allocate(all, DType::UInt32)?;
        let mut first = 0;
        for (memory, words) in parts {
            let kernel = Kernel::build("place_words", GROUP, |b| {
                let from = b.input("part", Ty::U32);
                let to = b.output("joined", Ty::U32);
                let (first, words) = (
                    b.size("first", first as isize),
                    b.size("words", words as isize),
                );
                let at = b.thread();
                if_(at.lt(words), || to.store(first + at, from.load(at)));
            });
            self.launch(&kernel, &[memory, &together], words)?;
            first += words;
        }
        let mut words: Vec<u32> =
            self.values(&Strided::contiguous(together, &[all], DType::UInt32))?;
        // Splits from the end, so that no word is moved twice.
        let mut found = parts.map(|_| Words(Vec::new()));
        for (found, (_, length)) in found.iter_mut().zip(parts).rev() {
            found.0 = words.split_off(words.len() - length);
        }
        Ok(found)
    }
}
