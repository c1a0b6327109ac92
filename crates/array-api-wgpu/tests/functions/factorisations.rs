//! The laws of factorisations by kernels: what they multiply to, at orders around the panels' widths, in every dtype, and
//! what they say of matrices that have no factors.

use array_api_spec::{
    Complex, DType, HostBuffer, Layout, Strided,
    backend::{ArrayObjectBackend, LinalgBackend},
};
use array_api_wgpu::Wgpu;

use super::{Pair, on_each, parts, values};

pub(super) type View = Strided<<Wgpu as ArrayObjectBackend>::Storage>;

/// Orders around the widths of panels and tiles; the last ones are factorised on a processor's adapter only because the
/// test asks for it.
const ORDERS: [usize; 9] = [1, 2, 7, 16, 31, 33, 64, 65, 130];

/// A matrix on the host, of complex numbers.
#[derive(Clone)]
pub(super) struct Matrix {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) values: Vec<Complex<f64>>,
}

impl Matrix {
    pub(super) fn new(
        rows: usize,
        columns: usize,
        at: impl Fn(usize, usize) -> Complex<f64>,
    ) -> Self {
        let values = (0..rows * columns).map(|e| at(e / columns, e % columns));
        Self {
            rows,
            columns,
            values: values.collect(),
        }
    }

    pub(super) fn of(buffer: &HostBuffer, rows: usize, columns: usize) -> Self {
        let numbers = parts(buffer).expect("floating-point");
        let each = numbers.len() / (rows * columns);
        Self::new(rows, columns, |i, j| {
            let at = (i * columns + j) * each;
            Complex::new(numbers[at], if each == 2 { numbers[at + 1] } else { 0.0 })
        })
    }

    pub(super) fn random(dtype: DType, rows: usize, columns: usize) -> Self {
        Self::of(&values(dtype, rows * columns, false), rows, columns)
    }

    pub(super) fn at(&self, i: usize, j: usize) -> Complex<f64> {
        self.values[i * self.columns + j]
    }

    pub(super) fn adjoint(&self) -> Self {
        Self::new(self.columns, self.rows, |i, j| self.at(j, i).conj())
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        Self::new(self.rows, other.columns, |i, j| {
            (0..self.columns)
                .map(|k| self.at(i, k) * other.at(k, j))
                .sum()
        })
    }

    pub(super) fn norm(&self) -> f64 {
        self.values.iter().map(|x| x.norm_sqr()).sum::<f64>().sqrt()
    }

    pub(super) fn distance(&self, other: &Self) -> f64 {
        let both = self.values.iter().zip(&other.values);
        both.map(|(a, b)| (a - b).norm_sqr()).sum::<f64>().sqrt()
    }

    pub(super) fn buffer(&self, dtype: DType) -> HostBuffer {
        let x = self.values.iter();
        match dtype {
            DType::Float32 => HostBuffer::Float32(x.map(|z| z.re as f32).collect()),
            DType::Float64 => HostBuffer::Float64(x.map(|z| z.re).collect()),
            DType::Complex64 => {
                HostBuffer::Complex64(x.map(|z| Complex::new(z.re as f32, z.im as f32)).collect())
            }
            _ => HostBuffer::Complex128(x.copied().collect()),
        }
    }

    /// The same with each number rounded to a dtype.
    pub(super) fn rounded(&self, dtype: DType) -> Self {
        Self::of(&self.buffer(dtype), self.rows, self.columns)
    }
}

/// Positive definite, with a condition number of some hundreds.
fn positive(dtype: DType, n: usize) -> Matrix {
    let b = Matrix::random(dtype, n, n);
    let product = b.times(&b.adjoint());
    let shift = product.norm() / 100.0 + 1.0;
    let a = Matrix::new(n, n, |i, j| {
        product.at(i, j) + if i == j { shift } else { 0.0 }
    });
    a.rounded(dtype)
}

/// Runs a test on each device with kernels for every order, for each floating-point dtype. It gets the unit of rounding errors.
pub(super) fn on_each_dtype(test: impl Fn(&Pair, &Wgpu, DType, f64)) {
    on_each(|pair| {
        let gpu = pair.gpu.clone().always_by_kernels();
        let floating = gpu.dtypes().into_iter().filter(|d| d.is_floating());
        for dtype in floating {
            let single = dtype.real() == DType::Float32;
            let unit = f64::from(if single { f32::EPSILON } else { 0.0 }).max(f64::EPSILON);
            test(pair, &gpu, dtype, unit);
        }
    });
}

