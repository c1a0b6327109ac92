//! `cargo xtask bench --ops`: times single functions on the CPU, each with its limit, and NumPy's if asked for.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};
use array_api_compat::{NdArray, cpu};
use array_api_spec::{Array, DType, Namespace, Norm, QrMode, SvdMode, Triangle};
use comfy_table::Table;

use super::{beside::Beside, limits::Limits, measure::median};

type Xp = Namespace<NdArray>;
type X = Array<NdArray>;

/// What bounds the time of an operation from below.
#[derive(Clone, Copy)]
enum Bound {
    /// Bytes that it must read and write.
    Bytes(f64),
    /// Multiply-adds.
    MultiplyAdds(f64),
    /// Nothing that is measured here.
    None,
}

/// One line of the table.
struct Operation {
    name: &'static str,
    dtype: DType,
    /// The Python code that NumPy runs. `a`, `b`, `c` are arrays of the shape, `h` is Hermitian, and `m` is a mask.
    python: &'static str,
    shape: &'static [usize],
    bound: Bound,
    /// The goal: how many times as fast as NumPy it should be.
    goal: f64,
    /// Runs in one measurement, for operations that are too short to time alone.
    runs: u32,
    run: fn(&Xp, &Data) -> Result<X>,
}

/// The arguments of an operation.
struct Data {
    a: X,
    b: X,
    c: X,
    m: X,
    h: X,
}

const LONG: &[usize] = &[10_000_000];
const TABLE: &[usize] = &[3162, 3162];
const N: f64 = 1e7;

macro_rules! operations {
    ($($name:literal $dtype:ident $shape:expr, $bound:expr, $goal:literal, $runs:literal, $python:literal, |$xp:ident, $d:ident| $run:expr;)*) => {
        const OPERATIONS: &[Operation] = &[$(Operation {
            name: $name,
            dtype: DType::$dtype,
            python: $python,
            shape: $shape,
            bound: $bound,
            goal: $goal,
            runs: $runs,
            run: |$xp, $d| Ok($run?),
        }),*];
    };
}

