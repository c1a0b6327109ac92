//! Linear models.

mod least_squares;
mod linear_regression;
mod ridge;

pub use self::{
    linear_regression::{LinearRegression, LinearRegressionAttributes},
    ridge::{Alpha, Ridge, RidgeAttributes, RidgeSolver},
};
