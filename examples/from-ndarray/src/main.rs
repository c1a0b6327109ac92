//! Arrays of the crate `ndarray` go in and come out without a copy.

use array_api_compat::{NdArray, cpu};
use array_api_spec::Result;
use ndarray::array;

fn main() -> Result<()> {
    let xp = cpu();
    let x = NdArray::from_ndarray(array![[4.0, 1.0], [2.0, 3.0]]);
    let inverse = xp.linalg().inv(&x)?;
    println!("{}", NdArray::view::<f64>(&inverse)?);
    println!("{}", NdArray::into_ndarray::<f64>(inverse)?.sum());
    Ok(())
}
