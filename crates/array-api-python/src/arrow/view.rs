//! Safe views of Arrow's structures; making one is unsafe.

use std::{
    ffi::{CStr, c_char},
    slice,
};

use super::abi::{ArrowArray, ArrowSchema};

/// What is wrong with a structure.
pub(super) type Result<T> = std::result::Result<T, String>;

/// The type of an array.
#[derive(Clone, Copy)]
pub(super) struct Field<'a>(&'a ArrowSchema);

impl<'a> Field<'a> {
    /// # Safety
    /// The structure is filled by Arrow's rules.
    pub(super) unsafe fn new(schema: &'a ArrowSchema) -> Self {
        Self(schema)
    }

    /// The type in Arrow's letters.
    pub(super) fn format(self) -> String {
        text(self, self.0.format)
    }

    /// The column's name; empty if it has none.
    pub(super) fn name(self) -> String {
        text(self, self.0.name)
    }

    /// Whether the values are positions in a dictionary.
    pub(super) fn is_dictionary(self) -> bool {
        !self.0.dictionary.is_null()
    }

    /// The types of the parts.
    pub(super) fn children(self) -> Vec<Self> {
        let count = usize::try_from(self.0.n_children).unwrap_or(0);
        if count == 0 || self.0.children.is_null() {
            return Vec::new();
        }
        // SAFETY: `new` vouches that `children` holds as many pointers to filled structures, which live as long as their parent.
        let children = unsafe { slice::from_raw_parts(self.0.children, count) };
        let filled = children.iter().filter(|child| !child.is_null());
        // SAFETY: as above.
        filled.map(|&child| Self(unsafe { &*child })).collect()
    }
}

fn text(_owner: Field<'_>, text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: `Field::new` vouches for texts that end with a zero byte and live as long as the structure.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_string_lossy().into_owned()
}

/// The memory of an array.
#[derive(Clone, Copy)]
pub(super) struct Data<'a> {
    array: &'a ArrowArray,
    pub(super) length: usize,
    pub(super) offset: usize,
}

impl<'a> Data<'a> {
    /// # Safety
    /// The structure is filled by Arrow's rules, and nobody writes to its memory while the view lives.
    ///
    /// # Errors
    /// A negative length or offset.
    pub(super) unsafe fn new(array: &'a ArrowArray) -> Result<Self> {
        let count = |n: i64, what: &str| {
            usize::try_from(n).map_err(|_| format!("an Arrow array has the {what} {n}"))
        };
        Ok(Self {
            array,
            length: count(array.length, "length")?,
            offset: count(array.offset, "offset")?,
        })
    }

    /// The array of a part.
    ///
    /// # Errors
    /// There is none of this number.
    pub(super) fn child(self, number: usize) -> Result<Self> {
        let array = self.array;
        let count = usize::try_from(array.n_children).unwrap_or(0);
        if number >= count || array.children.is_null() {
            return Err(format!(
                "an Arrow array has {count} parts, its type has more"
            ));
        }
        // SAFETY: `new` vouches that `children` holds as many pointers to filled structures, which live as long as their parent.
        let child = unsafe { (*array.children.add(number)).as_ref() };
        let child = child.ok_or("a part of an Arrow array is missing")?;
        // SAFETY: as above.
        unsafe { Self::new(child) }
    }

    /// `count` bytes of buffer `number` from `start` on; `None` if the array has no such buffer.
    fn bytes(self, number: usize, start: usize, count: usize) -> Option<&'a [u8]> {
        let array = self.array;
        let buffers = usize::try_from(array.n_buffers).unwrap_or(0);
        if number >= buffers || array.buffers.is_null() {
            return None;
        }
        // SAFETY: `new` vouches for as many pointers, each null or to the memory of all elements from the first to `offset + length`;
        // the callers ask for no others.
        unsafe {
            let buffer = *array.buffers.add(number);
            (!buffer.is_null())
                .then(|| slice::from_raw_parts(buffer.cast::<u8>().add(start), count))
        }
    }

    /// The range of `length` elements from `start` on, counted from the start of the memory.
    fn range(self, start: usize, length: usize) -> Result<(usize, usize)> {
        let end = start.checked_add(length).filter(|&end| end <= self.length);
        let first = self.offset.checked_add(start);
        match (end, first) {
            (Some(_), Some(first)) => Ok((first, length)),
            _ => Err(format!(
                "an Arrow array of {} elements is asked for {length} from {start} on",
                self.length
            )),
        }
    }

    /// Values of `size` bytes each.
    ///
    /// # Errors
    /// The array has no memory for them.
    pub(super) fn values(self, start: usize, length: usize, size: usize) -> Result<&'a [u8]> {
        let (first, length) = self.range(start, length)?;
        if length == 0 {
            return Ok(&[]);
        }
        let bytes = first.checked_mul(size).zip(length.checked_mul(size));
        bytes
            .and_then(|(first, count)| self.bytes(1, first, count))
            .ok_or_else(|| "an Arrow array has no memory for its values".into())
    }

    /// The bits of a buffer: buffer 0 says which elements are present, buffer 1 holds the values of booleans. `None` if
    /// there is no such buffer.
    ///
    /// # Errors
    /// A range beyond the array.
    pub(super) fn bits(
        self,
        number: usize,
        start: usize,
        length: usize,
    ) -> Result<Option<Bits<'a>>> {
        let (first, length) = self.range(start, length)?;
        let bytes = self.bytes(number, first / 8, (first % 8 + length).div_ceil(8));
        Ok(bytes.map(|bytes| Bits {
            bytes,
            first: first % 8,
            length,
        }))
    }
}

/// Bits, the lowest of a byte first.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    first: usize,
    length: usize,
}

impl<'a> Bits<'a> {
    /// The bits in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = bool> + use<'a> {
        let bytes = self.bytes;
        (self.first..self.first + self.length).map(move |i| bytes[i / 8] >> (i % 8) & 1 == 1)
    }
}
