//! Several small results in one download, because every download waits for the device.

use array_api_spec::{DType, Result, Strided};

use crate::{
    Gpu,
    kernel::ir::{Builder, Ty, if_},
    kernels::KernelBody,
    memory::Memory,
    runtime::Runtime,
};

/// 32-bit words from the device.
pub(crate) struct Words(Vec<u32>);

impl Words {
    pub(crate) fn uint32(self) -> Vec<u32> {
        self.0
    }

    pub(crate) fn int32(&self) -> &[i32] {
        bytemuck::cast_slice(&self.0)
    }

    pub(crate) fn float32(&self) -> &[f32] {
        bytemuck::cast_slice(&self.0)
    }

    pub(crate) fn float64(&self) -> Vec<f64> {
        bytemuck::allocation::pod_collect_to_vec(&self.0)
    }
}

impl<R: Runtime> Gpu<R> {
    /// The first words of each memory, as many as its number says, by one download.
    pub(crate) fn fetch_together<const N: usize>(
        &self,
        parts: [(&Memory<R>, usize); N],
    ) -> Result<[Words; N]> {
        let all: usize = parts.iter().map(|(_, words)| words).sum();
        self.check_size(all)?;
        let together = self.allocate(all, DType::UInt32)?;
        let mut first = 0;
        for (memory, words) in parts {
            self.run(PlaceWords, words, |args| {
                args.buffer("part", memory).buffer("joined", &together);
                args.size("first", first).size("words", words);
            })?;
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

/// Copies words to a place among others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PlaceWords;

impl KernelBody for PlaceWords {
    fn name(&self) -> &'static str {
        "place_words"
    }

    fn record(&self, b: Builder) {
        let from = b.input("part", Ty::U32);
        let to = b.output("joined", Ty::U32);
        let (first, words) = (b.size("first"), b.size("words"));
        let at = b.thread();
        if_(at.lt(words), || to.store(first + at, from.load(at)));
    }
}
