//! Rows as they are read: centred about a value of their group and scaled.

use std::{borrow::Cow, ops::Range};

use array_api_spec::{Layout, Result};

use super::mismatch;
use crate::linalg::Floating;

/// Rows of a group that its provisional centre is taken from. About such a centre no sum of squares is more than
/// `count / SAMPLE` times that about the mean, so the correction that follows cancels no more digits than that.
const SAMPLE: usize = 64;

/// A table of rows in groups.
pub(super) struct Source<'a, T> {
    values: &'a [T],
    layout: &'a Layout,
    pub(super) n: usize,
    pub(super) p: usize,
    groups: Cow<'a, [i64]>,
    pub(super) counts: &'a [usize],
    /// `(k, p)`: what is subtracted from a row, after scaling.
    pub(super) centres: Vec<f64>,
    /// Whether the centres are the means of the groups, or come from a part of the rows.
    pub(super) exact: bool,
    /// `(p,)`: powers of two that columns are multiplied by.
    pub(super) scale: Vec<f64>,
}

impl<'a, T: Floating<Wide = f64>> Source<'a, T> {
    /// Checks the groups and looks at some rows of each for a provisional centre.
    pub(super) fn new(
        values: &'a [T],
        layout: &'a Layout,
        groups: &'a [i64],
        group_layout: &Layout,
        counts: &'a [usize],
    ) -> Result<Self> {
        let (n, p) = (layout.shape()[0], layout.shape()[1]);
        let groups: Cow<'_, [i64]> = if group_layout.size() == 0 {
            Cow::Borrowed(&[])
        } else if group_layout.is_contiguous() {
            Cow::Borrowed(&groups[group_layout.offset()..][..group_layout.size()])
        } else {
            group_layout.positions().map(|i| groups[i]).collect()
        };
        let mut found = vec![0_usize; counts.len()];
        for &g in groups.iter() {
            let count = usize::try_from(g).ok().and_then(|g| found.get_mut(g));
            *count.ok_or_else(|| {
                mismatch(format!("there is no group {g}; there are {}", counts.len()))
            })? += 1;
        }
        if groups.len() != n || found != counts {
            return Err(mismatch(format!(
                "the groups of {n} rows have {found:?} members, not {counts:?}"
            )));
        }
        let mut source = Self {
            values,
            layout,
            n,
            p,
            groups,
            counts,
            centres: Vec::new(),
            exact: false,
            scale: vec![1.0; p],
        };
        // With few rows in a group, on average, reading them all is a small part of the work, and sums for each of
        // many groups would fill the memory.
        let exact = counts.len().saturating_mul(4 * SAMPLE) > n;
        source.centre(exact);
        Ok(source)
    }

    /// Sets the centres: the means of all rows of a group, or of a sample.
    pub(super) fn centre(&mut self, exact: bool) {
        let (k, p) = (self.counts.len(), self.p);
        let step: Vec<usize> = self
            .counts
            .iter()
            .map(|&count| if exact { 1 } else { (count / SAMPLE).max(1) })
            .collect();
        // Differences from the first row are summed: the mean of equal values is then exactly their value, and a large mean costs
        // small differences nothing.
        let (mut first, mut sums) = (vec![0.0; k * p], vec![0.0; k * p]);
        let (mut seen, mut taken) = (vec![0_usize; k], vec![0_usize; k]);
        let mut row = vec![0.0; p];
        for i in 0..self.n {
            let g = self.groups[i] as usize;
            if seen[g].is_multiple_of(step[g]) {
                self.scaled_row(i, &mut row);
                let slot = g * p..(g + 1) * p;
                if taken[g] == 0 {
                    first[slot].copy_from_slice(&row);
                } else {
                    for ((sum, x), first) in
                        sums[slot.clone()].iter_mut().zip(&row).zip(&first[slot])
                    {
                        *sum += x - first;
                    }
                }
                taken[g] += 1;
            }
            seen[g] += 1;
        }
        let width = p.max(1);
        for ((first, sums), &taken) in first
            .chunks_exact_mut(width)
            .zip(sums.chunks_exact(width))
            .zip(&taken)
        {
            first
                .iter_mut()
                .zip(sums)
                .for_each(|(first, sum)| *first += sum / taken as f64);
        }
        self.centres = first;
        self.exact = exact;
    }

    /// Scales every column by a power of two so that its largest magnitude is near 1. Returns whether all values are finite.
    pub(super) fn scale_columns(&mut self) -> bool {
        let mut largest = vec![0.0_f64; self.p];
        let mut row = vec![0.0; self.p];
        self.scale.fill(1.0);
        for i in 0..self.n {
            self.scaled_row(i, &mut row);
            for (largest, x) in largest.iter_mut().zip(&row) {
                // `x` goes second: the larger of both is then NaN once `x` was.
                *largest = if *largest >= x.abs() || largest.is_nan() {
                    *largest
                } else {
                    x.abs()
                };
            }
        }
        self.scale = largest
            .iter()
            .map(|&x| {
                crate::linalg::exponent(x)
                    .map_or(1.0, |e| crate::linalg::ldexp(1.0, -e.clamp(-1000, 1000)))
            })
            .collect();
        largest.iter().all(|x| x.is_finite())
    }

    /// Whether rows lie one after the other, rather than columns.
    pub(super) fn by_rows(&self) -> bool {
        let strides = self.layout.strides();
        strides[1].abs() <= strides[0].abs() || self.p == 1
    }

    /// Writes rows, scaled and less their group's centre: element (i, j) to `out[i · row + j · column]`.
    pub(super) fn read(&self, rows: Range<usize>, out: &mut [f64], row: usize, column: usize) {
        if self.p == 0 {
            // A row of no elements has no place in the slices.
        } else if self.by_rows() {
            for (r, i) in rows.enumerate() {
                let g = self.groups[i] as usize;
                let centre = &self.centres[g * self.p..(g + 1) * self.p];
                let shift = |(x, (s, c)): (T, (&f64, &f64))| x.widen() * s - c;
                let parameters = self.scale.iter().zip(centre);
                let out = &mut out[r * row..];
                match self.contiguous_row(i) {
                    Some(x) if column == 1 => {
                        for (out, x) in out
                            .iter_mut()
                            .zip(x.iter().copied().zip(parameters).map(shift))
                        {
                            *out = x;
                        }
                    }
                    _ => {
                        for (j, x) in (0..self.p)
                            .map(|j| self.at(i, j))
                            .zip(parameters)
                            .map(shift)
                            .enumerate()
                        {
                            out[j * column] = x;
                        }
                    }
                }
            }
        } else {
            for j in 0..self.p {
                for (r, i) in rows.clone().enumerate() {
                    let g = self.groups[i] as usize;
                    out[r * row + j * column] =
                        self.at(i, j).widen() * self.scale[j] - self.centres[g * self.p + j];
                }
            }
        }
    }

    /// The group of each row.
    pub(super) fn groups(&self, rows: Range<usize>) -> impl Iterator<Item = usize> + '_ {
        self.groups[rows].iter().map(|&g| g as usize)
    }

    /// Whether a column is the same as its centre in all these rows.
    pub(super) fn equals_centre(&self, rows: Range<usize>, columns: &[usize]) -> bool {
        rows.clone().zip(self.groups(rows)).all(|(i, g)| {
            columns
                .iter()
                .all(|&j| self.at(i, j).widen() * self.scale[j] == self.centres[g * self.p + j])
        })
    }

    fn at(&self, i: usize, j: usize) -> T {
        let strides = self.layout.strides();
        let position =
            self.layout.offset() as isize + i as isize * strides[0] + j as isize * strides[1];
        self.values[position as usize]
    }

    fn contiguous_row(&self, i: usize) -> Option<&[T]> {
        let strides = self.layout.strides();
        let start = self.layout.offset() as isize + i as isize * strides[0];
        (strides[1] == 1 || self.p == 1).then(|| &self.values[start as usize..][..self.p])
    }

    fn scaled_row(&self, i: usize, row: &mut [f64]) {
        for (j, (x, scale)) in row.iter_mut().zip(&self.scale).enumerate() {
            *x = self.at(i, j).widen() * scale;
        }
    }
}
