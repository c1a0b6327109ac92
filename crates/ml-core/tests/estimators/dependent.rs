//! Samples whose features depend on each other: rounded to `float32`, they depend on each other only nearly.

use array_api_spec::{Backend, DType, Namespace};
use ml_core::{
    With,
    datasets::{MakeClassification, make_classification},
};

use super::{
    estimator,
    everywhere::{Check, on_cuda, on_the_host, on_wgpu},
};

fn coefficients<B: Backend>(xp: &Namespace<B>, dtype: DType, name: &str) -> Vec<f64> {
    let data = make_classification(&MakeClassification {
        n_samples: 300,
        ..Default::default()
    });
    let (x, y) = data
        .and_then(|data| data.into_arrays(xp, dtype))
        .expect("room");
    let y = xp.astype(&y, dtype).eval().expect("room");
    let model = estimator::<B>(name).fit(&x, Some(&y), With::default());
    let parts = model.expect("good samples").parts();
    let coef = parts.arrays.iter().find(|(name, _)| name == "coef_");
    coef.expect("coefficients").1.to_vec().expect("real values")
}

struct Coefficients;

impl Check for Coefficients {
    fn on<B: Backend>(&self, xp: &Namespace<B>, dtype: DType) {
        for name in ["LinearRegression", "Ridge"] {
            let exact = coefficients(&array_api_compat::cpu(), DType::Float64, name);
            let ours = coefficients(xp, dtype, name);
            let largest = exact.iter().fold(0.0, |m: f64, c| m.max(c.abs()));
            for (a, b) in ours.iter().zip(&exact) {
                let off = (a - b).abs() / largest;
                assert!(off < 1e-3, "{name} on {} in {dtype}: {off:e}", xp.device());
            }
        }
    }
}

#[test]
fn coefficients_do_not_depend_on_the_dtype() {
    on_the_host(&Coefficients);
    on_wgpu(&Coefficients);
    on_cuda(&Coefficients);
}
