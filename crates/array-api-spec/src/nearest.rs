//! The nearest of some centres to each row, and what the rows of each centre sum up to: the step that k-means repeats.

use crate::{Array, Backend, Error, Expr, Namespace, Result, Strided, ix, memory, shape::size};

/// What [`Namespace::nearest`] finds.
#[derive(Clone, Debug)]
pub struct Nearest<B: Backend> {
    /// `(n,)`, of the default index dtype: the position of each row's nearest centre, the first of several.
    pub labels: Array<B>,
    /// What the rows of each centre sum up to.
    pub sums: NearestSums,
}

/// Sums over the rows that are nearest to each of k centres, in double precision on the host. w is the weight of a row, 1 without weights.
#[derive(Clone, Debug, PartialEq)]
pub struct NearestSums {
    /// `(k,)`: Σ w.
    pub weights: Vec<f64>,
    /// `(k, p)`: Σ w (x - origin). NaN or infinity in any row shows here.
    pub sums: Vec<f64>,
    /// Σ w |x - origin - c|² over all rows, with c the nearest centre.
    pub distance: f64,
}

impl NearestSums {
    /// The sums over no rows.
    #[must_use]
    pub fn none(k: usize, p: usize) -> Self {
        Self {
            weights: vec![0.0; k],
            sums: vec![0.0; k * p],
            distance: 0.0,
        }
    }

    /// The sums over the rows of both.
    #[must_use]
    pub fn merge(mut self, other: &Self) -> Self {
        let add = |to: &mut [f64], from: &[f64]| to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        add(&mut self.weights, &other.weights);
        add(&mut self.sums, &other.sums);
        self.distance += other.distance;
        self
    }
}

/// Elements of the largest temporary array that the composition makes of a block of rows.
const BLOCK: usize = 1 << 20;

impl<B: Backend> Namespace<B> {
    /// The nearest of the `centers (k, p)` to each row of `x (n, p)`, and what the rows of each centre sum up to.
    ///
    /// Rows and centres are taken from an `origin (p,)` near the data: x is compared with `origin + centers`. Squares of large numbers with small differences thus cost no
    /// digits. All arrays are of x's dtype, which is real floating-point; `weights (n,)` are not negative. Equal rows with equal labels have equal sums, bit for bit. No
    /// n × k matrix is made, and the device is waited for once.
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([[1.0, 0.0], [9.0, 0.0], [3.0, 0.0]])?;
    /// let found = xp.nearest(&x, &xp.asarray([[2.0, 0.0], [8.0, 0.0]])?, &xp.zeros([2], x.dtype())?, None)?;
    /// assert_eq!(found.labels.to_vec::<i64>()?, [0, 1, 0]);
    /// assert_eq!(found.sums.weights, [2.0, 1.0]);
    /// assert_eq!(found.sums.sums, [4.0, 0.0, 9.0, 0.0]);
    /// assert_eq!(found.sums.distance, 3.0);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// Source: S. Lloyd, "Least squares quantization in PCM" (1982).
    ///
    /// # Errors
    /// Shapes or dtypes that do not fit; no centres or no columns; another device; no room.
    pub fn nearest(
        &self,
        x: &Array<B>,
        centers: &Array<B>,
        origin: &Array<B>,
        weights: Option<&Array<B>>,
    ) -> Result<Nearest<B>> {
        check(x, centers, origin, weights)?;
        let given = |array: &Array<B>| -> Result<Strided<B::Storage>> {
            Expr::from(array).on(FUNCTION, self)?.evaluate(self)
        };
        let (rows, centers, origin) = (given(x)?, given(centers)?, given(origin)?);
        let weights = weights.map(given).transpose()?;
        let (n, k) = (x.shape()[0], centers.shape()[0]);
        if n == 0 {
            return Ok(Nearest {
                labels: self.zeros([0], self.index_dtype())?,
                sums: NearestSums::none(k, x.shape()[1]),
            });
        }
        let offered = self
            .backend()
            .nearest(&rows, &centers, &origin, weights.as_ref());
        if let Some(found) = offered {
            let (labels, sums) = found?;
            let labels = self.wrap(labels, &[n], self.index_dtype());
            return Ok(Nearest { labels, sums });
        }
        let array = |x: Strided<B::Storage>| Array::new(self.clone(), x);
        compose(
            &array(rows),
            &array(centers),
            &array(origin),
            weights.map(array),
        )
    }
}

const FUNCTION: &str = "nearest";

