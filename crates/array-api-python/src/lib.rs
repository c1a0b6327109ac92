//! The Python module `array_api_rust`: the array API standard, edition 2025.12, on every device of the machine.
//!
//! It is thin. Checks, promotion, broadcasting and the texts of errors are `array-api-spec`'s; here Python's arguments become Rust's and
//! results become Python objects. A function of the standard is a row of a table (`functions!`) in the file of its chapter.
//!
//! A crate with a backend of its own makes this module itself, so that Python knows the backend by name: its `#[pymodule]`, which is called
//! `array_api_rust`, too, registers the backend and calls [`fill`]. It depends on this crate without the feature `module`. See
//! `examples/own-backend-programs`.

mod argument;
mod array;
mod arrow;
mod asarray;
mod conversion;
mod creation;
mod data_type;
mod device;
mod dlpack;
mod elementwise;
mod error;
mod fft;
mod indexing;
mod inspection;
mod interchange;
mod limits;
mod linalg;
mod linear_algebra;
mod manipulation;
mod ml;
#[allow(
    unsafe_op_in_unsafe_fn,
    reason = "pyo3's own code for slots, which the compiler takes for the table's"
)]
mod operators;
mod outcome;
mod pickle;
mod print;
mod reductions;
mod results;
mod scalar;
mod sorting;
mod table;
mod view;

use array_api_spec::constants;
use pyo3::{prelude::*, types::PyDict};

/// The edition of the standard.
const VERSION: &str = constants::ARRAY_API_VERSION;

type Register = fn(&Bound<'_, PyModule>) -> PyResult<()>;

/// The chapters of the main namespace.
const CHAPTERS: &[Register] = &[
    asarray::register,
    creation::register,
    data_type::register,
    dlpack::register,
    elementwise::register,
    indexing::register,
    inspection::register,
    limits::register,
    linear_algebra::register,
    manipulation::register,
    manipulation::register_others,
    pickle::register,
    reductions::register,
    results::register,
    sorting::register,
];

/// The extensions, each a module of its own. Four functions of linear algebra stand in both namespaces.
const EXTENSIONS: &[(&str, &[Register])] = &[
    ("fft", &[fft::register]),
    ("linalg", &[linalg::register, linear_algebra::register]),
];

/// The array API standard, edition 2025.12, in Rust: on the CPU and on any GPU.
///
/// Devices are named, `asarray(x, device="wgpu:0")`; the environment variable `ARRAY_API_DEVICE` names the one that is meant where none is.
#[cfg(feature = "module")]
#[pymodule]
fn array_api_rust(module: &Bound<'_, PyModule>) -> PyResult<()> {
    fill(module)
}

/// Puts the whole interface into a module, which must be called `array_api_rust`: pickles and `__array_namespace__` find it by this name.
///
/// # Errors
/// `ARRAY_API_DEVICE` names a device that this machine does not have.
pub fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    device::initialise(py)?;
    module.add("__array_api_version__", VERSION)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    for (name, value) in [
        ("e", constants::E),
        ("inf", constants::INF),
        ("nan", constants::NAN),
        ("pi", constants::PI),
    ] {
        module.add(name, value)?;
    }
    module.add("newaxis", py.None())?;
    module.add("LinAlgError", py.get_type::<error::LinAlgError>())?;
    module.add_class::<array::PyArray>()?;
    module.add_class::<data_type::PyDType>()?;
    for register in CHAPTERS {
        register(module)?;
    }
    let modules = py
        .import("sys")?
        .getattr("modules")?
        .cast_into::<PyDict>()?;
    for (name, chapters) in EXTENSIONS {
        let path = format!("array_api_rust.{name}");
        let extension = PyModule::new(py, &path)?;
        for register in *chapters {
            register(&extension)?;
        }
        module.add(*name, &extension)?;
        // So that `import array_api_rust.linalg` finds it, too.
        modules.set_item(path, extension)?;
    }
    ml::register(module, &modules)
}
