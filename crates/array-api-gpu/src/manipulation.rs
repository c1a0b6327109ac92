//! Joining arrays, by the default: writes into regions of the result.

use array_api_spec::backend::ManipulationBackend;

use super::{Gpu, runtime::Runtime};

impl<R: Runtime> ManipulationBackend for Gpu<R> {}
