//! Squared distances: against their definition, weighted, and with mistakes. Other crates run these tests on their devices.

use array_api_spec::{Array, Backend, DType, ErrorClass, Namespace};

#[allow(unused_imports, reason = "the devices are the macro's affair")]
use super::*;

/// Whole numbers, so that all sums are exact in every dtype.
fn numbers(count: usize, seed: usize) -> Vec<f64> {
    (0..count)
        .map(|i| ((i * 31 + seed) % 13) as f64 - 6.0)
        .collect()
}

#[test]
fn distances_are_what_they_say() {
    on_each_device!(definition);
}

fn definition<B: Backend>(xp: &Namespace<B>) {
    for dtype in xp.info().dtypes_of_kind("real floating").expect("a kind") {
        for (n, p, k) in [(1, 1, 1), (37, 3, 21), (200, 9, 2), (0, 2, 3), (3, 2, 0)] {
            let (x, centers, weights) = (numbers(n * p, 1), numbers(k * p, 5), numbers(k * p, 8));
            let weights: Vec<f64> = weights.iter().map(|w| w.abs()).collect();
            let array = |values: &[f64], rows: usize| {
                xp.asarray_as((values.to_vec(), [rows, p]), dtype)
                    .expect("room")
            };
            let (there, centers_there) = (array(&x, n), array(&centers, k));
            // The same rows, one column after the other in memory.
            let turned: Vec<f64> = (0..n * p).map(|e| x[e % n * p + e / n]).collect();
            let turned = xp.asarray_as((turned, [p, n]), dtype).expect("room");
            for weights in [None, Some(&weights)] {
                let term = |e: usize, j: usize| {
                    let (i, c) = (e / k, e % k);
                    let apart = x[i * p + j] - centers[c * p + j];
                    weights.map_or(1.0, |w| w[c * p + j]) * apart * apart
                };
                let expected: Vec<f64> = (0..n * k)
                    .map(|e| (0..p).map(|j| term(e, j)).sum())
                    .collect();
                let weights = weights.map(|w| array(w, k));
                for x in [&there, &turned.T().expect("a matrix")] {
                    let found = xp
                        .squared_distances(x, &centers_there, weights.as_ref())
                        .expect("computes");
                    assert_eq!((found.shape(), found.dtype()), (&[n, k][..], dtype));
                    assert_eq!(
                        found.to_vec::<f64>().expect("real"),
                        expected,
                        "{}",
                        xp.device()
                    );
                }
            }
        }
    }
}

#[test]
fn digits_are_not_lost_between_squares() {
    on_each_device!(far_away);
}

fn far_away<B: Backend>(xp: &Namespace<B>) {
    let array = |values: [[f64; 1]; 2]| xp.asarray_as(values, DType::Float32).expect("room");
    let found = xp
        .squared_distances(
            &array([[1e6], [1e6 + 2.0]]),
            &array([[1e6 + 1.0], [0.0]]),
            None,
        )
        .expect("computes");
    let found: Vec<f64> = found.to_vec().expect("real");
    assert_eq!((found[0], found[2]), (1.0, 1.0), "{}", xp.device());
}

#[test]
fn odd_distances_show() {
    on_each_device!(odd_values);
}

fn odd_values<B: Backend>(xp: &Namespace<B>) {
    let array = |values: [[f64; 2]; 2]| xp.asarray_as(values, DType::Float32).expect("room");
    for odd in [f64::NAN, f64::INFINITY] {
        let found = xp
            .squared_distances(
                &array([[1.0, 2.0], [odd, 0.0]]),
                &array([[1.0, 2.0], [0.0, 0.0]]),
                None,
            )
            .expect("computes");
        let found: Vec<f64> = found.to_vec().expect("real");
        assert_eq!(found[..2], [0.0, 5.0]);
        assert!(
            found[2..]
                .iter()
                .all(|x| x.to_bits() == odd.to_bits() || (x.is_nan() && odd.is_nan())),
            "{found:?}"
        );
    }
}

#[test]
fn mistakes_with_distances_are_errors() {
    on_each_device!(mistakes);
}

fn mistakes<B: Backend>(xp: &Namespace<B>) {
    let ones = |shape: &[usize]| xp.ones(shape, DType::Float32).expect("room");
    let (x, centers) = (ones(&[4, 2]), ones(&[3, 2]));
    let of = |x: &Array<B>, centers: &Array<B>, weights: Option<&Array<B>>| {
        let error = xp
            .squared_distances(x, centers, weights)
            .expect_err("a mistake");
        error.class()
    };
    for (x, centers, weights) in [
        (&ones(&[4]), &centers, None),
        (&x, &ones(&[2]), None),
        (&x, &ones(&[3, 1]), None),
        (&ones(&[4, 0]), &ones(&[3, 0]), None),
        (&x, &centers, Some(&ones(&[3]))),
    ] {
        assert_eq!(of(x, centers, weights), ErrorClass::ValueError);
    }
    let integers = xp.ones([3, 2], DType::Int32).expect("room");
    assert_eq!(of(&x, &integers, None), ErrorClass::TypeError);
    assert_eq!(of(&x, &centers, Some(&integers)), ErrorClass::TypeError);
}

#[test]
fn dtypes_of_distances_promote() {
    let xp = array_api_spec::reference::namespace();
    let x = xp.asarray([[1.0_f32, 2.0]]).expect("room");
    let centers = xp.asarray([[0.75, 0.0]]).expect("room");
    for (x, centers) in [(&x, &centers), (&centers, &x)] {
        let found = xp
            .squared_distances(x, centers, None)
            .expect("they promote");
        assert_eq!(found.dtype(), DType::Float64);
        assert_eq!(found.to_vec::<f64>().expect("numbers"), [4.0625]);
    }
}