pub(super) fn up(gpu: &Wgpu, matrices: &[Matrix], dtype: DType) -> View {
    let (rows, columns) = (matrices[0].rows, matrices[0].columns);
    let all = Matrix {
        rows: matrices.len() * rows,
        columns,
        values: matrices.iter().flat_map(|m| m.values.clone()).collect(),
    };
    let shape: &[usize] = if matrices.len() == 1 {
        &[rows, columns]
    } else {
        &[matrices.len(), rows, columns]
    };
    Strided::contiguous(gpu.upload(all.buffer(dtype)).expect("room"), shape, dtype)
}

pub(super) fn one(gpu: &Wgpu, matrix: &Matrix, dtype: DType) -> View {
    up(gpu, std::slice::from_ref(matrix), dtype)
}

pub(super) fn down(
    gpu: &Wgpu,
    storage: <Wgpu as ArrayObjectBackend>::Storage,
    shape: &[usize],
    dtype: DType,
) -> Matrix {
    let view = Strided::contiguous(storage, shape, dtype);
    let columns = shape[shape.len() - 1];
    let rows = shape.iter().product::<usize>() / columns;
    Matrix::of(&gpu.download(&view).expect("downloads"), rows, columns)
}

/// P A, by the exchanges of an LU factorisation.
fn exchanged(a: &Matrix, rows: &[usize]) -> Matrix {
    let mut a = a.clone();
    for (i, &other) in rows.iter().enumerate() {
        for j in 0..a.columns {
            a.values.swap(i * a.columns + j, other * a.columns + j);
        }
    }
    a
}

fn positions(gpu: &Wgpu, storage: <Wgpu as ArrayObjectBackend>::Storage, n: usize) -> Vec<usize> {
    let dtype = if gpu.dtypes().contains(&DType::Int64) {
        DType::Int64
    } else {
        DType::Int32
    };
    let rows = gpu.download(&Strided::contiguous(storage, &[n], dtype));
    let rows: Vec<i64> = rows.expect("downloads").into_vec("test").expect("integers");
    rows.into_iter().map(|row| row as usize).collect()
}

#[test]
fn cholesky_factors_multiply_to_the_matrix() {
    on_each_dtype(|_, gpu, dtype, unit| {
        for n in ORDERS {
            let a = positive(dtype, n);
            let l = gpu.cholesky(&one(gpu, &a, dtype)).expect("factors");
            let l = down(gpu, l, &[n, n], dtype);
            for i in 0..n {
                assert!(l.at(i, i).re > 0.0 && l.at(i, i).im == 0.0);
                assert!((i + 1..n).all(|j| l.at(i, j) == Complex::default()));
            }
            let error = l.times(&l.adjoint()).distance(&a) / a.norm();
            assert!(
                error < 4.0 * unit * (n as f64).sqrt(),
                "{dtype} {n}: {error:e}"
            );
        }
    });
}

#[test]
fn lu_factors_multiply_to_the_matrix_with_exchanged_rows() {
    on_each_dtype(|pair, gpu, dtype, unit| {
        for n in ORDERS {
            let a = Matrix::random(dtype, n, n);
            let [lu, rows] = gpu.lu(&one(gpu, &a, dtype)).expect("factors");
            let (lu, rows) = (down(gpu, lu, &[n, n], dtype), positions(gpu, rows, n));
            let l = Matrix::new(n, n, |i, j| match i.cmp(&j) {
                std::cmp::Ordering::Greater => lu.at(i, j),
                std::cmp::Ordering::Equal => 1.0.into(),
                std::cmp::Ordering::Less => 0.0.into(),
            });
            let upper = Matrix::new(n, n, |i, j| if i <= j { lu.at(i, j) } else { 0.0.into() });
            // Partial pivoting; a complex number counts by the sum of its parts' magnitudes.
            assert!(l.values.iter().all(|x| x.norm() < 1.5), "{dtype} {n}");
            let scale = l.norm() * upper.norm();
            let error = l.times(&upper).distance(&exchanged(&a, &rows)) / scale;
            assert!(error < 4.0 * unit, "{dtype} {n}: {error:e}");
            if !dtype.is_complex() && dtype == DType::Float64 {
                let truth = pair.contiguous(a.buffer(dtype), &[n, n]);
                let [_, theirs] = pair.truth.lu(&truth.truth).expect("factors");
                let theirs = Strided::contiguous(theirs, &[n], DType::Int64);
                let theirs = pair.truth.download(&theirs).expect("downloads");
                let theirs: Vec<i64> = theirs.into_vec("test").expect("integers");
                let ours: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
                assert_eq!(ours, theirs, "{n}");
            }
        }
    });
}

