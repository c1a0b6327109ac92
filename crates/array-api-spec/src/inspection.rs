//! Inspection: `__array_namespace_info__`.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/inspection.html>

use crate::{Backend, DType, Device, Namespace, Result, data_type::isdtype};

/// Information about a namespace. The standard's `__array_namespace_info__`.
#[derive(Clone, Debug)]
pub struct Info {
    device: Device,
    dtypes: Vec<DType>,
}

/// The optional parts of the standard, and whether they are supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Indexing with boolean masks.
    pub boolean_indexing: bool,
    /// Functions whose result's shape depends on values.
    pub data_dependent_shapes: bool,
    /// Most dimensions of an array.
    pub max_dimensions: Option<usize>,
}

/// The dtypes that a device uses if none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultDTypes {
    /// Real floating-point.
    pub real_floating: DType,
    /// Complex floating-point.
    pub complex_floating: DType,
    /// Integers.
    pub integral: DType,
    /// Positions, as `argmax`, `argsort` and `nonzero` return them.
    pub indexing: DType,
}

impl Info {
    /// Which optional parts of the standard are supported.
    #[must_use]
    pub const fn capabilities(&self) -> Capabilities {
        Capabilities {
            boolean_indexing: true,
            data_dependent_shapes: true,
            max_dimensions: None,
        }
    }

    /// The device that arrays are created on.
    #[must_use]
    pub const fn default_device(&self) -> &Device {
        &self.device
    }

    /// The devices of this namespace: the one that it is bound to.
    #[must_use]
    pub fn devices(&self) -> Vec<Device> {
        vec![self.device.clone()]
    }

    /// The widest of each kind that the device has: `float64` and `int64`, or `float32` and `int32`.
    #[must_use]
    pub fn default_dtypes(&self) -> DefaultDTypes {
        let first = |wide, narrow| {
            if self.dtypes.contains(&wide) {
                wide
            } else {
                narrow
            }
        };
        let integral = first(DType::Int64, DType::Int32);
        DefaultDTypes {
            real_floating: first(DType::Float64, DType::Float32),
            complex_floating: first(DType::Complex128, DType::Complex64),
            integral,
            indexing: integral,
        }
    }

    /// The dtypes that the device has.
    #[must_use]
    pub fn dtypes(&self) -> &[DType] {
        &self.dtypes
    }

    /// The dtypes of a kind (see [`isdtype`]) that the device has.
    ///
    /// # Errors
    /// An unknown kind.
    pub fn dtypes_of_kind(&self, kind: &str) -> Result<Vec<DType>> {
        isdtype(DType::Bool, kind)?;
        Ok(self
            .dtypes
            .iter()
            .copied()
            .filter(|&d| isdtype(d, kind) == Ok(true))
            .collect())
    }
}

impl<B: Backend> Namespace<B> {
    /// Information about this namespace: dtypes, defaults, capabilities.
    ///
    /// ```
    /// use array_api_spec::{DType, reference};
    /// let info = reference::namespace().info();
    /// assert_eq!(info.default_dtypes().real_floating, DType::Float64);
    /// assert_eq!(info.dtypes_of_kind("complex floating")?, [DType::Complex64, DType::Complex128]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    pub fn info(&self) -> Info {
        Info {
            device: self.device(),
            dtypes: self.backend().dtypes(),
        }
    }

    pub(crate) fn index_dtype(&self) -> DType {
        self.info().default_dtypes().indexing
    }
}
