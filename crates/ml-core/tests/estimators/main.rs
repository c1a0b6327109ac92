//! All estimators of the frame, by name: scikit-learn's results, devices, files, merges and mistakes.

mod by_name;
mod cases;
mod devices;
mod mistakes;

#[path = "../common/mod.rs"]
mod common;
