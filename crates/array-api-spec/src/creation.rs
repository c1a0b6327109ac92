//! Creation functions. The arrays are created on the namespace's device.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/creation_functions.html>

use crate::{
    Accepts, Array, Backend, Complex, DType, Error, Expr, HostArray, IntoHostArray, Namespace,
    Program, Result, Scalar,
    data_type::finfo,
    expr::{Valid, view},
    shape::checked_size,
};

/// How [`Namespace::meshgrid`] orders the first two axes of its results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Indexing {
    /// Cartesian: the first array varies along axis 1, the second along axis 0.
    #[default]
    Xy,
    /// As matrices are indexed: array k varies along axis k.
    Ij,
}

/// How many numbers [`Namespace::linspace`] makes: `7`, or [`num`]`(7).without_endpoint()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Num {
    count: usize,
    endpoint: bool,
}

/// The argument `num` of [`Namespace::linspace`] with its keyword argument: `xp.linspace(0, 1, num(7).without_endpoint())`.
#[must_use]
pub const fn num(count: usize) -> Num {
    Num {
        count,
        endpoint: true,
    }
}

impl Num {
    /// The numbers end one step before `stop`: the standard's `endpoint=False`.
    #[must_use]
    pub const fn without_endpoint(mut self) -> Self {
        self.endpoint = false;
        self
    }
}

impl From<usize> for Num {
    fn from(count: usize) -> Self {
        num(count)
    }
}

/// A shape argument: a length or several.
pub trait IntoShape {
    /// The lengths of the axes.
    fn into_shape(self) -> Vec<usize>;
}
impl IntoShape for usize {
    fn into_shape(self) -> Vec<usize> {
        vec![self]
    }
}
impl<const N: usize> IntoShape for [usize; N] {
    fn into_shape(self) -> Vec<usize> {
        self.to_vec()
    }
}
impl IntoShape for &[usize] {
    fn into_shape(self) -> Vec<usize> {
        self.to_vec()
    }
}
impl IntoShape for Vec<usize> {
    fn into_shape(self) -> Vec<usize> {
        self
    }
}
impl IntoShape for &Vec<usize> {
    fn into_shape(self) -> Vec<usize> {
        self.clone()
    }
}

/// The real and the imaginary part of a scalar that is a number.
fn parts(scalar: Scalar) -> [f64; 2] {
    match scalar {
        Scalar::Bool(b) => [b.into(), 0.0],
        Scalar::Int(i) => [i as f64, 0.0],
        Scalar::Float(x) => [x, 0.0],
        Scalar::Complex(z) => [z.re, z.im],
    }
}

/// If a step would be subnormal, it is multiplied by this number, and the index is divided by it. It is a power of two,
/// so both are exact.
const FINE: f64 = 18_446_744_073_709_551_616.0;

/// `(stop - start) / n · factor`, without intermediate overflow if the factor is 1.
fn step_of([start, stop]: [Scalar; 2], n: f64, factor: f64) -> Scalar {
    let step = |start: f64, stop: f64| {
        let distance = stop - start;
        if distance.is_finite() {
            distance * factor / n
        } else {
            stop / n - start / n
        }
    };
    let ([a, b], [c, d]) = (parts(start), parts(stop));
    match start {
        Scalar::Complex(_) => Scalar::Complex(Complex::new(step(a, c), step(b, d))),
        _ => Scalar::Float(step(a, c)),
    }
}

/// Whether the distance of the finite ends overflows in a floating-point dtype.
fn is_wide(ends: [Scalar; 2], dtype: DType) -> bool {
    let max = finfo(dtype).map_or(f64::INFINITY, |f| f.max);
    let [start, stop] = ends.map(parts);
    let finite = |end: [f64; 2]| end.iter().all(|x| x.is_finite());
    let wide = |a: f64, b: f64| b / 2.0 - a / 2.0 > max / 2.0 || a / 2.0 - b / 2.0 > max / 2.0;
    finite(start) && finite(stop) && (0..2).any(|k| wide(start[k], stop[k]))
}

/// Whether a step is not 0, but smaller than the dtype's smallest normal number. `fine` is the step times [`FINE`].
fn is_lost(step: Scalar, fine: Scalar, dtype: DType) -> bool {
    let least = finfo(dtype).map_or(0.0, |f| f.smallest_normal);
    let lost = |step: f64, fine: f64| fine != 0.0 && step.abs() < least;
    let (step, fine) = (parts(step), parts(fine));
    (0..2).any(|k| lost(step[k], fine[k]))
}