use Bound::{Bytes, MultiplyAdds};
operations! {
    "add" Float64 LONG, Bytes(24.0 * N), 1.4, 1, "a + b", |_xp, d| (&d.a + &d.b).eval();
    "multiply" Float32 LONG, Bytes(12.0 * N), 1.4, 1, "a * b", |_xp, d| (&d.a * &d.b).eval();
    "exp" Float64 LONG, Bytes(16.0 * N), 4.0, 1, "np.exp(a)", |xp, d| xp.exp(&d.a).eval();
    "log" Float64 LONG, Bytes(16.0 * N), 4.0, 1, "np.log(a)", |xp, d| xp.log(&d.a).eval();
    "sin" Float64 LONG, Bytes(16.0 * N), 4.0, 1, "np.sin(a)", |xp, d| xp.sin(&d.a).eval();
    "cos" Float64 LONG, Bytes(16.0 * N), 4.0, 1, "np.cos(a)", |xp, d| xp.cos(&d.a).eval();
    "tanh" Float64 LONG, Bytes(16.0 * N), 4.0, 1, "np.tanh(a)", |xp, d| xp.tanh(&d.a).eval();
    "exp" Float32 LONG, Bytes(8.0 * N), 3.0, 1, "np.exp(a)", |xp, d| xp.exp(&d.a).eval();
    "log" Float32 LONG, Bytes(8.0 * N), 3.0, 1, "np.log(a)", |xp, d| xp.log(&d.a).eval();
    "sin" Float32 LONG, Bytes(8.0 * N), 3.0, 1, "np.sin(a)", |xp, d| xp.sin(&d.a).eval();
    "cos" Float32 LONG, Bytes(8.0 * N), 3.0, 1, "np.cos(a)", |xp, d| xp.cos(&d.a).eval();
    "tanh" Float32 LONG, Bytes(8.0 * N), 3.0, 1, "np.tanh(a)", |xp, d| xp.tanh(&d.a).eval();
    "where" Float64 LONG, Bytes(25.0 * N), 4.0, 1, "np.where(m, a, b)", |xp, d| xp.where_(&d.m, &d.a, &d.b).eval();
    "five operations" Float64 LONG, Bytes(32.0 * N), 4.0, 1, "np.sqrt(a * a + b * b) / c", |xp, d| (xp.sqrt(&d.a * &d.a + &d.b * &d.b) / &d.c).eval();
    "add, ten elements" Float64 &[10], Bound::None, 4.0, 1000, "a + b", |_xp, d| (&d.a + &d.b).eval();
    "sum" Float64 TABLE, Bytes(8.0 * N), 1.5, 1, "np.sum(a)", |xp, d| xp.sum(&d.a, ..);
    "sum, axis 0" Float64 TABLE, Bytes(8.0 * N), 1.5, 1, "np.sum(a, axis=0)", |xp, d| xp.sum(&d.a, 0);
    "sum, axis 1" Float64 TABLE, Bytes(8.0 * N), 1.5, 1, "np.sum(a, axis=1)", |xp, d| xp.sum(&d.a, 1);
    "var, axis 0" Float64 TABLE, Bytes(8.0 * N), 4.0, 1, "np.var(a, axis=0)", |xp, d| xp.var(&d.a, 0);
    "var, axis 1" Float64 TABLE, Bytes(8.0 * N), 4.0, 1, "np.var(a, axis=1)", |xp, d| xp.var(&d.a, 1);
    "max" Float64 TABLE, Bytes(8.0 * N), 1.0, 1, "np.max(a)", |xp, d| xp.max(&d.a, ..);
    "argmax, axis 0" Float64 TABLE, Bytes(8.0 * N), 1.0, 1, "np.argmax(a, axis=0)", |xp, d| xp.argmax(&d.a, 0);
    "argmax, axis 1" Float64 TABLE, Bytes(8.0 * N), 1.0, 1, "np.argmax(a, axis=1)", |xp, d| xp.argmax(&d.a, 1);
    "matmul" Float64 &[1024, 1024], MultiplyAdds(1024.0 * 1024.0 * 1024.0), 0.9, 1, "a @ b", |xp, d| xp.matmul(&d.a, &d.b);
    "matmul" Float32 &[1024, 1024], MultiplyAdds(1024.0 * 1024.0 * 1024.0), 0.9, 1, "a @ b", |xp, d| xp.matmul(&d.a, &d.b);
    "cholesky" Float64 &[1000, 1000], MultiplyAdds(1e9 / 6.0), 0.9, 1, "np.linalg.cholesky(h)", |xp, d| xp.linalg().cholesky(&d.h, Triangle::Lower);
    "solve" Float64 &[1000, 1000], MultiplyAdds(1e9 * 4.0 / 3.0), 0.9, 1, "np.linalg.solve(h, b)", |xp, d| xp.linalg().solve(&d.h, &d.b);
    "inv" Float64 &[1000, 1000], MultiplyAdds(1e9), 0.9, 1, "np.linalg.inv(h)", |xp, d| xp.linalg().inv(&d.h);
    "qr" Float64 &[1000, 1000], MultiplyAdds(1e9 * 4.0 / 3.0), 0.9, 1, "np.linalg.qr(a)", |xp, d| xp.linalg().qr(&d.a, QrMode::Reduced).map(|qr| qr.R);
    "eigh" Float64 &[300, 300], Bound::None, 0.9, 1, "np.linalg.eigh(h)", |xp, d| xp.linalg().eigh(&d.h).map(|e| e.eigenvalues);
    "svd" Float64 &[300, 300], Bound::None, 0.9, 1, "np.linalg.svd(a, full_matrices=False)", |xp, d| xp.linalg().svd(&d.a, SvdMode::Reduced).map(|s| s.S);
    "argsort, stable" Float64 &[1_000_000], Bound::None, 5.0, 1, "np.argsort(a, kind='stable')", |xp, d| xp.argsort(&d.a, -1);
    "sort" Float64 &[1_000_000], Bound::None, 1.2, 1, "np.sort(a)", |xp, d| xp.sort(&d.a, -1);
    "fft, 2^20" Complex128 &[1 << 20], Bound::None, 3.0, 1, "np.fft.fft(a)", |xp, d| xp.fft().fft(&d.a, None, -1, Norm::Backward);
    "fft, 1000 of 1024" Complex128 &[1000, 1024], Bound::None, 2.0, 1, "np.fft.fft(a)", |xp, d| xp.fft().fft(&d.a, None, -1, Norm::Backward);
}

/// Measured times in milliseconds.
struct Row {
    operation: &'static Operation,
    ours: f64,
    limit: Option<f64>,
    numpy: Option<f64>,
}

/// Times all operations, prints the table and, beside NumPy, writes `docs/performance.md`.
pub(crate) fn run(repeat: u32, against_numpy: bool) -> Result<()> {
    let xp = cpu();
    let mut numpy = against_numpy
        .then(|| Beside::start(include_str!("numpy.py")))
        .transpose()?;
    let limits = [DType::Float32, DType::Float64].map(|dtype| Limits::of(&xp, dtype, N as usize));
    let [single, double] = limits;
    let (single, double) = (single?, double?);
    let mut rows = Vec::new();
    for operation in OPERATIONS {
        let data = Data::new(&xp, operation)?;
        let time = median(repeat, || {
            for _ in 1..operation.runs {
                (operation.run)(&xp, &data)?;
            }
            (operation.run)(&xp, &data)
        })?;
        let limits = if operation.dtype == DType::Float32 {
            &single
        } else {
            &double
        };
        let limit = match operation.bound {
            Bytes(bytes) => Some(limits.bytes(bytes)),
            MultiplyAdds(count) => Some(limits.multiply_adds(count)),
            Bound::None => None,
        };
        let milliseconds = |seconds: f64| seconds * 1e3 / f64::from(operation.runs);
        let beside = numpy
            .as_mut()
            .map(|numpy| numpy_time(numpy, operation, repeat))
            .transpose()?;
        rows.push(Row {
            operation,
            ours: milliseconds(time),
            limit: limit.map(|seconds| seconds * 1e3),
            numpy: beside.map(milliseconds),
        });
    }
    println!("{}", table(&rows));
    if against_numpy {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");
        fs::write(&path, document(&rows)?)?;
        println!("Written: docs/performance.md");
    }
    Ok(())
}

