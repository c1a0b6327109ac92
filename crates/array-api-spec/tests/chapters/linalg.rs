//! <https://data-apis.org/array-api/2025.12/API_specification/linear_algebra_functions.html> and
//! <https://data-apis.org/array-api/2025.12/extensions/linear_algebra_functions.html>

use array_api_spec::{Complex, DType, ErrorClass, SvdMode, Triangle, ix};

use super::{Array, Expr, Result, class, xp};

fn close(a: impl Into<Expr>, b: impl Into<Expr>) -> Result<bool> {
    let distance = xp().abs(a.into() - b.into());
    xp().all(xp().less(distance, 1e-12), ..)?.item()
}

fn matrix() -> Result<Array> {
    xp().asarray([[4.0, 1.0, -2.0], [1.0, 2.0, 0.0], [-2.0, 0.0, 3.0]])
}

#[test]
fn matmul_takes_vectors_matrices_and_stacks() -> Result {
    let a = xp().reshape(xp().arange(0, 6, 1), [2, 3])?;
    let v = xp().asarray([1_i64, 0, -1])?;
    assert_eq!(xp().matmul(&a, &v)?.to_vec::<i64>()?, [-2, -2]);
    assert_eq!(
        xp().matmul(xp().asarray([1_i64, 2])?, &a)?
            .to_vec::<i64>()?,
        [6, 9, 12]
    );
    assert_eq!(xp().matmul(&v, &v)?.item::<i64>()?, 2);
    assert_eq!(xp().matmul(&a, a.T()?)?.to_vec::<i64>()?, [5, 14, 14, 50]);
    let stack = xp().ones([5, 1, 3, 4], DType::Float64)?;
    assert_eq!(
        xp().matmul(&stack, xp().ones([2, 4, 5], DType::Float32)?)?
            .shape(),
        [5, 2, 3, 5]
    );
    assert_eq!(
        xp().matmul(&stack, xp().ones([4], DType::Float64)?)?
            .shape(),
        [5, 1, 3]
    );
    assert_eq!(
        xp().matmul(
            xp().zeros([2, 0], DType::Int8)?,
            xp().zeros([0, 2], DType::Int8)?
        )?
        .to_vec::<i8>()?,
        [0; 4]
    );
    let bytes = xp().asarray([[100_i8, 100]])?;
    assert_eq!(xp().matmul(&bytes, bytes.T()?)?.to_vec::<i8>()?, [32]);
    for wrong in [
        xp().matmul(&a, &a),
        xp().matmul(&a, xp().asarray(1_i64)?),
        xp().matmul(&stack, xp().ones([3, 4, 2], DType::Float64)?),
    ] {
        let wrong = wrong.and_then(|w| {
            if w.shape() == [5, 3, 3, 2] {
                Err(array_api_spec::Error::value("", ""))
            } else {
                Ok(w)
            }
        });
        assert_eq!(class(wrong), ErrorClass::ValueError);
    }
    assert_eq!(class(xp().matmul(&a, 2)), ErrorClass::ValueError);
    assert_eq!(
        class(xp().matmul(xp().asarray([true])?, xp().asarray([true])?)),
        ErrorClass::TypeError
    );
    Ok(())
}

#[test]
fn vecdot_conjugates_the_first() -> Result {
    let z = xp().asarray([Complex::new(0.0, 1.0), Complex::new(2.0, 0.0)])?;
    assert_eq!(
        xp().vecdot(&z, &z, -1)?.item::<Complex<f64>>()?,
        Complex::new(5.0, 0.0)
    );
    let (a, b) = (
        xp().ones([4, 1, 3], DType::Int8)?,
        xp().ones([2, 3], DType::Int8)?,
    );
    let dot = xp().vecdot(&a, &b, -1)?;
    assert_eq!((dot.shape(), dot.dtype()), ([4, 2].as_slice(), DType::Int8));
    assert_eq!(class(xp().vecdot(&a, &b, 1)), ErrorClass::ValueError);
    assert_eq!(class(xp().vecdot(&a, &b, -2)), ErrorClass::ValueError);
    Ok(())
}

#[test]
fn transposes() -> Result {
    let x = xp().reshape(xp().arange(0, 6, 1), [1, 2, 3])?;
    assert_eq!(x.mT()?.shape(), [1, 3, 2]);
    assert_eq!(class(x.T()), ErrorClass::ValueError);
    assert_eq!(class(xp().asarray([1])?.mT()), ErrorClass::ValueError);
    Ok(())
}