impl<B: Backend> Namespace<B> {
    /// An array from values on the host: scalars, `Vec`s, slices, nested arrays and `Vec`s, or values with a shape (`(vec, [2, 3])`).
    ///
    /// The dtype is that of the Rust type: nothing is converted silently. See [`asarray_as`](Self::asarray_as) to convert.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.asarray.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// assert_eq!(xp.asarray([[1.0, 2.0], [3.0, 4.0]])?.shape(), [2, 2]);
    /// assert_eq!(xp.asarray((vec![1, 2, 3, 4, 5, 6], [2, 3]))?.shape(), [2, 3]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Rows of unequal lengths; a shape that the number of values does not fill; a dtype that the device cannot hold;
    /// no memory there.
    pub fn asarray(&self, values: impl IntoHostArray) -> Result<Array<B>> {
        let HostArray { buffer, shape } = values.into_host_array()?;
        let dtype = buffer.dtype();
        self.check_dtype(dtype)?;
        if checked_size("asarray", &shape)? != buffer.len() {
            return Err(Error::shape(
                "asarray",
                &[&shape],
                format!("does not hold {} values", buffer.len()),
            ));
        }
        Ok(self.wrap(self.backend().upload(buffer)?, &shape, dtype))
    }

    /// [`asarray`](Self::asarray) with the values converted to `dtype` on the host. A kind may become a higher one
    /// only: integers may become floating-point, but not the reverse.
    ///
    /// # Errors
    /// Those of `asarray`; values of a kind that `dtype` does not hold; an integer out of its range.
    pub fn asarray_as(&self, values: impl IntoHostArray, dtype: DType) -> Result<Array<B>> {
        let HostArray { mut buffer, shape } = values.into_host_array()?;
        if buffer.dtype() != dtype {
            buffer = buffer.to_dtype("asarray", dtype)?;
        }
        self.asarray(HostArray { buffer, shape })
    }

    /// Numbers from `start` to before `stop`, `step` apart. Integer arguments give the default integer dtype, others the default floating-point one.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.arange.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// assert_eq!(xp.arange(2, 8, 3)?.to_vec::<i64>()?, [2, 5]);
    /// assert_eq!(xp.arange(1.0, 2.0, 0.5)?.to_vec::<f64>()?, [1.0, 1.5]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// A step of 0; arguments that are not real and finite; more numbers than memory holds.
    pub fn arange(
        &self,
        start: impl Into<Scalar>,
        stop: impl Into<Scalar>,
        step: impl Into<Scalar>,
    ) -> Result<Array<B>> {
        let arguments = [start.into(), stop.into(), step.into()];
        let defaults = self.info().default_dtypes();
        let integers = arguments.iter().all(|a| matches!(a, Scalar::Int(_)));
        let dtype = if integers {
            defaults.integral
        } else {
            defaults.real_floating
        };
        self.arange_as(arguments[0], arguments[1], arguments[2], dtype)
    }

    /// [`arange`](Self::arange) in a dtype of integers or real floating-point numbers.
    ///
    /// # Errors
    /// Those of `arange`; another dtype, or one that does not hold the numbers.
    pub fn arange_as(
        &self,
        start: impl Into<Scalar>,
        stop: impl Into<Scalar>,
        step: impl Into<Scalar>,
        dtype: DType,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "arange";
        self.check_dtype(dtype)?;
        if !Accepts::Real.contains(dtype) {
            return Err(Error::dtype(FUNCTION, &[dtype], Accepts::Real.words()));
        }
        let arguments = [start.into(), stop.into(), step.into()];
        let too_many = || Error::value(FUNCTION, "too many numbers");
        if let [Scalar::Int(start), Scalar::Int(stop), Scalar::Int(step)] = arguments {
            if step == 0 {
                return Err(Error::value(FUNCTION, "a step of 0 reaches no end"));
            }
            let span = stop.saturating_sub(start).saturating_mul(step.signum());
            let length = if span <= 0 {
                0
            } else {
                (span - 1) / step.abs() + 1
            };
            let length = usize::try_from(length).map_err(|_| too_many())?;
            checked_size(FUNCTION, &[length])?;
            if length == 0 {
                return self.empty([0], dtype);
            }
            let last = start.saturating_add(step.saturating_mul(length as i128 - 1));
            for end in [start, last] {
                Scalar::Int(end).to_dtype(FUNCTION, dtype)?;
            }
            if length == 1 {
                return self.full([1], start, dtype);
            }
            let [start, step] = [start, step].map(Scalar::Int);
            checked_size(FUNCTION, &[length])?;
            return self.line(start, step, step, length, dtype).eval();
        }
        let real = |s: Scalar| match s {
            Scalar::Int(i) => Ok(i as f64),
            Scalar::Float(x) if x.is_finite() => Ok(x),
            _ => Err(Error::value(
                FUNCTION,
                format!("takes finite real numbers, not {s}"),
            )),
        };
        let (start, stop, step) = (
            real(arguments[0])?,
            real(arguments[1])?,
            real(arguments[2])?,
        );
        if step == 0.0 {
            return Err(Error::value(FUNCTION, "a step of 0 reaches no end"));
        }
        let span = stop - start;
        let steps = if span.is_finite() {
            span / step
        } else {
            stop / step - start / step
        };
        let length = steps.ceil().max(0.0);
        if length > isize::MAX as f64 / 16.0 {
            return Err(too_many());
        }
        let length = length as usize;
        checked_size(FUNCTION, &[length])?;
        // The last index whose number the dtype can represent.
        let max = finfo(dtype).map_or(f64::INFINITY, |f| f.max);
        let reach = (max.copysign(step) / step - start / step).floor();
        let reach = reach.min(length.saturating_sub(1) as f64);
        // This rounds once: the product alone may overflow although the sum does not.
        let last = Scalar::Float(reach.mul_add(step, start));
        let fine = Scalar::Float(step * FINE);
        let [start, step] = [start, step].map(Scalar::Float);
        if is_wide([start, last], dtype) {
            return self
                .halves([start, last], reach, step, length, dtype)
                .eval();
        }
        self.line(start, step, fine, length, dtype).eval()
    }

