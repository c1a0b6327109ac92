//! A user's mistake never panics: random arguments through the whole public surface give `Ok` or `Err`. Since the reference backend
//! checks what it is promised, this also shows that no mistake reaches a backend. `array-api-compat` runs the same calls on the CPU.

use array_api_spec::{
    Automatic, Axes, BinaryOp, Complex, DType, Ellipsis, HostBuffer, Index, Indexing, Layout,
    MatrixNorm, Namespace, NewAxis, Norm, Num, QrMode, Scalar, Side, Slice, SvdMode, Triangle,
    UnaryOp, Unbounded, axis, dispatch, ix, num, reference::math::Arithmetic,
};
use proptest::prelude::*;

use super::{Array, Device, Expr, Result, narrow, xp};

/// Decisions drawn from bytes, so that proptest shrinks them.
struct Dice<'d>(&'d [u8]);

impl Dice<'_> {
    fn byte(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        usize::from(*first)
    }

    fn below(&mut self, n: usize) -> usize {
        self.byte() % n
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == one_in - 1
    }

    fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Mostly small, sometimes at the ends of the range.
    fn integer(&mut self) -> isize {
        match self.below(16) {
            15 => isize::MAX,
            14 => isize::MIN,
            13 => self.byte() as isize * 1_000_003,
            n => n as isize - 6,
        }
    }

    fn length(&mut self) -> usize {
        match self.below(40) {
            39 => usize::MAX,
            38 => 1 << 40,
            n => n % 4,
        }
    }

    fn shape(&mut self) -> Vec<usize> {
        (0..self.below(5)).map(|_| self.below(4)).collect()
    }

    fn dtype(&mut self) -> DType {
        self.choose(&DType::ALL)
    }

    fn scalar(&mut self) -> Scalar {
        match self.below(9) {
            0 => true.into(),
            1 => f64::NAN.into(),
            2 => f64::NEG_INFINITY.into(),
            3 => 1e300.into(),
            4 => (self.integer() as f64 / 4.0).into(),
            5 => Complex::new(0.5, -2.0).into(),
            6 => i128::MAX.into(),
            _ => self.integer().into(),
        }
    }

    fn values(&mut self, dtype: DType, n: usize) -> HostBuffer {
        dispatch!(dtype, T => {
            let values = (0..n).map(|_| {
                let value = match self.below(32) {
                    31 => f64::NAN,
                    30 => f64::INFINITY,
                    29 => -1e300,
                    28 => -0.0,
                    n => n as f64 / 2.0 - 4.0,
                };
                <T as Arithmetic>::cast(value.into())
            });
            <T as array_api_spec::Element>::into_buffer(values.collect())
        })
    }

    /// An array of any dtype and layout, mostly on the wide device.
    fn array(&mut self) -> Array {
        let shape = self.shape();
        let device = if self.chance(5) { narrow() } else { xp() };
        let dtype = match self.below(4) {
            0 => device.info().default_dtypes().real_floating,
            1 => self.choose(&[DType::Bool, DType::Int32, DType::Complex64]),
            _ => self.choose(device.info().dtypes()),
        };
        let buffer = self.values(dtype, shape.iter().product());
        let host = array_api_spec::HostArray { buffer, shape };
        let mut x = device.asarray(host).expect("a dtype of the device");
        for _ in 0..self.below(3) {
            let views = match self.below(5) {
                0 => x.namespace().flip(&x, ..),
                1 => x.namespace().moveaxis(&x, 0, -1),
                2 => x.get(ix![
                    Ellipsis,
                    Slice {
                        start: None,
                        stop: None,
                        step: self.choose(&[1, 2, -1, -2])
                    }
                ]),
                3 => x.namespace().broadcast_to(&x, [&[2], x.shape()].concat()),
                _ => x.namespace().expand_dims(&x, 0),
            };
            x = views.unwrap_or(x);
        }
        x
    }

    /// Often an array that fits another one.
    fn beside(&mut self, x: &Array) -> Array {
        if self.chance(3) {
            return self.array();
        }
        let dtype = if self.chance(8) {
            self.dtype()
        } else {
            x.dtype()
        };
        let shape: Vec<usize> = x
            .shape()
            .iter()
            .map(|&n| if self.chance(6) { 1 } else { n })
            .collect();
        let shape = shape[if self.chance(3) {
            self.below(shape.len() + 1)
        } else {
            0
        }..]
            .to_vec();
        let buffer = self.values(dtype, shape.iter().product());
        let host = array_api_spec::HostArray { buffer, shape };
        x.namespace().asarray(host).unwrap_or_else(|_| x.clone())
    }

    fn operand(&mut self, x: &Array) -> Expr {
        match self.below(8) {
            0 => self.scalar().into(),
            1 => 1.into(),
            2 => self.array().into(),
            3 => self.beside(x) + 1,
            4 => x.namespace().zeros([self.length()], x.dtype()).into(),
            5 => x.into(),
            _ => self.beside(x).into(),
        }
    }

    /// The axis and the direction of sorting.
    fn order(&mut self) -> Axes {
        let along = match self.below(8) {
            0 => self.axes(),
            _ => axis(self.integer()),
        };
        if self.chance(2) {
            along.descending()
        } else {
            along
        }
    }

    fn count(&mut self) -> Num {
        let count = num(self.below(9));
        if self.chance(2) {
            count.without_endpoint()
        } else {
            count
        }
    }

    fn axes(&mut self) -> Axes {
        let mut axes: Axes = match self.below(6) {
            0 => (..).into(),
            1 => [self.integer(), self.integer()].into(),
            2 => Vec::new().into(),
            _ => (self.below(4) as isize - 2).into(),
        };
        if self.chance(3) {
            axes = axis(axes).keepdims();
        }
        if self.chance(9) {
            axes = axes.dtype(self.dtype());
        }
        if self.chance(9) {
            axes = axes.correction(self.choose(&[0.0, 1.0, -1.0, 1e300, f64::NAN]));
        }
        if self.chance(9) {
            axes = axes.include_initial();
        }
        axes
    }

    fn index(&mut self) -> Vec<Index<Device>> {
        (0..self.below(5))
            .map(|_| match self.below(9) {
                0 => Index::Ellipsis,
                1 => NewAxis.into(),
                2 => self.array().into(),
                3 | 4 => self.integer().into(),
                _ => {
                    let start = self.chance(2).then(|| self.integer());
                    let stop = self.chance(2).then(|| self.integer());
                    let step = self.choose(&[1, 1, 2, -1, -2, 0, 3, isize::MIN, isize::MAX]);
                    Slice { start, stop, step }.into()
                }
            })
            .collect()
    }
}

