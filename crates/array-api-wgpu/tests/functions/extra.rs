//! What the standard lacks.

use array_api_spec::{
    DType, Groups, HostBuffer, Program, ReduceOp, Scatter, Spread, Strided,
    backend::{ArrayObjectBackend, ExtraBackend, MomentsPlan},
    reference,
};

use super::{assert_close, on_each, values};

#[test]
fn reductions_without_nan() {
    on_each(|pair| {
        let mut x = vec![f32::NAN; 24];
        for (i, x) in x.iter_mut().enumerate().skip(6).filter(|(i, _)| i % 3 != 0) {
            *x = 10.0 - i as f32;
        }
        let twins = pair.contiguous(HostBuffer::Float32(x), &[4, 6]);
        for (op, expected) in [
            (
                ReduceOp::Sum,
                [
                    0.0,
                    2.0 + 3.0 + 0.0 - 1.0,
                    -3.0 - 4.0 - 6.0 - 7.0,
                    -9.0 - 10.0 - 12.0 - 13.0,
                ],
            ),
            (ReduceOp::Max, [f32::NAN, 3.0, -3.0, -9.0]),
            (ReduceOp::Min, [f32::NAN, -1.0, -7.0, -13.0]),
        ] {
            let result = pair
                .gpu
                .nan_reduce(op, &Program::input(twins.gpu.clone()), &[1]);
            let result = Strided::contiguous(
                result.expect("native").expect("reduces"),
                &[4],
                DType::Float32,
            );
            let result = pair.gpu.download(&result).expect("downloads");
            assert_close(
                &result,
                &HostBuffer::Float32(expected.to_vec()),
                0.0,
                op.name(),
            );
        }
    });
}

/// Grouped rows whose last column depends on the others, far from 0.
fn grouped(n: usize, p: usize, k: usize) -> (Vec<f64>, Vec<i64>) {
    let HostBuffer::Float64(noise) = values(DType::Float64, n * p, false) else {
        unreachable!()
    };
    let groups: Vec<i64> = (0..n).map(|i| (i * i + i / 3) as i64 % k as i64).collect();
    let mut x = noise;
    for (row, &g) in x.chunks_exact_mut(p).zip(&groups) {
        for (j, x) in row.iter_mut().enumerate() {
            // Sixteenths: both precisions see one problem.
            let far = *x * (1.0 + j as f64) + 100.0 + 10.0 * (g as f64) * (j as f64);
            *x = (far * 16.0).round() / 16.0;
        }
        row[p - 1] = row[0] + row[1];
    }
    (x, groups)
}

#[test]
fn moments_have_more_precision_than_their_input() {
    on_each(|pair| {
        for (n, p, k) in [(400, 7, 3), (40_000, 5, 4)] {
            let (x, groups) = grouped(n, p, k);
            let x: Vec<f32> = x.iter().map(|&x| x as f32).collect();
            let x32 = pair.contiguous(HostBuffer::Float32(x.clone()), &[n, p]);
            let codes = pair.contiguous(pair.integers(groups.clone()), &[n]);
            let before = pair.gpu.counters();
            let plan = MomentsPlan {
                groups: k,
                pooled: true,
                spread: Spread::Gram,
            };
            let ours =
                pair.gpu
                    .moments(std::slice::from_ref(&x32.gpu), Some(&codes.gpu), None, plan);
            let ours = ours.expect("native").expect("computes");
            let downloaded = pair.gpu.counters().downloaded_bytes - before.downloaded_bytes;
            assert!(
                n == 400 || downloaded < 4 * (n * p) as u64,
                "the rows stay on the device: {downloaded} bytes"
            );

            let truth = reference::namespace();
            let wide = truth.asarray_as(
                (x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>(), [n, p]),
                DType::Float64,
            );
            let codes = truth.asarray(groups).expect("room");
            let groups = Some(Groups::pooled(&codes, k));
            let exact = truth
                .moments(&wide.expect("room"), groups, None, Spread::Gram)
                .expect("computes");
            assert_eq!((ours.rows, &ours.weights), (n, &exact.weights));
            let close = |a: &[f64], b: &[f64], tolerance: f64, what: &str| {
                let (a, b) = (a.to_vec(), b.to_vec());
                let [a, b] = [a, b].map(HostBuffer::Float64);
                assert_close(&a, &b, tolerance, what);
            };
            close(&ours.means, &exact.means, 1e-8, "means");
            close(&ours.deviations(), &exact.deviations(), 2e-8, "std");
            let (
                Scatter::Gram { values, error },
                Scatter::Gram {
                    values: expected, ..
                },
            ) = (&ours.scatter, &exact.scatter)
            else {
                panic!("Gram matrices")
            };
            assert!(*error < 1e-12, "{error}");
            for (at, (a, b)) in values.iter().zip(expected).enumerate() {
                let norm = (expected[at / p * (p + 1)] * expected[at % p * (p + 1)]).sqrt();
                assert!((a - b).abs() <= 2e-8 * norm, "{at}: {a} {b}");
            }
        }
    });
}

/// No sum of equal numbers is exact in binary, nor is their mean; the deviations are 0 all the same.
#[test]
fn columns_that_are_constant_within_groups_do_not_vary() {
    on_each(|pair| {
        let (n, p, k) = (5000, 3, 2);
        let values = [[0.1, 1e-30, 7.7e6], [1e9 / 3.0, 0.0, -0.7]];
        let x: Vec<f32> = (0..n * p).map(|at| values[at / p % k][at % p]).collect();
        let x = pair.contiguous(HostBuffer::Float32(x), &[n, p]);
        let codes = pair.integers((0..n).map(|i| (i % k) as i64).collect());
        let codes = pair.contiguous(codes, &[n]);
        let plan = MomentsPlan {
            groups: k,
            pooled: true,
            spread: Spread::Gram,
        };
        let found = pair
            .gpu
            .moments(std::slice::from_ref(&x.gpu), Some(&codes.gpu), None, plan);
        let found = found.expect("native").expect("computes");
        assert_eq!(found.deviations(), [0.0; 3]);
        assert_eq!(found.divisors(), [1.0; 3]);
    });
}
