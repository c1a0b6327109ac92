//! Linear models.

mod least_squares;
mod linear_regression;
mod logistic_loss;
mod logistic_regression;
mod non_negative;
mod ridge;

pub use self::{
    linear_regression::{LinearRegression, LinearRegressionAttributes},
    logistic_regression::{
        ClassWeight, LogisticRegression, LogisticRegressionAttributes, LogisticSolver,
    },
    ridge::{Alpha, Ridge, RidgeAttributes, RidgeSolver},
};