#[test]
fn solutions_fulfil_their_equations() {
    on_each_dtype(|_, gpu, dtype, unit| {
        for (n, columns) in ORDERS.into_iter().zip([1, 3, 70].into_iter().cycle()) {
            let (a, b) = (
                Matrix::random(dtype, n, n),
                Matrix::random(dtype, n, columns),
            );
            if a.at(0, 0) == Complex::default() && n == 1 {
                continue;
            }
            let x = gpu.solve(&one(gpu, &a, dtype), &one(gpu, &b, dtype));
            let x = down(gpu, x.expect("solves"), &[n, columns], dtype);
            let error = a.times(&x).distance(&b) / (a.norm() * x.norm());
            assert!(error < 8.0 * unit, "{dtype} {n}: {error:e}");
        }
    });
}

/// Stacks of views: transposed, flipped, and one matrix for all.
#[test]
fn every_layout_of_a_stack_is_read_right() {
    on_each_dtype(|_, gpu, dtype, unit| {
        let n = 37;
        let all = [0, 1, 2].map(|k| {
            let a = positive(dtype, n);
            Matrix::new(n, n, |i, j| a.at((i + k) % n, (j + k) % n))
        });
        let stack = up(gpu, &all, dtype);
        let transposed = stack.with_layout(stack.layout.permute(&[0, 2, 1]));
        let flipped = stack.with_layout(stack.layout.flip(0));
        let one = stack.with_layout(Layout::contiguous(&[n, n]).broadcast_to(&[3, n, n]));
        for (view, order, is_transposed) in [
            (&stack, [0, 1, 2], false),
            (&transposed, [0, 1, 2], true),
            (&flipped, [2, 1, 0], false),
            (&one, [0, 0, 0], false),
        ] {
            let l = down(gpu, gpu.cholesky(view).expect("factors"), &[3, n, n], dtype);
            for (k, &which) in order.iter().enumerate() {
                let l = Matrix::new(n, n, |i, j| l.at(k * n + i, j));
                let a = &all[which];
                let a = if is_transposed {
                    Matrix::new(n, n, |i, j| a.at(j, i))
                } else {
                    a.clone()
                };
                let error = l.times(&l.adjoint()).distance(&a) / a.norm();
                assert!(error < 32.0 * unit, "{dtype} matrix {k}: {error:e}");
            }
        }
    });
}

/// Numbers near the ends of the range overflow nowhere on the way.
#[test]
fn huge_and_tiny_numbers_are_scaled() {
    on_each_dtype(|_, gpu, dtype, unit| {
        let n = 40;
        let single = dtype.real() == DType::Float32;
        let power = |i: usize| 2.0_f64.powi(if single { 3 } else { 20 } * (i as i32 % 31 - 15));
        let a = positive(dtype, n);
        let scaled = Matrix::new(n, n, |i, j| a.at(i, j) * power(i) * power(j));
        let l = gpu.cholesky(&one(gpu, &scaled, dtype)).expect("factors");
        let l = down(gpu, l, &[n, n], dtype);
        let l = Matrix::new(n, n, |i, j| l.at(i, j) / power(i));
        let error = l.times(&l.adjoint()).distance(&a) / a.norm();
        assert!(error < 32.0 * unit, "{dtype}: {error:e}");

        let rows = Matrix::new(n, n, |i, j| a.at(i, j) * power(i) * power((j * 7) % n));
        let right = Matrix::new(n, 2, |i, j| (power(i) * (i as f64 - 3.0 * j as f64)).into());
        let x = gpu.solve(&one(gpu, &rows, dtype), &one(gpu, &right, dtype));
        let x = down(gpu, x.expect("solves"), &[n, 2], dtype);
        let x = Matrix::new(n, 2, |i, j| x.at(i, j) * power((i * 7) % n));
        let b = Matrix::new(n, 2, |i, j| (i as f64 - 3.0 * j as f64).into());
        let error = a.times(&x).distance(&b) / (a.norm() * x.norm());
        assert!(error < 32.0 * unit, "{dtype}: {error:e}");

        let factor = 2.0_f64.powi(if single { 110 } else { 1000 });
        for factor in [factor, 1.0 / factor] {
            let big = Matrix::new(n, n, |i, j| a.at(i, j) * factor / a.norm());
            let [lu, _] = gpu.lu(&one(gpu, &big, dtype)).expect("factors");
            let lu = down(gpu, lu, &[n, n], dtype);
            assert!(
                lu.values
                    .iter()
                    .all(|x| x.re.is_finite() && x.im.is_finite())
            );
            assert!(lu.at(0, 0).norm() > factor * 1e-6);
        }
    });
}

