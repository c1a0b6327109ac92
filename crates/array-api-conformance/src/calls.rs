//! Calls of functions that have no vectors. The reference backend is their oracle: each call runs there and on the
//! device, with arguments of every dtype and every layout, and both results, or both errors, must agree.

use array_api_spec::{
    Array, Backend, DType, Ellipsis, ErrorKind, HostArray, HostBuffer, Namespace, NewAxis, QrMode,
    Result, Scalar, StepBy, SvdMode, Triangle, axis, ix, num, reference,
};

use crate::{
    Arrangement, Tolerance, agrees,
    run::{Outcome, Tally, make},
};

/// The arguments of the calls, on one device, in one dtype and layout. All numbers are small integers.
struct Arguments<B: Backend> {
    dtype: DType,
    /// `(3, 4)`
    a: Array<B>,
    /// `(4, 5)`
    b: Array<B>,
    /// `(2, 3, 4)`
    cube: Array<B>,
    /// `(4,)`
    v: Array<B>,
    /// `(2, 3, 3)`, Hermitian and positive definite for real and complex numbers.
    definite: Array<B>,
    /// `(3, 3)`, far from singular.
    square: Array<B>,
    /// `()`
    single: Array<B>,
    /// `(0, 4)`
    nothing: Array<B>,
    /// `(3, 4)` of bool.
    mask: Array<B>,
    /// `(5,)` of int32 in -3..3.
    positions: Array<B>,
}

impl<B: Backend> Arguments<B> {
    fn new(xp: &Namespace<B>, dtype: DType, arrangement: Arrangement) -> Result<Self> {
        let array = |shape: &[usize], values: &[i8]| {
            let magnitude = dtype.kind() == array_api_spec::Kind::UnsignedInteger;
            let values = values.iter().map(|&i| {
                let i = if magnitude {
                    i.unsigned_abs() as i128
                } else {
                    i.into()
                };
                Ok(match dtype {
                    DType::Bool => Scalar::Bool(i > 0),
                    d if d.is_integer() => Scalar::Int(i),
                    d if d.is_complex() => Scalar::Complex((i as f64).into()),
                    _ => Scalar::Float(i as f64),
                })
            });
            let buffer = HostBuffer::from_scalars(dtype, values)?;
            make(
                xp,
                &HostArray {
                    shape: shape.to_vec(),
                    buffer,
                },
                arrangement,
            )
        };
        let host = |shape: &[usize], buffer| {
            make(
                xp,
                &HostArray {
                    shape: shape.to_vec(),
                    buffer,
                },
                arrangement,
            )
        };
        let many: Vec<i8> = (0..24).map(|i: i32| ((i * 7) % 11 - 5) as i8).collect();
        Ok(Self {
            dtype,
            a: array(&[3, 4], &many[..12])?,
            b: array(&[4, 5], &many[4..])?,
            cube: array(&[2, 3, 4], &many)?,
            v: array(&[4], &[2, -1, 3, 0])?,
            definite: array(
                &[2, 3, 3],
                &[4, 1, 0, 1, 5, 2, 0, 2, 6, 9, 3, 1, 3, 8, 2, 1, 2, 7],
            )?,
            square: array(&[3, 3], &[5, 1, 2, -1, 4, 0, 3, 2, 7])?,
            single: array(&[], &[3])?,
            nothing: array(&[0, 4], &[])?,
            mask: host(
                &[3, 4],
                HostBuffer::Bool((0..12).map(|i| i % 3 == 0 || i == 7).collect()),
            )?,
            positions: host(&[5], HostBuffer::Int32(vec![2, 0, -3, 1, 2]))?,
        })
    }
}

