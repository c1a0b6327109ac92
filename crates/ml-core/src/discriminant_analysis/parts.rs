//! The fitted model as a list of parameters and arrays, and back, with every check that a stranger's file needs.

use std::{collections::BTreeMap, str::FromStr};

use array_api_spec::{Array, Backend, DType, Error, Result, shape_text};

use super::{FittedLinearDiscriminantAnalysis, LinearDiscriminantAnalysis, Shrinkage, Solver};
use crate::{FittedModel, Parts};

impl<B: Backend> FittedModel<B> for FittedLinearDiscriminantAnalysis<B> {
    const ESTIMATOR: &'static str = "LinearDiscriminantAnalysis";

    fn parameter_texts(&self) -> BTreeMap<String, String> {
        self.parameters.to_text()
    }

    fn arrays(&self) -> Vec<(&'static str, &Array<B>)> {
        let list = [
            ("classes_", Some(&self.classes)),
            ("priors_", Some(&self.priors)),
            ("means_", Some(&self.means)),
            ("xbar_", self.xbar.as_ref()),
            ("coef_", Some(&self.coef)),
            ("intercept_", Some(&self.intercept)),
            ("scalings_", self.scalings.as_ref()),
            (
                "explained_variance_ratio_",
                self.explained_variance_ratio.as_ref(),
            ),
            ("covariance_", self.covariance.as_ref()),
        ];
        list.into_iter()
            .filter_map(|(name, array)| Some((name, array?)))
            .collect()
    }

    fn from_parts(parts: Parts<B>) -> Result<Self> {
        let parameters = LinearDiscriminantAnalysis::from_text(parts.parameters)?;
        parameters.check()?;
        let mut arrays = parts.arrays;

        let classes = take(&mut arrays, "classes_", None)?;
        let means = take(&mut arrays, "means_", None)?;
        let (&[k], &[means_k, p]) = (classes.shape(), means.shape()) else {
            return Err(mistake(format!(
                "classes_ and means_ have shapes {} and {}, not (K,) and (K, p)",
                shape_text(classes.shape()),
                shape_text(means.shape())
            )));
        };
        if k == 0 || p == 0 || k != means_k {
            return Err(mistake(format!(
                "{k} classes and means_ of shape ({means_k}, {p}) make no model"
            )));
        }
        if parameters.n_components.is_some_and(|n| n > p.min(k - 1)) {
            return Err(mistake(format!(
                "n_components exceeds min({p} features, {k} classes - 1)"
            )));
        }
        check_classes(&classes)?;
        let dtype = means.dtype();
        if !dtype.is_real_floating() {
            return Err(mistake(format!(
                "means_ has the dtype {dtype}, not a real floating-point one"
            )));
        }

        let components = parameters.n_components.unwrap_or_else(|| p.min(k - 1));
        let functions = if k == 2 { 1 } else { k };
        let covariance_stored = parameters.solver != Solver::Svd || parameters.store_covariance;
        let mut part = |name, shape: &[usize]| take(&mut arrays, name, Some((shape, dtype)));
        let priors = part("priors_", &[k])?;
        let coef = part("coef_", &[functions, p])?;
        let intercept = part("intercept_", &[functions])?;
        let covariance = covariance_stored
            .then(|| part("covariance_", &[p, p]))
            .transpose()?;
        let (mut xbar, mut explained_variance_ratio) = (None, None);
        if parameters.solver == Solver::Svd {
            xbar = Some(part("xbar_", &[p])?);
        }
        if parameters.solver != Solver::Lsqr {
            explained_variance_ratio = Some(part("explained_variance_ratio_", &[components])?);
        }
        let scalings = match parameters.solver {
            Solver::Lsqr => None,
            Solver::Eigen => Some(part("scalings_", &[p, p])?),
            Solver::Svd => Some(take_scalings(&mut arrays, p, k, dtype)?),
        };
        if let Some(name) = arrays.keys().next() {
            return Err(mistake(format!(
                "there is an array {name:?}, which the solver does not compute"
            )));
        }
        Ok(Self {
            parameters,
            warnings: Vec::new(),
            classes,
            priors,
            means,
            coef,
            intercept,
            xbar,
            scalings,
            explained_variance_ratio,
            covariance,
        })
    }
}

fn mistake(detail: String) -> Error {
    Error::value("LinearDiscriminantAnalysis", detail)
}

/// Removes an array from the list, checking its shape and dtype if they are known.
fn take<B: Backend>(
    arrays: &mut BTreeMap<String, Array<B>>,
    name: &str,
    expected: Option<(&[usize], DType)>,
) -> Result<Array<B>> {
    let array = arrays
        .remove(name)
        .ok_or_else(|| mistake(format!("the array {name:?} is missing")))?;
    match expected {
        Some((shape, dtype)) if (array.shape(), array.dtype()) != (shape, dtype) => {
            Err(mistake(format!(
                "{name} has shape {} and dtype {}; {} and {dtype} would fit the other arrays",
                shape_text(array.shape()),
                array.dtype(),
                shape_text(shape)
            )))
        }
        _ => Ok(array),
    }
}

