//! Set functions. Unique values are sorted (the standard leaves the order open), -0 and +0 are one value, and every NaN is a value of its own.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/set_functions.html>

use crate::{Accepts, Array, Backend, DType, Error, Expr, Namespace, Result};

/// What [`Namespace::unique_all`] returns.
#[derive(Clone, Debug)]
pub struct UniqueAll<B: Backend> {
    /// `(u,)`: the unique values, sorted.
    pub values: Array<B>,
    /// `(u,)`: where each stands first in x, in row-major order.
    pub indices: Array<B>,
    /// Shape of x: which unique value each element is.
    pub inverse_indices: Array<B>,
    /// `(u,)`: how often each stands in x.
    pub counts: Array<B>,
}

impl<B: Backend> Namespace<B> {
    /// The unique elements, where each stands first, which each element is, and how often each occurs. `bool` and real dtypes.
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
    /// Complex dtypes, which have no order.
    pub fn unique_all(&self, x: impl Into<Expr<B>>) -> Result<UniqueAll<B>> {
        self.unique("unique_all", x.into())
    }

    /// The unique elements, sorted: `(u,)`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.unique_values.html>
    ///
    /// # Errors
    /// Complex dtypes, which have no order.
    pub fn unique_values(&self, x: impl Into<Expr<B>>) -> Result<Array<B>> {
        Ok(self.unique("unique_values", x.into())?.values)
    }

    /// The unique elements, sorted, and which of them each element of x is: `(u,)` and x's shape.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.unique_inverse.html>
    ///
    /// # Errors
    /// Complex dtypes, which have no order.
    pub fn unique_inverse(&self, x: impl Into<Expr<B>>) -> Result<(Array<B>, Array<B>)> {
        let unique = self.unique("unique_inverse", x.into())?;
        Ok((unique.values, unique.inverse_indices))
    }

    /// The unique elements, sorted, and how often each occurs: `(u,)` both.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.unique_counts.html>
    ///
    /// # Errors
    /// Complex dtypes, which have no order.
    pub fn unique_counts(&self, x: impl Into<Expr<B>>) -> Result<(Array<B>, Array<B>)> {
        let unique = self.unique("unique_counts", x.into())?;
        Ok((unique.values, unique.counts))
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
        if !Accepts::Real.contains(x.dtype()) {
            return Err(Error::dtype(
                function,
                &[x.dtype()],
                "boolean, integer and real floating-point dtypes",
            ));
        }
        let (shape, index_dtype) = (x.shape().to_vec(), self.index_dtype());
        let flat = self.reshape(Expr::valid(self.clone(), x), [shape.iter().product()])?;
        let n = flat.size();
        let order = self.argsort(&flat, 0, false)?;
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
        let end = self.full([1], n, index_dtype)?;
        let ends = self.concat(&[&positions.get(crate::ix![1..])?, &end], Some(0))?;
        let counts = (ends - &positions).eval()?;
        let group = (self.cumulative_sum(self.astype(&starts, index_dtype), 0)? - 1).eval()?;
        let rank = self.argsort(&order, 0, false)?;
        let inverse = self.gather(group.data()?, rank.data()?, 0)?;
        Ok(UniqueAll {
            values,
            indices,
            inverse_indices: self.reshape(inverse, shape)?,
            counts,
        })
    }
}