#[test]
fn factors_give_the_matrix_back() -> Result {
    let (a, xl) = (matrix()?, xp());
    let xl = xl.linalg();
    let l = xl.cholesky(&a, Triangle::Lower)?;
    assert!(close(xp().matmul(&l, l.mT()?), &a)?);
    assert_eq!(l.get(ix![0, 1..])?.to_vec::<f64>()?, [0.0, 0.0]);
    assert!(close(xl.cholesky(&a, Triangle::Upper)?, l.mT()?)?);
    let eigh = xl.eigh(&a)?;
    assert!(close(
        xp().matmul(&a, &eigh.eigenvectors),
        &eigh.eigenvectors * &eigh.eigenvalues
    )?);
    let svd = xl.svd(&a, SvdMode::Reduced)?;
    assert!(close(xp().matmul(&svd.U * &svd.S, &svd.Vh), &a)?);
    assert!(close(
        xp().matmul(xl.inv(&a), &a),
        xp().eye(3, 3, 0, DType::Float64)
    )?);
    let b = xp().asarray([1.0, 2.0, 3.0])?;
    assert!(close(xp().matmul(&a, xl.solve(&a, &b)), &b)?);
    assert_eq!(xl.trace(&a, 0, None)?.item::<f64>()?, 9.0);
    assert_eq!(xl.diagonal(&a, 1)?.to_vec::<f64>()?, [1.0, 0.0]);
    assert_eq!(
        xl.outer(&b, xp().asarray([1.0, -1.0])?)?.to_vec::<f64>()?,
        [1.0, -1.0, 2.0, -2.0, 3.0, -3.0]
    );
    Ok(())
}

#[test]
fn complex_stacks_are_factored_too() -> Result {
    let xl = xp();
    let xl = xl.linalg();
    let real = xp().stack(&[&matrix()?, &matrix()?], 0)?;
    let tilt = xp().asarray([[0.0, 0.5, 0.0], [-0.5, 0.0, 0.1], [0.0, -0.1, 0.0]])?;
    let z = (real + tilt * Complex::<f64>::I).eval()?;
    let l = xl.cholesky(&z, Triangle::Lower)?;
    assert!(close(xp().matmul(&l, xp().conj(l.mT()?)), &z)?);
    let eigh = xl.eigh(&z)?;
    assert_eq!(
        (eigh.eigenvalues.dtype(), eigh.eigenvalues.shape()),
        (DType::Float64, [2, 3].as_slice())
    );
    let values = xp().expand_dims(&eigh.eigenvalues, 1);
    assert!(close(
        xp().matmul(&z, &eigh.eigenvectors),
        &eigh.eigenvectors * values
    )?);
    let tall = xp().concat(&[&z, &z], Some(1))?;
    let svd = xl.svd(&tall, SvdMode::Full)?;
    assert_eq!(
        (svd.U.shape(), svd.S.shape(), svd.Vh.shape()),
        (
            [2, 6, 6].as_slice(),
            [2, 3].as_slice(),
            [2, 3, 3].as_slice()
        )
    );
    Ok(())
}

#[test]
fn solve_tells_vectors_from_matrices() -> Result {
    let xl = xp();
    let xl = xl.linalg();
    let a = xp().broadcast_to(matrix()?, [2, 3, 3])?;
    assert_eq!(
        xl.solve(&a, xp().ones([3], DType::Float64)?)?.shape(),
        [2, 3]
    );
    assert_eq!(
        xl.solve(&a, xp().ones([3, 4], DType::Float64)?)?.shape(),
        [2, 3, 4]
    );
    assert_eq!(
        xl.solve(matrix()?, xp().ones([2, 3, 4], DType::Float64)?)?
            .shape(),
        [2, 3, 4]
    );
    assert_eq!(
        class(xl.solve(&a, xp().ones([2], DType::Float64)?)),
        ErrorClass::ValueError
    );
    Ok(())
}

#[test]
fn what_no_factorisation_can_do_is_an_error() -> Result {
    let xl = xp();
    let xl = xl.linalg();
    let singular = xp().ones([2, 2], DType::Float64)?;
    assert_eq!(class(xl.inv(&singular)), ErrorClass::LinAlgError);
    assert_eq!(
        class(xl.solve(&singular, &singular)),
        ErrorClass::LinAlgError
    );
    assert_eq!(
        class(xl.cholesky(-&singular, Triangle::Lower)),
        ErrorClass::LinAlgError
    );
    assert_eq!(
        class(xl.cholesky(xp().ones([2, 3], DType::Float64)?, Triangle::Lower)),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(xl.svd(xp().ones([3], DType::Float64)?, SvdMode::Reduced)),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(xl.eigh(xp().ones([2, 2], DType::Int32)?)),
        ErrorClass::TypeError
    );
    assert!(
        xl.svd((singular * f64::NAN).eval()?, SvdMode::Reduced)?
            .S
            .to_vec::<f64>()?
            .iter()
            .all(|s| s.is_nan())
    );
    assert_eq!(
        xl.svd(xp().zeros([2, 0, 3], DType::Float64)?, SvdMode::Full)?
            .Vh
            .shape(),
        [2, 3, 3]
    );
    assert_eq!(
        xl.eigh(xp().zeros([0, 2, 2], DType::Float64)?)?
            .eigenvalues
            .shape(),
        [0, 2]
    );
    Ok(())
}
