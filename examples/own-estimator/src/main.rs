//! An estimator of one's own: fitted, saved, loaded, and a step of a pipeline whose parameters are sought.

mod max_abs_scaler;

use array_api_spec::Result;
use max_abs_scaler::MaxAbsScaler;
use ml_core::{Fitted, GridSearchCV, LinearDiscriminantAnalysis, Method, Pipeline, Registry, datasets, registry};

registry! {
    /// `MaxAbsScaler`, and all estimators of ml-core.
    pub struct Mine { MaxAbsScaler }
}

fn main() -> Result<()> {
    let xp = array_api_compat::cpu();
    let (x, y) = datasets::load_iris(&xp)?;
    let file = std::env::temp_dir().join("own-estimator.safetensors");

    // Alone: no registry is needed.
    let scaler = MaxAbsScaler::default().limit(10.0).fit(&x)?;
    scaler.save(&file)?;
    let scaler = Fitted::<MaxAbsScaler, _>::load(&file, &xp)?;
    println!("scale: {:.3?}", scaler.scale_.to_vec::<f64>()?);

    // In a pipeline, whose steps are found by name: `Mine` says which names there are.
    let pipe = Pipeline::of(Mine)
        .step("scale", MaxAbsScaler::default())
        .step("lda", LinearDiscriminantAnalysis::default());
    let best = GridSearchCV::of(Mine, pipe)
        .grid("scale__limit", [1.0, 100.0])
        .grid("lda__tol", [1e-4, 1e-2])
        .fit(&x, &y)?;
    println!("best: {:?}, score {:.3}", best.best_params_, best.best_score_);

    // A file of any of these estimators.
    best.save(&file)?;
    let model = Mine::load_any(&file, &xp)?;
    println!("{}: {} labels", model.name(), model.call(Method::Predict, &x)?.size());
    Ok(())
}