    /// `start + i · step` for `i` in `0..length`. `fine` is the step times [`FINE`], for floating-point dtypes in which
    /// the step itself would be subnormal or 0.
    fn line(
        &self,
        start: Scalar,
        step: Scalar,
        fine: Scalar,
        length: usize,
        dtype: DType,
    ) -> Expr<B> {
        let index = Expr::valid(self.clone(), Valid::index(&[length], 0, dtype));
        let way = if is_lost(step, fine, dtype) {
            index * Expr::from(1.0 / FINE) * Expr::from(fine)
        } else {
            index * Expr::from(step)
        };
        way + Expr::from(start)
    }

    /// `start + i · step` if the distance of the ends would overflow. Each half is computed from its own end, so that
    /// no product is more than half the distance. There are `intervals` steps between the ends.
    fn halves(
        &self,
        [start, stop]: [Scalar; 2],
        intervals: f64,
        step: Scalar,
        length: usize,
        dtype: DType,
    ) -> Expr<B> {
        let index = |dtype| Expr::valid(self.clone(), Valid::index(&[length], 0, dtype));
        let up = index(dtype) * Expr::from(step) + Expr::from(start);
        let left = Expr::from(intervals) - index(dtype);
        let down = Expr::from(stop) - left * Expr::from(step);
        let half = (intervals / 2.0).floor();
        self.where_(self.less_equal(index(dtype.real()), half), up, down)
    }

    /// `num` numbers from `start` to `stop` at equal distances, `stop` included unless [`num`]`(…)` says
    /// [`without_endpoint`](Num::without_endpoint). Default floating-point dtype, the complex one for complex ends.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.linspace.html>
    ///
    /// ```
    /// use array_api_spec::{num, reference};
    /// let xp = reference::namespace();
    /// assert_eq!(xp.linspace(0, 1, 3)?.to_vec::<f64>()?, [0.0, 0.5, 1.0]);
    /// let half_open = xp.linspace(0, 1, num(4).without_endpoint())?;
    /// assert_eq!(half_open.to_vec::<f64>()?, [0.0, 0.25, 0.5, 0.75]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Ends that are no numbers; more numbers than memory holds.
    pub fn linspace(
        &self,
        start: impl Into<Scalar>,
        stop: impl Into<Scalar>,
        num: impl Into<Num>,
    ) -> Result<Array<B>> {
        let (start, stop) = (start.into(), stop.into());
        let defaults = self.info().default_dtypes();
        let complex = [start, stop]
            .iter()
            .any(|end| matches!(end, Scalar::Complex(_)));
        let dtype = if complex {
            defaults.complex_floating
        } else {
            defaults.real_floating
        };
        self.linspace_as(start, stop, num, dtype)
    }