impl Data {
    /// Numbers in (0, 2) without a pattern, the same as the script's.
    fn new(xp: &Xp, operation: &Operation) -> Result<Self> {
        let (shape, dtype) = (operation.shape, operation.dtype);
        let size: usize = shape.iter().product();
        let numbers = |seed: f64| -> Result<X> {
            let k = xp.arange_as(0, size, 1, DType::Float64)?;
            let x = xp.remainder((k + seed) * 0.618_033_988_749_894_9, 1.0) * 2.0 + 1e-3;
            Ok(xp.astype(xp.reshape(x.eval()?, shape)?, dtype).eval()?)
        };
        let (a, b, c) = (numbers(0.0)?, numbers(0.25)?, numbers(0.75)?);
        let m = if dtype.is_complex() {
            xp.ones(shape, DType::Bool)?
        } else {
            xp.greater(&b, 1).eval()?
        };
        let square = shape.len() == 2 && shape[0] == shape[1] && shape[0] <= 1024;
        let h = if square {
            let n = shape[0];
            let product = xp.matmul(&a, a.T()?)?;
            (product / n as f64 + xp.eye(n, n, 0, dtype)?).eval()?
        } else {
            a.clone()
        };
        Ok(Self { a, b, c, m, h })
    }
}

/// Median seconds of NumPy.
fn numpy_time(numpy: &mut Beside, operation: &Operation, repeat: u32) -> Result<f64> {
    let question = serde_json::json!({
        "python": operation.python,
        "dtype": operation.dtype.name(),
        "shape": operation.shape,
        "runs": operation.runs,
        "repeat": repeat,
    });
    let answer = numpy.ask(&question)?;
    answer.as_f64().context("NumPy's time is no number")
}

const HEADER: [&str; 7] = [
    "operation",
    "dtype",
    "shape",
    "ms",
    "limit ms",
    "NumPy ms",
    "ratio (goal)",
];

impl Row {
    fn cells(&self) -> [String; 7] {
        let Operation {
            name,
            dtype,
            shape,
            goal,
            ..
        } = self.operation;
        let number = |x: Option<f64>| x.map_or_else(|| "·".into(), |x| format!("{x:.4}"));
        let ratio = self.numpy.map(|numpy| numpy / self.ours);
        [
            (*name).to_owned(),
            dtype.to_string(),
            array_api_spec::shape_text(shape),
            number(Some(self.ours)),
            number(self.limit),
            number(self.numpy),
            ratio.map_or_else(
                || format!("· ({goal})"),
                |ratio| {
                    let short = if ratio < *goal { " ✗" } else { "" };
                    format!("{ratio:.2} ({goal}){short}")
                },
            ),
        ]
    }
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.set_header(HEADER);
    for row in rows {
        table.add_row(row.cells());
    }
    table
}

const CAUSES: &str = "
The machine is shared: ratios differ by a third from run to run, and rows near their goal change sides. Where rows fall short, as far as known:

- `exp`, `log` and `tanh`: NumPy has AVX-512 kernels for them, too. `exp` takes one and a half times what its memory traffic alone would.
- `where` is near the memory's limit.
- An operation on ten elements takes about a microsecond to build and check the expression and to allocate the result.
- Products and factorisations are `gemm`'s and `faer`'s against OpenBLAS's. Factorisations also copy the matrix to column-major order and back, scaled so that any finite
  magnitude converges.
- `sort` and `argsort`: NumPy sorts by AVX-512, for which Rust has no well-kept library. Here all threads distribute keys by their leading digits, then sort
  buckets by comparison.

A limit is the shortest of seven measurements; above the measured time it says that the machine was slower all that while, and is none.
";

/// The table as Markdown.
fn document(rows: &[Row]) -> Result<String> {
    let mut out = String::from(
        "# Performance

Single functions of the CPU backend beside NumPy: one machine, one run, operation by operation in turn, all threads on both sides, medians. A new result each
time. `ratio` is how many times as fast as NumPy it is, with the goal in brackets and ✗ where it falls short. The limit is the operation's bytes over
the bandwidth of a sum, or its multiply-adds over the rate of a matrix product, both measured in the same run. Made by

```sh
cargo xtask bench --ops --against numpy
```

",
    );
    writeln!(
        out,
        "| {} |\n|{}",
        HEADER.join(" | "),
        "---|".repeat(HEADER.len())
    )?;
    for row in rows {
        writeln!(out, "| {} |", row.cells().join(" | "))?;
    }
    out += CAUSES;
    #[cfg(target_arch = "x86_64")]
    writeln!(
        out,
        "This run's processor has AVX-512: {}.",
        if std::is_x86_feature_detected!("avx512f") {
            "yes"
        } else {
            "no"
        }
    )?;
    Ok(out)
}
