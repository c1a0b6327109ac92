//! The extension `fft`: `xp.fft().rfft(&x, None, -1, Norm::Backward)`.
//!
//! All transforms are composed of one transform of the backend: complex, along one axis, without a factor.
//!
//! Source: <https://data-apis.org/array-api/2025.12/extensions/fourier_transform_functions.html>

use crate::{
    Accepts, Array, Axes, Backend, DType, Error, Expr, Namespace, Result,
    backend::Direction,
    expr::{Valid, view},
    shape::{checked_size, needed_size, resolve_axis},
};

/// The functions of the extension `fft`, bound to a device as the [`Namespace`] is.
#[derive(Clone, Debug)]
pub struct Fft<'xp, B: Backend>(&'xp Namespace<B>);

/// Which direction of a transform is divided by the length, or by its root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Norm {
    /// Inverse transforms are divided by n.
    #[default]
    Backward,
    /// All transforms are divided by √n, and keep Euclidean norms.
    Ortho,
    /// Forward transforms are divided by n.
    Forward,
}

impl Norm {
    /// The factor of a transform of length `n`.
    fn factor(self, direction: Direction, n: usize) -> f64 {
        match (self, direction) {
            (Self::Backward, Direction::Forward) | (Self::Forward, Direction::Inverse) => 1.0,
            (Self::Ortho, _) => 1.0 / (n as f64).sqrt(),
            _ => 1.0 / n as f64,
        }
    }

    /// The norm with which the other direction has the same factor.
    const fn reversed(self) -> Self {
        match self {
            Self::Backward => Self::Forward,
            Self::Ortho => Self::Ortho,
            Self::Forward => Self::Backward,
        }
    }
}

impl<B: Backend> Namespace<B> {
    /// The extension `fft`.
    #[must_use]
    pub const fn fft(&self) -> Fft<'_, B> {
        Fft(self)
    }
}