/// `(p, rank)`: the rank is the fit's own finding, up to what K and p allow.
fn take_scalings<B: Backend>(
    arrays: &mut BTreeMap<String, Array<B>>,
    p: usize,
    k: usize,
    dtype: DType,
) -> Result<Array<B>> {
    let rank = match arrays.get("scalings_").map(Array::shape) {
        Some(&[_, rank]) => rank.min(p).min(k),
        _ => 0,
    };
    take(arrays, "scalings_", Some((&[p, rank], dtype)))
}

/// # Errors
/// Classes that are not ascending, or of a dtype that labels cannot have.
fn check_classes<B: Backend>(classes: &Array<B>) -> Result<()> {
    let dtype = classes.dtype();
    let ascending = match dtype {
        DType::Bool => classes.to_vec::<bool>()?.is_sorted_by(|a, b| a < b),
        DType::UInt64 => classes.to_vec::<u64>()?.is_sorted_by(|a, b| a < b),
        _ if dtype.is_integer() => classes.to_vec::<i64>()?.is_sorted_by(|a, b| a < b),
        _ if dtype.is_real_floating() => classes.to_vec::<f64>()?.is_sorted_by(|a, b| a < b),
        _ => {
            return Err(mistake(format!(
                "classes_ has the dtype {dtype}, which labels cannot have"
            )));
        }
    };
    if ascending {
        Ok(())
    } else {
        Err(mistake("classes_ is not in ascending order".to_owned()))
    }
}

/// What stands for `None` in a parameter's text.
const NONE: &str = "none";

impl LinearDiscriminantAnalysis {
    fn to_text(&self) -> BTreeMap<String, String> {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| NONE.to_owned());
        let solver = match self.solver {
            Solver::Svd => "svd",
            Solver::Lsqr => "lsqr",
            Solver::Eigen => "eigen",
        };
        let shrinkage = self.shrinkage.map(|s| match s {
            Shrinkage::Auto => "auto".to_owned(),
            Shrinkage::Value(value) => value.to_string(),
        });
        let priors = self.priors.as_ref().map(|p| {
            p.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        });
        let pairs = [
            ("solver", solver.to_owned()),
            ("shrinkage", or_none(shrinkage)),
            ("priors", or_none(priors)),
            (
                "n_components",
                or_none(self.n_components.map(|n| n.to_string())),
            ),
            ("store_covariance", self.store_covariance.to_string()),
            ("tol", self.tol.to_string()),
        ];
        pairs
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text))
            .collect()
    }

    fn from_text(mut text: BTreeMap<String, String>) -> Result<Self> {
        let mut take = |name: &'static str| {
            text.remove(name)
                .map(|t| (name, t))
                .ok_or_else(|| mistake(format!("the parameter {name} is missing")))
        };
        let (solver, shrinkage, priors) = (take("solver")?, take("shrinkage")?, take("priors")?);
        let (n_components, store_covariance, tol) = (
            take("n_components")?,
            take("store_covariance")?,
            take("tol")?,
        );
        if let Some(name) = text.keys().next() {
            return Err(mistake(format!(
                "there is a parameter {name:?}, which the estimator does not have"
            )));
        }
        let solver = match solver.1.as_str() {
            "svd" => Solver::Svd,
            "lsqr" => Solver::Lsqr,
            "eigen" => Solver::Eigen,
            other => return Err(mistake(format!("there is no solver {other:?}"))),
        };
        let shrinkage = match shrinkage.1.as_str() {
            "auto" => Some(Shrinkage::Auto),
            _ => optional(&shrinkage, number)?.map(Shrinkage::Value),
        };
        Ok(Self {
            solver,
            shrinkage,
            priors: optional(&priors, |name, text| {
                text.split(", ").map(|t| number(name, t)).collect()
            })?,
            n_components: optional(&n_components, number)?,
            store_covariance: number(store_covariance.0, &store_covariance.1)?,
            tol: number(tol.0, &tol.1)?,
        })
    }
}

fn optional<T>(
    (name, text): &(&'static str, String),
    read: impl Fn(&str, &str) -> Result<T>,
) -> Result<Option<T>> {
    if text == NONE {
        Ok(None)
    } else {
        read(name, text).map(Some)
    }
}

fn number<T: FromStr>(name: &str, text: &str) -> Result<T> {
    text.parse()
        .map_err(|_| mistake(format!("the parameter {name} cannot be {text:?}")))
}
