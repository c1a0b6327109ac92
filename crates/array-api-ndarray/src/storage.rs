//! The memory of an array on the CPU: flat, typed, shared by all views of it.

use std::{fmt, ptr::NonNull, slice, sync::Arc};

use array_api_spec::{DType, Element, HostBuffer, Result, dispatch};

use super::pool::Block;
use array_api_spec::memory::out_of_memory;

/// A handle to a flat buffer of one dtype. Clones share the memory; two are equal if they are the same memory.
///
/// ```
/// use array_api_ndarray::Storage;
/// let x = Storage::from(vec![1.0, 2.0]); // adopted, not copied
/// assert_eq!(x, x.clone());
/// assert_ne!(x, Storage::from(vec![1.0, 2.0]));
/// ```
#[derive(Clone)]
pub struct Storage(Arc<Buffer>);

struct Buffer {
    dtype: DType,
    len: usize,
    start: NonNull<u8>,
    owner: Owner,
}

enum Owner {
    Host(HostBuffer),
    Pool(#[allow(dead_code, reason = "owned for its `Drop`")] Block),
    /// Another library's memory, which is only read.
    Foreign(#[allow(dead_code, reason = "owned for its `Drop`")] Box<dyn Send + Sync>),
}

// SAFETY: the memory at `start` belongs to `owner`, which is itself `Send`, or is kept alive and unwritten by it.
unsafe impl Send for Buffer {}
// SAFETY: shared access only reads.
unsafe impl Sync for Buffer {}

impl Storage {
    /// A buffer from the pool, whose `len` elements `fill` must write. `fill` gets the values of an earlier use, which
    /// are arbitrary but valid.
    ///
    /// # Errors
    /// No memory for the buffer.
    pub(crate) fn build<T: Element>(len: usize, fill: impl FnOnce(&mut [T])) -> Result<Self> {
        let block = block(T::DTYPE, len)?;
        let start = block.start().as_ptr();
        if T::DTYPE == DType::Bool {
            // SAFETY: the block has at least `len` bytes. Not every byte is a valid `bool`, zeros are.
            unsafe { start.write_bytes(0, len) };
        }
        // SAFETY: the block is initialised, large enough and aligned for every element type, and nobody else has it. Every bit pattern is
        // a valid number, and `bool` was just zeroed.
        fill(unsafe { slice::from_raw_parts_mut(start.cast::<T>(), len) });
        Ok(Self::pooled(T::DTYPE, len, block))
    }

    /// [`build`](Self::build) for a dtype that is known at run time only: `fill` writes through a pointer.
    ///
    /// # Safety
    /// If the dtype is `bool`, `fill` writes 0 or 1 to each of the `len` bytes. `fill` writes no further than `len` elements.
    ///
    /// # Errors
    /// No memory for the buffer; those of `fill`.
    pub(crate) unsafe fn build_raw(
        dtype: DType,
        len: usize,
        fill: impl FnOnce(*mut u8) -> Result<()>,
    ) -> Result<Self> {
        let block = block(dtype, len)?;
        fill(block.start().as_ptr())?;
        Ok(Self::pooled(dtype, len, block))
    }

    fn pooled(dtype: DType, len: usize, block: Block) -> Self {
        Self(Arc::new(Buffer {
            dtype,
            len,
            start: block.start(),
            owner: Owner::Pool(block),
        }))
    }

    /// Memory of another library, which `owner` keeps alive.
    ///
    /// # Safety
    /// `start` points to `len` valid, aligned elements of the dtype. They stay valid, and nobody writes to them, as
    /// long as `owner` lives.
    pub(crate) unsafe fn foreign(
        dtype: DType,
        len: usize,
        start: NonNull<u8>,
        owner: impl Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Buffer {
            dtype,
            len,
            start,
            owner: Owner::Foreign(Box::new(owner)),
        }))
    }

    /// The dtype of the elements.
    #[must_use]
    pub(crate) fn dtype(&self) -> DType {
        self.0.dtype
    }

