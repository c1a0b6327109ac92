//! Sizes beyond all bounds and beyond the memory: small arguments that ask for a lot. `array-api-compat` runs the same on its backends, and `cargo xtask test`
//! runs these once more in the release profile, where arithmetic wraps that is not checked.

use array_api_spec::{
    Array, Backend, DType, Error, ErrorClass, HostArray, HostBuffer, Namespace, Norm, QrMode,
    Result, SvdMode, Triangle, axis, ix,
};

#[allow(unused_imports, reason = "the devices are the macro's affair")]
use super::*;

/// Ones of any shape in the memory of one element.
fn ones<B: Backend>(xp: &Namespace<B>, shape: &[usize]) -> Array<B> {
    let one = xp.ones([], DType::Float32).expect("room for one");
    xp.broadcast_to(one, shape).expect("a shape within bounds")
}

/// Zeros as indices, of any shape in the memory of one element.
fn firsts<B: Backend>(xp: &Namespace<B>, shape: &[usize]) -> Array<B> {
    let zero = xp.zeros([], DType::Int32).expect("room for one");
    xp.broadcast_to(zero, shape).expect("a shape within bounds")
}

/// Half of the most elements that an array may have, and more.
const MANY: usize = 1 << 58;

#[test]
fn more_elements_than_any_memory_holds_are_refused_with_the_shapes() {
    on_each_device!(refuses);
}

fn refuses<B: Backend>(xp: &Namespace<B>) {
    let n = 1_usize << 32;
    let (column, row, line) = (ones(xp, &[n, 1]), ones(xp, &[1, n]), ones(xp, &[n]));
    let stacks = (ones(xp, &[n, 1, 1, 1]), ones(xp, &[1, n, 1, 1]));
    let threes = (ones(xp, &[n, 1, 3]), ones(xp, &[1, n, 3]));
    let (pair, many) = (ones(xp, &[2, MANY / 2]), ones(xp, &[MANY]));
    let most = (1 << 59) - 1;
    let linalg = xp.linalg();
    let initial = axis(0).include_initial();
    let calls: Vec<(&str, Result<Array<B>>)> = vec![
        ("add", (&column + &row).eval()),
        ("equal", xp.equal(&column, &row).eval()),
        (
            "where",
            xp.where_(xp.equal(&column, 1), &column, &row).eval(),
        ),
        ("clip", xp.clip(&column, &row, 2).eval()),
        ("matmul", xp.matmul(&column, &row)),
        ("matmul", xp.matmul(&stacks.0, &stacks.1)),
        ("vecdot", xp.vecdot(&stacks.0, &stacks.1, -1)),
        ("tensordot", xp.tensordot(&line, &line, 0)),
        ("outer", linalg.outer(&line, &line)),
        ("cross", linalg.cross(&threes.0, &threes.1, -1)),
        ("solve", linalg.solve(&stacks.0, &stacks.1)),
        ("svd", linalg.svd(&row, SvdMode::Full).map(|svd| svd.Vh)),
        ("qr", linalg.qr(&column, QrMode::Complete).map(|qr| qr.Q)),
        ("broadcast_to", xp.broadcast_to(&column, [n, n])),
        (
            "broadcast_arrays",
            xp.broadcast_arrays(&[&column, &row])
                .map(|mut a| a.remove(0)),
        ),
        ("concat", xp.concat(&[&many; 64], Some(0))),
        ("concat", xp.concat(&[&pair; 64], None)),
        ("stack", xp.stack(&[&many; 64], 0)),
        ("tile", xp.tile(&line, &[n])),
        ("repeat", xp.repeat(&line, n, None)),
        ("take", xp.take(&pair, firsts(xp, &[64]), Some(0))),
        ("get", pair.get([firsts(xp, &[8, 8]).into()])),
        (
            "take_along_axis",
            xp.take_along_axis(&column, firsts(xp, &[1, n]), 1),
        ),
        (
            "cumulative_sum",
            xp.cumulative_sum(ones(xp, &[1, most]), initial),
        ),
        ("diff", xp.diff(&many, 0, 1, Some(&many), Some(&many))),
        (
            "fft",
            xp.fft().fft(ones(xp, &[n, 1]), Some(n), -1, Norm::Backward),
        ),
        (
            "irfft",
            xp.fft()
                .irfft(ones(xp, &[n, 1]), Some(n), -1, Norm::Backward),
        ),
        ("eye", xp.eye(n, n, 0, DType::Float32)),
        ("zeros", xp.zeros([n, n], DType::Float32)),
    ];
    for (function, result) in calls {
        let error = result.expect_err(function);
        let text = error.to_string();
        assert!(matches!(error, Error::Shape { .. }), "{function}: {text}");
        assert!(
            text.starts_with(&format!("{function}: ")),
            "{function}: {text}"
        );
        let lengths = [n, MANY, MANY / 2, most].map(|n| text.contains(&n.to_string()));
        assert!(lengths.contains(&true), "names no length: {text}");
    }
    let grid = xp.meshgrid(&[&line, &line], array_api_spec::Indexing::Xy);
    assert_eq!(class(grid), ErrorClass::ValueError);
    assert_eq!(class(xp.arange(0.0, 1e300, 1.0)), ErrorClass::ValueError);
    assert_eq!(
        class(xp.fft().fftfreq(usize::MAX, 1.0, None)),
        ErrorClass::ValueError
    );
    assert_eq!(class(xp.linspace(0, 1, usize::MAX)), ErrorClass::ValueError);
}

