//! The CPU backend: flat typed buffers in host memory, and `gemm`, `faer`, `rustfft` and loops of our own that compute
//! on them.

pub mod dlpack;
mod elementwise;
mod extra;
mod fft;
mod indexing;
mod interop;
mod linalg;
mod manipulation;
mod pool;
mod sorting;
mod statistical;
mod storage;
mod strided;
#[cfg(test)]
pub(crate) mod testing;
mod vectors;

use std::{borrow::Cow, sync::LazyLock};

use array_api_spec::{
    DType, Device, Element, HostBuffer, Layout, Namespace, Path, Program, Result, Strided,
    backend::{ArrayObjectBackend, is_required},
    dispatch,
};

pub use self::{
    pool::{Statistics, empty_cache, statistics},
    storage::Storage,
};
use self::{strided::Walk, vectors::Vectors};
use array_api_spec::memory;

/// The CPU.
///
/// ```
/// let xp = array_api_ndarray::cpu();
/// assert_eq!(xp.asarray([1.0, 2.0, 3.0]).and_then(|x| xp.mean(x, 0))?.item::<f64>()?, 2.0);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[must_use]
pub const fn cpu() -> Namespace<NdArray> {
    Namespace::new(NdArray)
}

/// Optional functions that this backend implements, beside the required ones.
const NATIVE: &[&str] = &[
    "concat",
    "eigvals",
    "eigvalsh",
    "moments",
    "nanmax",
    "nanmin",
    "nansum",
    "nearest",
    "sort",
    "squared_distances",
    "svdvals",
    "take",
    "var",
];

static DEVICE: LazyLock<Device> = LazyLock::new(|| Device::new("cpu"));

/// The CPU. It has every dtype. Work above a measured size is spread over rayon's current thread pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NdArray;

impl ArrayObjectBackend for NdArray {
    type Storage = Storage;

    fn device(&self) -> Device {
        DEVICE.clone()
    }

    fn dtypes(&self) -> Vec<DType> {
        DType::ALL.to_vec()
    }

    fn upload(&self, values: HostBuffer) -> Result<Storage> {
        Ok(values.into())
    }

    fn download(&self, x: &Strided<Storage>) -> Result<HostBuffer> {
        dispatch!(x.dtype, T => {
            let values = match elements::<T>(x)? {
                Cow::Owned(values) => values,
                Cow::Borrowed(values) => {
                    let mut copy = memory::vector(values.len())?;
                    copy.extend_from_slice(values);
                    copy
                }
            };
            Ok(T::into_buffer(values))
        })
    }

    fn assign(
        &self,
        target: &mut Strided<Storage>,
        region: &Layout,
        value: &Program<Storage>,
    ) -> Result<()> {
        let (dtype, storage) = (target.dtype, &mut target.storage);
        if storage.unique().is_none() {
            // SAFETY: all elements are copied, from a storage of the same dtype and length.
            *storage = unsafe {
                Storage::build_raw(dtype, storage.len(), |new| {
                    new.copy_from_nonoverlapping(storage.start(), storage.len() * dtype.size());
                    Ok(())
                })?
            };
        }
        check_bounds(&target.with_layout(region.clone()));
        let start = target
            .storage
            .unique()
            .expect("other handles were left behind");
        // SAFETY: the region lies inside the storage (just checked), to which there is no other handle, neither here nor among the
        // program's inputs.
        unsafe { elementwise::write(value, region, start, Vectors::available()) };
        Ok(())
    }

    fn is_host(&self) -> bool {
        true
    }

    fn path(&self, function: &str) -> Path {
        if is_required(function) || NATIVE.contains(&function) {
            Path::Native
        } else {
            Path::Composed
        }
    }
}

/// The elements of a view in row-major order: borrowed if they are contiguous, else copied.
///
/// # Errors
/// No memory for the copy.
///
/// # Panics
/// If their type is not `T`, which is a mistake of the caller.
pub(crate) fn elements<T: Element>(x: &Strided<Storage>) -> Result<Cow<'_, [T]>> {
    let all = x.storage.slice::<T>();
    let size = x.layout.size();
    if size == 0 {
        return Ok(Cow::Borrowed(&[]));
    }
    if x.layout.is_contiguous() {
        return Ok(Cow::Borrowed(&all[x.layout.offset()..][..size]));
    }
    let mut values: Vec<T> = memory::vector(size)?;
    check_bounds(x);
    let walk = Walk::new(&x.layout);
    // SAFETY: the view lies inside its storage (just checked), the vector has room for all its elements and they are all written
    // before its length says so.
    unsafe {
        let (from, to) = (all.as_ptr().cast(), values.as_mut_ptr());
        strided::gather(&walk, x.shape(), 0, size, size_of::<T>(), from, to.cast());
        values.set_len(size);
    }
    Ok(Cow::Owned(values))
}

/// # Panics
/// If an element is outside the storage. That is a mistake of whoever made the layout, and must not become a read out
/// of bounds.
pub(crate) fn check_bounds(x: &Strided<Storage>) {
    if let Some((_, high)) = x.layout.bounds() {
        assert!(
            high < x.storage.len(),
            "{:?} lies outside {:?}",
            x.layout,
            x.storage
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Strided<Storage> {
        Strided::contiguous(
            (0..12).map(f64::from).collect::<Vec<_>>().into(),
            &[3, 4],
            DType::Float64,
        )
    }

    #[test]
    fn download_copies_any_view_in_row_major_order() {
        let x = table();
        for layout in [
            x.layout.clone(),
            x.layout.permute(&[1, 0]),
            x.layout.flip(0).flip(1),
            x.layout.slice(1, 3, 2, -2),
            x.layout.select(0, 1).broadcast_to(&[2, 4]),
            x.layout.slice(0, 0, 0, 1),
            x.layout.select(0, 2).select(0, 3),
        ] {
            let expected: Vec<f64> = layout.positions().map(|p| p as f64).collect();
            assert_eq!(
                NdArray.download(&x.with_layout(layout)),
                Ok(HostBuffer::Float64(expected))
            );
        }
    }
}