/// Each matrix of a stack is judged by itself, and the first that fails is named.
#[test]
fn matrices_without_factors_are_named() {
    on_each_dtype(|_, gpu, dtype, _| {
        let n = 40;
        let good = positive(dtype, n);
        let with = |at: (usize, usize), value: f64| {
            let mut a = good.clone();
            a.values[at.0 * n + at.1] = value.into();
            a
        };
        let of = |all: &[Matrix]| gpu.cholesky(&up(gpu, all, dtype)).map(|_| ()).unwrap_err();
        for order in [1, 7, 33, n] {
            let bad = with((order - 1, order - 1), -1.0);
            let said = of(std::slice::from_ref(&bad)).to_string();
            let wanted = format!(
                "the matrix is not positive definite: its leading block of order {order} is not"
            );
            assert!(said.contains(&wanted), "{said}");
            let said = of(&[good.clone(), bad.clone(), bad]).to_string();
            assert!(
                said.contains("matrix 1 of the stack is not positive definite"),
                "{said}"
            );
        }
        let b = Matrix::random(dtype, n, 2);
        let solved = |all: &[Matrix]| {
            let right = vec![b.clone(); all.len()];
            gpu.solve(&up(gpu, all, dtype), &up(gpu, &right, dtype))
        };
        let zero_row = Matrix::new(n, n, |i, j| if i == 5 { 0.0.into() } else { good.at(i, j) });
        let zero_column = Matrix::new(n, n, |i, j| if j == 5 { 0.0.into() } else { good.at(i, j) });
        let whole = |i: usize, j: usize| Complex::from((i * 3 + j * 5 % 7) as f64 % 4.0);
        let equal_rows = Matrix::new(n, n, |i, j| whole(if i == 39 { 0 } else { i }, j));
        for bad in [zero_row, zero_column, equal_rows] {
            let said = solved(std::slice::from_ref(&bad))
                .map(|_| ())
                .unwrap_err()
                .to_string();
            assert!(said.contains("the matrix is singular"), "{said}");
            let said = solved(&[good.clone(), good.clone(), bad])
                .map(|_| ())
                .unwrap_err();
            assert!(
                said.to_string()
                    .contains("matrix 2 of the stack is singular"),
                "{said}"
            );
        }
    });
}

/// NaN and ∞ spread over their own matrix alone; what a Cholesky factor does not depend on is not read.
#[test]
fn what_is_not_finite_stays_in_its_matrix() {
    on_each_dtype(|_, gpu, dtype, unit| {
        let n = 40;
        let good = positive(dtype, n);
        for odd in [f64::NAN, f64::INFINITY] {
            let mut bad = good.clone();
            bad.values[20 * n + 10] = odd.into();
            let stack = up(gpu, &[bad.clone(), good.clone()], dtype);
            let right = Matrix::random(dtype, n, 2);
            let rights = up(gpu, &[right.clone(), right], dtype);
            let results = [
                gpu.cholesky(&stack).expect("factors"),
                gpu.lu(&stack).expect("factors")[0].clone(),
                gpu.solve(&stack, &rights).expect("solves"),
            ];
            for (number, result) in results.into_iter().enumerate() {
                let columns = if number == 2 { 2 } else { n };
                let found = down(gpu, result, &[2, n, columns], dtype);
                for i in 0..2 * n {
                    for j in 0..columns {
                        let above = number == 0 && j > i % n;
                        let nan = found.at(i, j).re.is_nan();
                        assert_eq!(nan, i < n && !above, "{dtype} result {number} ({i}, {j})");
                    }
                }
            }
            // The upper triangle belongs to nobody.
            let mut upper = good.clone();
            upper.values[10 * n + 20] = odd.into();
            let l = gpu.cholesky(&one(gpu, &upper, dtype)).expect("factors");
            let l = down(gpu, l, &[n, n], dtype);
            let error = l.times(&l.adjoint()).distance(&good) / good.norm();
            assert!(error < 32.0 * unit, "{dtype}: {error:e}");
        }
    });
}

/// So many work-groups are a rectangle with one too many, which must leave the others' matrices alone.
#[test]
#[ignore = "a software driver takes minutes for so many work-groups"]
fn more_matrices_than_a_row_of_a_grid_has_groups() {
    on_each(|Pair { gpu, .. }| {
        let count = (1 << 16) + 1;
        let values: Vec<f32> = (0..4 * count)
            .map(|e| [1.0, 2.0, 4.0, 2.0][e % 4])
            .collect();
        let stack = Strided {
            storage: gpu.upload(HostBuffer::Float32(values)).expect("room"),
            layout: Layout::contiguous(&[count, 2, 2]),
            dtype: DType::Float32,
        };
        let [factors, rows] = gpu.lu(&stack).expect("factors");
        let factors = Strided::contiguous(factors, &[count, 2, 2], DType::Float32);
        let found = parts(&gpu.download(&factors).expect("comes back")).expect("floating-point");
        let odd = found
            .chunks_exact(4)
            .position(|m| m != [4.0, 2.0, 0.25, 1.5]);
        assert_eq!(odd, None);
        let rows = positions(gpu, rows, 2 * count);
        assert!(rows.iter().all(|row| *row == 1));
    });
}