#[test]
fn what_memory_has_no_room_for_is_an_error() {
    on_each_device!(runs_out);
}

fn runs_out<B: Backend>(xp: &Namespace<B>) {
    let (n, order) = (1_usize << 45, 1_usize << 23);
    let (line, matrix) = (ones(xp, &[n]), ones(xp, &[order, order]));
    let singles = ones(xp, &[1 << 40, 1, 1]);
    let two = xp.asarray([1.0_f32, 2.0]).expect("room for two");
    let (linalg, fft) = (xp.linalg(), xp.fft());
    let none = |shape: &[usize]| xp.zeros(shape, DType::Float32);
    let calls: Vec<(&str, Result<Array<B>>)> = vec![
        ("zeros", xp.zeros([n], DType::Float32)),
        ("full", xp.full([n], true, DType::Bool)),
        ("eye", xp.eye(order, order, 0, DType::Float32)),
        ("arange", xp.arange(0.0, n as f64, 1.0)),
        ("linspace", xp.linspace(0, 1, n)),
        (
            "add",
            (ones(xp, &[order, 1]) + ones(xp, &[1, order])).eval(),
        ),
        (
            "outer",
            linalg.outer(ones(xp, &[order]), ones(xp, &[order])),
        ),
        (
            "matmul",
            xp.matmul(ones(xp, &[order, 1]), ones(xp, &[1, order])),
        ),
        ("matmul", xp.matmul(&singles, &singles)),
        ("matmul", xp.matmul(none(&[n, 0]), none(&[0, 1 << 10]))),
        ("tile", xp.tile(&two, &[n])),
        ("repeat", xp.repeat(&two, n, Some(0))),
        ("concat", xp.concat(&[&line, &line], Some(0))),
        ("sort", xp.sort(&line, 0)),
        ("argsort", xp.argsort(&line, 0)),
        ("cumulative_sum", xp.cumulative_sum(&line, 0)),
        (
            "take",
            xp.take(ones(xp, &[n, 2]), firsts(xp, &[1]), Some(1)),
        ),
        ("tril", xp.tril(&matrix, 0)),
        ("roll", xp.roll(&line, &[1], Some(&[0]))),
        ("fft", fft.fft(ones(xp, &[1]), Some(n), -1, Norm::Backward)),
        ("rfft", fft.rfft(&line, None, -1, Norm::Backward)),
        ("cholesky", linalg.cholesky(&matrix, Triangle::Lower)),
        ("cholesky", linalg.cholesky(&singles, Triangle::Lower)),
        ("inv", linalg.inv(&matrix)),
        ("solve", linalg.solve(ones(xp, &[1, 1]), &singles)),
        ("det", linalg.det(&singles)),
        ("det", linalg.det(none(&[n, 0, 0]))),
        ("eigh", linalg.eigh(&matrix).map(|e| e.eigenvalues)),
        ("eigh", linalg.eigh(&singles).map(|e| e.eigenvalues)),
        ("eig", linalg.eig(&matrix).map(|e| e.eigenvalues)),
        ("eig", linalg.eig(&singles).map(|e| e.eigenvalues)),
        ("qr", linalg.qr(&singles, QrMode::Reduced).map(|qr| qr.R)),
        (
            "qr",
            linalg
                .qr(ones(xp, &[1 << 24, 1]), QrMode::Complete)
                .map(|qr| qr.Q),
        ),
        (
            "svd",
            linalg.svd(&singles, SvdMode::Reduced).map(|svd| svd.S),
        ),
        (
            "svd",
            linalg
                .svd(ones(xp, &[1, 1 << 24]), SvdMode::Full)
                .map(|svd| svd.Vh),
        ),
        (
            "svd",
            linalg
                .svd(ones(xp, &[1 << 24, 1]), SvdMode::Full)
                .map(|svd| svd.U),
        ),
        (
            "svd",
            linalg
                .svd(ones(xp, &[1 << 14, 1, 1 << 12]), SvdMode::Full)
                .map(|svd| svd.Vh),
        ),
        ("sum", xp.sum(none(&[0, n]), 0)),
        ("sum", xp.sum(none(&[n, 0, 0]), [1, 2])),
        ("prod", xp.prod(none(&[n, 0]), 1)),
        (
            "unstack",
            xp.unstack(none(&[n, 0]), 0).map(|mut a| a.remove(0)),
        ),
        ("group_scatter", scatter_of(xp, 1 << 40)),
    ];
    for (function, result) in calls {
        let error = result.expect_err(function);
        assert_eq!(
            error.class(),
            ErrorClass::MemoryError,
            "{function}: {error}"
        );
    }
    let host = line.to_host().expect_err("to_host");
    assert_eq!(host.class(), ErrorClass::MemoryError, "{host}");
}

