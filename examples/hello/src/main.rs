//! The mean of each column, on the CPU.

fn main() -> array_api_spec::Result<()> {
    let xp = array_api_compat::cpu();
    let x = xp.asarray([[1.0, 2.0], [3.0, 6.0]])?;
    println!("{:?}", xp.mean(&x, 0)?.to_vec::<f64>()?);
    Ok(())
}