/// Block by block: with z = x - origin the nearest centre is that of the smallest `|c|² - 2 z·c`, and the sums are a product of z with the matrix that says
/// how much each row counts for each centre.
fn compose<B: Backend>(
    x: &Array<B>,
    centers: &Array<B>,
    origin: &Array<B>,
    weights: Option<Array<B>>,
) -> Result<Nearest<B>> {
    let xp = x.namespace();
    let (n, p, k) = (x.shape()[0], x.shape()[1], centers.shape()[0]);
    let columns = centers.T()?;
    let norms = xp.sum(xp.square(centers), 1)?;
    let codes = xp.arange(0, k, 1)?;
    let step = (BLOCK / p.max(k)).max(1);
    let (mut labels, mut totals, mut sums, mut distances) = (vec![], vec![], vec![], vec![]);
    for start in (0..n).step_by(step) {
        let rows = start as isize..(start + step).min(n) as isize;
        let z = (x.get(ix![rows.clone()])? - origin).eval()?;
        let products = xp.matmul(&z, &columns)?;
        let nearest = xp.argmin(&norms - products * 2.0, 1)?;
        let member = xp.equal(xp.expand_dims(&nearest, 1)?, &codes);
        let share = match &weights {
            Some(w) => xp.where_(member, xp.expand_dims(w.get(ix![rows.clone()])?, 1)?, 0.0),
            None => xp.astype(member, x.dtype()),
        };
        let share = share.eval()?;
        let apart = &z - xp.take_clipped(centers, &nearest, Some(0))?;
        let squares = xp.sum(xp.square(apart), 1)?;
        distances.push(match &weights {
            Some(w) => xp.sum(squares * w.get(ix![rows])?, ..)?,
            None => xp.sum(squares, ..)?,
        });
        totals.push(xp.sum(&share, 0)?);
        sums.push(xp.matmul(share.T()?, &z)?);
        labels.push(nearest);
    }
    let all = |parts: &[Array<B>]| xp.stack(&parts.iter().collect::<Vec<_>>(), 0);
    let found = [all(&totals)?, all(&sums)?, all(&distances)?];
    let mut found = xp
        .to_host_all(&found.iter().collect::<Vec<_>>())?
        .into_iter();
    let mut next = || -> Result<Vec<f64>> {
        let part = found
            .next()
            .ok_or_else(|| Error::value(FUNCTION, "an array is missing"))?;
        part.into_vec(FUNCTION)
    };
    let (totals, sums, distances) = (next()?, next()?, next()?);
    let parts = totals.chunks_exact(k).zip(sums.chunks_exact(k * p));
    let parts = parts.zip(distances).map(|((w, s), distance)| NearestSums {
        weights: w.to_vec(),
        sums: s.to_vec(),
        distance,
    });
    Ok(Nearest {
        labels: xp.concat(&labels.iter().collect::<Vec<_>>(), Some(0))?,
        sums: parts.fold(NearestSums::none(k, p), |sum, part| sum.merge(&part)),
    })
}

/// # Errors
/// Shapes and dtypes that do not fit; no room for the sums.
fn check<B: Backend>(
    x: &Array<B>,
    centers: &Array<B>,
    origin: &Array<B>,
    weights: Option<&Array<B>>,
) -> Result<()> {
    let shapes = [x.shape(), centers.shape(), origin.shape()];
    let (&[n, p], &[k, q], &[r]) = (x.shape(), centers.shape(), origin.shape()) else {
        let detail = "are not (n, p), (k, p) and (p,): rows, centres and the origin of both";
        return Err(Error::shape(FUNCTION, &shapes, detail));
    };
    if p != q || p != r || p == 0 || k == 0 {
        let detail = "do not fit: rows, centres and the origin need as many columns, at least one, and there must be a centre";
        return Err(Error::shape(FUNCTION, &shapes, detail));
    }
    let mut dtypes = vec![x.dtype(), centers.dtype(), origin.dtype()];
    if let Some(weights) = weights {
        if *weights.shape() != [n] {
            let detail = "do not fit: there must be one weight for each row, (n, p) and (n,)";
            return Err(Error::shape(
                FUNCTION,
                &[x.shape(), weights.shape()],
                detail,
            ));
        }
        dtypes.push(weights.dtype());
    }
    if !x.dtype().is_real_floating() || dtypes.iter().any(|d| *d != x.dtype()) {
        return Err(Error::dtype(
            FUNCTION,
            &dtypes,
            "one real floating-point dtype for all arrays",
        ));
    }
    memory::room(size(&[k, p, 2 * size_of::<f64>()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With so many centres, a block holds two rows.
    #[test]
    fn blocks_are_put_together() -> Result<()> {
        let xp = crate::reference::namespace();
        let k = BLOCK / 2;
        let x = xp.asarray([[3.0], [70_000.25], [-5.0], [3.0], [9.0]])?;
        let centers = xp.expand_dims(xp.arange(0.0, k as f64, 1.0)?, 1)?;
        let found = xp.nearest(&x, &centers, &xp.asarray([1.0])?, None)?;
        assert_eq!(found.labels.to_vec::<i64>()?, [2, 69_999, 0, 2, 8]);
        assert_eq!(found.sums.sums[2..4], [4.0, 0.0]);
        assert_eq!(found.sums.weights.iter().sum::<f64>(), 5.0);
        assert_eq!(found.sums.distance, 36.0625);
        Ok(())
    }
}
