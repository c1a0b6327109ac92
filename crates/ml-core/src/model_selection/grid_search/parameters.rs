//! The parameters of a search: its own, and those of its estimator.

use array_api_spec::Result;

use super::{Grid, GridSearchCV};
use crate::{
    Builtin, IntoParameter, Parameter, Parameters, Registry, Value,
    frame::parameters::{self, unknown},
};

/// What stands for the score of a candidate whose fit fails.
#[derive(Clone, Copy, Debug)]
pub enum ErrorScore {
    /// Nothing: the search fails, too.
    Raise,
    /// This number, and a warning.
    Value(f64),
}

impl PartialEq for ErrorScore {
    /// NaN equals itself here.
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl Parameter for ErrorScore {
    fn value(&self) -> Value {
        match self {
            Self::Raise => RAISE.into(),
            Self::Value(score) => score.value(),
        }
    }

    fn read(value: &Value) -> Result<Self, String> {
        if value.as_str() == Some(RAISE) {
            return Ok(Self::Raise);
        }
        f64::read(value)
            .map(Self::Value)
            .map_err(|_| format!("it is {RAISE:?} or a number"))
    }
}

const RAISE: &str = "raise";

impl IntoParameter<ErrorScore> for f64 {
    fn into_parameter(self) -> ErrorScore {
        ErrorScore::Value(self)
    }
}

const ESTIMATOR: &str = "estimator";

impl<R: Registry> Parameters for GridSearchCV<R> {
    const NAME: &'static str = "GridSearchCV";

    fn own_params(&self) -> Vec<(String, Value)> {
        let all = [
            (ESTIMATOR, self.estimator.value()),
            ("param_grid", self.param_grid.value()),
            ("scoring", self.scoring.value()),
            ("refit", self.refit.value()),
            ("cv", self.cv.value()),
            ("error_score", self.error_score.value()),
            ("return_train_score", self.return_train_score.value()),
        ];
        all.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn get_params(&self) -> Vec<(String, Value)> {
        let mut all = self.own_params();
        let inner = self.estimator.get_params().into_iter();
        all.extend(inner.map(|(name, value)| (format!("{ESTIMATOR}__{name}"), value)));
        all
    }

    fn set_param(&mut self, name: &str, value: &Value) -> Result<()> {
        fn set<T: Parameter>(field: &mut T, name: &str, value: &Value) -> Result<()> {
            parameters::set(field, GridSearchCV::<Builtin>::NAME, name, value)
        }
        match name {
            ESTIMATOR => set(&mut self.estimator, name, value),
            // One grid may stand for a list of one, as in scikit-learn.
            "param_grid" if value.is_object() => {
                let mut grid = Grid::new();
                set(&mut grid, name, value)?;
                self.param_grid = vec![grid];
                Ok(())
            }
            "param_grid" => set(&mut self.param_grid, name, value),
            "scoring" => set(&mut self.scoring, name, value),
            "refit" => set(&mut self.refit, name, value),
            "cv" => set(&mut self.cv, name, value),
            "error_score" => set(&mut self.error_score, name, value),
            "return_train_score" => set(&mut self.return_train_score, name, value),
            _ => match name.strip_prefix("estimator__") {
                Some(inner) => self.estimator.set_param(inner, value),
                None => Err(unknown(self, name)),
            },
        }
    }
}
