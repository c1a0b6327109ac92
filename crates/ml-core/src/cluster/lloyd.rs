//! Lloyd's algorithm: each sample to its nearest center, each center to the mean of its samples, until nothing moves.
//!
//! Source: S. Lloyd, "Least squares quantization in PCM" (1982).

use std::ops::ControlFlow;

use array_api_spec::{Array, Backend, DType, Namespace, NearestSums, Result, axis, ix};

use crate::{Data, Place, host};

/// Samples to cluster, and when to stop. Centers are kept as what they differ from the mean of the samples by, in `float64` on the host, with the values that the device's dtype holds.
pub(super) struct Lloyd<'a, B: Backend> {
    pub(super) data: &'a Data<B>,
    place: Place<B>,
    /// `(p,)`: the mean of the samples.
    pub(super) origin: Array<B>,
    /// The same values.
    mean: Vec<f64>,
    /// The sum of squares of all centers' moves at which a run ends.
    tol: f64,
    max_iter: usize,
}

/// Where a run has ended.
pub(super) struct Run<B: Backend> {
    /// `(k, p)`, less the mean.
    pub(super) centers: Vec<f64>,
    pub(super) labels: Array<B>,
    pub(super) inertia: f64,
    pub(super) iterations: usize,
    /// `(k,)`: the weight of each cluster.
    weights: Vec<f64>,
}

/// Told the number of iterations and the inertia before the last of them; `Break` ends the run.
type Flow<'f> = &'f mut dyn FnMut(usize, f64) -> ControlFlow<()>;

impl<'a, B: Backend> Lloyd<'a, B> {
    pub(super) fn new(data: &'a Data<B>, mean: &[f64], tol: f64, max_iter: usize) -> Result<Self> {
        let place = Place::of(data);
        Ok(Self {
            data,
            origin: place.array(mean, &[mean.len()])?,
            mean: rounded(mean, place.dtype)?,
            place,
            tol,
            max_iter,
        })
    }

    pub(super) fn namespace(&self) -> Namespace<B> {
        self.place.xp.clone()
    }

    /// Centers as they are on the device.
    fn send(&self, centers: &[f64]) -> Result<Array<B>> {
        let p = self.mean.len();
        self.place.array(centers, &[centers.len() / p, p])
    }

    /// Centers `(k, p)` that a user gave, less the mean.
    pub(super) fn relative(&self, centers: &[f64]) -> Result<Vec<f64>> {
        let centers = rounded(centers, self.place.dtype)?;
        let pairs = centers.iter().zip(self.mean.iter().cycle());
        let centers: Vec<f64> = pairs.map(|(c, m)| c - m).collect();
        rounded(&centers, self.place.dtype)
    }

    /// Centers with the mean added: `(k, p)`.
    pub(super) fn absolute(&self, centers: &[f64]) -> Result<Array<B>> {
        let means = self.mean.iter().cycle();
        self.send(
            &centers
                .iter()
                .zip(means)
                .map(|(c, m)| c + m)
                .collect::<Vec<_>>(),
        )
    }

    /// Runs from a start to the end. The device is waited for once in an iteration.
    ///
    /// # Errors
    /// No room; a driver's failure.
    pub(super) fn run(&self, start: Vec<f64>, flow: Flow<'_>) -> Result<(Run<B>, ControlFlow<()>)> {
        let mut centers = start;
        let mut before: Option<Array<B>> = None;
        for iteration in 1..=self.max_iter {
            let (labels, mut sums) = self.assign(&centers)?;
            let inertia = sums.distance;
            let weights = sums.weights.clone();
            let has_empty = weights.contains(&0.0);
            if has_empty {
                self.relocate(&mut sums, &labels, &centers)?;
            }
            let next = rounded(&means(&sums), self.place.dtype)?;
            let shift: f64 = next
                .iter()
                .zip(&centers)
                .map(|(a, b)| (a - b) * (a - b))
                .sum();
            // Without empty clusters, equal labels give equal means, bit for bit. Empty ones move to samples that the last centers are far from.
            let same_labels = match &before {
                Some(before) if has_empty => {
                    let xp = self.namespace();
                    xp.all(xp.equal(&labels, before), ..)?.item()?
                }
                _ => shift == 0.0,
            };
            let run = |centers, labels, weights, inertia| Run {
                centers,
                labels,
                inertia,
                iterations: iteration,
                weights,
            };
            let ended = flow(iteration, inertia);
            if same_labels {
                let inertia = if shift == 0.0 {
                    inertia
                } else {
                    self.inertia(&next, &labels)?
                };
                return Ok((run(next, labels, weights, inertia), ended));
            }
            centers = next;
            if shift <= self.tol || iteration == self.max_iter || ended.is_break() {
                let (labels, sums) = self.assign(&centers)?;
                return Ok((run(centers, labels, sums.weights, sums.distance), ended));
            }
            before = Some(labels);
        }
        unreachable!("the last iteration returns, and there is at least one")
    }

    fn assign(&self, centers: &[f64]) -> Result<(Array<B>, NearestSums)> {
        let (x, weights) = (&self.data.x, self.data.sample_weight.as_ref());
        let found = self
            .namespace()
            .nearest(x, &self.send(centers)?, &self.origin, weights)?;
        Ok((found.labels, found.sums))
    }

