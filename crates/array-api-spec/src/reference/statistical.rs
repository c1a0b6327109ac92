//! Reductions and scans, in index order. Floating-point sums are compensated.

use super::{
    Memory, Reference, contract,
    math::{Arithmetic, BinaryFunction},
};
use crate::{
    BinaryOp, Complex, DType, Element, Layout, Program, ReduceOp, Result, Scalar, ScanOp,
    backend::{Initial, StatisticalBackend},
    dispatch,
    shape::size,
};

impl StatisticalBackend for Reference {
    fn reduce(
        &self,
        op: ReduceOp,
        x: &Program<Memory>,
        axes: &[usize],
        dtype: DType,
    ) -> Result<Memory> {
        contract::axes(axes, x.shape.len());
        if matches!(op, ReduceOp::Argmax | ReduceOp::Argmin) {
            assert!(
                matches!(dtype, DType::Int32 | DType::Int64),
                "an index dtype"
            );
        } else {
            assert_eq!(dtype, x.dtype(), "{} into another dtype", op.name());
        }
        let kept: Vec<usize> = (0..x.shape.len())
            .filter(|k| !axes.contains(k))
            .map(|k| x.shape[k])
            .collect();
        self.room(&x.shape, x.dtype())?;
        self.room(&kept, dtype)?;
        let groups = groups(&x.shape, axes);
        Ok(match op {
            ReduceOp::All | ReduceOp::Any => {
                let x: Vec<bool> = self.read_program(x)?;
                let of = |g: &Vec<usize>| match op {
                    ReduceOp::All => g.iter().all(|&p| x[p]),
                    _ => g.iter().any(|&p| x[p]),
                };
                self.store(groups.iter().map(of).collect())
            }
            ReduceOp::Argmax | ReduceOp::Argmin => dispatch!(x.dtype(), T => {
                let x: Vec<T> = self.read_program(x)?;
                let best = groups.iter().map(|g| Scalar::from(extreme(&x, g, op == ReduceOp::Argmax)));
                self.store_buffer(dispatch!(dtype, I => I::into_buffer(best.map(I::cast).collect())))
            }),
            ReduceOp::Max | ReduceOp::Min => dispatch!(dtype, T => {
                let x: Vec<T> = self.read_program(x)?;
                self.store(groups.iter().map(|g| x[g[extreme(&x, g, op == ReduceOp::Max)]]).collect())
            }),
            ReduceOp::Sum | ReduceOp::Prod => dispatch!(dtype, T => {
                let x: Vec<T> = self.read_program(x)?;
                let running = if op == ReduceOp::Sum { Running::sum() } else { Running::product() };
                let total = |g: &Vec<usize>| {
                    let mut running = running;
                    g.iter().for_each(|&p| running.take(x[p].into()));
                    T::cast(running.value())
                };
                self.store(groups.iter().map(total).collect())
            }),
        })
    }

    fn scan(
        &self,
        op: ScanOp,
        x: &Program<Memory>,
        axis: usize,
        initial: Initial,
    ) -> Result<Memory> {
        contract::axes(&[axis], x.shape.len());
        let (n, first) = (x.shape[axis], initial.length());
        let mut shape = x.shape.clone();
        shape[axis] += first;
        self.room(&x.shape, x.dtype())?;
        self.room(&shape, x.dtype())?;
        let (lines, targets) = (groups(&x.shape, &[axis]), groups(&shape, &[axis]));
        Ok(self.store_buffer(dispatch!(x.dtype(), T => {
            let x: Vec<T> = self.read_program(x)?;
            let mut out = vec![T::default(); size(&shape)];
            for (line, target) in lines.iter().zip(&targets) {
                let mut running = if op == ScanOp::Sum { Running::sum() } else { Running::product() };
                if initial == Initial::Included {
                    out[target[0]] = T::cast(running.value());
                }
                for k in 0..n {
                    running.take(x[line[k]].into());
                    out[target[k + first]] = T::cast(running.value());
                }
            }
            T::into_buffer(out)
        })))
    }
}

