//! Laws that hold for all arrays.

use array_api_spec::{
    Axes, BinaryOp, DType, Ellipsis, HostArray, HostBuffer, Slice, StepBy, UnaryOp, axis, ix, num,
    shape::broadcast_shapes,
};
use proptest::prelude::*;

use super::{Array, Expr, robustness, xp};

fn shape(rank: std::ops::Range<usize>) -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0_usize..4, rank)
}

/// Integers in a random shape, seen through random views.
fn array() -> impl Strategy<Value = Array> {
    (
        shape(0..5),
        any::<u64>(),
        proptest::collection::vec((0_usize..5, 0_usize..5), 0..4),
    )
        .prop_map(|(shape, seed, views)| {
            let size: usize = shape.iter().product();
            let values = (0..size as u64)
                .map(|k| (seed.wrapping_mul(k + 1) >> 40) as i64 - (1 << 23))
                .collect();
            let mut x = xp()
                .asarray(HostArray {
                    buffer: HostBuffer::Int64(values),
                    shape,
                })
                .expect("values");
            for (kind, k) in views {
                let k = k as isize % x.ndim().max(1) as isize;
                let view = match kind {
                    0 => xp().flip(&x, k),
                    1 => xp().moveaxis(&x, k, -1),
                    2 => x.get(ix![Ellipsis, (..).step(-2)]),
                    3 => xp().broadcast_to(&x, [&[2], x.shape()].concat()),
                    _ => xp().expand_dims(&x, k),
                };
                x = view.unwrap_or(x);
            }
            x
        })
}

fn ints(x: &Array) -> Vec<i64> {
    x.to_vec().expect("int64")
}

fn same(a: &Array, b: &Array) -> bool {
    a.dtype() == b.dtype()
        && a.shape() == b.shape()
        && a.to_host().expect("values").as_bytes() == b.to_host().expect("values").as_bytes()
}

/// Python's slice by its own definition: walk from the start while the stop is not reached.
fn walk(slice: Slice, n: isize) -> Vec<i64> {
    let place = |bound: isize| if bound < 0 { bound + n } else { bound };
    let up = slice.step > 0;
    let mut at = match slice.start.map(place) {
        Some(start) => start.clamp(if up { 0 } else { -1 }, if up { n } else { n - 1 }),
        None => {
            if up {
                0
            } else {
                n - 1
            }
        }
    };
    let stop = match slice.stop.map(place) {
        Some(stop) => stop.clamp(-1, n),
        None => {
            if up {
                n
            } else {
                -1
            }
        }
    };
    let mut out = Vec::new();
    while (0..n).contains(&at) && (if up { at < stop } else { at > stop }) {
        out.push(at as i64);
        at += slice.step;
    }
    out
}

