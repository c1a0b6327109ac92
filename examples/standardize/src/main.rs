//! One function, written once, on every device of this machine.

use array_api_compat::{AnyBackend, device};
use array_api_spec::{Array, Backend, Namespace, Result};

/// Scales each column to mean 0 and variance 1.  x: (n, p) real floating → (n, p)
fn standardize<B: Backend>(x: &Array<B>) -> Result<Array<B>> {
    let xp = x.namespace();
    let std = xp.std(x, 0)?;
    let std = xp.where_(xp.equal(&std, 0.0), 1.0, &std);
    ((x - xp.mean(x, 0)) / std).eval()
}

fn show<B: Backend>(xp: &Namespace<B>) -> Result<()> {
    let x = xp.asarray([[1.0_f32, 10.0], [2.0, 10.0], [3.0, 40.0]])?;
    println!("{}: {:?}", xp.device(), standardize(&x)?.to_vec::<f32>()?);
    Ok(())
}

fn main() -> Result<()> {
    // The type says which device: the compiler makes code for this one.
    show(&array_api_compat::cpu())?;
    // Chosen at run time, by name: `standardize wgpu:0`.
    for name in std::env::args().skip(1) {
        let xp: Namespace<AnyBackend> = device(&name)?;
        show(&xp)?;
    }
    Ok(())
}
