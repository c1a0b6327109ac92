//! The functions on every adapter of this machine: accuracy on random points, the standard's special cases, laws.

mod accuracy;
mod complex;
mod device;
mod laws;
mod special;