/// One random call. `None` stands for calls whose result is no array.
fn call(d: &mut Dice<'_>) -> Result<Vec<Array>> {
    let x = d.array();
    let ns = if d.chance(20) {
        narrow()
    } else {
        x.namespace()
    };
    let one = |a: Result<Array>| a.map(|a| vec![a]);
    match d.below(49) {
        0..=4 => one(unary(&ns, d.choose(UnaryOp::ALL), d.operand(&x)).eval()),
        5..=11 => {
            let (a, b) = (d.operand(&x), d.operand(&x));
            let op = d.choose(BinaryOp::ALL);
            one(binary(&ns, op, a, b).eval())
        }
        12 => one(ns.sum(&x, d.axes())),
        13 => one(ns.prod(&x, d.axes())),
        14 => one(ns.mean(&x, d.axes())),
        15 => one(ns.std(&x, d.axes())),
        16 => one(ns.var(&x + 1, d.axes())),
        17 => one(ns.max(&x, d.axes())),
        18 => one(ns.min(-&x, d.axes())),
        19 => one(ns.cumulative_sum(&x, d.axes())),
        20 => one(ns.cumulative_prod(&x, d.axes())),
        21 => one(ns.argmax(&x, d.axes())),
        22 => one(ns.count_nonzero(&x, d.axes())),
        23 => one(ns.all(&x, d.axes())).and(one(ns.any(&x, d.axes()))),
        24 | 25 => one(x.get(d.index())),
        26 | 27 => {
            let (index, value) = (d.index(), d.operand(&x));
            let (mut y, before) = (x.clone(), x.to_host()?);
            // At the index, or through the layout of the view that it gives.
            let view = x.get(&index).and_then(|view| {
                let is_view = view.data()?.storage == x.data()?.storage;
                Ok((is_view && d.chance(2)).then_some(view))
            });
            let done = match view {
                Ok(Some(view)) => y.assign(view.layout(), value),
                _ => y.set(index, value),
            };
            assert_eq!(
                (y.shape(), y.dtype()),
                (x.shape(), x.dtype()),
                "`set` changes values only"
            );
            assert_eq!(
                x.to_host()?.as_bytes(),
                before.as_bytes(),
                "`set` changes no other array"
            );
            if done.is_err() {
                assert_eq!(
                    y.to_host()?.as_bytes(),
                    before.as_bytes(),
                    "a failed `set` changes nothing"
                );
            }
            done.map(|()| vec![y])
        }
        28 => one(ns.take(
            &x,
            d.operand(&x),
            if d.chance(4) { None } else { Some(d.integer()) },
        )),
        29 => one(ns.take_along_axis(&x, d.operand(&x), d.integer())),
        30 => {
            let shape: Vec<usize> = (0..d.below(4)).map(|_| d.length()).collect();
            one(ns.reshape(&x, shape))
        }
        31 => {
            let shape: Vec<isize> = (0..d.below(4)).map(|_| d.integer()).collect();
            one(ns.reshape_infer(&x, &shape))
        }
        32 => {
            let shape: Vec<usize> = (0..d.below(6))
                .map(|_| if d.chance(8) { d.length() } else { d.below(4) })
                .collect();
            // A huge broadcast view is no mistake, but nobody wants to see it.
            one(ns.broadcast_to(&x, shape))
                .map(|a| a.into_iter().filter(|a| a.size() < 10_000).collect())
        }
        33 => {
            let axes: Vec<isize> = (0..d.below(5)).map(|_| d.integer()).collect();
            one(ns.permute_dims(&x, &axes))
        }
        34 => one(ns.moveaxis(&x, d.integer(), d.integer())).or(one(ns.moveaxis(
            &x,
            d.axes(),
            d.axes(),
        ))),
        35 => one(ns.squeeze(&x, d.axes()))
            .or(one(ns.expand_dims(&x, d.axes())))
            .or(one(ns.flip(&x, d.axes()))),
        36 => {
            let others: Vec<Array> = (0..d.below(3)).map(|_| d.beside(&x)).collect();
            let all: Vec<&Array> = [&x].into_iter().chain(&others).collect();
            match d.below(3) {
                0 => one(ns.concat(&all, d.chance(3).then(|| d.integer()))),
                1 => one(ns.stack(&all, d.integer())),
                _ => ns.broadcast_arrays(&all),
            }
        }
        37 => one(ns.sort(&x, d.order())).and(one(ns.argsort(&x, d.order()))),
        38 => {
            let unique = ns.unique_all(&x)?;
            Ok(vec![
                unique.values,
                unique.indices,
                unique.inverse_indices,
                unique.counts,
            ])
        }
        39 => ns.nonzero(&x),
        40 => creation(d, &ns),
        41 => one(ns.matmul(d.operand(&x), d.operand(&x)))
            .or_else(|_| one(ns.vecdot(&x, d.operand(&x), d.integer()))),
        42..=44 => linalg(d, &ns, &x),
        45..=47 => moving(d, &ns, &x),
        _ => match d.below(8) {
            0 => one(ns.clip(&x, d.operand(&x), d.operand(&x)).eval()),
            1 => one(ns.clip(&x, Unbounded, d.operand(&x)).eval()),
            2 => one(ns
                .where_(d.operand(&x), d.operand(&x), d.operand(&x))
                .eval()),
            3 => one(ns.astype(&x, d.dtype()).eval()),
            4 => one(ns.nansum(&x, d.axes()))
                .and(one(ns.nanmax(&x, d.axes())))
                .and(one(ns.nanmean(&x, d.axes()))),
            5 => {
                let counts: Vec<usize> = (0..d.below(4)).map(|_| d.below(3)).collect();
                let groups = ns.group_scatter(&x, &d.beside(&x), &counts, 1e-4)?;
                Ok(vec![
                    groups.means,
                    groups.std,
                    groups.singular_values,
                    groups.right_vectors,
                ])
            }
            6 => {
                let mut y = x.clone();
                y += d.operand(&x);
                y.data()?;
                assert_eq!((y.shape(), y.dtype()), (x.shape(), x.dtype()));
                Ok(vec![y])
            }
            _ => one(x.to_device(&narrow())).or(one(x.T())).or(one(x.mT())),
        },
    }
}

