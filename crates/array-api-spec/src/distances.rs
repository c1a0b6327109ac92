//! Squared distances of rows from centres.

use crate::{
    Array, Backend, DType, Error, Namespace, Result, Strided, ix, result_type, shape::checked_size,
};

const FUNCTION: &str = "squared_distances";

/// Elements of the widest expression that the composition sums up at a time.
const BLOCK: usize = 1 << 28;

impl<B: Backend> Namespace<B> {
    /// The squared distance of each row of `x (n, p)` from each row of `centers (k, p)`, `Σ_j w_kj (x_ij - c_kj)²`: `(n, k)`.
    ///
    /// `weights (k, p)` say how much each column counts for each centre, 1 without them. The arrays are real floating-point; the result has the dtype that they promote to. Sums are those of
    /// squared differences, so no digits are lost between large squares. x is read once, and no n × k × p array is made.
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let (x, centers) = (xp.asarray([[1.0, 2.0], [4.0, 6.0]])?, xp.asarray([[1.0, 2.0]])?);
    /// assert_eq!(xp.squared_distances(&x, &centers, None)?.to_vec::<f64>()?, [0.0, 25.0]);
    /// let weights = xp.asarray([[1.0, 0.5]])?;
    /// assert_eq!(xp.squared_distances(&x, &centers, Some(&weights))?.to_vec::<f64>()?, [0.0, 17.0]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// Source: SciPy's `cdist(x, centers, "sqeuclidean", w=…)`, there with one weight for each column.
    ///
    /// # Errors
    /// Shapes or dtypes that do not fit; no columns; another device; no room.
    pub fn squared_distances(
        &self,
        x: &Array<B>,
        centers: &Array<B>,
        weights: Option<&Array<B>>,
    ) -> Result<Array<B>> {
        let dtype = check(x, centers, weights)?;
        let given = |array: &Array<B>| -> Result<Strided<B::Storage>> {
            self.astype(array, dtype).on(FUNCTION, self)?.evaluate(self)
        };
        let (rows, centers) = (given(x)?, given(centers)?);
        let weights = weights.map(given).transpose()?;
        let shape = [x.shape()[0], centers.shape()[0]];
        if checked_size(FUNCTION, &shape)? == 0 {
            return self.zeros(shape, dtype);
        }
        let offered = self
            .backend()
            .squared_distances(&rows, &centers, weights.as_ref());
        if let Some(distances) = offered {
            return Ok(self.wrap(distances?, &shape, dtype));
        }
        let array = |x: Strided<B::Storage>| Array::new(self.clone(), x);
        compose(&array(rows), &array(centers), weights.map(array).as_ref())
    }
}

/// A sum over the last axis of `(n, k, p)`, whose terms are computed as they are added up. It goes by blocks of rows, because devices number elements by 32 bits.
fn compose<B: Backend>(
    x: &Array<B>,
    centers: &Array<B>,
    weights: Option<&Array<B>>,
) -> Result<Array<B>> {
    let (xp, n) = (x.namespace(), x.shape()[0]);
    let step = (BLOCK / centers.size()).max(1);
    let blocks = (0..n).step_by(step).map(|start| {
        let rows = start as isize..(start + step).min(n) as isize;
        let squares = xp.square(xp.expand_dims(x.get(ix![rows])?, 1)? - centers);
        match weights {
            Some(weights) => xp.sum(squares * weights, 2),
            None => xp.sum(squares, 2),
        }
    });
    let blocks = blocks.collect::<Result<Vec<Array<B>>>>()?;
    match blocks.as_slice() {
        [one] => Ok(one.clone()),
        many => xp.concat(&many.iter().collect::<Vec<_>>(), Some(0)),
    }
}

/// The result's dtype.
///
/// # Errors
/// Shapes and dtypes that do not fit.
fn check<B: Backend>(
    x: &Array<B>,
    centers: &Array<B>,
    weights: Option<&Array<B>>,
) -> Result<DType> {
    let (&[_, p], &[_, q]) = (x.shape(), centers.shape()) else {
        let detail = "are not (n, p) and (k, p): rows and centres";
        return Err(Error::shape(
            FUNCTION,
            &[x.shape(), centers.shape()],
            detail,
        ));
    };
    if p != q || p == 0 {
        let detail = "do not fit: rows and centres need as many columns, at least one";
        return Err(Error::shape(
            FUNCTION,
            &[x.shape(), centers.shape()],
            detail,
        ));
    }
    let mut dtypes = vec![x.dtype(), centers.dtype()];
    if let Some(weights) = weights {
        if weights.shape() != centers.shape() {
            let detail = "do not fit: weights have the shape of the centres, (k, p)";
            return Err(Error::shape(
                FUNCTION,
                &[centers.shape(), weights.shape()],
                detail,
            ));
        }
        dtypes.push(weights.dtype());
    }
    if !dtypes.iter().all(|dtype| dtype.is_real_floating()) {
        return Err(Error::dtype(
            FUNCTION,
            &dtypes,
            "real floating-point dtypes",
        ));
    }
    result_type(&dtypes, &[])
}
