//! A backend of the array API standard in a crate of its own: the whole standard from the twenty functions that a backend must write.
//!
//! Its device is host memory, and its arithmetic plain loops, so that nothing hides what a backend has to do. To make it yours, put your device's
//! handle in place of [`Memory`], and its calls in place of the loops, one function after the other; the tests say after each step whether the
//! standard still holds. What your device cannot do, such as a factorisation, may stay as it is: download, compute here, upload.
//!
//! Arguments need no checks: `array-api-spec` has done them all before it calls a backend.

mod elementwise;
mod fft;
mod indexing;
mod linalg;
mod sorting;
mod statistical;

use std::sync::Arc;

use array_api_compat::AnyBackend;
use array_api_spec::{
    DType, Device, Element, Error, HostBuffer, Layout, Namespace, Program, Result, Strided,
    backend::{ArrayObjectBackend, ElementwiseBackend, ExtraBackend, ManipulationBackend},
    dispatch, memory,
    shape::size,
};

/// The backend. There is one device, so nothing tells two of them apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mine;

/// Values on the device. A clone is a second handle to the same memory.
#[derive(Clone, Debug)]
pub struct Memory(Arc<HostBuffer>);

impl PartialEq for Memory {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Makes the device known by name: from then on `device("mine")` opens it, in Rust, in the bench and in Python.
///
/// # Errors
/// It was registered before.
pub fn register() -> Result<()> {
    array_api_compat::register("mine", |number| match number {
        0 => Ok(AnyBackend::erase(&Namespace::new(Mine))),
        _ => Err(Error::no_device(
            format!("mine:{number}"),
            "there is one device, `mine`",
        )),
    })
}

impl ArrayObjectBackend for Mine {
    type Storage = Memory;

    fn device(&self) -> Device {
        Device::new("mine:0")
    }

    fn dtypes(&self) -> Vec<DType> {
        DType::ALL.to_vec()
    }

    fn upload(&self, values: HostBuffer) -> Result<Memory> {
        Ok(Memory(Arc::new(values)))
    }

    fn download(&self, x: &Strided<Memory>) -> Result<HostBuffer> {
        dispatch!(x.dtype, T => Ok(T::into_buffer(read(x)?)))
    }

    fn assign(
        &self,
        target: &mut Strided<Memory>,
        region: &Layout,
        value: &Program<Memory>,
    ) -> Result<()> {
        dispatch!(target.dtype, T => {
            let new: Vec<T> = read(&computed(value)?)?;
            let all = &mut target.storage.0;
            memory::room(all.as_bytes().len())?;
            // Copies the values first if there are other handles to them.
            let all = T::slice_mut(Arc::make_mut(all)).expect("a storage has the dtype of its views");
            for (position, value) in region.positions().zip(new) {
                all[position] = value;
            }
            Ok(())
        })
    }

    fn is_host(&self) -> bool {
        true
    }
}

// What the standard asks for here is composed of the other functions.
impl ManipulationBackend for Mine {}
impl ExtraBackend for Mine {}

/// New memory with these values.
fn stored<T: Element>(values: Vec<T>) -> Memory {
    Memory(Arc::new(T::into_buffer(values)))
}

/// The elements of a view in row-major order.
fn read<T: Element>(x: &Strided<Memory>) -> Result<Vec<T>> {
    let all = T::slice(&x.storage.0).expect("a storage has the dtype of its views");
    // Memory whose size the user has chosen is asked for.
    let mut values = memory::vector(x.layout.size())?;
    values.extend(x.layout.positions().map(|position| all[position]));
    Ok(values)
}

/// What a program yields.
fn computed(program: &Program<Memory>) -> Result<Strided<Memory>> {
    let storage = Mine.evaluate(program)?;
    Ok(Strided::contiguous(
        storage,
        &program.shape,
        program.dtype(),
    ))
}

/// The axes in order, but for one that has changed places with the last.
fn swapped(axis: usize, ndim: usize) -> Vec<usize> {
    let mut axes: Vec<usize> = (0..ndim).collect();
    axes.swap(axis, ndim - 1);
    axes
}

/// The elements line by line, each line along the axis.
fn lines<T: Element>(x: &Strided<Memory>, axis: usize) -> Result<Vec<T>> {
    let axes = swapped(axis, x.layout.ndim());
    read(&x.with_layout(x.layout.permute(&axes)))
}

/// Memory with such lines put back in their places; `shape` is that of the result.
fn from_lines<T: Element>(values: Vec<T>, axis: usize, shape: &[usize]) -> Result<Memory> {
    let mut lines = shape.to_vec();
    lines.swap(axis, shape.len() - 1);
    let layout = Layout::contiguous(&lines).permute(&swapped(axis, shape.len()));
    read::<T>(&Strided {
        storage: stored(values),
        layout,
        dtype: T::DTYPE,
    })
    .map(stored)
}

/// Makes of every line along an axis another one, of `length` elements.
fn along<T: Element, U: Element>(
    x: &Strided<Memory>,
    axis: usize,
    length: usize,
    f: impl Fn(&[T]) -> Vec<U>,
) -> Result<Memory> {
    let (mut shape, n) = (x.shape().to_vec(), x.shape()[axis]);
    shape[axis] = 1;
    let count = size(&shape);
    shape[axis] = length;
    let values: Vec<T> = lines(x, axis)?;
    let mut out = memory::vector(size(&shape))?;
    for i in 0..count {
        out.extend(f(&values[i * n..][..n]));
    }
    from_lines(out, axis, &shape)
}
