//! Each step of `eig` against the equations that define it. `tests/eig.rs` tests eigenvectors on every device.

use faer::Par;

use super::{
    super::tests::{check_eig, sample},
    francis::{francis, unreduced},
    *,
};

type C = Complex<f64>;

fn random<T: Wide>(n: usize, seed: u64) -> Square<T> {
    let values: Vec<f64> = sample(2 * n * n, seed, 1.0);
    Square::from_fn(n, |i, j| {
        T::from_complex(C::new(values[i * n + j], values[n * n + i * n + j]))
    })
}

fn distance<T: Wide>(a: &Square<T>, b: &Square<T>) -> f64 {
    (0..a.n)
        .flat_map(|j| a.column(j).iter().zip(b.column(j)))
        .map(|(&a, &b)| (a - b).abs1())
        .fold(0.0, f64::max)
}

/// `q b qᴴ`
fn sandwich<T: Wide>(q: &Square<T>, b: &Square<T>) -> Square<T> {
    let mut out = b.clone();
    let adjoint = Square::from_fn(q.n, |i, j| q[(j, i)].conj());
    out.columns_times(0..q.n, 0..q.n, &adjoint, Par::Seq);
    out.adjoint_times_rows(0..q.n, 0..q.n, &adjoint, Par::Seq);
    out
}

/// Checks that the factors are orthogonal, that their product is the matrix, and that the diagonal blocks have the
/// standard form.
fn assert_schur<T: Wide>(x: &Square<T>, t: &Square<T>, z: &Square<T>) {
    let tolerance = 60.0 * f64::EPSILON * x.n as f64;
    assert!(distance(&sandwich(z, &Square::identity(x.n)), &Square::identity(x.n)) < tolerance);
    assert!(
        distance(&sandwich(z, t), x) < tolerance * x.n as f64,
        "{}",
        x.n
    );
    for j in 0..x.n {
        let below = &t.column(j)[(j + 1).min(x.n)..];
        assert!(below.iter().skip(1).all(|&z| z == T::ZERO), "column {j}");
    }
    for block in diagonal_blocks(t, 0..x.n).filter(|block| block.len() == 2) {
        let real = |i: usize, j: usize| t[(block.start + i, block.start + j)].to_complex().re;
        assert!(T::IS_REAL && real(0, 0) == real(1, 1) && real(0, 1) * real(1, 0) < 0.0);
        assert!(block.end == x.n || t[(block.end, block.end - 1)] == T::ZERO);
    }
}

/// Reduces x to Hessenberg form, and returns the factor q.
fn reduced<T: Wide>(x: &mut Square<T>, active: std::ops::Range<usize>) -> Square<T> {
    let z = hessenberg(x, active, Wanted::ValuesAndVectors, Par::Seq).expect("room");
    z.expect("wanted")
}

fn schurs<T: Wide>() {
    for (n, active) in [
        (1, 0..1),
        (2, 0..2),
        (9, 0..9),
        (9, 2..7),
        (130, 0..130),
        (240, 20..235),
    ] {
        let inside = |i: usize, j: usize| i <= j || (active.contains(&i) && active.contains(&j));
        let full = random::<T>(n, n as u64);
        let x = Square::from_fn(n, |i, j| if inside(i, j) { full[(i, j)] } else { T::ZERO });
        let mut t = x.clone();
        let mut z = reduced(&mut t, active.clone());
        assert!(distance(&sandwich(&z, &t), &x) < 1e-13 * n as f64);
        schur(&mut t, Some(&mut z), active, Par::Seq).expect("converges");
        assert_schur(&x, &t, &z);
    }
}

#[test]
fn schur_form_gives_the_matrix_back() {
    schurs::<f64>();
    schurs::<C>();
}