impl<B: Backend> Fft<'_, B> {
    /// Discrete Fourier transform along an axis: `(…, m, …) → (…, n, …)`, `y[k] = Σ x[j] exp(-2πi jk / n)`.
    ///
    /// Complex dtypes, kept; real floating-point ones become complex. x is cut, or padded with zeros, to the length
    /// `n`, which is m by default.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.fft.html>
    ///
    /// ```
    /// use array_api_spec::{Norm, reference};
    /// let xp = reference::namespace();
    /// let y = xp.fft().fft(&xp.asarray([1.0, 2.0])?, None, -1, Norm::Backward)?;
    /// assert_eq!(xp.real(y).eval()?.to_vec::<f64>()?, [3.0, -1.0]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist; a length of 0.
    pub fn fft(
        &self,
        x: impl Into<Expr<B>>,
        n: Option<usize>,
        axis: isize,
        norm: Norm,
    ) -> Result<Array<B>> {
        self.complex("fft", x.into(), n, axis, norm, Direction::Forward)
    }

    /// The inverse of [`fft`](Self::fft), with the same arguments: `y[k] = Σ x[j] exp(2πi jk / n) / n`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.ifft.html>
    ///
    /// # Errors
    /// Those of `fft`.
    pub fn ifft(
        &self,
        x: impl Into<Expr<B>>,
        n: Option<usize>,
        axis: isize,
        norm: Norm,
    ) -> Result<Array<B>> {
        self.complex("ifft", x.into(), n, axis, norm, Direction::Inverse)
    }

    /// [`fft`](Self::fft) along several axes: by default all, or, if lengths `s` are given, the last `s.len()` ones.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.fftn.html>
    ///
    /// # Errors
    /// Those of `fft`; numbers of lengths and axes that differ.
    pub fn fftn(
        &self,
        x: impl Into<Expr<B>>,
        s: Option<&[usize]>,
        axes: Option<&[isize]>,
        norm: Norm,
    ) -> Result<Array<B>> {
        self.several("fftn", x.into(), s, axes, norm, Direction::Forward)
    }

    /// The inverse of [`fftn`](Self::fftn), with the same arguments.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.ifftn.html>
    ///
    /// # Errors
    /// Those of `fftn`.
    pub fn ifftn(
        &self,
        x: impl Into<Expr<B>>,
        s: Option<&[usize]>,
        axes: Option<&[isize]>,
        norm: Norm,
    ) -> Result<Array<B>> {
        self.several("ifftn", x.into(), s, axes, norm, Direction::Inverse)
    }

    /// [`fft`](Self::fft) of real numbers, without the second half, which is the conjugate of the first: `(…, m, …) →
    /// (…, n/2 + 1, …)`. Real floating-point → complex.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.rfft.html>
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist; a length of 0.
    pub fn rfft(
        &self,
        x: impl Into<Expr<B>>,
        n: Option<usize>,
        axis: isize,
        norm: Norm,
    ) -> Result<Array<B>> {
        self.real("rfft", x.into(), n, axis, norm)
    }

    /// The inverse of [`rfft`](Self::rfft): `(…, m, …) → (…, n, …)`, n by default `2 (m - 1)`. Complex → real floating-point.
    ///
    /// The imaginary parts of the first element and, for even n, of element n/2 are ignored.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.irfft.html>
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist; a length of 0.
    pub fn irfft(
        &self,
        x: impl Into<Expr<B>>,
        n: Option<usize>,
        axis: isize,
        norm: Norm,
    ) -> Result<Array<B>> {
        self.to_real("irfft", x.into(), n, axis, norm, Direction::Inverse)
    }

    /// [`rfft`](Self::rfft) along the last of several axes, [`fft`](Self::fft) along the others. Lengths and axes as in [`fftn`](Self::fftn).
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.rfftn.html>
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist; a length of 0; no axes; numbers of lengths and axes that differ.
    pub fn rfftn(
        &self,
        x: impl Into<Expr<B>>,
        s: Option<&[usize]>,
        axes: Option<&[isize]>,
        norm: Norm,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "rfftn";
        let x = x.into().on(FUNCTION, self.0)?;
        let mut axes = transformed(FUNCTION, x.ndim(), s, axes)?;
        let (axis, n) = axes.pop().ok_or_else(|| no_axes(FUNCTION))?;
        let first = self.real(FUNCTION, Expr::valid(self.0.clone(), x), n, axis, norm)?;
        axes.iter().try_fold(first, |x, &(axis, n)| {
            self.complex(FUNCTION, x.into(), n, axis, norm, Direction::Forward)
        })
    }

    /// The inverse of [`rfftn`](Self::rfftn); the default length along the last axis is `2 (m - 1)`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.irfftn.html>
    ///
    /// # Errors
    /// Those of `rfftn`.
    pub fn irfftn(
        &self,
        x: impl Into<Expr<B>>,
        s: Option<&[usize]>,
        axes: Option<&[isize]>,
        norm: Norm,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "irfftn";
        let x = x.into().on(FUNCTION, self.0)?;
        let mut axes = transformed(FUNCTION, x.ndim(), s, axes)?;
        let (last, length) = axes.pop().ok_or_else(|| no_axes(FUNCTION))?;
        let x = axes
            .iter()
            .try_fold(Expr::valid(self.0.clone(), x), |x, &(axis, n)| {
                self.complex(FUNCTION, x, n, axis, norm, Direction::Inverse)
                    .map(Expr::from)
            })?;
        self.to_real(FUNCTION, x, length, last, norm, Direction::Inverse)
    }

    /// [`fft`](Self::fft) of numbers with Hermitian symmetry, of which the first half is given: `(…, m, …) → (…, n,
    /// …)`, n by default `2 (m - 1)`. Complex → real floating-point.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.hfft.html>
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist; a length of 0.
    pub fn hfft(
        &self,
        x: impl Into<Expr<B>>,
        n: Option<usize>,
        axis: isize,
        norm: Norm,
    ) -> Result<Array<B>> {
        self.to_real("hfft", x.into(), n, axis, norm, Direction::Forward)
    }

    /// The inverse of [`hfft`](Self::hfft): `(…, m, …) → (…, n/2 + 1, …)`. Real floating-point → complex.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.ihfft.html>
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist; a length of 0.
    pub fn ihfft(
        &self,
        x: impl Into<Expr<B>>,
        n: Option<usize>,
        axis: isize,
        norm: Norm,
    ) -> Result<Array<B>> {
        let half = self.real("ihfft", x.into(), n, axis, norm.reversed())?;
        self.0.conj(half).eval()
    }

    /// The frequencies of the elements of [`fft`](Self::fft): `(n,)`, in cycles per unit of the spacing `d`. The dtype
    /// is by default the default real floating-point one.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.fftfreq.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// assert_eq!(xp.fft().fftfreq(4, 0.5, None)?.to_vec::<f64>()?, [0.0, 0.5, -1.0, -0.5]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// A length or spacing of 0; a dtype that is not real floating-point or that the device cannot hold.
    pub fn fftfreq(&self, n: usize, d: f64, dtype: Option<DType>) -> Result<Array<B>> {
        let index = |length| self.frequencies("fftfreq", n, length, d, dtype);
        let (number, scale) = index(n)?;
        let negative = self.0.greater_equal(&number, n.div_ceil(2) as f64);
        let number = self.0.where_(negative, &number - n as f64, &number);
        (number / scale).eval()
    }

    /// The frequencies of the elements of [`rfft`](Self::rfft): `(n/2 + 1,)`. Otherwise as [`fftfreq`](Self::fftfreq).
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.rfftfreq.html>
    ///
    /// # Errors
    /// Those of `fftfreq`.
    pub fn rfftfreq(&self, n: usize, d: f64, dtype: Option<DType>) -> Result<Array<B>> {
        let (number, scale) = self.frequencies("rfftfreq", n, n / 2 + 1, d, dtype)?;
        (number / scale).eval()
    }

    /// `0..length` in the dtype of the frequencies, and the number by which they are divided.
    fn frequencies(
        &self,
        function: &'static str,
        n: usize,
        length: usize,
        d: f64,
        dtype: Option<DType>,
    ) -> Result<(Expr<B>, f64)> {
        let xp = self.0;
        if n == 0 || d == 0.0 {
            return Err(Error::value(
                function,
                "needs a length and a spacing other than 0",
            ));
        }
        checked_size(function, &[length])?;
        let dtype = dtype.unwrap_or_else(|| xp.info().default_dtypes().real_floating);
        if !dtype.is_real_floating() {
            let expected = Accepts::RealFloating.words();
            return Err(Error::dtype(function, &[dtype], expected));
        }
        xp.check_dtype(dtype)?;
        let index = Valid::index(&[length], 0, dtype);
        Ok((Expr::valid(xp.clone(), index), n as f64 * d))
    }

    /// Moves the element of frequency 0 to the middle, position ⌊n/2⌋, along axes. Any dtype, same shape.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.fftshift.html>
    ///
    /// # Errors
    /// An axis that does not exist; keyword arguments.
    pub fn fftshift(&self, x: impl Into<Expr<B>>, axes: impl Into<Axes>) -> Result<Array<B>> {
        self.shifted("fftshift", x.into(), &axes.into(), |n| (n / 2) as isize)
    }

    /// The inverse of [`fftshift`](Self::fftshift).
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.fft.ifftshift.html>
    ///
    /// # Errors
    /// An axis that does not exist; keyword arguments.
    pub fn ifftshift(&self, x: impl Into<Expr<B>>, axes: impl Into<Axes>) -> Result<Array<B>> {
        self.shifted("ifftshift", x.into(), &axes.into(), |n| -((n / 2) as isize))
    }

    fn shifted(
        &self,
        function: &'static str,
        x: Expr<B>,
        axes: &Axes,
        places: impl Fn(usize) -> isize,
    ) -> Result<Array<B>> {
        let x = x.on(function, self.0)?;
        let axes = axes.resolve(function, &[], x.ndim())?.axes;
        let shifts: Vec<isize> = axes.iter().map(|&axis| places(x.shape()[axis])).collect();
        let axes: Vec<isize> = axes.iter().map(|&axis| axis as isize).collect();
        let x = Expr::valid(self.0.clone(), x);
        if axes.is_empty() {
            return x.eval();
        }
        self.0.roll(x, &shifts, Some(&axes))
    }

    /// A transform from complex to complex numbers.
    fn complex(
        &self,
        function: &'static str,
        x: Expr<B>,
        n: Option<usize>,
        axis: isize,
        norm: Norm,
        direction: Direction,
    ) -> Result<Array<B>> {
        let xp = self.0;
        let x = xp.taking(function, x, Accepts::Floating)?;
        let axis = resolve_axis(function, axis, x.ndim())?;
        let n = length(function, x.shape(), axis, n.unwrap_or(x.shape()[axis]))?;
        let dtype = x.dtype().complex();
        xp.check_dtype(dtype)?;
        let x = Array::new(xp.clone(), x.cast(dtype).evaluate(xp)?);
        let x = self.resized(&x, axis, n)?;
        if x.size() == 0 {
            // There is nothing to transform, and n may be any number, even a huge one.
            return xp.zeros(x.shape(), dtype);
        }
        let storage = xp.backend().fft(x.data()?, axis, direction)?;
        let out = xp.wrap(storage, x.shape(), dtype);
        match norm.factor(direction, n) {
            1.0 => Ok(out),
            factor => (out * factor).eval(),
        }
    }

    /// A forward transform of real numbers, the first half of the result.
    fn real(
        &self,
        function: &'static str,
        x: Expr<B>,
        n: Option<usize>,
        axis: isize,
        norm: Norm,
    ) -> Result<Array<B>> {
        let x = self.0.taking(function, x, Accepts::RealFloating)?;
        let axis = resolve_axis(function, axis, x.ndim())?;
        let x = Expr::valid(self.0.clone(), x);
        let whole = self.complex(function, x, n, axis as isize, norm, Direction::Forward)?;
        let half = whole.shape()[axis] / 2 + 1;
        let data = whole.data()?;
        Ok(view(self.0, data, data.layout.slice(axis, 0, half, 1)))
    }

    /// A transform of numbers with Hermitian symmetry, of which the first half is given.
    fn to_real(
        &self,
        function: &'static str,
        x: Expr<B>,
        n: Option<usize>,
        axis: isize,
        norm: Norm,
        direction: Direction,
    ) -> Result<Array<B>> {
        let xp = self.0;
        let x = xp.taking(function, x, Accepts::Floating)?;
        let axis = resolve_axis(function, axis, x.ndim())?;
        let n = n.unwrap_or(2 * x.shape()[axis].saturating_sub(1));
        let n = length(function, x.shape(), axis, n)?;
        let dtype = x.dtype().complex();
        xp.check_dtype(dtype)?;
        let x = Array::new(xp.clone(), x.cast(dtype).evaluate(xp)?);
        let half = self.resized(&x, axis, n / 2 + 1)?;
        let data = half.data()?;
        // The second half: elements 1, 2, …, conjugated and in reverse order.
        let mirrored = data.layout.slice(axis, 1, (n - 1) / 2, 1).flip(axis);
        let mirrored = xp.conj(view(xp, data, mirrored)).eval()?;
        let whole = xp.concat(&[&half, &mirrored], Some(axis as isize))?;
        let out = self.complex(function, whole.into(), None, axis as isize, norm, direction)?;
        xp.real(out).eval()
    }

    /// x, cut or padded with zeros to a length along an axis.
    fn resized(&self, x: &Array<B>, axis: usize, n: usize) -> Result<Array<B>> {
        let (xp, m) = (self.0, x.shape()[axis]);
        let data = x.data()?;
        if n <= m {
            return Ok(view(xp, data, data.layout.slice(axis, 0, n, 1)));
        }
        let mut shape = x.shape().to_vec();
        shape[axis] = n - m;
        let zeros = xp.zeros(shape, x.dtype())?;
        xp.concat(&[x, &zeros], Some(axis as isize))
    }

    fn several(
        &self,
        function: &'static str,
        x: Expr<B>,
        s: Option<&[usize]>,
        axes: Option<&[isize]>,
        norm: Norm,
        direction: Direction,
    ) -> Result<Array<B>> {
        let x = self.0.taking(function, x, Accepts::Floating)?;
        let axes = transformed(function, x.ndim(), s, axes)?;
        let dtype = x.dtype().complex();
        self.0.check_dtype(dtype)?;
        let x = Array::new(self.0.clone(), x.cast(dtype).evaluate(self.0)?);
        axes.iter().rev().try_fold(x, |x, &(axis, n)| {
            self.complex(function, x.into(), n, axis, norm, direction)
        })
    }
}

