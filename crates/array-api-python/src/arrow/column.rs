//! One column: the concatenated values of its chunks.

use array_api_spec::{DType, HostArray, HostBuffer, Kind};

use super::view::{Data, Field, Result};

/// A column that grows by chunks.
pub(super) struct Column {
    pub(super) name: String,
    dtype: DType,
    /// The lengths of nested fixed-size lists, outermost first.
    inner: Vec<usize>,
    rows: usize,
    /// The values as bytes, booleans as one byte each.
    bytes: Vec<u8>,
    /// How many values are missing.
    missing: usize,
}

impl Column {
    /// A column of a type.
    ///
    /// # Errors
    /// A type that arrays do not have, in words.
    pub(super) fn new(field: Field<'_>) -> Result<Self> {
        let (mut inner, mut leaf) = (Vec::new(), field);
        while let Some(length) = list_length(&leaf.format()) {
            inner.push(length);
            leaf = *leaf.children().first().ok_or("a list without a type")?;
        }
        let format = leaf.format();
        let dtype = dtype_of(&format).filter(|_| !leaf.is_dictionary());
        let dtype = dtype.ok_or_else(|| {
            let kind = if leaf.is_dictionary() {
                "categories"
            } else {
                described(&format)
            };
            format!("holds {kind} (`{format}` in Arrow's letters); arrays hold numbers and booleans alone")
        })?;
        Ok(Self {
            name: field.name(),
            dtype,
            inner,
            rows: 0,
            bytes: Vec::new(),
            missing: 0,
        })
    }

    /// Adds the rows of a chunk: `length` from `start` on.
    ///
    /// # Errors
    /// Memory that does not fit the type; a missing list.
    pub(super) fn append(
        &mut self,
        mut data: Data<'_>,
        mut start: usize,
        mut length: usize,
    ) -> Result<()> {
        self.rows += length;
        for &n in &self.inner {
            if absent(data, start, length)?.next().is_some() {
                return Err("lacks whole lists".into());
            }
            let places = (data.offset.checked_add(start)).and_then(|first| first.checked_mul(n));
            let (Some(first), Some(count)) = (places, length.checked_mul(n)) else {
                return Err("holds lists beyond all memory".into());
            };
            (data, start, length) = (data.child(0)?, first, count);
        }
        let size = self.dtype.size();
        let first = self.bytes.len();
        if self.dtype == DType::Bool {
            let bits = data.bits(1, start, length)?;
            let bits = bits.filter(|_| length > 0);
            self.bytes
                .extend(bits.iter().flat_map(|bits| bits.iter().map(u8::from)));
        } else {
            self.bytes
                .extend_from_slice(data.values(start, length, size)?);
        }
        if self.bytes.len() - first != length * size {
            return Err("has no memory for its values".into());
        }
        for missing in absent(data, start, length)? {
            self.missing += 1;
            let place = first + missing * size;
            match self.dtype {
                DType::Float32 => {
                    self.bytes[place..place + size].copy_from_slice(&f32::NAN.to_ne_bytes());
                }
                DType::Float64 => {
                    self.bytes[place..place + size].copy_from_slice(&f64::NAN.to_ne_bytes());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The values; missing ones are NaN.
    ///
    /// # Errors
    /// Missing values of a dtype that has no NaN.
    pub(super) fn finish(self) -> Result<HostArray> {
        if self.missing > 0 && self.dtype.kind() != Kind::RealFloating {
            return Err(format!(
                "lacks {} of its values, and {} has no NaN to stand for them; fill or drop them, or make the column floating-point",
                self.missing, self.dtype
            ));
        }
        let mut shape = vec![self.rows];
        shape.extend(self.inner);
        let buffer = HostBuffer::from_bytes(self.dtype, &self.bytes).map_err(|e| e.to_string())?;
        Ok(HostArray { buffer, shape })
    }
}

/// The positions of missing values.
pub(super) fn absent<'a>(
    data: Data<'a>,
    start: usize,
    length: usize,
) -> Result<impl Iterator<Item = usize> + use<'a>> {
    let there = data.bits(0, start, length)?;
    let places = there.into_iter().flat_map(|there| there.iter().enumerate());
    Ok(places.filter(|(_, there)| !there).map(|(place, _)| place))
}

/// The length of the lists of a fixed-size list type.
fn list_length(format: &str) -> Option<usize> {
    format.strip_prefix("+w:")?.parse().ok()
}

/// The dtype of a type of numbers or booleans.
fn dtype_of(format: &str) -> Option<DType> {
    Some(match format {
        "b" => DType::Bool,
        "c" => DType::Int8,
        "s" => DType::Int16,
        "i" => DType::Int32,
        "l" => DType::Int64,
        "C" => DType::UInt8,
        "S" => DType::UInt16,
        "I" => DType::UInt32,
        "L" => DType::UInt64,
        "f" => DType::Float32,
        "g" => DType::Float64,
        _ => return None,
    })
}

/// A type that arrays do not have, in words.
fn described(format: &str) -> &'static str {
    match format.as_bytes() {
        [b'n', ..] => "nothing but missing values",
        [b'e', ..] => "16-bit floating-point numbers",
        [b'u' | b'U', ..] | [b'v', b'u', ..] => "texts",
        [b'z' | b'Z' | b'w', ..] | [b'v', b'z', ..] => "bytes",
        [b'd', ..] => "decimal numbers",
        [b't', b'd', ..] => "dates",
        [b't', b't', ..] => "times of day",
        [b't', b's', ..] => "points in time",
        [b't', b'D' | b'i', ..] => "spans of time",
        [b'+', b's', ..] => "records",
        [b'+', b'l' | b'L' | b'v', ..] => "lists of several lengths",
        _ => "what is no number",
    }
}
