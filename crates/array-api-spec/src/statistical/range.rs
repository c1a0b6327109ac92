//! Means and variances of numbers whose sums or squares would overflow or underflow on the way.
//!
//! There is one rule for all of them. If the host can read results without a wait, the plain sums are computed first.
//! They are right unless a result is not finite or, for squares, very small. Otherwise, and always on devices for which
//! the host would have to wait, the elements are divided by a scale, a power of two that depends on the largest of
//! them, and the result is multiplied by it. Both are exact. The scale is 1 unless the elements are near an end of the
//! range. Such means are [corrected](Namespace::mended_mean), so that the mean of equal elements is that element and
//! their variance 0.

use crate::{
    Array, Backend, DType, Expr, HostBuffer, Namespace, ReduceOp, Result, Scalar, UnaryOp,
    axes::Resolved, data_type::finfo, expr::Valid,
};

/// Results with up to this many elements are checked one by one, larger ones by a reduction.
const FEW: usize = 1024;

/// The magnitudes that need no scaling, and the scales for those below and above.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    least: f64,
    largest: f64,
    /// The scale if the largest element is below `least`.
    small: f64,
    /// The scale if the largest element is above `largest`.
    large: f64,
    /// Results of at least this magnitude are right if they are finite.
    least_result: f64,
}

impl Range {
    /// The range of elements whose sum does not overflow.
    pub(crate) fn of_terms(dtype: DType) -> Self {
        let [largest, large] = match dtype.real() {
            DType::Float32 => [90, 64],
            _ => [950, 600],
        };
        Self {
            least: 0.0,
            largest: 2_f64.powi(largest),
            small: 1.0,
            large: 2_f64.powi(large),
            least_result: 0.0,
        }
    }

    /// The range of elements whose squared distances keep all digits, and do not overflow when they are summed.
    fn of_squared(dtype: DType) -> Self {
        // The least variance for which all squares were normal numbers, or too small to matter.
        let [least, largest, scale, least_variance] = match dtype.real() {
            DType::Float32 => [-30, 45, 84, -100],
            _ => [-400, 450, 700, -900],
        };
        Self {
            least: 2_f64.powi(least),
            largest: 2_f64.powi(largest),
            small: 2_f64.powi(-scale),
            large: 2_f64.powi(scale),
            least_result: 2_f64.powi(least_variance),
        }
    }
}

impl<B: Backend> Namespace<B> {
    /// Arithmetic mean; NaN for no elements.
    pub(super) fn mean_of(&self, x: &Valid<B>, axes: &Resolved) -> Result<Array<B>> {
        let count = axes.count(x.shape()) as f64;
        let plain = |x: &Valid<B>| (self.reduce(ReduceOp::Sum, x, axes, x.dtype())? / count).eval();
        let mended = |x: &Valid<B>| self.mended_mean(x, axes, plain);
        let range = Range::of_terms(x.dtype());
        match self.in_range([x, x], axes, range, plain, mended)? {
            (mean, None) => Ok(mean),
            (mean, Some(scale)) => self.rescaled_mean(&mean, &scale),
        }
    }

    /// The corrected mean `m + mean(x - m)`. The distances are small, so their mean is exact enough to remove the
    /// rounding error of m.
    pub(crate) fn mended_mean(
        &self,
        x: &Valid<B>,
        axes: &Resolved,
        mean: impl Fn(&Valid<B>) -> Result<Array<B>>,
    ) -> Result<Array<B>> {
        let first = mean(x)?;
        let wide = self.reshape(&first, axes.keeping().reduced(x.shape()).to_vec())?;
        let distances = Expr::valid(self.clone(), x.clone()) - wide;
        let lacking = mean(&distances.on("mean", self)?)?;
        // ∞ and NaN cannot be corrected.
        self.where_(self.isfinite(&first), &first + lacking, &first)
            .eval()
    }

    /// A mean times the scale of its elements. By rounding, a mean may exceed all elements; then the product could
    /// overflow, so it is clamped.
    pub(crate) fn rescaled_mean(&self, mean: &Array<B>, scale: &Array<B>) -> Result<Array<B>> {
        let product = (mean * scale).eval()?;
        let over = self.isfinite(mean) & !self.isfinite(&product);
        let info = finfo(mean.dtype())?;
        let largest = if mean.dtype().is_complex() {
            mean * (1.0 - 16.0 * info.eps) * scale
        } else {
            self.copysign(info.max, mean)
        };
        self.where_(over, largest, product).eval()
    }

    /// Variance, or with `root` the standard deviation.
    pub(super) fn variance_of(
        &self,
        function: &'static str,
        x: &Valid<B>,
        axes: &Resolved,
        root: bool,
    ) -> Result<Array<B>> {
        let count = axes.count(x.shape()) as f64;
        let mean_of = |x: &Valid<B>| {
            let sum = self.reduce(ReduceOp::Sum, x, &axes.keeping(), x.dtype())?;
            (sum / count).eval()
        };
        let plain = |x: &Valid<B>| self.plain_variance(function, x, axes, mean_of);
        let mended = |x: &Valid<B>| {
            let mean = |x: &Valid<B>| self.mended_mean(x, axes, mean_of);
            self.plain_variance(function, x, axes, mean)
        };
        let (variance, scale) = if count > axes.correction {
            self.in_range([x, x], axes, Range::of_squared(x.dtype()), plain, mended)?
        } else {
            (plain(x)?, None)
        };
        match scale {
            None if root => self.sqrt(variance).eval(),
            None => Ok(variance),
            Some(scale) if root => (self.sqrt(variance) * scale).eval(),
            Some(scale) => (variance * &scale * &scale).eval(),
        }
    }

