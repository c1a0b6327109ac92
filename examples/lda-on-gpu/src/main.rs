//! Fits a classifier on a GPU, saves it, and predicts with it on the CPU.

use array_api_spec::Result;
use ml_core::{FittedLinearDiscriminantAnalysis, LinearDiscriminantAnalysis, datasets};

fn main() -> Result<()> {
    let file = std::env::temp_dir().join("digits.safetensors");

    // Where the model is made.
    let gpu = array_api_compat::wgpu(0)?;
    let (x, y) = datasets::load_digits(&gpu)?;
    LinearDiscriminantAnalysis::default().fit(&x, &y)?.save(&file)?;

    // Where it is used: another machine, without a GPU.
    let cpu = array_api_compat::cpu();
    let model = FittedLinearDiscriminantAnalysis::load(&file, &cpu)?;
    let (x, y) = datasets::load_digits(&cpu)?;
    println!("fitted on {}, accuracy on {}: {:.3}", gpu.device(), cpu.device(), model.score(&x, &y)?);
    Ok(())
}
