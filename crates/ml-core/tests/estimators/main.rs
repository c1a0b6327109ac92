//! All estimators of the frame, by name: scikit-learn's results, devices, files, merges and mistakes; and those that hold others.

mod cases;
mod devices;
mod everywhere;
mod folds;
mod mistakes;
mod pipelines;
mod searches;

#[path = "../common/mod.rs"]
mod common;