    /// [`linspace`](Self::linspace) in a floating-point dtype.
    ///
    /// # Errors
    /// Those of `linspace`; another dtype; complex ends for a real one.
    pub fn linspace_as(
        &self,
        start: impl Into<Scalar>,
        stop: impl Into<Scalar>,
        num: impl Into<Num>,
        dtype: DType,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "linspace";
        let Num {
            count: num,
            endpoint,
        } = num.into();
        self.check_dtype(dtype)?;
        checked_size(FUNCTION, &[num])?;
        if !dtype.is_floating() {
            return Err(Error::dtype(FUNCTION, &[dtype], Accepts::Floating.words()));
        }
        let [start, stop] = [start.into(), stop.into()].map(|end| end.to_dtype(FUNCTION, dtype));
        let [start, stop] = [start?, stop?];
        let intervals = if endpoint { num.saturating_sub(1) } else { num };
        let n = intervals.max(1) as f64;
        let step = step_of([start, stop], n, 1.0);
        let ramp = if intervals < 2 {
            self.line(start, Scalar::Int(0), Scalar::Int(0), num, dtype)
        } else if is_wide([start, stop], dtype) {
            self.halves([start, stop], n, step, num, dtype)
        } else {
            let fine = step_of([start, stop], n, FINE);
            self.line(start, step, fine, num, dtype)
        };
        if endpoint && num > 1 {
            let index = Expr::valid(self.clone(), Valid::index(&[num], 0, dtype.real()));
            let last = self.equal(index, intervals as f64);
            return self.where_(last, stop, ramp).eval();
        }
        ramp.eval()
    }

    /// Ones on a diagonal, zeros elsewhere: `(rows, columns)`. `k` counts diagonals from the main one, up if positive.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.eye.html>
    ///
    /// # Errors
    /// A dtype that the device cannot hold; no memory there.
    pub fn eye(&self, rows: usize, columns: usize, k: isize, dtype: DType) -> Result<Array<B>> {
        let shape = [rows, columns];
        self.check_dtype(dtype)?;
        if checked_size("eye", &shape)? == 0 {
            // If one length is 0, the other may be too large for the index dtype.
            return self.zeros(shape, dtype);
        }
        // Diagonals beyond the corners do not exist; the clamp keeps k in the range of the index dtype.
        let k = k.clamp(-(rows as isize) - 1, columns as isize + 1);
        self.astype(self.equal(self.diagonal_number(rows, columns), k), dtype)
            .eval()
    }

    /// An array of one value. The standard's `full`, with the dtype named.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.full.html>
    ///
    /// # Errors
    /// A value that the dtype does not hold; a dtype that the device cannot hold; no memory there.
    pub fn full(
        &self,
        shape: impl IntoShape,
        value: impl Into<Scalar>,
        dtype: DType,
    ) -> Result<Array<B>> {
        let shape = shape.into_shape();
        self.check_dtype(dtype)?;
        checked_size("full", &shape)?;
        let value = value.into().to_dtype("full", dtype)?;
        let storage = self
            .backend()
            .evaluate(&Program::scalar(&shape, value, dtype))?;
        Ok(self.wrap(storage, &shape, dtype))
    }

    /// Zeros (`false` for `bool`).
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.zeros.html>
    ///
    /// # Errors
    /// A dtype that the device cannot hold; no memory there.
    pub fn zeros(&self, shape: impl IntoShape, dtype: DType) -> Result<Array<B>> {
        self.full(shape, Scalar::zero(dtype), dtype)
            .map_err(|e| e.told_by("zeros"))
    }

    /// Ones (`true` for `bool`).
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.ones.html>
    ///
    /// # Errors
    /// A dtype that the device cannot hold; no memory there.
    pub fn ones(&self, shape: impl IntoShape, dtype: DType) -> Result<Array<B>> {
        let one = if dtype == DType::Bool {
            Scalar::Bool(true)
        } else {
            Scalar::Int(1)
        };
        self.full(shape, one, dtype).map_err(|e| e.told_by("ones"))
    }

    /// An array whose values the caller will replace. They are zeros, since safe Rust has no uninitialised memory.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.empty.html>
    ///
    /// # Errors
    /// A dtype that the device cannot hold; no memory there.
    pub fn empty(&self, shape: impl IntoShape, dtype: DType) -> Result<Array<B>> {
        self.zeros(shape, dtype)
    }

    /// One value in the shape and dtype of x.
    ///
    /// # Errors
    /// A value that x's dtype does not hold; no memory on the device.
    pub fn full_like(&self, x: &Array<B>, value: impl Into<Scalar>) -> Result<Array<B>> {
        self.full(x.shape(), value, x.dtype())
    }

