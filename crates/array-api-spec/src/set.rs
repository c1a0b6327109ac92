//! Set functions. Unique values are sorted (the standard leaves the order open), complex numbers by their real, then
//! their imaginary part. -0 and +0 are one value, and every NaN is a value of its own.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/set_functions.html>

use crate::{Array, Backend, DType, Expr, Namespace, Result, Side, Unbounded, expr::promote};

/// The result of [`Namespace::unique_all`].
#[derive(Clone, Debug)]
pub struct UniqueAll<B: Backend> {
    /// `(u,)`: the unique values, sorted.
    pub values: Array<B>,
    /// `(u,)`: the position of the first occurrence of each in x, in row-major order.
    pub indices: Array<B>,
    /// In x's shape: the number of the unique value that each element equals.
    pub inverse_indices: Array<B>,
    /// `(u,)`: how often each occurs in x.
    pub counts: Array<B>,
}

impl<B: Backend> Namespace<B> {
    /// The unique elements, the position of each one's first occurrence, the number of the unique element that each
    /// element equals, and how often each occurs. Any dtype.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.unique_all.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let unique = xp.unique_all(&xp.asarray([5, 3, 5])?)?;
    /// assert_eq!(unique.values.to_vec::<i32>()?, [3, 5]);
    /// assert_eq!(unique.indices.to_vec::<i64>()?, [1, 0]);
    /// assert_eq!(unique.inverse_indices.to_vec::<i64>()?, [1, 0, 1]);
    /// assert_eq!(unique.counts.to_vec::<i64>()?, [1, 2]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    pub fn unique_all(&self, x: impl Into<Expr<B>>) -> Result<UniqueAll<B>> {
        self.unique("unique_all", x.into())
    }

    /// The unique elements, sorted: `(u,)`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.unique_values.html>
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    pub fn unique_values(&self, x: impl Into<Expr<B>>) -> Result<Array<B>> {
        Ok(self.unique("unique_values", x.into())?.values)
    }

    /// The unique elements, sorted, and for each element of x the number of the unique element that it equals: `(u,)`
    /// and x's shape.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.unique_inverse.html>
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    pub fn unique_inverse(&self, x: impl Into<Expr<B>>) -> Result<(Array<B>, Array<B>)> {
        let unique = self.unique("unique_inverse", x.into())?;
        Ok((unique.values, unique.inverse_indices))
    }

    /// The unique elements, sorted, and how often each occurs: `(u,)` both.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.unique_counts.html>
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    pub fn unique_counts(&self, x: impl Into<Expr<B>>) -> Result<(Array<B>, Array<B>)> {
        let unique = self.unique("unique_counts", x.into())?;
        Ok((unique.values, unique.counts))
    }

    /// Whether each element of x1 is among those of x2: x1's shape, `bool`.
    ///
    /// Any dtype, promoted; one of the two may be a scalar. NaN is never found. In place of the standard's `invert`,
    /// use Rust's `!`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.isin.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([[1, 2], [3, 4]])?;
    /// let among = xp.asarray([4, 1])?;
    /// assert_eq!(xp.isin(&x, &among)?.to_vec::<bool>()?, [true, false, false, true]);
    /// let others = !xp.isin(&x, &among)?;
    /// assert_eq!(others.eval()?.to_vec::<bool>()?, [false, true, true, false]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Dtypes that do not promote; two scalars.
    pub fn isin(&self, x1: impl Into<Expr<B>>, x2: impl Into<Expr<B>>) -> Result<Array<B>> {
        const FUNCTION: &str = "isin";
        let own = |x: Expr<B>| x.checked_on(FUNCTION, self);
        let (_, x, among) = promote(FUNCTION, own(x1.into()), own(x2.into()))?;
        let sortable = match x.dtype() {
            DType::Bool => DType::UInt8,
            other => other,
        };
        let x = Array::new(self.clone(), x.cast(sortable).evaluate(self)?);
        let among = Expr::valid(self.clone(), among.cast(sortable)).eval()?;
        let among = self.reshape(&among, [among.size()])?;
        if among.size() == 0 {
            self.zeros(x.shape(), DType::Bool)
        } else if sortable.is_complex() {
            // Complex numbers have no order, so each is compared with each, in one pass.
            self.any(self.equal(self.expand_dims(&x, -1), &among), -1)
        } else {
            let sorted = self.sort(&among, 0)?.into_data()?;
            let flat = self.reshape(&x, [x.size()])?;
            let at = self.binary_search(&sorted, &flat, Side::Left)?;
            let last = self.clip(at, Unbounded, sorted.shape()[0] - 1).eval()?;
            let nearest = self.gather(&sorted, last.data()?, 0)?;
            self.reshape(self.equal(nearest, flat), x.shape())
        }
    }

    fn unique(&self, function: &'static str, x: Expr<B>) -> Result<UniqueAll<B>> {
        let x = x.on(function, self)?;
        if x.dtype() == DType::Bool {
            let unique = self.unique(function, Expr::valid(self.clone(), x.cast(DType::UInt8)))?;
            return Ok(UniqueAll {
                values: self.astype(&unique.values, DType::Bool).eval()?,
                ..unique
            });
        }
        let (shape, index_dtype) = (x.shape().to_vec(), self.index_dtype());
        let n = x.size();
        let flat = self.reshape(Expr::valid(self.clone(), x), [n])?;
        let order = self.set_order(&flat)?;
        let sorted = self.gather(flat.data()?, order.data()?, 0)?;
        if n == 0 {
            let inverse_indices = self.reshape(&order, shape)?;
            return Ok(UniqueAll {
                values: sorted,
                indices: order.clone(),
                inverse_indices,
                counts: order,
            });
        }
        let first = self.ones([1], DType::Bool)?;
        let (left, right) = (sorted.get(crate::ix![..-1])?, sorted.get(crate::ix![1..])?);
        let starts = self.concat(&[&first, &self.not_equal(&left, &right).eval()?], Some(0))?;
        let positions = self.flat_nonzero(&Expr::from(&starts).on(function, self)?)?;
        // The sort is stable, so the first of equal elements is the first in x.
        let indices = self.gather(order.data()?, positions.data()?, 0)?;
        let values = self.gather(sorted.data()?, positions.data()?, 0)?;
        let counts = self.distances(&positions, n)?;
        let group = (self.cumulative_sum(self.astype(&starts, index_dtype), 0)? - 1).eval()?;
        let rank = self.argsort(&order, 0)?;
        let inverse = self.gather(group.data()?, rank.data()?, 0)?;
        Ok(UniqueAll {
            values,
            indices,
            inverse_indices: self.reshape(inverse, shape)?,
            counts,
        })
    }

    /// The distance from each of some ascending positions to the next one, and from the last one to `end`: `(u,) →
    /// (u,)`.
    fn distances(&self, positions: &Array<B>, end: usize) -> Result<Array<B>> {
        let dtype = positions.dtype();
        if let Some(known) = self.backend().known(positions.data()?) {
            let mut starts: Vec<i64> = known.into_vec("unique_counts")?;
            starts.push(end as i64);
            let distances: Vec<i64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
            return self.asarray_as(distances, dtype);
        }
        let end = self.full([1], end, dtype)?;
        let ends = self.concat(&[&positions.get(crate::ix![1..])?, &end], Some(0))?;
        (ends - positions).eval()
    }

    /// Positions that sort the elements: real numbers ascending, complex ones by their real, then their imaginary part.
    /// Numbers with NaN in the imaginary part, and then those with NaN in the real part, come last, as in NumPy.
    fn set_order(&self, x: &Array<B>) -> Result<Array<B>> {
        if !x.dtype().is_complex() {
            return self.argsort(x, 0);
        }
        let (real, imag) = (self.real(x).eval()?, self.imag(x).eval()?);
        let missing = |part: &Array<B>| self.astype(self.isnan(part), DType::UInt8).eval();
        let mut order = self.argsort(&imag, 0)?;
        // The least important key is sorted first. Each sort is stable, so it keeps the order of the keys before it.
        for key in [&real, &missing(&imag)?, &missing(&real)?] {
            let key = self.gather(key.data()?, order.data()?, 0)?;
            order = self.gather(order.data()?, self.argsort(key, 0)?.data()?, 0)?;
        }
        Ok(order)
    }
}