/// For every element of the result, the positions of the elements that it is computed from, both in row-major order.
fn groups(shape: &[usize], axes: &[usize]) -> Vec<Vec<usize>> {
    let others = (0..shape.len()).filter(|k| !axes.contains(k));
    let order: Vec<usize> = others.clone().chain(axes.iter().copied()).collect();
    let positions: Vec<usize> = Layout::contiguous(shape)
        .permute(&order)
        .positions()
        .collect();
    let product = |axes: &[usize]| size(&axes.iter().map(|&k| shape[k]).collect::<Vec<_>>());
    let (count, length) = (product(&order[..others.count()]), product(axes));
    (0..count)
        .map(|g| positions[g * length..(g + 1) * length].to_vec())
        .collect()
}

/// The number of the first largest (or smallest) element, or of the first NaN.
fn extreme<T: Arithmetic>(x: &[T], group: &[usize], largest: bool) -> usize {
    let op = if largest {
        BinaryOp::Greater
    } else {
        BinaryOp::Less
    };
    let Some(BinaryFunction::Bool(better)) = T::binary(op) else {
        unreachable!("only of real dtypes")
    };
    #[allow(clippy::eq_op, reason = "NaN alone differs from itself")]
    let is_nan = |v: T| v != v;
    let mut best = 0;
    for (k, &p) in group.iter().enumerate() {
        if is_nan(x[p]) {
            return k;
        }
        if better(x[p], x[group[best]]) {
            best = k;
        }
    }
    best
}

/// A running sum or product. Integers wrap only at the end, which gives the same result for both.
#[derive(Clone, Copy)]
struct Running {
    product: bool,
    integer: i128,
    complex: Complex<f64>,
    /// The accumulated rounding error of the sum (Neumaier).
    lost: Complex<f64>,
    last: Option<Scalar>,
}

impl Running {
    const fn sum() -> Self {
        Self {
            product: false,
            integer: 0,
            complex: Complex::new(0.0, 0.0),
            lost: Complex::new(0.0, 0.0),
            last: None,
        }
    }

    const fn product() -> Self {
        Self {
            product: true,
            integer: 1,
            complex: Complex::new(1.0, 0.0),
            ..Self::sum()
        }
    }

    fn take(&mut self, value: Scalar) {
        self.last = Some(value);
        match (value, self.product) {
            (Scalar::Bool(_), _) => unreachable!("sums of numbers only"),
            (Scalar::Int(i), false) => self.integer = self.integer.wrapping_add(i),
            (Scalar::Int(i), true) => self.integer = self.integer.wrapping_mul(i),
            (Scalar::Float(x), false) => add(&mut self.complex.re, &mut self.lost.re, x),
            (Scalar::Float(x), true) => self.complex.re *= x,
            (Scalar::Complex(z), false) => {
                add(&mut self.complex.re, &mut self.lost.re, z.re);
                add(&mut self.complex.im, &mut self.lost.im, z.im);
            }
            (Scalar::Complex(z), true) => self.complex *= z,
        }
    }

    fn value(&self) -> Scalar {
        let whole = |sum: f64, lost: f64| if sum.is_finite() { sum + lost } else { sum };
        let z = Complex::new(
            whole(self.complex.re, self.lost.re),
            whole(self.complex.im, self.lost.im),
        );
        match self.last {
            Some(Scalar::Float(_)) => Scalar::Float(z.re),
            Some(Scalar::Complex(_)) => Scalar::Complex(z),
            _ => Scalar::Int(self.integer),
        }
    }
}

fn add(sum: &mut f64, lost: &mut f64, x: f64) {
    let next = *sum + x;
    *lost += if sum.abs() >= x.abs() {
        (*sum - next) + x
    } else {
        (x - next) + *sum
    };
    *sum = next;
}