/// `function tolerance |namespace, arguments| results;` for each call.
macro_rules! calls {
    ($($function:literal $tolerance:ident |$xp:ident, $x:ident| $results:expr;)*) => {
        /// The function of each call, and how its result is compared.
        const CALLS: &[(&str, Rounding)] = &[$(($function, Rounding::$tolerance)),*];

        /// The results of call `number`.
        fn compute<B: Backend>(number: usize, xp: &Namespace<B>, arguments: &Arguments<B>) -> Vec<Result<Array<B>>> {
            let mut at = 0;
            $(
                if number == at {
                    let ($xp, $x) = (xp, arguments);
                    return $results;
                }
                at += 1;
            )*
            debug_assert!(number < at, "there are {at} calls");
            Vec::new()
        }
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rounding {
    /// Moves elements, or computes with small integers.
    Exact,
    /// A factorisation or a division.
    Rounded,
}

calls! {
    "arange" Exact |xp, _x| vec![xp.arange(3, 20, 4), xp.arange(5, -4, -3), xp.arange(2, 2, 1), xp.arange(0, 5000, 1), xp.arange(1, 3, 0)];
    "arange" Rounded |xp, _x| vec![xp.arange(0.5, 3.0, 0.25), xp.arange(1.0, -1.0, -0.5)];
    "asarray" Exact |xp, x| vec![xp.asarray(HostArray { shape: vec![4], buffer: HostBuffer::Bool(vec![true, false, false, true]) }), Ok(x.cube.clone())];
    "astype" Exact |xp, x| DType::ALL.iter().flat_map(|&d| [&x.a, &x.mask, &x.nothing, &x.single].map(|a| xp.astype(a, d).eval())).collect();
    "broadcast_arrays" Exact |xp, x| several(xp.broadcast_arrays(&[&x.cube, &x.v, &x.single]));
    "broadcast_to" Exact |xp, x| vec![xp.broadcast_to(&x.v, [2, 3, 4]), xp.broadcast_to(&x.nothing, [2, 0, 4]), xp.broadcast_to(&x.v, [3])];
    "clip" Exact |xp, x| vec![xp.clip(&x.cube, -2, 2).eval(), xp.clip(&x.a, &x.v, 4).eval(), xp.clip(&x.nothing, 0, 1).eval()];
    "concat" Exact |xp, x| vec![xp.concat(&[&x.a, &x.a, &x.nothing], Some(0)), xp.concat(&[&x.cube, &x.cube], Some(-1)), xp.concat(&[&x.a, &x.v], None), xp.concat(&[&x.a, &x.b], Some(0))];
    "empty" Exact |xp, x| vec![xp.empty([2, 0], x.dtype)];
    "empty_like" Exact |xp, x| vec![xp.empty_like(&x.nothing)];
    "expand_dims" Exact |xp, x| vec![xp.expand_dims(&x.a, 1), xp.expand_dims(&x.a, -1), xp.expand_dims(&x.single, 0), xp.expand_dims(&x.a, 4)];
    "eye" Exact |xp, x| vec![xp.eye(3, 3, 0, x.dtype), xp.eye(2, 5, 1, x.dtype), xp.eye(4, 2, -2, x.dtype), xp.eye(2, 2, 9, x.dtype), xp.eye(0, 3, 0, x.dtype)];
    "full" Exact |xp, x| vec![xp.full([2, 3], 7, x.dtype), xp.full(5000, true, x.dtype), xp.full([0], 1, x.dtype), xp.full([2], 1.5, x.dtype)];
    "full_like" Exact |xp, x| vec![xp.full_like(&x.cube, 3), xp.full_like(&x.nothing, 0), xp.full_like(&x.single, 2.5)];
    "linspace" Rounded |xp, _x| vec![xp.linspace(-1.0, 2.0, 7), xp.linspace(0.0, 1.0, num(5).without_endpoint()), xp.linspace(1.0, 2.0, 1), xp.linspace(1.0, 2.0, 0)];
    "moveaxis" Exact |xp, x| vec![xp.moveaxis(&x.cube, 0, 2), xp.moveaxis(&x.cube, -1, 0), xp.moveaxis(&x.cube, 0, 3)];
    "ones" Exact |xp, x| vec![xp.ones([2, 3], x.dtype), xp.ones(5000, x.dtype)];
    "ones_like" Exact |xp, x| vec![xp.ones_like(&x.cube), xp.ones_like(&x.nothing)];
    "permute_dims" Exact |xp, x| vec![xp.permute_dims(&x.cube, &[2, 0, 1]), xp.permute_dims(&x.cube, &[0, 0, 1]), xp.permute_dims(&x.single, &[])];
    "reshape" Exact |xp, x| vec![xp.reshape(&x.cube, [4, 6]), xp.reshape(&x.a, 12), xp.reshape(&x.single, [1, 1]), xp.reshape(&x.nothing, [4, 0, 2]), xp.reshape(&x.a, [5])];
    "squeeze" Exact |xp, x| vec![xp.squeeze(xp.expand_dims(&x.a, 0), 0), xp.squeeze(&x.a, 0)];
    "stack" Exact |xp, x| vec![xp.stack(&[&x.a, &x.a], 0), xp.stack(&[&x.a, &x.a, &x.a], -1), xp.stack(&[&x.a, &x.b], 0)];
    "zeros" Exact |xp, x| vec![xp.zeros([2, 3], x.dtype), xp.zeros(5000, x.dtype)];
    "zeros_like" Exact |xp, x| vec![xp.zeros_like(&x.cube), xp.zeros_like(&x.nothing)];
    "where" Exact |xp, x| vec![xp.where_(&x.mask, &x.a, &x.v).eval(), xp.where_(&x.mask, &x.a, &x.single).eval(), xp.where_(&x.mask, &x.a, 1).eval(), xp.where_(&x.a, &x.a, &x.a).eval()];
    "take" Exact |xp, x| vec![xp.take(&x.cube, &x.positions, Some(1)), xp.take(&x.a, &x.positions, Some(0)), xp.take(&x.v, &x.positions, None), xp.take(&x.a, &x.positions, None), xp.take(&x.nothing, &x.positions, Some(0))];
    "take" Exact |xp, x| vec![xp.take(&x.cube, &x.positions + 0, Some(1)), xp.take(&x.a, &x.positions * 2, Some(0)), xp.take(&x.a, &x.positions * 3, Some(1))];
    "take_clipped" Exact |xp, x| vec![
        xp.take_clipped(&x.cube, &x.positions, Some(1)),
        xp.take_clipped(&x.a, &x.positions * 2, Some(0)),
        xp.take_clipped(&x.v, &x.positions * 1_000_000, None),
        xp.take_clipped(&x.nothing, &x.positions, Some(0)),
        xp.take_clipped(&x.nothing, &x.positions, Some(1)),
        xp.take_clipped(&x.a, &x.positions, None),
        xp.take_clipped(&x.a, &x.mask, Some(0)),
    ];
    "nonzero" Exact |xp, _x| [1, 2, 40].map(|step| {
        let each = xp.equal(xp.remainder(xp.arange(0, 1200, 1), step), 0);
        xp.nonzero(each).map(|mut axes| axes.remove(0))
    }).into();
    "mean" Exact |xp, _x| [(3e38, DType::Float32), (1.7e308, DType::Float64)].into_iter().flat_map(|(value, dtype)| {
        let equal = |n: usize| xp.full([2, n], value, dtype);
        [xp.mean(equal(3), 1), xp.nanmean(equal(7), ..)]
    }).collect();
    "std" Exact |xp, _x| vec![xp.std(xp.full([2, 3], 3e38, DType::Float32), 1), xp.std(xp.full([7], -3e38, DType::Float32), ..)];
    "take_along_axis" Exact |xp, x| vec![
        xp.take_along_axis(&x.a, xp.reshape(&x.positions, [5, 1]), 0),
        xp.take_along_axis(&x.a, xp.argsort(&x.a, axis(1).descending()), 1),
        xp.take_along_axis(&x.a, &x.positions, 0),
    ];
    "__getitem__" Exact |_xp, x| vec![
        x.cube.get(ix![.., (..).step(-2), 1..3]),
        x.cube.get(ix![NewAxis, 1, Ellipsis, -1]),
        x.a.get(ix![&x.mask]),
        x.a.get(ix![3]),
    ];
    "__setitem__" Exact |_xp, x| vec![
        set(&x.cube, |y| y.set(ix![.., 1, (..).step(2)], 1)),
        set(&x.cube, |y| y.set(ix![0], &x.a)),
        set(&x.a, |y| y.set(ix![&x.mask], &x.single)),
        set(&x.a, |y| { let reversed = y.get(ix![.., (..).step(-1)])?; y.set(ix![Ellipsis], &reversed) }),
        set(&x.a, |y| y.set(ix![0], &x.b)),
    ];
    "matmul" Exact |xp, x| vec![xp.matmul(&x.a, &x.b), xp.matmul(&x.cube, &x.b), xp.matmul(&x.v, &x.b), xp.matmul(&x.cube, &x.v), xp.matmul(&x.v, &x.v), xp.matmul(&x.nothing, &x.b), xp.matmul(&x.a, &x.a)];
    "matrix_transpose" Exact |xp, x| vec![xp.matrix_transpose(&x.cube), xp.matrix_transpose(&x.v)];
    "vecdot" Exact |xp, x| vec![xp.vecdot(&x.cube, &x.v, -1), xp.vecdot(&x.a, &x.a, -2), xp.vecdot(&x.a, &x.b, -1)];
    "diagonal" Exact |xp, x| vec![xp.linalg().diagonal(&x.cube, 0), xp.linalg().diagonal(&x.a, 2), xp.linalg().diagonal(&x.a, -2), xp.linalg().diagonal(&x.v, 0)];
    "outer" Exact |xp, x| vec![xp.linalg().outer(&x.v, &x.v), xp.linalg().outer(&x.a, &x.v)];
    "trace" Exact |xp, x| vec![xp.linalg().trace(&x.cube, 0, None), xp.linalg().trace(&x.a, 1, None), xp.linalg().trace(&x.v, 0, None)];
    "cholesky" Rounded |xp, x| vec![xp.linalg().cholesky(&x.definite, Triangle::Lower), xp.linalg().cholesky(&x.definite, Triangle::Upper), xp.linalg().cholesky(-&x.definite, Triangle::Lower), xp.linalg().cholesky(&x.a, Triangle::Lower)];
    "inv" Rounded |xp, x| vec![xp.linalg().inv(&x.square), xp.linalg().inv(&x.definite), xp.linalg().inv(xp.zeros([2, 2], x.dtype)), xp.linalg().inv(&x.a)];
    "solve" Rounded |xp, x| vec![xp.linalg().solve(&x.square, x.a.mT().and_then(|t| xp.matmul(t, &x.a)).and_then(|s| s.get(ix![..3, ..2]))), xp.linalg().solve(&x.definite, x.v.get(ix![..3])), xp.linalg().solve(&x.square, &x.v)];
    "det" Rounded |xp, x| vec![xp.linalg().det(&x.square), xp.linalg().det(&x.definite), xp.linalg().det(xp.zeros([0, 0], x.dtype)), xp.linalg().det(xp.zeros([2, 2], x.dtype)), xp.linalg().det(&x.a)];
    "slogdet" Rounded |xp, x| vec![xp.linalg().slogdet(&x.square).map(|s| s.logabsdet), xp.linalg().slogdet(&x.definite).map(|s| s.sign), xp.linalg().slogdet(xp.zeros([2, 2], x.dtype)).map(|s| s.logabsdet)];
    "eig" Rounded |xp, x| match xp.linalg().eig(&x.square) {
        Ok(e) => {
            // The order of eigenvalues and the phase of eigenvectors are unspecified, so this compares the matrix that
            // they represent.
            let scaled = &e.eigenvectors * xp.expand_dims(&e.eigenvalues, -2);
            let complex = xp.astype(&x.square, e.eigenvectors.dtype());
            let residual = xp.matmul(complex, &e.eigenvectors).and_then(|product| (product - scaled).eval());
            let lengths = xp.linalg().vector_norm(&e.eigenvectors, -2, 2.0);
            vec![residual, lengths, xp.sum(&e.eigenvalues, ..), xp.prod(&e.eigenvalues, ..)]
        }
        Err(error) => vec![Err(error)],
    };
    "eigvals" Rounded |xp, x| match xp.linalg().eigvals(&x.definite) {
        Ok(values) => vec![xp.sum(&values, -1), xp.prod(&values, -1), xp.sum(&values * &values, -1)],
        Err(error) => vec![Err(error)],
    };
    "qr" Rounded |xp, x| [QrMode::Reduced, QrMode::Complete].into_iter().flat_map(|mode| [&x.cube, &x.square, &x.definite].into_iter().flat_map(move |matrix| {
        match xp.linalg().qr(matrix, mode) {
            Ok(qr) => {
                // The signs of Q's columns are unspecified.
                let below = xp.tril(&qr.R, -1);
                let unit = xp.matmul(xp.conj(qr.Q.mT()), &qr.Q);
                vec![xp.matmul(&qr.Q, &qr.R), unit, below, xp.abs(&qr.R).eval()]
            }
            Err(error) => vec![Err(error)],
        }
    })).collect();
    "eigh" Rounded |xp, x| match xp.linalg().eigh(&x.definite) {
        Ok(e) => {
            // The sign of an eigenvector is unspecified, so this compares the matrix that they represent.
            let scaled = &e.eigenvectors * xp.expand_dims(&e.eigenvalues, -2);
            vec![Ok(e.eigenvalues.clone()), xp.matmul(scaled, xp.conj(e.eigenvectors.mT()))]
        }
        Err(error) => vec![Err(error)],
    };
    "svd" Rounded |xp, x| [SvdMode::Reduced, SvdMode::Full].into_iter().flat_map(|mode| match xp.linalg().svd(&x.cube, mode) {
        Ok(s) => {
            let product = s.U.get(ix![Ellipsis, ..3]).and_then(|u| {
                xp.matmul(u * xp.expand_dims(&s.S, -2), s.Vh.get(ix![Ellipsis, ..3, ..]))
            });
            let unit = xp.matmul(&s.Vh, xp.conj(s.Vh.mT()));
            vec![Ok(s.S), product, unit]
        }
        Err(error) => vec![Err(error)],
    }).collect();
}

fn several<B: Backend>(arrays: Result<Vec<Array<B>>>) -> Vec<Result<Array<B>>> {
    match arrays {
        Ok(arrays) => arrays.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }
}

/// A copy of an array after a change.
fn set<B: Backend>(
    x: &Array<B>,
    change: impl FnOnce(&mut Array<B>) -> Result<()>,
) -> Result<Array<B>> {
    let mut y = x.clone();
    change(&mut y)?;
    Ok(y)
}

/// Whether there are calls of a function.
pub(crate) fn covers(function: &str) -> bool {
    CALLS.iter().any(|(name, _)| *name == function)
}

/// Runs all calls of a function.
pub(crate) fn run<B: Backend>(xp: &Namespace<B>, function: &str, tally: &mut Tally<'_>) {
    let available = xp.info().dtypes().to_vec();
    let narrow = !available.contains(&DType::Float64) && !available.contains(&DType::Int64);
    // Default dtypes follow the device, so the oracle has the device's dtypes.
    let oracle = if narrow {
        reference::narrow_namespace()
    } else {
        reference::namespace()
    };
    for (number, &(name, rounding)) in CALLS.iter().enumerate() {
        if name != function {
            continue;
        }
        for dtype in DType::ALL {
            if !available.contains(&dtype) {
                tally.absent(1);
                continue;
            }
            for arrangement in [
                Arrangement::Contiguous,
                Arrangement::Transposed,
                Arrangement::Strided,
            ] {
                let got = Arguments::new(xp, dtype, arrangement).map(|x| {
                    let results = tally.watch(xp, || compute(number, xp, &x)).into_iter();
                    let results = results.map(|r| r.and_then(|x| tally.result(xp, x)));
                    results.collect::<Vec<_>>()
                });
                let want = Arguments::new(&oracle, dtype, Arrangement::Contiguous)
                    .map(|x| compute(number, &oracle, &x));
                let (got, want) = match (got, want) {
                    (Ok(got), Ok(want)) => (got, want),
                    (got, want) => (
                        got.err().into_iter().map(Err).collect(),
                        want.err().into_iter().map(Err).collect(),
                    ),
                };
                if got.len() != want.len() {
                    let outcome = Outcome::Failed {
                        got: format!("{} results", got.len()),
                        want: format!("{} results", want.len()),
                    };
                    tally.add(dtype, arrangement, "call", outcome, || {
                        format!("call {number}")
                    });
                    continue;
                }
                for (k, (got, want)) in got.into_iter().zip(want).enumerate() {
                    let rule = format!("call {number}.{k} as the reference backend computes it");
                    let outcome = judge(&available, got, want, rounding);
                    tally.add(dtype, arrangement, &rule, outcome, || {
                        format!("calls.rs, call {number}, result {k}")
                    });
                }
            }
        }
    }
}

fn judge<A: Backend, B: Backend>(
    available: &[DType],
    got: Result<Array<A>>,
    want: Result<Array<B>>,
    rounding: Rounding,
) -> Outcome {
    let (got, want) = match (got, want) {
        (Err(error), Ok(_)) if matches!(error.kind(), ErrorKind::UnsupportedDType { dtype, .. } if !available.contains(dtype)) =>
        {
            return Outcome::Absent;
        }
        (Err(got), Err(want)) if got.class() == want.class() => return Outcome::Passed,
        (Ok(got), Ok(want)) => (got, want),
        (got, want) => {
            return Outcome::Failed {
                got: text(&got),
                want: text(&want),
            };
        }
    };
    let failed = || Outcome::Failed {
        got: text(&Ok(got.clone())),
        want: text(&Ok(want.clone())),
    };
    if got.shape() != want.shape() || got.dtype() != want.dtype() {
        return failed();
    }
    let (Ok(got_values), Ok(want_values)) = (got.to_host(), want.to_host()) else {
        return failed();
    };
    let dtype = want.dtype();
    let largest = (0..want_values.len())
        .filter_map(|i| want_values.get(i))
        .map(modulus)
        .fold(1.0, f64::max);
    let tolerance = match rounding {
        Rounding::Rounded if dtype.is_floating() => {
            Tolerance::Absolute(256.0 * epsilon(dtype) * largest)
        }
        _ => Tolerance::Exact,
    };
    let same = |i: usize| match (got_values.get(i), want_values.get(i)) {
        (Some(got), Some(want)) => agrees(got, want, dtype, tolerance),
        _ => false,
    };
    if (0..want_values.len()).all(same) {
        Outcome::Passed
    } else {
        failed()
    }
}

fn epsilon(dtype: DType) -> f64 {
    if dtype.real() == DType::Float32 {
        f32::EPSILON.into()
    } else {
        f64::EPSILON
    }
}

fn modulus(x: Scalar) -> f64 {
    match x {
        Scalar::Float(x) => x.abs(),
        Scalar::Complex(z) => z.re.hypot(z.im),
        _ => 0.0,
    }
}

fn text<B: Backend>(result: &Result<Array<B>>) -> String {
    match result {
        Ok(array) => match array.to_host() {
            Ok(values) => crate::grid::array_text(array.dtype(), array.shape(), &values),
            Err(error) => error.to_string(),
        },
        Err(error) => format!("{:?}: {error}", error.class()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_computes_something() {
        let xp = reference::namespace();
        let x = Arguments::new(&xp, DType::Float32, Arrangement::Contiguous)
            .expect("the arguments are arrays");
        for (number, (function, _)) in CALLS.iter().enumerate() {
            assert!(
                compute(number, &xp, &x).iter().any(Result::is_ok),
                "{function}, call {number}"
            );
        }
    }
}
