//! The strict reference backend: it computes what the standard says, in the simplest way. Tests compare other backends
//! with it, and test the rules of this crate on it.
//!
//! Loops go over [`Layout::positions`], sums are computed in `float64` with compensation, and factorisations are by
//! Jacobi's and textbook methods. An array takes 64 MiB at most. There are two devices, so that rules about devices can
//! be tested without real ones: `reference:0` has all thirteen dtypes, and `reference:1` has no 64-bit ones, like many
//! graphics adapters.
//!
//! It implements only the required methods, so every composition in this crate is run. It checks its arguments: a call
//! that breaks the promises of [`backend`](crate::backend) is a bug of this crate, and panics here.
//!
//! ```
//! let (xp, other) = (array_api_spec::reference::namespace(), array_api_spec::reference::narrow_namespace());
//! let x = xp.asarray([1.0_f32, 2.0])?;
//! assert_eq!((&x + 1).eval()?.to_vec::<f32>()?, [2.0, 3.0]);
//! assert!((x + other.asarray([1.0_f32, 2.0])?).eval().is_err());
//! # Ok::<(), array_api_spec::Error>(())
//! ```

mod contract;
mod elementwise;
mod fft;
mod indexing;
mod linalg;
pub mod math;
mod sorting;
mod statistical;

use std::{cell::Cell, sync::Arc};

use crate::{
    DType, Device, Element, Error, HostBuffer, Layout, Namespace, Program, Result, Strided,
    backend::{ArrayObjectBackend, ElementwiseBackend, ExtraBackend, ManipulationBackend},
    dispatch,
};

/// The namespace of `reference:0`, which has every dtype.
#[must_use]
pub const fn namespace() -> Namespace<Reference> {
    Namespace::new(Reference { device: 0 })
}

/// The namespace of `reference:1`, which has no 64-bit dtypes.
#[must_use]
pub const fn narrow_namespace() -> Namespace<Reference> {
    Namespace::new(Reference { device: 1 })
}

/// Most bytes of an array: enough for tests, and few enough that tests can exceed them.
const ROOM: usize = 1 << 26;

thread_local! {
    /// Bytes that this thread has downloaded. A thread does all of its own work, so parallel tests do not disturb each
    /// other's counts.
    static DOWNLOADED: Cell<u64> = const { Cell::new(0) };
}

/// The strict reference backend, on one of its two devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    device: u8,
}

/// Values on a reference device. Two are equal if they are the same memory.
#[derive(Clone)]
pub struct Memory {
    device: u8,
    values: Arc<HostBuffer>,
}

impl PartialEq for Memory {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.values, &other.values)
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {} on reference:{}",
            self.values.len(),
            self.values.dtype(),
            self.device
        )
    }
}

impl Reference {
    fn store<T: Element>(self, values: Vec<T>) -> Memory {
        self.store_buffer(T::into_buffer(values))
    }

    fn store_buffer(self, values: HostBuffer) -> Memory {
        Memory {
            device: self.device,
            values: Arc::new(values),
        }
    }

    /// The elements of a view in row-major order.
    fn read<T: Element>(self, x: &Strided<Memory>) -> Result<Vec<T>> {
        contract::view(self, x);
        self.room(x.shape(), x.dtype)?;
        let values = T::slice(&x.storage.values).expect("the storage has the view's dtype");
        Ok(x.layout.positions().map(|p| values[p]).collect())
    }

    /// An error if an array is larger than the device's limit.
    fn room(self, shape: &[usize], dtype: DType) -> Result<()> {
        let bytes = shape.iter().fold(dtype.size(), |b, &n| b.saturating_mul(n));
        if bytes <= ROOM {
            return Ok(());
        }
        let detail = format!("an array takes {ROOM} at most");
        Err(Error::out_of_memory(self.device(), bytes, detail))
    }

    /// A program's elements in row-major order.
    fn read_program<T: Element>(self, x: &Program<Memory>) -> Result<Vec<T>> {
        let storage = self.evaluate(x)?;
        self.read(&Strided::contiguous(storage, &x.shape, T::DTYPE))
    }
}

impl ArrayObjectBackend for Reference {
    type Storage = Memory;

    fn device(&self) -> Device {
        Device::new(&format!("reference:{}", self.device))
    }

    fn dtypes(&self) -> Vec<DType> {
        let wide = [
            DType::Int64,
            DType::UInt64,
            DType::Float64,
            DType::Complex128,
        ];
        DType::ALL
            .into_iter()
            .filter(|d| self.device == 0 || !wide.contains(d))
            .collect()
    }

    fn upload(&self, values: HostBuffer) -> Result<Memory> {
        if !self.dtypes().contains(&values.dtype()) {
            let (device, available) = (self.device(), self.dtypes());
            return Err(Error::unsupported_dtype(device, values.dtype(), available));
        }
        Ok(self.store_buffer(values))
    }

    fn download(&self, x: &Strided<Memory>) -> Result<HostBuffer> {
        DOWNLOADED.set(DOWNLOADED.get() + (x.layout.size() * x.dtype.size()) as u64);
        Ok(dispatch!(x.dtype, T => T::into_buffer(self.read::<T>(x)?)))
    }

    fn assign(
        &self,
        target: &mut Strided<Memory>,
        region: &Layout,
        value: &Program<Memory>,
    ) -> Result<()> {
        contract::view(*self, target);
        contract::region(target, region, value);
        dispatch!(target.dtype, T => {
            let new: Vec<T> = self.read_program(value)?;
            let values = Arc::make_mut(&mut target.storage.values);
            let values = T::slice_mut(values).expect("the storage has the view's dtype");
            for (position, v) in region.positions().zip(new) {
                values[position] = v;
            }
        });
        Ok(())
    }

    fn downloaded_bytes(&self) -> Option<u64> {
        Some(DOWNLOADED.get())
    }
}

impl ManipulationBackend for Reference {}

impl ExtraBackend for Reference {}