/// The length of a transform along an axis of an array of this shape.
fn length(function: &'static str, shape: &[usize], axis: usize, n: usize) -> Result<usize> {
    if n == 0 {
        return Err(Error::value(
            function,
            "the length of a transform must not be 0",
        ));
    }
    let mut transformed = shape.to_vec();
    transformed[axis] = n;
    needed_size(function, &[shape], &transformed)?;
    Ok(n)
}

fn no_axes(function: &'static str) -> Error {
    Error::value(function, "needs at least one axis")
}

/// The axes of a transform along several, each with its length if one is given.
fn transformed(
    function: &'static str,
    ndim: usize,
    s: Option<&[usize]>,
    axes: Option<&[isize]>,
) -> Result<Vec<(isize, Option<usize>)>> {
    let axes: Vec<isize> = match (axes, s) {
        (Some(axes), _) => axes.to_vec(),
        (None, Some(s)) => (-(s.len() as isize)..0).collect(),
        (None, None) => (0..ndim as isize).collect(),
    };
    if let Some(s) = s
        && s.len() != axes.len()
    {
        let (lengths, axes) = (s.len(), axes.len());
        let detail = format!("{lengths} lengths do not go with {axes} axes");
        return Err(Error::value(function, detail));
    }
    crate::shape::resolve_axes(function, &axes, ndim)?;
    let length = |k: usize| s.map(|s| s[k]);
    Ok(axes
        .iter()
        .enumerate()
        .map(|(k, &axis)| (axis, length(k)))
        .collect())
}