    /// Gives each cluster without weight one of the samples that are farthest from their centers, the farthest first, and takes it from the cluster that had it. If all samples lie on
    /// their centers, nothing moves.
    fn relocate(&self, sums: &mut NearestSums, labels: &Array<B>, centers: &[f64]) -> Result<()> {
        let (xp, p) = (self.namespace(), self.mean.len());
        let empty: Vec<usize> = (0..sums.weights.len())
            .filter(|&c| sums.weights[c] == 0.0)
            .collect();
        let squares = self.squares(centers, labels)?;
        let order = xp.argsort(&squares, axis(0).descending())?;
        let farthest = order.get(ix![..empty.len() as isize])?;
        let rows = xp.take_clipped(&self.data.x, &farthest, Some(0))?;
        let ones;
        let weights = match &self.data.sample_weight {
            Some(weights) => weights,
            None => {
                ones = xp.ones([self.data.n_samples()], self.place.dtype)?;
                &ones
            }
        };
        let wanted = [
            xp.take_clipped(&squares, &farthest, Some(0))?,
            (rows - &self.origin).eval()?,
            xp.take_clipped(weights, &farthest, Some(0))?,
            xp.take_clipped(labels, &farthest, Some(0))?,
        ];
        let found = xp.to_host_all(&wanted.iter().collect::<Vec<_>>())?;
        let [squares, rows, weights, from]: [Vec<f64>; 4] = host::values(found)?;
        if squares[0] == 0.0 {
            return Ok(());
        }
        for (at, to) in empty.into_iter().enumerate() {
            let (from, weight, row) = (from[at] as usize, weights[at], &rows[at * p..][..p]);
            for (j, z) in row.iter().enumerate() {
                sums.sums[from * p + j] -= weight * z;
                sums.sums[to * p + j] = weight * z;
            }
            sums.weights[to] = weight;
            sums.weights[from] -= weight;
        }
        Ok(())
    }

    /// The squared distance of each sample from the center of its label: `(n,)`.
    fn squares(&self, centers: &[f64], labels: &Array<B>) -> Result<Array<B>> {
        let (xp, n, p) = (self.namespace(), self.data.n_samples(), self.mean.len());
        let centers = self.send(centers)?;
        let step = (BLOCK / p).max(1);
        let parts = (0..n).step_by(step).map(|start| {
            let rows = start as isize..(start + step).min(n) as isize;
            let own = xp.take_clipped(&centers, labels.get(ix![rows.clone()])?, Some(0))?;
            xp.sum(
                xp.square(self.data.x.get(ix![rows])? - &self.origin - own),
                1,
            )
        });
        let parts = parts.collect::<Result<Vec<_>>>()?;
        xp.concat(&parts.iter().collect::<Vec<_>>(), Some(0))
    }

    /// `Σ w |x - c|²` of labels that need not be those of the nearest centers.
    fn inertia(&self, centers: &[f64], labels: &Array<B>) -> Result<f64> {
        let (xp, squares) = (self.namespace(), self.squares(centers, labels)?);
        match &self.data.sample_weight {
            Some(weights) => xp.sum(squares * weights, ..)?.item(),
            None => xp.sum(squares, ..)?.item(),
        }
    }

    /// How many clusters have a sample.
    pub(super) fn distinct(&self, run: &Run<B>) -> Result<usize> {
        if run.weights.contains(&0.0) {
            return Ok(self.namespace().unique_values(&run.labels)?.size());
        }
        Ok(run.weights.len())
    }
}

/// The values that a dtype holds.
fn rounded(values: &[f64], dtype: DType) -> Result<Vec<f64>> {
    host::host()
        .asarray_as((values.to_vec(), [values.len()]), dtype)?
        .to_vec()
}

/// Elements of the largest temporary array that is made of a block of rows.
const BLOCK: usize = 1 << 20;

/// The mean of each cluster; of one without weight the mean of the heaviest.
fn means(sums: &NearestSums) -> Vec<f64> {
    let p = sums.sums.len() / sums.weights.len();
    let heaviest = (0..sums.weights.len())
        .max_by(|&a, &b| sums.weights[a].total_cmp(&sums.weights[b]).then(b.cmp(&a)))
        .unwrap_or(0);
    let of = |cluster: usize| {
        let weight = sums.weights[cluster];
        sums.sums[cluster * p..][..p]
            .iter()
            .map(move |sum| sum / weight)
    };
    let source = |cluster| {
        if sums.weights[cluster] > 0.0 {
            cluster
        } else {
            heaviest
        }
    };
    (0..sums.weights.len())
        .flat_map(|cluster| of(source(cluster)))
        .collect()
}

impl<B: Backend> Run<B> {
    /// Whether each cluster of this run is part of one of the other's: then there are as many pairs of labels as clusters here.
    pub(super) fn is_same(&self, other: &Self) -> Result<bool> {
        let xp = self.labels.namespace();
        let pairs = &self.labels * (self.weights.len() as i64) + &other.labels;
        let count = |labels: &Array<B>| Ok(xp.unique_values(labels)?.size());
        Ok(count(&pairs.eval()?)? == count(&self.labels)?)
    }
}
