//! One device backend for every kind of GPU.

pub mod kernel;