macro_rules! by_name {
    ($op:expr, $Op:ident, $ns:expr, ($x:expr), $($Variant:ident $name:ident),* $(,)?) => {
        match $op { $($Op::$Variant => $ns.$name($x),)* }
    };
    ($op:expr, $Op:ident, $ns:expr, ($x:expr, $y:expr), $($Variant:ident $name:ident),* $(,)?) => {
        match $op { $($Op::$Variant => $ns.$name($x, $y),)* }
    };
}

pub(crate) fn unary(ns: &Namespace<Device>, op: UnaryOp, x: Expr) -> Expr {
    by_name!(
        op, UnaryOp, ns, (x),
        Abs abs, Acos acos, Acosh acosh, Asin asin, Asinh asinh, Atan atan, Atanh atanh, BitwiseInvert bitwise_invert, Ceil ceil,
        Conj conj, Cos cos, Cosh cosh, Exp exp, Expm1 expm1, Floor floor, Imag imag, Isfinite isfinite, Isinf isinf, Isnan isnan,
        Log log, Log1p log1p, Log2 log2, Log10 log10, LogicalNot logical_not, Negative negative, Positive positive, Real real,
        Reciprocal reciprocal, Round round, Sign sign, Signbit signbit, Sin sin, Sinh sinh, Square square, Sqrt sqrt, Tan tan,
        Tanh tanh, Trunc trunc,
    )
}