/// Of two rows in two groups.
fn scatter_of<B: Backend>(xp: &Namespace<B>, p: usize) -> Result<Array<B>> {
    let groups = xp.asarray([0_i32, 1])?;
    let scatter = xp.group_scatter(&ones(xp, &[2, p]), &groups, &[1, 1], 1e-4)?;
    Ok(scatter.means)
}

#[test]
fn any_number_of_empty_matrices_is_no_work() {
    on_each_device!(empties);
}

fn empties<B: Backend>(xp: &Namespace<B>) {
    let n = 1_usize << 40;
    let zeros = |shape: &[usize]| xp.zeros(shape, DType::Float32).expect("nothing to hold");
    let (x, wide) = (zeros(&[n, 0, 0]), zeros(&[n, 1, 0]));
    let linalg = xp.linalg();
    type Call<B> = (&'static str, Result<Array<B>>, Vec<usize>);
    let calls: Vec<Call<B>> = vec![
        ("matmul", xp.matmul(&x, &x), vec![n, 0, 0]),
        (
            "cholesky",
            linalg.cholesky(&x, Triangle::Upper),
            vec![n, 0, 0],
        ),
        ("inv", linalg.inv(&x), vec![n, 0, 0]),
        ("solve", linalg.solve(&x, &x), vec![n, 0, 0]),
        (
            "pinv",
            linalg.pinv(&wide, array_api_spec::Automatic),
            vec![n, 0, 1],
        ),
        ("eigvals", linalg.eigvals(&x), vec![n, 0]),
        (
            "eigh",
            linalg.eigh(&x).map(|e| e.eigenvectors),
            vec![n, 0, 0],
        ),
        (
            "qr",
            linalg.qr(&wide, QrMode::Reduced).map(|qr| qr.Q),
            vec![n, 1, 0],
        ),
        (
            "qr",
            linalg.qr(&wide, QrMode::Complete).map(|qr| qr.R),
            vec![n, 1, 0],
        ),
        ("svdvals", linalg.svdvals(&wide), vec![n, 0]),
        ("matrix_power", linalg.matrix_power(&x, -3), vec![n, 0, 0]),
        ("sum", xp.sum(&x, 0), vec![0, 0]),
        ("mean", xp.mean(&x, 0), vec![0, 0]),
        ("all", xp.all(&x, 0), vec![0, 0]),
        ("cumulative_sum", xp.cumulative_sum(&x, 0), vec![n, 0, 0]),
        ("cumulative_sum", xp.cumulative_sum(&x, 2), vec![n, 0, 0]),
        ("sort", xp.sort(&x, 0), vec![n, 0, 0]),
        (
            "argsort",
            xp.argsort(&x, axis(2).descending()),
            vec![n, 0, 0],
        ),
        ("diff", xp.diff(&x, 0, n, None, None), vec![0, 0, 0]),
        ("diff", xp.diff(&x, 0, 3, None, None), vec![n - 3, 0, 0]),
        ("unique_values", xp.unique_values(&x), vec![0]),
        (
            "take",
            xp.take(ones(xp, &[n, 3]), firsts(xp, &[0]), Some(1)),
            vec![n, 0],
        ),
        (
            "fft",
            xp.fft().fft(&x, Some(n), 0, Norm::Backward),
            vec![n, 0, 0],
        ),
        ("roll", xp.roll(&x, &[1], Some(&[0])), vec![n, 0, 0]),
        ("flip", xp.flip(&x, ..), vec![n, 0, 0]),
        ("tril", xp.tril(zeros(&[0, n]), 1), vec![0, n]),
        ("eye", xp.eye(0, n, n as isize, DType::Float32), vec![0, n]),
        ("repeat", xp.repeat(&x, 2, Some(1)), vec![n, 0, 0]),
        ("concat", xp.concat(&[&x, &x], Some(1)), vec![n, 0, 0]),
    ];
    for (function, result, shape) in calls {
        let result = result.unwrap_or_else(|error| panic!("{function}: {error}"));
        assert_eq!(result.shape(), shape, "{function}");
    }
    assert_eq!(xp.sum(&x, ..).and_then(|s| s.item::<f64>()), Ok(0.0));
    assert!(
        xp.nonzero(&x)
            .is_ok_and(|axes| axes.iter().all(|a| a.size() == 0))
    );
    let u = linalg.svd(&wide, SvdMode::Full).expect("identities").U;
    assert_eq!(u.shape(), [n, 1, 1]);
    assert_eq!(
        u.get(ix![n - 1]).and_then(|u| u.to_vec::<f64>()),
        Ok(vec![1.0])
    );
    let vh = linalg
        .svd(zeros(&[2, 0, 2]), SvdMode::Full)
        .expect("identities")
        .Vh;
    assert_eq!(
        vh.to_vec::<f64>(),
        Ok([1.0, 0.0, 0.0, 1.0].repeat(2)),
        "as many right vectors as columns"
    );
}

#[test]
fn counts_of_repetitions_never_wrap() {
    on_each_device!(counts);
}

fn counts<B: Backend>(xp: &Namespace<B>) {
    let x = xp.asarray([1_i32, 2, 3, 4]).expect("room");
    let repeat = |counts: HostBuffer| {
        let shape = vec![counts.len()];
        let counts = xp.asarray(HostArray {
            buffer: counts,
            shape,
        })?;
        xp.repeat(&x, counts, None)
    };
    let has = |dtype| xp.backend().dtypes().contains(&dtype);
    let mut wrong = vec![
        HostBuffer::UInt32(vec![u32::MAX; 4]),
        HostBuffer::Int32(vec![i32::MAX; 4]),
        HostBuffer::Int32(vec![i32::MAX, 1, i32::MAX, 1]),
    ];
    if has(DType::Int64) {
        // Sums that wrap to 0, to a small number, and beyond the sign.
        wrong = vec![
            HostBuffer::Int64(vec![1 << 62; 4]),
            HostBuffer::Int64(vec![1 << 62, 1 << 62, 1 << 62, (1 << 62) + 3]),
            HostBuffer::Int64(vec![i64::MAX, 1, 0, 0]),
            HostBuffer::UInt64(vec![u64::MAX, 1, 0, 1]),
            HostBuffer::UInt64(vec![1 << 63, 1 << 63, 0, 1]),
        ];
    }
    for counts in wrong {
        let text = format!("{counts:?}");
        let error = repeat(counts).expect_err(&text);
        assert!(matches!(error, Error::Value { .. }), "{text}: {error}");
    }
    for counts in [
        HostBuffer::UInt8(vec![0, 2, 1, 0]),
        HostBuffer::UInt32(vec![0, 2, 1, 0]),
        HostBuffer::Int32(vec![0, 2, 1, 0]),
    ] {
        assert_eq!(
            repeat(counts).and_then(|x| x.to_vec::<i32>()),
            Ok(vec![2, 2, 3])
        );
    }
}