    fn plain_variance(
        &self,
        function: &'static str,
        x: &Valid<B>,
        axes: &Resolved,
        mean: impl Fn(&Valid<B>) -> Result<Array<B>>,
    ) -> Result<Array<B>> {
        let program = x.program(self)?;
        if let Some(storage) = self
            .backend()
            .variance(&program, &axes.axes, axes.correction)
        {
            return Ok(self.wrap(storage?, &axes.reduced(x.shape()), x.dtype()));
        }
        let distance = Expr::valid(self.clone(), x.clone()) - mean(x)?;
        let square = distance.on(function, self)?.apply(self, UnaryOp::Square)?;
        let divisor = axes.count(x.shape()) as f64 - axes.correction;
        let divisor = if divisor > 0.0 { divisor } else { f64::NAN };
        (self.reduce(ReduceOp::Sum, &square, axes, x.dtype())? / divisor).eval()
    }

    /// The result of `plain` for x; or the result of `mended` for x divided by a scale for each result, with this
    /// scale.
    ///
    /// `sized` has the magnitudes of x, without NaN if these are skipped.
    pub(crate) fn in_range(
        &self,
        [x, sized]: [&Valid<B>; 2],
        axes: &Resolved,
        range: Range,
        plain: impl Fn(&Valid<B>) -> Result<Array<B>>,
        mended: impl Fn(&Valid<B>) -> Result<Array<B>>,
    ) -> Result<(Array<B>, Option<Array<B>>)> {
        if x.size() == 0 {
            return Ok((plain(x)?, None));
        }
        let first = if self.backend().is_host() {
            let result = plain(x)?;
            let largest = finfo(x.dtype())?.max;
            if self.all_within(&result, range.least_result, largest)? {
                return Ok((result, None));
            }
            Some(result)
        } else {
            None
        };
        let scale = self.scale(sized, axes, range)?;
        if let Some(result) = first
            && self.all_within(&scale, 1.0, 1.0)?
        {
            return Ok((result, None));
        }
        let scaled = Expr::valid(self.clone(), x.clone()) / &scale;
        let result = mended(&scaled.on("divide", self)?)?;
        let scale = self.reshape(scale, result.shape())?;
        Ok((result, Some(scale)))
    }

    /// The scale of each result's elements, with the reduced axes kept.
    fn scale(&self, x: &Valid<B>, axes: &Resolved, range: Range) -> Result<Array<B>> {
        let real = x.dtype().real();
        let magnitude = magnitude(self, x)?;
        let largest = self.reduce(ReduceOp::Max, &magnitude, &axes.keeping(), real)?;
        let value = |x: f64| Expr::valid(self.clone(), Valid::scalar(Scalar::Float(x), real));
        let (small, large) = (
            self.less(&largest, range.least),
            self.greater(&largest, range.largest),
        );
        let otherwise = self.where_(small, value(range.small), value(1.0));
        self.where_(large, value(range.large), otherwise).eval()
    }

    /// Whether all magnitudes are between two bounds, for an array that the host can read without a wait.
    fn all_within(&self, x: &Array<B>, least: f64, largest: f64) -> Result<bool> {
        if x.size() > FEW {
            let magnitude = magnitude(self, &Expr::from(x).on("abs", self)?)?;
            let magnitude = Expr::valid(self.clone(), magnitude);
            let within =
                self.greater_equal(&magnitude, least) & self.less_equal(magnitude, largest);
            return self.all(within, ..)?.item();
        }
        let within = |re: f64, im: f64| {
            let (a, b) = (re.abs(), im.abs());
            a <= largest && b <= largest && a.max(b) >= least
        };
        Ok(match x.to_host()? {
            HostBuffer::Float32(x) => x.iter().all(|&x| within(x.into(), 0.0)),
            HostBuffer::Float64(x) => x.iter().all(|&x| within(x, 0.0)),
            HostBuffer::Complex64(x) => x.iter().all(|z| within(z.re.into(), z.im.into())),
            HostBuffer::Complex128(x) => x.iter().all(|z| within(z.re, z.im)),
            _ => unreachable!("a mean is floating-point"),
        })
    }
}

/// The larger of both parts' magnitudes, or |x|.
fn magnitude<B: Backend>(xp: &Namespace<B>, x: &Valid<B>) -> Result<Valid<B>> {
    let abs = |x: Valid<B>| x.apply(xp, UnaryOp::Abs);
    if !x.dtype().is_complex() {
        return abs(x.clone());
    }
    let part = |op| {
        let part = abs(x.clone().apply(xp, op)?)?;
        Ok(Expr::valid(xp.clone(), part))
    };
    xp.maximum(part(UnaryOp::Real)?, part(UnaryOp::Imag)?)
        .on("maximum", xp)
}