pub(crate) fn binary(ns: &Namespace<Device>, op: BinaryOp, a: Expr, b: Expr) -> Expr {
    by_name!(
        op, BinaryOp, ns, (a, b),
        Add add, Atan2 atan2, BitwiseAnd bitwise_and, BitwiseLeftShift bitwise_left_shift, BitwiseOr bitwise_or,
        BitwiseRightShift bitwise_right_shift, BitwiseXor bitwise_xor, Copysign copysign, Divide divide, Equal equal,
        FloorDivide floor_divide, Greater greater, GreaterEqual greater_equal, Hypot hypot, Less less, LessEqual less_equal,
        Logaddexp logaddexp, LogicalAnd logical_and, LogicalOr logical_or, LogicalXor logical_xor, Maximum maximum, Minimum minimum,
        Multiply multiply, Nextafter nextafter, NotEqual not_equal, Pow pow, Remainder remainder, Subtract subtract,
    )
}

fn creation(d: &mut Dice<'_>, ns: &Namespace<Device>) -> Result<Vec<Array>> {
    let small = |a: Array| {
        if a.size() < 10_000 {
            vec![a]
        } else {
            Vec::new()
        }
    };
    match d.below(5) {
        0 => {
            // A step of 1e-300 over a wide range is refused; one that asks for gigabytes is no mistake, so keep it short.
            let (start, step) = (d.scalar(), d.scalar());
            let stop = match (start, step) {
                (Scalar::Int(a), Scalar::Int(b)) => a.saturating_add(b.saturating_mul(3)).into(),
                (Scalar::Float(a), Scalar::Float(b)) => (a + 3.0 * b).into(),
                _ => start,
            };
            ns.arange(start, stop, step).map(small)
        }
        1 => ns
            .linspace(d.integer() as f64, f64::INFINITY, d.count())
            .map(small),
        2 => ns
            .eye(d.below(5), d.below(5), d.integer(), d.dtype())
            .map(small),
        3 => {
            let shape: Vec<usize> = (0..3).map(|_| d.length()).collect();
            let bytes = shape
                .iter()
                .try_fold(1usize, |a, &b| a.checked_mul(b.max(1)));
            if bytes.is_some_and(|b| b > 10_000 && b < isize::MAX as usize / 16) {
                return Ok(Vec::new());
            }
            ns.full(shape, d.scalar(), d.dtype()).map(small)
        }
        _ => {
            let shape: Vec<usize> = (0..3).map(|_| d.length()).collect();
            ns.asarray((vec![1.0; d.below(9)], shape.as_slice()))
                .map(small)
        }
    }
}

