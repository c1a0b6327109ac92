//! Counts, means and scatter of rows: against their definition, split and merged, weighted, and at the ends of what numbers hold. Other crates run
//! these tests on their devices.

use array_api_spec::{
    Array, Backend, DType, ErrorClass, Groups, Moments, Namespace, Scatter, Spread,
    backend::MomentsPlan,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

#[allow(unused_imports, reason = "the devices are the macro's affair")]
use super::*;

const SPREADS: [Spread; 3] = [Spread::Diagonal, Spread::Gram, Spread::Factor];

/// Rows in groups, and how they are asked for.
#[derive(Clone, Debug)]
struct Table {
    p: usize,
    k: usize,
    x: Vec<f64>,
    codes: Vec<i32>,
    weights: Option<Vec<i32>>,
    pooled: bool,
    spread: Spread,
}

/// Each column has a scale of its own, and a mean that is some times as large.
fn tables(dtype: DType) -> impl Strategy<Value = Table> {
    let (digits, means) = match dtype {
        DType::Float64 => (12, vec![0.0, -1.0, 1e6]),
        _ => (3, vec![0.0, -1.0, 100.0]),
    };
    let shape = (1..40_usize, 1..5_usize, 1..4_usize);
    let rest = (
        any::<bool>(),
        any::<bool>(),
        prop::sample::select(SPREADS.to_vec()),
    );
    (shape, rest).prop_flat_map(move |((n, p, k), (weighted, pooled, spread))| {
        let column = (-digits..=digits, prop::sample::select(means.clone()));
        let columns = prop::collection::vec(column, p);
        let noise = prop::collection::vec(-1.0..1.0_f64, n * p);
        let codes = prop::collection::vec(0..k as i32, n);
        let weights = prop::collection::vec(0..4, n);
        (columns, noise, codes, weights).prop_map(move |(columns, noise, codes, weights)| {
            let element = |(at, noise): (usize, f64)| {
                let (digits, mean) = columns[at % p];
                let x = (mean + noise) * 10.0_f64.powi(digits);
                match dtype {
                    DType::Float32 => f64::from(x as f32),
                    _ => x,
                }
            };
            Table {
                p,
                k,
                x: noise.into_iter().enumerate().map(element).collect(),
                codes,
                weights: weighted.then_some(weights),
                pooled,
                spread,
            }
        })
    })
}

impl Table {
    fn n(&self) -> usize {
        self.codes.len()
    }

    fn weight(&self, i: usize) -> i32 {
        self.weights.as_ref().map_or(1, |w| w[i])
    }

    /// Some of the rows, in another order or several times.
    fn rows(&self, rows: &[usize]) -> Self {
        let of = |values: &[i32]| rows.iter().map(|&i| values[i]).collect::<Vec<i32>>();
        let p = self.p;
        let x = rows.iter().flat_map(|&i| &self.x[i * p..(i + 1) * p]);
        Self {
            x: x.copied().collect(),
            codes: of(&self.codes),
            weights: self.weights.as_deref().map(of),
            ..self.clone()
        }
    }

    fn moments<B: Backend>(&self, xp: &Namespace<B>, dtype: DType) -> Moments {
        let x = xp.asarray_as((self.x.clone(), [self.n(), self.p]), dtype);
        let codes = xp.asarray((self.codes.clone(), [self.n()])).expect("room");
        let weights = self.weights.clone().map(|weights| {
            let weights = xp.asarray((weights, [self.n()])).expect("room");
            xp.astype(weights, dtype).eval().expect("real")
        });
        let groups = if self.pooled {
            Groups::pooled(&codes, self.k)
        } else {
            Groups::each(&codes, self.k)
        };
        xp.moments(
            &x.expect("room"),
            Some(groups),
            weights.as_ref(),
            self.spread,
        )
        .expect("computes")
    }

    /// By the definition, about the mean of the differences from the first row.
    fn oracle(&self) -> Moments {
        let (p, k) = (self.p, self.k);
        let mut weights = vec![0.0; k];
        let mut first = vec![usize::MAX; k];
        let mut sums = vec![0.0; k * p];
        for i in 0..self.n() {
            let (g, w) = (self.codes[i] as usize, f64::from(self.weight(i)));
            first[g] = first[g].min(i);
            weights[g] += w;
            for j in 0..p {
                sums[g * p + j] += w * (self.x[i * p + j] - self.x[first[g] * p + j]);
            }
        }
        let means: Vec<f64> = (0..k * p)
            .map(|at| match weights[at / p] {
                0.0 => f64::NAN,
                w => self.x[first[at / p] * p + at % p] + sums[at] / w,
            })
            .collect();
        let matrices = if self.pooled { 1 } else { k };
        let mut gram = vec![0.0; matrices * p * p];
        for i in (0..self.n()).filter(|&i| self.weight(i) > 0) {
            let g = self.codes[i] as usize;
            let z = |j: usize| self.x[i * p + j] - means[g * p + j];
            let start = if self.pooled { 0 } else { g * p * p };
            for at in 0..p * p {
                gram[start + at] += f64::from(self.weight(i)) * z(at / p) * z(at % p);
            }
        }
        Moments {
            rows: self.n(),
            features: p,
            weights,
            means,
            pooled: self.pooled,
            scatter: Scatter::Gram {
                values: gram,
                error: 0.0,
            },
        }
    }
}

/// `(matrices, p, p)`, or the diagonals alone.
fn gram(moments: &Moments) -> Vec<f64> {
    let p = moments.features;
    match &moments.scatter {
        Scatter::Diagonal(squares) => squares.clone(),
        Scatter::Gram { values, .. } => values.clone(),
        Scatter::Factor(factors) => {
            let products = |f: &Vec<f64>| {
                let entry = |at: usize| -> f64 {
                    f.chunks_exact(p).map(|row| row[at / p] * row[at % p]).sum()
                };
                (0..p * p).map(entry).collect::<Vec<f64>>()
            };
            factors.iter().flat_map(products).collect()
        }
    }
}

/// Errors of the scatter are judged as shares of the columns' norms, those of means as shares of the largest number.
#[track_caller]
fn assert_same(a: &Moments, b: &Moments, largest: &[f64], tolerance: f64, what: &str) {
    let p = a.features;
    assert_eq!((a.rows, p), (b.rows, b.features), "{what}");
    assert_eq!(a.weights, b.weights, "{what}");
    for (at, (x, y)) in a.means.iter().zip(&b.means).enumerate() {
        let close = (x - y).abs() <= 1e-3 * tolerance * largest[at % p];
        assert!(close || (x.is_nan() && y.is_nan()), "{what}: {x} {y}");
    }
    let (ga, gb) = (gram(a), gram(b));
    let diagonal = ga.len() < gb.len();
    for (matrix, gb) in gb.chunks_exact(p * p).enumerate() {
        for at in 0..p * p {
            let (i, j) = (at / p, at % p);
            if diagonal && i != j {
                continue;
            }
            let x = if diagonal {
                ga[matrix * p + i]
            } else {
                ga[matrix * p * p + at]
            };
            let norm = (gb[i * p + i] * gb[j * p + j]).sqrt();
            // One row's own scatter is nothing, or what rounding leaves of its numbers.
            let rounding = largest[i] * largest[j] * (1e-3 * tolerance).powi(2);
            // A mean is one number: where rows lie close together, its last digit is a share of what is between them.
            let digit = |j: usize| 4e-6 * tolerance * largest[j];
            let of_means = gb[i * p + i].sqrt() * digit(j) + gb[j * p + j].sqrt() * digit(i);
            let close = (x - gb[at]).abs() <= tolerance * norm + rounding + of_means;
            assert!(close, "{what}: {i} {j} of {matrix}: {x:e} {:e}", gb[at]);
        }
    }
}

/// For each dtype: what results may be off by. On devices without `float64`, some of them are computed in `float32`.
fn precisions<B: Backend>(xp: &Namespace<B>) -> Vec<(DType, f64)> {
    if xp.backend().dtypes().contains(&DType::Float64) {
        vec![(DType::Float32, 1e-9), (DType::Float64, 1e-9)]
    } else {
        vec![(DType::Float32, 1e-3)]
    }
}

fn for_tables<B: Backend>(xp: &Namespace<B>, check: impl Fn(&Table, DType, f64)) {
    for (dtype, tolerance) in precisions(xp) {
        let mut runner = TestRunner::new(Config {
            cases: super::CASES,
            failure_persistence: None,
            ..Config::default()
        });
        let result = runner.run(&tables(dtype), |table| {
            check(&table, dtype, tolerance);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{}, {dtype}: {error}", xp.device()));
    }
}

fn largest(table: &Table) -> Vec<f64> {
    let column = |j: usize| table.x[j..].iter().step_by(table.p);
    (0..table.p)
        .map(|j| column(j).fold(0.0_f64, |most, x| most.max(x.abs())))
        .collect()
}

#[test]
fn moments_are_what_they_say() {
    on_each_device!(definition);
}

fn definition<B: Backend>(xp: &Namespace<B>) {
    for_tables(xp, |table, dtype, tolerance| {
        let ours = table.moments(xp, dtype);
        assert_same(
            &ours,
            &table.oracle(),
            &largest(table),
            tolerance,
            "definition",
        );
        for (std, one) in ours.deviations().into_iter().zip(ours.divisors()) {
            assert!(one == std || (std == 0.0 && one == 1.0) || std.is_nan());
        }
    });
}

#[test]
fn any_parts_merge_to_the_whole() {
    on_each_device!(parts);
}

fn parts<B: Backend>(xp: &Namespace<B>) {
    for_tables(xp, |table, dtype, tolerance| {
        // Rows that lie together, and rows from everywhere; the last part is merged first.
        let n = table.n();
        let cuts = [n / 5, n / 2];
        let even = |odd| (0..n).filter(move |i| i % 2 == odd).collect();
        let splits: [Vec<Vec<usize>>; 2] = [
            vec![
                (0..cuts[0]).collect(),
                (cuts[0]..cuts[1]).collect(),
                (cuts[1]..n).rev().collect(),
            ],
            vec![even(0), even(1)],
        ];
        let whole = table.oracle();
        for split in splits {
            let mut parts = split
                .iter()
                .rev()
                .map(|rows| table.rows(rows).moments(xp, dtype));
            let first = parts.next().expect("a part");
            let merged = parts.fold(first, |a, b| a.merge(&b).expect("alike"));
            assert_same(&merged, &whole, &largest(table), tolerance, "merged");
        }
    });
}

#[test]
fn whole_weights_count_rows() {
    on_each_device!(weights);
}

fn weights<B: Backend>(xp: &Namespace<B>) {
    for_tables(xp, |table, dtype, tolerance| {
        let repeated: Vec<usize> = (0..table.n())
            .flat_map(|i| std::iter::repeat_n(i, table.weight(i) as usize))
            .collect();
        let mut repeated = table.rows(&repeated);
        repeated.weights = None;
        let mut expected = repeated.moments(xp, dtype);
        expected.rows = table.n();
        let expected = Moments {
            scatter: Scatter::Gram {
                values: match table.spread {
                    Spread::Diagonal => repeated.oracle_gram(),
                    _ => gram(&expected),
                },
                error: 0.0,
            },
            ..expected
        };
        let ours = table.moments(xp, dtype);
        assert_same(&ours, &expected, &largest(table), tolerance, "weights");
    });
}

impl Table {
    fn oracle_gram(&self) -> Vec<f64> {
        gram(&self.oracle())
    }
}

#[test]
fn no_rows_and_groups_without_rows() {
    on_each_device!(few);
}

fn few<B: Backend>(xp: &Namespace<B>) {
    for (dtype, _) in precisions(xp) {
        for spread in SPREADS {
            let none = xp.zeros([0, 2], dtype).expect("nothing");
            let one = xp.asarray_as([[3.0, 4.0]], dtype).expect("room");
            let (no_codes, code) = (
                xp.zeros([0], DType::Int32).expect("nothing"),
                xp.asarray([1_i32]).expect("room"),
            );
            for of in [Groups::pooled, Groups::each] {
                let empty = xp.moments(&none, Some(of(&no_codes, 3)), None, spread);
                let empty = empty.expect("computes");
                assert_eq!((empty.rows, &empty.weights[..]), (0, &[0.0; 3][..]));
                assert!(empty.means.iter().all(|m| m.is_nan()));
                let single = xp.moments(&one, Some(of(&code, 3)), None, spread);
                let single = single.expect("computes");
                assert_eq!(single.weights, [0.0, 1.0, 0.0]);
                assert_eq!(single.means[2..4], [3.0, 4.0]);
                assert!(single.means[0].is_nan() && single.means[4].is_nan());
                assert!(gram(&single).iter().all(|&x| x == 0.0), "{single:?}");
                let both = empty.merge(&single).expect("alike");
                assert_eq!((both.rows, &both.weights), (1, &single.weights));
                assert_eq!(both.means[2..4], [3.0, 4.0]);
                assert_eq!(gram(&both), gram(&single));
            }
            let plain = xp.moments(&one, None, None, spread).expect("computes");
            assert_eq!((plain.rows, &plain.means[..]), (1, &[3.0, 4.0][..]));
            let plan = MomentsPlan {
                groups: 1,
                pooled: true,
                spread,
            };
            assert_eq!(
                Moments::none(2, plan).merge(&plain),
                plain.merge(&Moments::none(2, plan))
            );
        }
    }
}

#[test]
fn what_is_not_finite_never_looks_like_a_number() {
    on_each_device!(not_finite);
}

fn not_finite<B: Backend>(xp: &Namespace<B>) {
    let (n, p) = (12, 3);
    for (dtype, _) in precisions(xp) {
        for (bad, spread) in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY]
            .into_iter()
            .flat_map(|bad| SPREADS.map(|spread| (bad, spread)))
        {
            let mut table = Table {
                p,
                k: 2,
                x: (0..n * p).map(|at| (at * at % 7) as f64).collect(),
                codes: (0..n).map(|i| (i % 2) as i32).collect(),
                weights: None,
                pooled: true,
                spread,
            };
            table.x[p + 2] = bad;
            for weights in [None, Some(vec![1; n])] {
                table.weights = weights;
                let found = table.moments(xp, dtype);
                let what = format!("{}, {dtype}, {bad}: {found:?}", xp.device());
                assert!(!found.means[p + 2].is_finite(), "{what}");
                let gram = gram(&found);
                let column = if gram.len() == p {
                    vec![gram[2]]
                } else {
                    vec![gram[2], gram[p + 2], gram[2 * p + 2], gram[2 * p]]
                };
                assert!(column.iter().all(|x| !x.is_finite()), "{what}");
                assert!(found.deviations()[2].is_nan() || found.deviations()[2].is_infinite());
                let other = Table {
                    x: vec![1.0; n * p],
                    ..table.clone()
                };
                let merged = other.moments(xp, dtype).merge(&found).expect("alike");
                assert!(!merged.means[p + 2].is_finite(), "{what}");
                assert!(!merged.deviations()[2].is_finite(), "{what}");
            }
            table.x[p + 2] = 0.0;
            table.weights = Some((0..n as i32).map(|i| if i == 3 { -1 } else { 1 }).collect());
            let found = table.moments(xp, dtype);
            assert!(!found.weights[1].is_finite(), "{found:?}");
            assert!(found.means[p..].iter().all(|m| !m.is_finite()), "{found:?}");
            assert!(gram(&found).iter().all(|x| !x.is_finite()), "{found:?}");
        }
    }
}

#[test]
fn mistakes_are_told() {
    on_each_device!(mistakes);
}

fn mistakes<B: Backend>(xp: &Namespace<B>) {
    let x = xp.ones([4, 2], DType::Float32).expect("room");
    let codes = |values: [i32; 4]| xp.asarray(values).expect("room");
    let good = codes([0, 1, 1, 0]);
    let moments = |x: &Array<B>, codes: &Array<B>, k, weights| {
        xp.moments(x, Some(Groups::pooled(codes, k)), weights, Spread::Gram)
    };
    let line = xp.ones([4], DType::Float32).expect("room");
    let short = xp.ones([3], DType::Float32).expect("room");
    let flags = xp.ones([4], DType::Bool).expect("room");
    let none = xp.ones([4, 0], DType::Float32).expect("nothing");
    for result in [
        moments(&line, &good, 2, None),
        moments(&none, &good, 2, None),
        moments(&x, &x, 2, None),
        moments(&x, &good, 0, None),
        moments(&x, &good, 2, Some(&short)),
    ] {
        assert_eq!(class(result), ErrorClass::ValueError);
    }
    for result in [
        moments(&good, &good, 2, None),
        moments(&x, &line, 2, None),
        moments(&x, &good, 2, Some(&flags)),
    ] {
        assert!(result.is_err());
    }
    let integers = xp.ones([4, 2], DType::Int32).expect("room");
    assert_eq!(
        class(moments(&integers, &good, 2, None)),
        ErrorClass::TypeError
    );
    for outside in [
        [0, 1, 2, 0],
        [0, -1, 1, 1],
        [i32::MIN, 0, 0, 0],
        [7, 7, 7, 7],
    ] {
        for spread in SPREADS {
            let codes = codes(outside);
            let result = xp.moments(&x, Some(Groups::each(&codes, 2)), None, spread);
            let error = result.expect_err("groups outside").to_string();
            assert!(error.contains("have a group outside of 0 to 1"), "{error}");
        }
    }
}

#[test]
fn only_moments_that_are_alike_merge() {
    let plan = MomentsPlan {
        groups: 2,
        pooled: true,
        spread: Spread::Gram,
    };
    let one = Moments::none(3, plan);
    let message = |other| one.merge(&other).expect_err("not alike").to_string();
    assert!(message(Moments::none(4, plan)).contains("columns differ: 3 and 4"));
    assert!(
        message(Moments::none(3, MomentsPlan { groups: 5, ..plan }))
            .contains("groups differ, 2 and 5")
    );
    let each = MomentsPlan {
        pooled: false,
        ..plan
    };
    let text = message(Moments::none(3, each));
    assert!(
        text.contains("Gram of all groups together, and Gram of each group"),
        "{text}"
    );
    let factor = MomentsPlan {
        spread: Spread::Factor,
        ..plan
    };
    assert!(message(Moments::none(3, factor)).contains("and Factor of all groups together"));
    assert!(Moments::side_by_side(Vec::new()).is_err());
    assert!(Moments::side_by_side(vec![one.clone()]).is_err());
    let single = Moments::none(3, MomentsPlan { groups: 1, ..plan });
    let both = Moments::side_by_side(vec![single.clone(), single]).expect("alike");
    assert_eq!((both.pooled, both.weights.len()), (false, 2));
    assert_eq!(both.scatter, Moments::none(3, each).scatter);
}

#[test]
fn tables_side_by_side_are_one_table() {
    on_each_device!(side_by_side);
}

fn side_by_side<B: Backend>(xp: &Namespace<B>) {
    let numbers =
        |count: usize| -> Vec<f64> { (0..count).map(|i| ((i * 7) % 11) as f64).collect() };
    let array = |n: usize, p: usize, dtype| {
        xp.asarray_as((numbers(n * p), [n, p]), dtype)
            .expect("room")
    };
    for dtype in xp.info().dtypes_of_kind("real floating").expect("a kind") {
        let (x, y) = (array(40, 3, dtype), array(40, 2, dtype));
        let one = xp.concat(&[&x, &y], Some(1)).expect("room");
        let codes = xp
            .asarray((0..40).map(|i| i % 2).collect::<Vec<i32>>())
            .expect("room");
        let groups = Some(Groups::pooled(&codes, 2));
        for spread in [Spread::Diagonal, Spread::Gram, Spread::Factor] {
            let two = xp
                .moments_of(&[&x, &y], groups, None, spread)
                .expect("computes");
            let one = xp.moments(&one, groups, None, spread).expect("computes");
            assert_eq!(
                (two.rows, two.features, &two.weights),
                (40, 5, &one.weights)
            );
            let near = |a: &[f64], b: &[f64]| {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4)
            };
            assert!(
                near(&two.means, &one.means) && near(&two.deviations(), &one.deviations()),
                "{}, {spread:?}",
                xp.device()
            );
        }
    }
    let (x, short) = (array(4, 3, DType::Float32), array(3, 2, DType::Float32));
    let whole = xp.ones([4, 1], DType::Int32).expect("room");
    let of = |tables: &[&Array<B>]| class(xp.moments_of(tables, None, None, Spread::Gram));
    assert_eq!(of(&[&x, &short]), ErrorClass::ValueError);
    assert_eq!(of(&[]), ErrorClass::ValueError);
    assert_eq!(of(&[&x, &whole]), ErrorClass::TypeError);
}