    /// Zeros in the shape and dtype of x.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn zeros_like(&self, x: &Array<B>) -> Result<Array<B>> {
        self.zeros(x.shape(), x.dtype())
    }

    /// Ones in the shape and dtype of x.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn ones_like(&self, x: &Array<B>) -> Result<Array<B>> {
        self.ones(x.shape(), x.dtype())
    }

    /// [`empty`](Self::empty) in the shape and dtype of x.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn empty_like(&self, x: &Array<B>) -> Result<Array<B>> {
        self.zeros_like(x)
    }
    /// Coordinate arrays of a grid, as views: k arrays `(n₀,), (n₁,), …` give k arrays `(n₀, n₁, …)`, with the first two axes swapped
    /// for [`Indexing::Xy`].
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.meshgrid.html>
    ///
    /// ```
    /// use array_api_spec::{Indexing, reference};
    /// let xp = reference::namespace();
    /// let (x, y) = (xp.asarray([1, 2, 3])?, xp.asarray([7, 8])?);
    /// let grid = xp.meshgrid(&[&x, &y], Indexing::Xy)?;
    /// assert_eq!(grid[0].to_vec::<i32>()?, [1, 2, 3, 1, 2, 3]);
    /// assert_eq!(grid[1].to_vec::<i32>()?, [7, 7, 7, 8, 8, 8]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Arrays that are not 1-dimensional; a grid with more elements than memory holds.
    pub fn meshgrid(&self, arrays: &[&Array<B>], indexing: Indexing) -> Result<Vec<Array<B>>> {
        const FUNCTION: &str = "meshgrid";
        let place = |k: usize| match (indexing, k) {
            (Indexing::Xy, 0 | 1) if arrays.len() > 1 => 1 - k,
            _ => k,
        };
        let mut shape = vec![0; arrays.len()];
        for (k, array) in arrays.iter().enumerate() {
            let &[n] = array.shape() else {
                return Err(Error::shape(
                    FUNCTION,
                    &[array.shape()],
                    "is not 1-dimensional",
                ));
            };
            shape[place(k)] = n;
        }
        checked_size(FUNCTION, &shape)?;
        let coordinate = |(k, array): (usize, &&Array<B>)| {
            let x = self.array(FUNCTION, *array)?;
            let column = (place(k) + 1..shape.len()).fold(x.layout.clone(), |layout, _| {
                layout.insert_axis(layout.ndim())
            });
            Ok(view(self, &x, column.broadcast_to(&shape)))
        };
        arrays.iter().enumerate().map(coordinate).collect()
    }

    /// Each matrix of a stack with zeros above diagonal `k`: `(…, m, n) → (…, m, n)`. Any dtype.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.tril.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([[1, 2], [3, 4]])?;
    /// assert_eq!(xp.tril(&x, 0)?.to_vec::<i32>()?, [1, 0, 3, 4]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// An array of less than two dimensions.
    pub fn tril(&self, x: impl Into<Expr<B>>, k: isize) -> Result<Array<B>> {
        self.triangle("tril", x.into(), k, |above, k| self.less_equal(above, k))
    }

    /// Each matrix of a stack with zeros below diagonal `k`: `(…, m, n) → (…, m, n)`. Any dtype.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.triu.html>
    ///
    /// # Errors
    /// An array of less than two dimensions.
    pub fn triu(&self, x: impl Into<Expr<B>>, k: isize) -> Result<Array<B>> {
        self.triangle("triu", x.into(), k, |above, k| self.greater_equal(above, k))
    }

    /// x where `keeps` is true for the number of an element's diagonal and `k`, else zeros.
    fn triangle(
        &self,
        function: &'static str,
        x: Expr<B>,
        k: isize,
        keeps: impl FnOnce(Expr<B>, isize) -> Expr<B>,
    ) -> Result<Array<B>> {
        let x = x.on(function, self)?;
        let &[.., m, n] = x.shape() else {
            return Err(Error::shape(
                function,
                &[x.shape()],
                "is no matrix: it has less than two dimensions",
            ));
        };
        if x.size() == 0 {
            return x.evaluate(self).map(|x| Array::new(self.clone(), x));
        }
        // A diagonal beyond the corners changes nothing; the clamp keeps k in the range of the index dtype.
        let k = k.clamp(-(m as isize) - 1, n as isize + 1);
        let kept = keeps(self.diagonal_number(m, n), k);
        let zero = Scalar::zero(x.dtype());
        self.where_(kept, Expr::valid(self.clone(), x), zero).eval()
    }

    /// The number of each element's diagonal: its column minus its row.
    fn diagonal_number(&self, rows: usize, columns: usize) -> Expr<B> {
        let integral = self.info().default_dtypes().integral;
        let index =
            |axis| Expr::valid(self.clone(), Valid::index(&[rows, columns], axis, integral));
        index(1) - index(0)
    }
}