/// A random expression, built at once and evaluated after every operation.
fn both_ways(leaves: &[Array], choices: &[(usize, usize, usize)]) -> (Expr, Array) {
    let (mut fused, mut stepwise): (Vec<Expr>, Vec<Array>) =
        (leaves.iter().map(Into::into).collect(), leaves.to_vec());
    for &(op, i, j) in choices {
        let (i, j) = (i % fused.len(), j % fused.len());
        let n = BinaryOp::ALL.len();
        let apply = |a: Expr, b: Expr| {
            if op < n {
                robustness::binary(&xp(), BinaryOp::ALL[op], a, b)
            } else if op < n + UnaryOp::ALL.len() {
                robustness::unary(&xp(), UnaryOp::ALL[op - n], a)
            } else {
                xp().where_(xp().astype(a.clone(), DType::Bool), a, b)
            }
        };
        if let Ok(value) = apply((&stepwise[i]).into(), (&stepwise[j]).into()).eval() {
            fused.push(apply(fused[i].clone(), fused[j].clone()));
            stepwise.push(value);
        }
    }
    (
        fused.pop().expect("leaves"),
        stepwise.pop().expect("leaves"),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn broadcasting_is_associative_and_commutative(a in shape(0..4), b in shape(0..4), c in shape(0..4)) {
        let of = |x: &[usize], y: &[usize]| broadcast_shapes("add", &[x, y]).ok();
        prop_assert_eq!(of(&a, &b), of(&b, &a));
        let left = of(&a, &b).and_then(|ab| of(&ab, &c));
        let right = of(&b, &c).and_then(|bc| of(&a, &bc));
        prop_assert_eq!(&left, &right);
        prop_assert_eq!(left, broadcast_shapes("add", &[&a, &b, &c]).ok());
    }

    #[test]
    fn axes_moved_and_moved_back(x in array(), seed in any::<u64>()) {
        let n = x.ndim();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|k| seed.rotate_left(7 * *k as u32).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let axes: Vec<isize> = order.iter().map(|&k| k as isize).collect();
        let mut back = vec![0; n];
        order.iter().enumerate().for_each(|(to, &from)| back[from] = to as isize);
        let moved = xp().permute_dims(&x, &axes).expect("axes");
        prop_assert!(same(&xp().permute_dims(&moved, &back).expect("axes"), &x));
        prop_assert!(same(&xp().flip(xp().flip(&x, ..), ..).expect("axes"), &x));
        let flat = xp().reshape(&moved, [moved.size()]).expect("a size");
        prop_assert_eq!(ints(&flat), ints(&moved));
        prop_assert!(same(&xp().reshape(&flat, moved.shape()).expect("a size"), &moved));
    }

    #[test]
    fn a_sum_over_all_is_a_sum_of_sums(x in array(), k in 0_isize..4) {
        let all = xp().sum(&x, ..).expect("int64");
        if (k as usize) < x.ndim() {
            prop_assert!(same(&xp().sum(xp().sum(&x, k), ..).expect("int64"), &all));
            let rest: Vec<isize> = (0..x.ndim() as isize).filter(|&a| a != k).collect();
            prop_assert!(same(&xp().sum(xp().sum(&x, rest), ..).expect("int64"), &all));
            let running = xp().cumulative_sum(&x, axis(k).include_initial()).expect("int64");
            let last = xp().moveaxis(&running, k, 0).expect("an axis").get(ix![-1]).expect("the initial one at least");
            prop_assert!(same(&last, &xp().sum(&x, k).expect("int64")));
        }
        prop_assert_eq!(all.item::<i64>().expect("int64"), ints(&x).iter().sum::<i64>());
    }

    #[test]
    fn slices_walk_as_python_walks(
        n in 0_isize..6, start in proptest::option::of(-8_isize..8), stop in proptest::option::of(-8_isize..8), step in -3_isize..4,
    ) {
        prop_assume!(step != 0);
        let slice = Slice { start, stop, step };
        let x = xp().arange(0, n, 1).expect("numbers");
        prop_assert_eq!(ints(&x.get(ix![slice]).expect("a slice")), walk(slice, n));
    }

    #[test]
    fn what_is_set_is_got_and_the_rest_stays(x in array(), seed in any::<u64>()) {
        let index: Vec<_> = (0..x.ndim()).map(|k| {
            let r = (seed >> (8 * k)) as isize & 0xff;
            match (r % 3, x.shape()[k] as isize) {
                (0, n) if n > 0 => array_api_spec::Index::Integer(r / 3 % n),
                _ => Slice { start: Some(r % 5 - 2), stop: None, step: if r % 2 == 0 { 1 } else { -1 } }.into(),
            }
        }).collect();
        let region = x.get(&index).expect("in range");
        let value = (-&region - 1).eval().expect("int64");
        let mut y = x.clone();
        y.set(&index, &value).expect("fits");
        prop_assert!(same(&y.get(&index).expect("in range"), &value));
        let mut touched = xp().zeros(x.shape(), DType::Bool).expect("room");
        touched.set(&index, true).expect("fits");
        let kept = xp().where_(&touched, &x, &y).eval().expect("int64");
        prop_assert!(same(&kept, &x));
        prop_assert_eq!(xp().count_nonzero(&touched, ..).expect("bool").item::<i64>().expect("int64"), region.size() as i64);
    }

    #[test]
    fn masks_and_positions_agree(x in array(), limit in -(1_i64 << 23)..1 << 23) {
        let mask = xp().less(&x, limit).eval().expect("int64");
        let chosen = x.get(ix![&mask]).expect("fits");
        prop_assert_eq!(ints(&chosen), ints(&x).into_iter().filter(|&v| v < limit).collect::<Vec<_>>());
        let mut y = x.clone();
        y.set(ix![&mask], &chosen).expect("fits");
        prop_assert!(same(&xp().add(&y, 0).eval().expect("int64"), &xp().add(&x, 0).eval().expect("int64")));
        if x.ndim() > 0 {
            prop_assert_eq!(xp().nonzero(&mask).expect("axes")[0].size(), chosen.size());
        }
    }

    #[test]
    fn sorting_orders_and_loses_nothing(x in array(), descending in any::<bool>()) {
        if x.ndim() > 0 {
            let x = xp().remainder(&x, 5).eval().expect("int64");
            let along = if descending { axis(-1).descending() } else { axis(-1) };
            let (sorted, order) = (xp().sort(&x, along.clone()).expect("int64"), xp().argsort(&x, along).expect("int64"));
            prop_assert!(same(&xp().take_along_axis(&x, &order, -1).expect("in range"), &sorted));
            for (line, places) in lines(&sorted).into_iter().zip(lines(&order)) {
                let ordered = line.is_sorted_by(|a, b| if descending { a >= b } else { a <= b });
                prop_assert!(ordered);
                prop_assert!((1..line.len()).all(|k| line[k - 1] != line[k] || places[k - 1] < places[k]));
                let mut places = places;
                places.sort_unstable();
                prop_assert!(places.iter().enumerate().all(|(k, &p)| k as i64 == p));
            }
            let unique = xp().unique_all(&x).expect("int64");
            let back = xp().take(&unique.values, xp().reshape(&unique.inverse_indices, [x.size()]), Some(0)).expect("in range");
            prop_assert_eq!(ints(&back), ints(&x));
            prop_assert_eq!(ints(&unique.counts).iter().sum::<i64>(), x.size() as i64);
        }
    }

    #[test]
    fn joined_arrays_come_apart_again(x in array()) {
        let stacked = xp().stack(&[&x, &(-&x).eval().expect("int64"), &x], 1.min(x.ndim() as isize)).expect("one shape");
        let part = xp().moveaxis(&stacked, 1.min(x.ndim() as isize), 0).expect("an axis").get(ix![2]).expect("three parts");
        prop_assert!(same(&part, &x));
    }

    #[test]
    fn a_product_of_matrices_is_sums_of_products(m in 0_usize..4, k in 0_usize..4, n in 0_usize..4) {
        let of = |rows, columns| xp().reshape(xp().arange(-3, (rows * columns) as i64 - 3, 1), [rows, columns]).expect("a size");
        let (a, b) = (of(m, k), of(k, n));
        let product = xp().matmul(&a, &b).expect("fits");
        let terms = xp().expand_dims(&a, 2).expect("axes") * xp().expand_dims(&b, 0).expect("axes");
        prop_assert!(same(&product, &xp().sum(terms, 1).expect("int64")));
    }

    #[test]
    fn a_fused_expression_is_its_steps(
        a in -3.0..3.0_f64, choices in proptest::collection::vec((0_usize..70, 0_usize..30, 0_usize..30), 1..40),
    ) {
        let x = xp().asarray([[a], [0.0], [-0.0], [f64::NAN], [1e300], [2.5]]).expect("values");
        let row = xp().asarray([0.5, -1.0, f64::INFINITY]).expect("values");
        let leaves = [x, row, xp().asarray([3_i64, -7, 0]).expect("values"), xp().asarray([true, false, true]).expect("values")];
        let (fused, stepwise) = both_ways(&leaves, &choices);
        let fused = fused.eval().expect("as its steps");
        prop_assert_eq!(fused.shape(), stepwise.shape());
        prop_assert!(same(&fused, &stepwise), "{:?} {:?}", fused.to_host(), stepwise.to_host());
    }

    #[test]
    fn a_view_is_as_good_as_a_copy(x in array(), y in array()) {
        let copy = |x: &Array| {
            xp().asarray(HostArray { buffer: x.to_host().expect("values"), shape: x.shape().to_vec() }).expect("values")
        };
        for f in functions() {
            match (f(&x, &y), f(&copy(&x), &copy(&y))) {
                (Ok(a), Ok(b)) => prop_assert!(same(&a, &b)),
                (a, b) => prop_assert_eq!(a.err(), b.err()),
            }
        }
    }

    #[test]
    fn numbers_at_equal_distances_do_not_depend_on_their_end(a in -1e3..1e3_f64, b in -1e3..1e3_f64, n in 0_usize..50) {
        let open = xp().linspace(a, b, num(n).without_endpoint()).expect("numbers").to_vec::<f64>().expect("float64");
        let closed = xp().linspace(a, b, n + 1).expect("numbers").to_vec::<f64>().expect("float64");
        prop_assert_eq!(&open, &closed[..n]);
        prop_assert!(closed[0] == a && (n == 0 || closed[n] == b));
    }

    #[test]
    fn a_reduction_takes_an_expression_in(x in array(), k in 0_usize..3) {
        let axes: Axes = if k < x.ndim() { (k as isize).into() } else { (..).into() };
        let whole = (&x * &x + 1).eval().expect("int64");
        prop_assert!(same(&xp().sum(&x * &x + 1, axes.clone()).expect("int64"), &xp().sum(whole, axes).expect("int64")));
    }
}

type Function = fn(&Array, &Array) -> super::Result<Array>;

/// Functions of each kind, some of which take the second argument too.
fn functions() -> [Function; 15] {
    [
        |x, y| (x * 2 - y).eval(),
        |x, y| xp().where_(xp().less(x, y), x, 0).eval(),
        |x, _| xp().sum(x, -1),
        |x, _| xp().max(x, axis(..).keepdims()),
        |x, _| xp().argmin(x, 0),
        |x, _| xp().cumulative_sum(x, 0),
        |x, _| xp().var(xp().astype(x, DType::Float64), ..),
        |x, _| xp().sort(x, axis(0).descending()),
        |x, _| xp().unique_inverse(x).map(|u| u.1),
        |x, y| xp().take(x, xp().remainder(y, 3), Some(-1)),
        |x, y| xp().take_along_axis(x, xp().remainder(y, 2), 0),
        |x, _| x.get(ix![&xp().greater(x, 0).eval()?]),
        |x, y| xp().concat(&[x, y, x], None),
        |x, y| xp().matmul(x, y),
        |x, y| {
            let mut out = x.clone();
            out.set(ix![Ellipsis], y)?;
            Ok(out)
        },
    ]
}

fn lines(x: &Array) -> Vec<Vec<i64>> {
    let n = x.shape().last().copied().unwrap_or(1);
    if n == 0 {
        Vec::new()
    } else {
        ints(x).chunks(n).map(<[i64]>::to_vec).collect()
    }
}
