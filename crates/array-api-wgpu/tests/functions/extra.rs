//! What the standard lacks.

use array_api_spec::{
    DType, HostBuffer, Program, ReduceOp, Strided,
    backend::{ArrayObjectBackend, ExtraBackend},
    reference,
};

use super::{assert_close, on_each, values};
use array_api_wgpu::Wgpu;

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
fn grouped(n: usize, p: usize, k: usize) -> (Vec<f64>, Vec<i64>, Vec<usize>) {
    let HostBuffer::Float64(noise) = values(DType::Float64, n * p, false) else {
        unreachable!()
    };
    let groups: Vec<i64> = (0..n).map(|i| (i * i + i / 3) as i64 % k as i64).collect();
    let mut counts = vec![0; k];
    let mut x = noise;
    for (row, &g) in x.chunks_exact_mut(p).zip(&groups) {
        counts[g as usize] += 1;
        for (j, x) in row.iter_mut().enumerate() {
            // Sixteenths: both precisions see one problem.
            let far = *x * (1.0 + j as f64) + 100.0 + 10.0 * (g as f64) * (j as f64);
            *x = (far * 16.0).round() / 16.0;
        }
        row[p - 1] = row[0] + row[1];
    }
    (x, groups, counts)
}

#[test]
fn scatter_of_groups_has_more_precision_than_its_input() {
    on_each(|pair| {
        for (n, p, k) in [(400, 7, 3), (40_000, 5, 4)] {
            let (x, groups, counts) = grouped(n, p, k);
            let x: Vec<f32> = x.iter().map(|&x| x as f32).collect();
            let x32 = pair.contiguous(HostBuffer::Float32(x.clone()), &[n, p]);
            let codes = pair.contiguous(pair.integers(groups.clone()), &[n]);
            let before = pair.gpu.counters();
            let parts = pair.gpu.group_scatter(&x32.gpu, &codes.gpu, &counts, 1e-4);
            let parts = parts.expect("native").expect("computes");
            assert_eq!(parts.rank, p);
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
            let exact = truth
                .group_scatter(&wide.expect("room"), &codes, &counts, 1e-4)
                .expect("computes");
            let get = |storage: &<Wgpu as ArrayObjectBackend>::Storage, shape: &[usize]| {
                let x = Strided::contiguous(storage.clone(), shape, DType::Float32);
                super::parts(&pair.gpu.download(&x).expect("downloads")).expect("floats")
            };
            let close = |a: Vec<f64>, b: Vec<f64>, tolerance: f64, what: &str| {
                assert_close(
                    &HostBuffer::Float64(a),
                    &HostBuffer::Float64(b),
                    tolerance,
                    what,
                );
            };
            close(
                get(&parts.means, &[k, p]),
                exact.means.to_vec().expect("downloads"),
                2e-7,
                "means",
            );
            close(
                get(&parts.std, &[p]),
                exact.std.to_vec().expect("downloads"),
                1e-6,
                "std",
            );
            let s = get(&parts.singular_values, &[p]);
            let truth: Vec<f64> = exact.singular_values.to_vec().expect("downloads");
            close(
                s[..p - 1].to_vec(),
                truth[..p - 1].to_vec(),
                1e-6,
                "singular values",
            );
            assert!(s[p - 1] < 1e-4, "the dependent column is found: {s:?}");
            let v = get(&parts.right_vectors, &[p, p]);
            let truth: Vec<f64> = exact.right_vectors.to_vec().expect("downloads");
            for r in 0..p - 1 {
                let dot: f64 = (0..p).map(|j| v[r * p + j] * truth[r * p + j]).sum();
                assert!((dot.abs() - 1.0).abs() < 1e-5, "right vector {r}: {dot}");
            }
        }
    });
}