fn linalg(d: &mut Dice<'_>, ns: &Namespace<Device>, x: &Array) -> Result<Vec<Array>> {
    let xl = ns.linalg();
    let one = |a: Result<Array>| a.map(|a| vec![a]);
    match d.below(23) {
        0 => one(xl.cholesky(x, d.choose(&[Triangle::Lower, Triangle::Upper]))),
        1 => xl.eigh(x).map(|e| vec![e.eigenvalues, e.eigenvectors]),
        2 => one(xl.inv(x)),
        3 => one(xl.outer(x, d.operand(x))),
        4 => one(xl.solve(x, d.operand(x))),
        5 => xl
            .svd(x, d.choose(&[SvdMode::Reduced, SvdMode::Full]))
            .map(|s| vec![s.U, s.S, s.Vh]),
        6 => one(xl.trace(x, d.integer(), d.chance(3).then(|| d.dtype()))),
        7 => one(xl.diagonal(x, d.integer())),
        8 => one(xl.cross(x, d.operand(x), d.integer())),
        9 => one(xl.det(x)),
        10 => xl.eig(x).map(|e| vec![e.eigenvalues, e.eigenvectors]),
        11 => one(xl.eigvals(x)).or(one(xl.eigvalsh(x))),
        12 => one(xl.matrix_norm(
            x,
            d.choose(&[
                MatrixNorm::Frobenius.into(),
                MatrixNorm::Nuclear.keepdims(),
                MatrixNorm::One.into(),
                MatrixNorm::MinusTwo.keepdims(),
                MatrixNorm::Infinity.into(),
            ]),
        )),
        13 => one(xl.matrix_power(x, d.integer() as i64)),
        14 => one(xl.matrix_rank(x, Automatic)).and(one(xl.matrix_rank(x, d.operand(x)))),
        15 => one(xl.pinv(x, Automatic)).and(one(xl.pinv(x, d.operand(x)))),
        16 => xl
            .qr(x, d.choose(&[QrMode::Reduced, QrMode::Complete]))
            .map(|qr| vec![qr.Q, qr.R]),
        17 => xl.slogdet(x).map(|s| vec![s.sign, s.logabsdet]),
        18 => one(xl.svdvals(x)),
        19 => one(xl.vector_norm(
            x,
            d.axes(),
            d.choose(&[0.0, 1.0, 2.0, -3.5, f64::INFINITY, f64::NAN]),
        )),
        20 => {
            let axes: Vec<isize> = (0..d.below(3)).map(|_| d.integer()).collect();
            let others: Vec<isize> = (0..d.below(3)).map(|_| d.integer()).collect();
            let over = (axes.as_slice(), others.as_slice());
            one(ns.tensordot(x, d.operand(x), over)).or(one(ns.tensordot(x, x, d.below(4))))
        }
        21 => fourier(d, ns, x),
        _ => one(xl
            .eigh(ns.matmul(ns.matrix_transpose(x), x))
            .map(|e| e.eigenvectors)),
    }
}

fn fourier(d: &mut Dice<'_>, ns: &Namespace<Device>, x: &Array) -> Result<Vec<Array>> {
    let xf = ns.fft();
    let one = |a: Result<Array>| a.map(|a| vec![a]);
    let norm = d.choose(&[Norm::Backward, Norm::Ortho, Norm::Forward]);
    let n = d.chance(2).then(|| d.below(9));
    let s: Vec<usize> = (0..d.below(4)).map(|_| d.below(7)).collect();
    let s = d.chance(2).then_some(s.as_slice());
    let axes: Vec<isize> = (0..d.below(4)).map(|_| d.integer()).collect();
    let axes = d.chance(2).then_some(axes.as_slice());
    match d.below(12) {
        0 => one(xf.fft(x, n, d.integer(), norm)),
        1 => one(xf.ifft(x, n, d.integer(), norm)),
        2 => one(xf.rfft(x, n, d.integer(), norm)),
        3 => one(xf.irfft(x, n, d.integer(), norm)),
        4 => one(xf.hfft(x, n, d.integer(), norm)),
        5 => one(xf.ihfft(x, n, d.integer(), norm)),
        6 => one(xf.fftn(x, s, axes, norm)),
        7 => one(xf.ifftn(x, s, axes, norm)),
        8 => one(xf.rfftn(x, s, axes, norm)),
        9 => one(xf.irfftn(x, s, axes, norm)),
        10 => one(xf.fftshift(x, d.axes())).and(one(xf.ifftshift(x, d.axes()))),
        _ => {
            let dtype = d.chance(2).then(|| d.dtype());
            let spacing = d.choose(&[0.0, 1.0, -0.25, f64::NAN]);
            let freq = xf.fftfreq(d.length().min(50), spacing, dtype);
            one(freq).and(one(xf.rfftfreq(d.length().min(50), spacing, dtype)))
        }
    }
}

