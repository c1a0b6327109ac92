//! The device by its name.

use array_api_compat::device;
use array_api_spec::Result;

fn main() -> Result<()> {
    own_backend::register()?;
    let xp = device("mine")?;
    let x = xp.asarray([[4.0, 1.0], [2.0, 3.0]])?;
    let inverse = xp.linalg().inv(&x)?;
    println!(
        "{}: {:?}",
        xp.device(),
        xp.matmul(&x, &inverse)?.to_vec::<f64>()?
    );
    Ok(())
}
