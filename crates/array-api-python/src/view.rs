//! Views that write through: several Python objects share memory, and each sees what is written through another.
//!
//! Rust's arrays are values; Python's share memory. The memory is one Rust array behind a lock, and a Python object is
//! a layout over it. A reader takes a handle to the memory and releases the lock at once. So a computation sees the
//! values of one moment, and a write in the meantime goes to a copy. A writer holds the lock of the memory that it
//! writes to and no other one, so there is no deadlock: values from other arrays, or from this one, have been read
//! before.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use array_api_compat::AnyBackend;
use array_api_spec::{DType, Index, Layout, Result};

use crate::{
    argument::{AnyArray, AnyNamespace, Operand, Source},
    outcome::Outcome,
};

/// A view of memory that other objects may share.
#[derive(Clone)]
pub(crate) struct View {
    /// The memory, as the first array that was made with it. All views of it are within that array.
    memory: Arc<RwLock<AnyArray>>,
    /// The layout of this view's elements in the memory.
    layout: Layout,
    // Dtype and device never change, so they are read without the lock.
    dtype: DType,
    xp: AnyNamespace,
}

impl From<AnyArray> for View {
    fn from(x: AnyArray) -> Self {
        Self {
            layout: x.layout().clone(),
            dtype: x.dtype(),
            xp: x.namespace(),
            memory: Arc::new(RwLock::new(x)),
        }
    }
}

impl View {
    pub(crate) fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    pub(crate) const fn dtype(&self) -> DType {
        self.dtype
    }

    pub(crate) const fn namespace(&self) -> &AnyNamespace {
        &self.xp
    }

    /// The elements as they are now.
    pub(crate) fn get(&self) -> AnyArray {
        self.of(&self.read())
    }

    /// Applies a function that moves no elements. The result is a view of the same memory, or an array of its own if
    /// the function had to copy.
    ///
    /// # Errors
    /// Those of the function.
    pub(crate) fn view(
        &self,
        function: impl FnOnce(&AnyArray) -> Result<AnyArray>,
    ) -> Result<Self> {
        let x = self.get();
        let y = function(&x)?;
        self.over(&x, y)
    }

    /// The same for a function that returns several arrays.
    ///
    /// # Errors
    /// Those of the function.
    pub(crate) fn views(
        &self,
        function: impl FnOnce(&AnyArray) -> Result<Vec<AnyArray>>,
    ) -> Result<Vec<Self>> {
        let x = self.get();
        let all = function(&x)?;
        all.into_iter().map(|y| self.over(&x, y)).collect()
    }

    /// `y`, a result of a function of this view's elements `x`, as a view of the same memory if it shares it.
    ///
    /// # Errors
    /// No memory for the copy of a view of other memory.
    pub(crate) fn over(&self, x: &AnyArray, y: AnyArray) -> Result<Self> {
        if same_memory(x, &y)? {
            Ok(Self {
                layout: y.layout().clone(),
                ..self.clone()
            })
        } else {
            writable(y).map(Self::from)
        }
    }

    /// The elements at an index: a view, unless the index contains arrays, which copy.
    ///
    /// # Errors
    /// Those of [`get`](array_api_spec::Array::get).
    pub(crate) fn item(&self, key: &[Index<AnyBackend>]) -> Result<Self> {
        if has_arrays(key) {
            writable(self.get().get(key)?).map(Self::from)
        } else {
            self.view(|x| x.get(key))
        }
    }

    /// Writes a value to the elements at an index.
    ///
    /// # Errors
    /// Those of [`set`](array_api_spec::Array::set), and a view with several elements at one position. The memory is
    /// then unchanged.
    pub(crate) fn set(&self, key: Vec<Index<AnyBackend>>, value: Source) -> Result<()> {
        // Values from other memory are read before this memory is locked, and values from this memory afterwards.
        // Python ends `x[k] += 1` by writing the result to where it already is; read under the lock, this does not undo
        // what another thread has written there.
        let other = match &value {
            Source::View(view) if !Arc::ptr_eq(&view.memory, &self.memory) => Some(view.get()),
            Source::View(_) | Source::Scalar(_) => None,
        };
        let mut memory = self.write();
        let value = match value {
            Source::View(view) => Operand::Array(other.unwrap_or_else(|| view.of(&memory))),
            Source::Scalar(value) => Operand::Scalar(value),
        };
        let mut own = self.of(&memory);
        if has_arrays(&key) {
            own.set(&key, value)?;
            // The key's arrays may be handles to the memory, which would force a copy.
            drop(key);
            return self.replace(&mut memory, own);
        }
        let region = own.get(&key)?.layout().clone();
        drop(own);
        match value {
            Operand::Array(value) => put(&mut memory, &region, value),
            Operand::Scalar(value) => memory.assign(&region, value),
        }
    }

    /// Replaces the elements by the result of an operator on them, with the same shape and dtype.
    ///
    /// # Errors
    /// Those of the operator; a result that does not broadcast to the shape or promote to the dtype; a view with
    /// several elements at one position. The memory is then unchanged.
    pub(crate) fn update<O: Outcome<Value = AnyArray>>(
        &self,
        operator: impl FnOnce(Operand) -> O,
    ) -> Result<()> {
        let mut memory = self.write();
        let value = operator(Operand::Array(self.of(&memory))).value()?;
        self.replace(&mut memory, value)
    }

    /// Replaces the elements by newly computed ones.
    fn replace(&self, memory: &mut AnyArray, value: AnyArray) -> Result<()> {
        let is_whole = |layout: &Layout| layout.is_contiguous() && layout.offset() == 0;
        if self.layout == *memory.layout()
            && is_whole(&self.layout)
            && is_whole(value.layout())
            && value.shape() == self.shape()
            && value.dtype() == self.dtype
        {
            // All views stay valid, since every element keeps its position.
            *memory = value.with_layout(self.layout.clone());
            return Ok(());
        }
        put(memory, &self.layout, value)
    }

    /// The view's elements, as an array that is one more handle to the memory.
    fn of(&self, memory: &AnyArray) -> AnyArray {
        memory.with_layout(self.layout.clone())
    }

    fn read(&self) -> RwLockReadGuard<'_, AnyArray> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, AnyArray> {
        self.memory.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An array in which every element has its own position: a broadcast one is copied.
///
/// # Errors
/// No memory for the copy.
pub(crate) fn writable(x: AnyArray) -> Result<AnyArray> {
    if x.layout().is_overlapping() {
        x.copy()
    } else {
        Ok(x)
    }
}

/// Writes values to a part of the memory.
fn put(memory: &mut AnyArray, region: &Layout, value: AnyArray) -> Result<()> {
    if !same_memory(memory, &value)? {
        return memory.assign(region, &value);
    }
    if value.layout() == region {
        return Ok(());
    }
    // Only the value is copied, and its handle is dropped; else the backend would copy the whole memory.
    let copy = value.copy()?;
    drop(value);
    memory.assign(region, copy)
}

fn same_memory(x: &AnyArray, y: &AnyArray) -> Result<bool> {
    Ok(x.dtype() == y.dtype() && x.data()?.storage == y.data()?.storage)
}

pub(crate) fn has_arrays(key: &[Index<AnyBackend>]) -> bool {
    key.iter().any(|entry| matches!(entry, Index::Array(_)))
}