/// Functions that repeat, move, search.
fn moving(d: &mut Dice<'_>, ns: &Namespace<Device>, x: &Array) -> Result<Vec<Array>> {
    let one = |a: Result<Array>| a.map(|a| vec![a]);
    let axis = d.chance(2).then(|| d.integer());
    match d.below(10) {
        0 => one(ns.tril(x, d.integer())).and(one(ns.triu(x, d.integer()))),
        1 => {
            let others: Vec<Array> = (0..d.below(3)).map(|_| d.beside(x)).collect();
            let all: Vec<&Array> = [x].into_iter().chain(&others).collect();
            let grids = ns.meshgrid(&all, d.choose(&[Indexing::Xy, Indexing::Ij]));
            grids.map(|a| a.into_iter().filter(|a| a.size() < 10_000).collect())
        }
        2 if d.chance(2) => {
            // Counts that ask for gigabytes are no mistake.
            let counts = d.beside(x);
            let counts = ns.clip(&counts, -2, 9).eval().unwrap_or(counts);
            one(ns.repeat(x, counts, axis))
        }
        2 => one(ns.repeat(x, d.choose(&[0, 1, 3, usize::MAX]), axis)),
        3 => {
            let shifts: Vec<isize> = (0..d.below(3)).map(|_| d.integer()).collect();
            let axes: Vec<isize> = (0..d.below(3)).map(|_| d.integer()).collect();
            one(ns.roll(x, &shifts, d.chance(2).then_some(axes.as_slice())))
        }
        4 => {
            let counts: Vec<usize> = (0..d.below(4))
                .map(|_| d.choose(&[0, 1, 2, usize::MAX]))
                .collect();
            one(ns.tile(x, &counts))
        }
        5 => ns.unstack(x, d.integer()),
        6 => {
            let sorter = d.beside(x);
            let side = d.choose(&[Side::Left, Side::Right]);
            one(ns.searchsorted(x, d.operand(x), side, d.chance(2).then_some(&sorter)))
        }
        7 => one(ns.isin(x, d.operand(x))).or(one(ns.isin(d.operand(x), x))),
        8 => {
            let (before, after) = (d.beside(x), d.beside(x));
            let n = d.choose(&[0, 1, 2, usize::MAX]);
            let (before, after) = (
                d.chance(2).then_some(&before),
                d.chance(2).then_some(&after),
            );
            one(ns.diff(x, d.integer(), n, before, after))
        }
        _ => x.scalar().map(|_| Vec::new()),
    }
}

fn check(bytes: &[u8]) {
    match call(&mut Dice(bytes)) {
        Ok(arrays) => {
            for a in arrays {
                // What comes back is whole: a layout inside its storage, a dtype of its device.
                assert_eq!(a.to_host().expect("a sound array").len(), a.size());
                let layout: &Layout = &a.data().expect("a sound array").layout;
                assert_eq!(layout.shape(), a.shape());
                assert!(!format!("{a:?}").is_empty());
            }
        }
        Err(error) => {
            let text = error.to_string();
            assert!(
                text.contains(": ") || text.contains(" cannot hold "),
                "who says so? {text}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mistake_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        check(&bytes);
    }
}

/// `ARRAY_API_FUZZ_SECONDS=600 cargo test --workspace -- --ignored --nocapture as_long_as_asked`
#[test]
#[ignore = "runs for as long as it is told to"]
fn mistakes_for_as_long_as_asked() {
    let seconds = std::env::var("ARRAY_API_FUZZ_SECONDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(10);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    let (mut calls, mut state) = (0_u64, 0x9e37_79b9_7f4a_7c15_u64);
    let mut bytes = [0; 120];
    while std::time::Instant::now() < end {
        for eight in bytes.chunks_exact_mut(8) {
            // Xorshift: any stream of bytes without a pattern will do.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            eight.copy_from_slice(&state.to_le_bytes());
        }
        check(&bytes);
        calls += 1;
    }
    println!("{calls} calls on {} in {seconds} s", xp().device());
}