/// The multishift algorithm, with and without vectors, and Francis' double-shift algorithm find the same
/// well-conditioned eigenvalues.
#[test]
fn many_shifts_and_few_agree() {
    let n = 250;
    let noise = random::<f64>(n, 3);
    let mut few = Square::from_fn(n, |i, j| {
        let turned = if i < j { noise[(i, j)] } else { -noise[(j, i)] };
        if i == j { noise[(i, i)] } else { turned }
    });
    let mut z = reduced(&mut few, 0..n);
    let (mut many, mut q, mut only) = (few.clone(), z.clone(), few.clone());
    francis(&mut few, Some(&mut z)).expect("converges");
    schur(&mut many, Some(&mut q), 0..n, Par::Seq).expect("converges");
    schur(&mut only, None, 0..n, Par::Seq).expect("converges");
    for mut others in [eigenvalues(&many), eigenvalues(&only)] {
        for z in eigenvalues(&few) {
            let off = |k: &usize| (others[*k] - z).norm();
            let nearest = (0..others.len()).min_by(|i, j| off(i).total_cmp(&off(j)));
            let nearest = others.swap_remove(nearest.expect("as many"));
            assert!((nearest - z).norm() < 2e-11, "{nearest} {z}");
        }
        assert!(others.is_empty());
    }
}

#[test]
fn negligible_elements_split_a_matrix() {
    let mut h = Square::from_fn(3, |i, j| {
        [[1.0, 1.0, 1.0], [1e-17, 2.0, 1.0], [0.0, 1.0, 3.0]][i][j]
    });
    assert_eq!(unreduced(&mut h, 0, 3), 1);
    assert_eq!(h[(1, 0)], 0.0);
    // The element is small compared with the diagonal, but the lower eigenvalue depends on it.
    let mut h = Square::from_fn(2, |i, j| [[1.0, 1.0], [1e-17, 1e-17]][i][j]);
    assert_eq!(unreduced(&mut h, 0, 2), 0);
}

#[test]
fn balancing_sets_apart_what_can_be_read_off() {
    // Row 1 is isolated, then column 2.
    let x = [
        [2.0, 5.0, 0.0, 1.0],
        [0.0, 7.0, 0.0, 0.0],
        [1.0, 1.0, 9.0, 1.0],
        [3.0, 1.0, 0.0, 4.0],
    ];
    let balance = Balance::new(4, |i, j| x[i][j]);
    assert_eq!(
        (balance.active.clone(), balance.order[0], balance.order[3]),
        (1..3, 2, 1)
    );
    let triangular = Balance::new(3, |i, j| f64::from(u8::from(j >= i)));
    assert_eq!((triangular.active, triangular.order), (0..0, vec![0, 1, 2]));
}

#[test]
fn balancing_undoes_powers_of_two() {
    let x = random::<f64>(7, 5);
    let plain = Balance::new(7, |i, j| x[(i, j)].abs());
    for far in [3, 150, 480] {
        let d = [0, far, -far, 2, far / 3, -1, -far / 2];
        let scaled = Square::from_fn(7, |i, j| ldexp(x[(i, j)], d[i] - d[j]));
        let balance = Balance::new(7, |i, j| scaled[(i, j)].abs());
        let total = |i: usize| balance.exponents[i] - plain.exponents[i] - d[i];
        assert!(
            (0..7).all(|i| (total(i) - total(0)).abs() <= 1),
            "{balance:?} {d:?}"
        );
        let largest = (0..49)
            .map(|k| (k / 7, k % 7))
            .map(|(i, j)| {
                ldexp(
                    scaled[(i, j)],
                    balance.exponents[j] - balance.exponents[i] + balance.scale,
                )
            })
            .fold(0.0_f64, |m, x| m.max(x.abs()));
        assert!((0.5..1.0).contains(&largest), "{largest}");
    }
}

/// On all threads.
#[test]
fn large_matrices() {
    check_eig::<f64>(410, &sample(410 * 410, 3, 1.0), 1.0);
    check_eig::<C>(405, &sample(405 * 405, 4, 1.0), 1.0);
}