    /// How many elements there are.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.0.len
    }

    /// All elements.
    ///
    /// # Panics
    /// If their type is not `T`, which is a mistake of the caller.
    #[must_use]
    pub(crate) fn slice<T: Element>(&self) -> &[T] {
        assert_eq!(T::DTYPE, self.dtype(), "storage read as another dtype");
        // SAFETY: the buffer holds `len` initialised elements of this type (just checked) as long as the handle lives; writing needs
        // the only handle.
        unsafe { slice::from_raw_parts(self.0.start.as_ptr().cast::<T>(), self.len()) }
    }

    /// A pointer to the elements, for loops that know the dtype at run time only.
    pub(crate) fn start(&self) -> *const u8 {
        self.0.start.as_ptr()
    }

    /// A pointer for writing; `None` if another handle shares the memory or it is another library's.
    pub(crate) fn unique(&mut self) -> Option<*mut u8> {
        let buffer = Arc::get_mut(&mut self.0)?;
        (!matches!(buffer.owner, Owner::Foreign(_))).then_some(buffer.start.as_ptr())
    }

    /// The elements as a `Vec`, without a copy if this is the only handle to memory that came from a `Vec`.
    #[must_use]
    pub(crate) fn into_vec<T: Element>(self) -> Vec<T> {
        match Arc::try_unwrap(self.0) {
            Ok(Buffer {
                owner: Owner::Host(values),
                ..
            }) => T::from_buffer(values).unwrap_or_else(|other| {
                panic!("storage of {} read as {}", other.dtype(), T::DTYPE);
            }),
            Ok(buffer) => Self(Arc::new(buffer)).slice::<T>().to_vec(),
            Err(shared) => Self(shared).slice::<T>().to_vec(),
        }
    }
}

/// A block for `len` elements.
fn block(dtype: DType, len: usize) -> Result<Block> {
    let bytes = len
        .checked_mul(dtype.size())
        .filter(|&bytes| isize::try_from(bytes).is_ok())
        .ok_or_else(|| out_of_memory(usize::MAX))?;
    Block::new(bytes)
}

/// Adopts the values without a copy.
impl From<HostBuffer> for Storage {
    fn from(mut values: HostBuffer) -> Self {
        let (dtype, len) = (values.dtype(), values.len());
        let start = dispatch!(dtype, T => {
            let values = <T as Element>::slice_mut(&mut values).expect("dispatched on its dtype");
            NonNull::new(values.as_mut_ptr()).expect("a vector's pointer is never null").cast()
        });
        Self(Arc::new(Buffer {
            dtype,
            len,
            start,
            owner: Owner::Host(values),
        }))
    }
}

/// Adopts the values without a copy.
impl<T: Element> From<Vec<T>> for Storage {
    fn from(values: Vec<T>) -> Self {
        T::into_buffer(values).into()
    }
}

impl PartialEq for Storage {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Storage({} × {})", self.len(), self.dtype())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_sole_handle_may_write() {
        let mut x = Storage::from(vec![1_i32, 2, 3]);
        assert_eq!(x.unique(), Some(x.start().cast_mut()));
        let shared = x.clone();
        assert_eq!(x.unique(), None);
        drop(x);
        assert_eq!(shared.slice::<i32>(), [1, 2, 3]);
    }

    #[test]
    fn a_vector_comes_back_without_a_copy() {
        let values = vec![1.0_f64; 100];
        let address = values.as_ptr();
        let back = Storage::from(values).into_vec::<f64>();
        assert_eq!(back.as_ptr(), address);
        let x = Storage::build::<i16>(3, |x| x.copy_from_slice(&[1, 2, 3])).expect("room");
        assert_eq!(x.clone().into_vec::<i16>(), [1, 2, 3]);
        assert_eq!(x.into_vec::<i16>(), [1, 2, 3]);
    }

    #[test]
    fn recycled_memory_never_holds_an_invalid_bool() {
        drop(Storage::build::<u8>(10_000, |x| x.fill(255)).expect("room"));
        Storage::build::<bool>(10_000, |x| assert!(x.iter().all(|b| !b))).expect("room");
    }

    #[test]
    fn impossible_sizes_are_errors() {
        assert!(Storage::build::<f64>(usize::MAX / 4, |_| ()).is_err());
    }
}
