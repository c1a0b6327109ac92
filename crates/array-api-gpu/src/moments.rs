//! Counts, means and scatter of rows in groups, from passes over the rows on the device.
//!
//! A Gram matrix squares the condition number, so it needs twice the precision of its result. A device that has
//! `float64` adds it up in `float64` ([`float64`]). On other devices it is exact ([`exact`]): the centred columns
//! become 24-bit integers, and their products are added up as integers, so no driver's floating-point optimizations can
//! change them. (In plain `float32` the coefficients of linear discriminant analysis are off by a third on
//! rank-deficient data.)
//!
//! The host reads nothing in between: all that it needs comes in one download at the end. Where a caller asks for a
//! factor instead of a Gram matrix, the rows go to the host.

mod columns;
mod exact;
mod float64;
mod means;
mod together;

use array_api_host::moments;
use array_api_spec::{
    Error, HostBuffer, Layout, Moments, Program, Result, Scalar, Scatter, Spread, Strided,
    backend::{ArrayObjectBackend, ElementwiseBackend, MomentsPlan},
    shape::size,
};

pub(super) use self::{
    columns::{GramOfParts, RowsText},
    exact::{Fix, GramExact, Scales},
    float64::{Centre, GramFloat64},
    means::{GroupCounts, GroupDistance, GroupMeans, GroupSums, LargestOfParts},
    together::{PlaceWords, Words},
};
use super::{Gpu, memory::Memory, runtime::Runtime};

/// Why a part of this is done on the host.
pub(super) const HOST: &str = "Gram matrices of all rows or of groups together, without weights, come from kernels, and others and variances are composed of functions on the device; \
                               for factors, the rows go to the host and are factorised in f64";

/// A matrix of rows in groups, on the device.
pub(super) struct Rows<'a, R: Runtime> {
    pub(super) x: &'a Strided<Memory<R>>,
    pub(super) groups: &'a Strided<Memory<R>>,
    pub(super) n: usize,
    pub(super) p: usize,
    pub(super) k: usize,
}

impl<R: Runtime> Gpu<R> {
    pub(super) fn moments_of_rows(
        &self,
        x: &Strided<Memory<R>>,
        groups: Option<&Strided<Memory<R>>>,
        weights: Option<&Strided<Memory<R>>>,
        plan: MomentsPlan,
    ) -> Option<Result<Moments>> {
        let (n, p, k) = (x.shape()[0], x.shape()[1], plan.groups);
        let countable = || {
            [[n, p, 1], [k, p, 1], [p, p, 6]]
                .iter()
                .all(|lengths| self.check_size(size(lengths)).is_ok())
        };
        match plan.spread {
            Spread::Factor => Some(self.moments_on_host(x, groups, weights, plan)),
            Spread::Gram if plan.pooled && weights.is_none() && countable() => {
                Some(self.gram_of_groups(x, groups, k))
            }
            _ => None,
        }
    }

    fn gram_of_groups(
        &self,
        x: &Strided<Memory<R>>,
        groups: Option<&Strided<Memory<R>>>,
        k: usize,
    ) -> Result<Moments> {
        let (n, p) = (x.shape()[0], x.shape()[1]);
        let zeros;
        let groups = match groups {
            Some(groups) => groups,
            None => {
                let dtype = self.index_dtype();
                let zero = Program::scalar(&[n], Scalar::Int(0), dtype);
                zeros = Strided::contiguous(self.evaluate(&zero)?, &[n], dtype);
                &zeros
            }
        };
        let copies;
        let (x, groups) = if self.compiles() {
            (x, groups)
        } else {
            copies = (self.contiguous(x)?, self.contiguous(groups)?);
            (&copies.0, &copies.1)
        };
        let rows = Rows { x, groups, n, p, k };
        if self.runtime.properties().float64 {
            self.gram_in_float64(&rows)
        } else {
            self.exact_gram(&rows)
        }
    }

    fn moments_on_host(
        &self,
        x: &Strided<Memory<R>>,
        groups: Option<&Strided<Memory<R>>>,
        weights: Option<&Strided<Memory<R>>>,
        plan: MomentsPlan,
    ) -> Result<Moments> {
        let codes: Option<Vec<i64>> = match groups.map(|g| self.download(g)).transpose()? {
            None => None,
            Some(HostBuffer::Int64(groups)) => Some(groups),
            Some(HostBuffer::Int32(groups)) => Some(groups.into_iter().map(i64::from).collect()),
            Some(other) => {
                let given = [other.dtype()];
                return Err(Error::dtype("moments", &given, "the index dtype"));
            }
        };
        let line = Layout::contiguous(&x.shape()[..1]);
        let table = Layout::contiguous(x.shape());
        let codes = codes.as_deref().map(|codes| (codes, &line));
        let weights = weights.map(|w| self.download(w)).transpose()?;
        match (self.download(x)?, &weights) {
            (HostBuffer::Float32(x), None) => moments::moments(&[(&x, &table)], codes, None, plan),
            (HostBuffer::Float64(x), None) => moments::moments(&[(&x, &table)], codes, None, plan),
            (HostBuffer::Float32(x), Some(HostBuffer::Float32(w))) => {
                moments::moments(&[(&x, &table)], codes, Some((w, &line)), plan)
            }
            (HostBuffer::Float64(x), Some(HostBuffer::Float64(w))) => {
                moments::moments(&[(&x, &table)], codes, Some((w, &line)), plan)
            }
            (other, _) => Err(Error::dtype(
                "moments",
                &[other.dtype()],
                "real floating-point dtypes, the same for x and the weights",
            )),
        }
    }
}

/// The results of the passes over the rows.
struct Found {
    /// `(k,)`.
    counts: Vec<u32>,
    /// `(k, p)`.
    means: Vec<f64>,
    /// `(p, p)`.
    gram: Vec<f64>,
    /// The relative error of the Gram matrix.
    error: f64,
}

impl Found {
    fn moments(self, p: usize) -> Moments {
        let Self {
            counts,
            mut means,
            gram,
            error,
        } = self;
        for (mean, &count) in means.chunks_exact_mut(p).zip(&counts) {
            if count == 0 {
                mean.fill(f64::NAN);
            }
        }
        let finite = gram.iter().all(|x| x.is_finite());
        Moments {
            rows: counts.iter().map(|&count| count as usize).sum(),
            features: p,
            weights: counts.iter().map(|&count| f64::from(count)).collect(),
            means,
            pooled: true,
            scatter: Scatter::Gram {
                values: gram,
                error: if finite { error } else { f64::INFINITY },
            },
        }
    }
}

/// Copies the lower triangle to the upper.
fn mirror(gram: &mut [f64], p: usize) {
    for i in 0..p {
        for j in 0..i {
            gram[j * p + i] = gram[i * p + j];
        }
    }
}
