//! The nearest centres of rows: against their definition, weighted, and with mistakes. Other crates run these tests on their devices.

use array_api_spec::{Array, Backend, DType, ErrorClass, Namespace, NearestSums, axis};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

#[allow(unused_imports, reason = "the devices are the macro's affair")]
use super::*;

/// Whole numbers, so that all sums are exact and ties are ties in every dtype.
#[derive(Clone, Debug)]
struct Table {
    x: Vec<Vec<i32>>,
    centers: Vec<Vec<i32>>,
    origin: Vec<i32>,
    weights: Option<Vec<i32>>,
}

fn tables() -> impl Strategy<Value = Table> {
    (1..40_usize, 1..20_usize, 1..6_usize, any::<bool>()).prop_flat_map(|(n, p, k, weighted)| {
        let row = prop::collection::vec(-6..6, p);
        let rows = prop::collection::vec(row.clone(), n);
        let centers = prop::collection::vec(row.clone(), k);
        let weights = prop::collection::vec(0..4, n);
        (rows, centers, row, weights).prop_map(move |(x, centers, origin, weights)| Table {
            x,
            centers,
            origin,
            weights: weighted.then_some(weights),
        })
    })
}

impl Table {
    fn oracle(&self) -> (Vec<i64>, NearestSums) {
        let (k, p) = (self.centers.len(), self.origin.len());
        let mut sums = NearestSums::none(k, p);
        let mut labels = Vec::new();
        for (i, row) in self.x.iter().enumerate() {
            let z: Vec<i32> = row.iter().zip(&self.origin).map(|(x, o)| x - o).collect();
            let distance = |center: &[i32]| -> i32 {
                z.iter().zip(center).map(|(z, c)| (z - c) * (z - c)).sum()
            };
            let label = (0..k)
                .min_by_key(|&c| (distance(&self.centers[c]), c))
                .expect("a centre");
            let weight = self.weights.as_ref().map_or(1, |w| w[i]);
            sums.weights[label] += f64::from(weight);
            sums.distance += f64::from(weight * distance(&self.centers[label]));
            let own = &mut sums.sums[label * p..];
            own.iter_mut()
                .zip(&z)
                .for_each(|(s, z)| *s += f64::from(weight * z));
            labels.push(label as i64);
        }
        (labels, sums)
    }
}

fn array<B: Backend>(xp: &Namespace<B>, rows: &[Vec<i32>], dtype: DType) -> Array<B> {
    let values: Vec<f64> = rows.concat().into_iter().map(f64::from).collect();
    let shape = [rows.len(), rows[0].len()];
    xp.asarray_as((values, shape), dtype).expect("room")
}

#[test]
fn nearest_centers_are_what_they_say() {
    on_each_device!(definition);
}

fn definition<B: Backend>(xp: &Namespace<B>) {
    for dtype in xp.info().dtypes_of_kind("real floating").expect("a kind") {
        let mut runner = TestRunner::new(Config {
            cases: CASES,
            failure_persistence: None,
            ..Config::default()
        });
        let result = runner.run(&tables(), |table| {
            let x = array(xp, &table.x, dtype);
            let centers = array(xp, &table.centers, dtype);
            let origin = array(xp, std::slice::from_ref(&table.origin), dtype);
            let origin = xp.squeeze(&origin, 0).expect("one row");
            let weights = table.weights.as_ref().map(|weights| {
                let weights = array(xp, std::slice::from_ref(weights), dtype);
                xp.squeeze(&weights, 0).expect("one row")
            });
            let (labels, sums) = table.oracle();
            // The rows as they are, and from the last column to the first.
            let backwards = |x: &Array<B>| xp.flip(x, axis(-1)).expect("a view");
            for turned in [false, true] {
                let found = if turned {
                    xp.nearest(
                        &backwards(&x),
                        &backwards(&centers),
                        &backwards(&origin),
                        weights.as_ref(),
                    )
                } else {
                    xp.nearest(&x, &centers, &origin, weights.as_ref())
                };
                let found = found.expect("computes");
                prop_assert_eq!(&found.labels.to_vec::<i64>().expect("integers"), &labels);
                prop_assert_eq!(&found.sums.weights, &sums.weights);
                prop_assert_eq!(found.sums.distance, sums.distance);
                let mut ours = found.sums.sums;
                if turned {
                    let p = table.origin.len();
                    ours.chunks_exact_mut(p).for_each(<[f64]>::reverse);
                }
                prop_assert_eq!(&ours, &sums.sums);
            }
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{}, {dtype}: {error}", xp.device()));
    }
}

#[test]
fn rows_without_a_nearest_center_show() {
    on_each_device!(odd_values);
}

fn odd_values<B: Backend>(xp: &Namespace<B>) {
    for odd in [f64::NAN, f64::INFINITY] {
        let x = xp
            .asarray_as([[1.0, 2.0], [odd, 0.0]], DType::Float32)
            .expect("room");
        let centers = xp
            .asarray_as([[0.0, 0.0], [1.0, 1.0]], DType::Float32)
            .expect("room");
        let origin = xp.zeros([2], DType::Float32).expect("room");
        let found = xp.nearest(&x, &centers, &origin, None).expect("computes");
        assert!(found.sums.sums.iter().any(|sum| !sum.is_finite()));
        let labels: Vec<i64> = found.labels.to_vec().expect("integers");
        assert!(
            labels.iter().all(|label| (0..2).contains(label)),
            "{labels:?}"
        );
    }
    let none = xp.zeros([0, 2], DType::Float32).expect("nothing");
    let centers = xp.ones([3, 2], DType::Float32).expect("room");
    let origin = xp.zeros([2], DType::Float32).expect("room");
    let found = xp
        .nearest(&none, &centers, &origin, None)
        .expect("computes");
    assert_eq!(found.labels.shape(), [0]);
    assert_eq!(found.sums, NearestSums::none(3, 2));
}

#[test]
fn mistakes_are_told() {
    on_each_device!(mistakes);
}

fn mistakes<B: Backend>(xp: &Namespace<B>) {
    let ones = |shape: &[usize]| xp.ones(shape, DType::Float32).expect("room");
    let (x, centers, origin) = (ones(&[4, 2]), ones(&[3, 2]), ones(&[2]));
    for result in [
        xp.nearest(&origin, &centers, &origin, None),
        xp.nearest(&x, &origin, &origin, None),
        xp.nearest(&x, &ones(&[3, 1]), &origin, None),
        xp.nearest(&x, &centers, &ones(&[1]), None),
        xp.nearest(&x, &ones(&[0, 2]), &origin, None),
        xp.nearest(&ones(&[4, 0]), &ones(&[3, 0]), &ones(&[0]), None),
        xp.nearest(&x, &centers, &origin, Some(&ones(&[3]))),
    ] {
        assert_eq!(class(result), ErrorClass::ValueError);
    }
    let integers = xp.ones([3, 2], DType::Int32).expect("room");
    let flags = xp.ones([4], DType::Bool).expect("room");
    for result in [
        xp.nearest(&x, &integers, &origin, None),
        xp.nearest(&x, &centers, &origin, Some(&flags)),
    ] {
        assert_eq!(class(result), ErrorClass::TypeError);
    }
}
