//! Reads rows: centred about a value of their group, scaled and weighted.

use std::ops::Range;

use array_api_spec::{Layout, Moments, Scatter};

use crate::linalg::Floating;

/// The provisional centre of a group is the mean of this many of its rows. A sum of squares about such a centre is at
/// most `count / SAMPLE` times the sum about the mean, so the correction that follows cancels no more digits than that.
const SAMPLE: usize = 64;

/// A matrix of rows, and the square roots of their weights.
#[derive(Clone, Copy)]
pub(super) struct Table<'a, T> {
    /// Some of the columns each, side by side.
    pub(super) parts: &'a [(&'a [T], &'a Layout)],
    pub(super) roots: Option<&'a [f64]>,
}

impl<T> Table<'_, T> {
    pub(super) fn columns(&self) -> usize {
        self.parts.iter().map(|(_, layout)| layout.shape()[1]).sum()
    }
}

/// Rows of a table, with their groups.
pub(super) struct Source<'a, T> {
    table: Table<'a, T>,
    /// The rows of the table that are read, or `None` for all rows.
    members: Option<&'a [usize]>,
    groups: Option<&'a [i64]>,
    pub(super) n: usize,
    pub(super) p: usize,
    pub(super) counts: Vec<usize>,
    /// `(k,)`: the weight of each group.
    pub(super) weights: Vec<f64>,
    /// `(k, p)`: what is subtracted from a row, after scaling.
    pub(super) centres: Vec<f64>,
    /// Whether the centres are the exact means of the groups, and not those of a sample.
    pub(super) exact: bool,
    /// `(p,)`: the power of two that each column is multiplied by.
    pub(super) scale: Vec<f64>,
}

impl<'a, T: Floating<Wide = f64>> Source<'a, T> {
    /// Reads a sample of each group's rows for a provisional centre. `counts` holds the sizes of the groups; without
    /// `groups` there is one group.
    pub(super) fn new(
        table: Table<'a, T>,
        members: Option<&'a [usize]>,
        groups: Option<&'a [i64]>,
        counts: Vec<usize>,
    ) -> Self {
        let n = members.map_or(table.parts[0].1.shape()[0], <[usize]>::len);
        let p = table.columns();
        let mut source = Self {
            table,
            members,
            groups,
            n,
            p,
            weights: Vec::new(),
            centres: Vec::new(),
            exact: false,
            scale: vec![1.0; p],
            counts,
        };
        source.weights = source.sum_of_weights();
        // If groups are small on average, reading all rows is a small part of the work, and exact centres save the sums
        // that each of the many groups would need.
        let exact = source.counts.len().saturating_mul(4 * SAMPLE) > n;
        source.centre(exact);
        source
    }

    fn sum_of_weights(&self) -> Vec<f64> {
        if self.table.roots.is_none() {
            return self.counts.iter().map(|&count| count as f64).collect();
        }
        let mut sums = vec![0.0; self.counts.len()];
        for i in 0..self.n {
            let root = self.root(i);
            sums[self.group(i)] += root * root;
        }
        sums
    }

    /// Sets the centres to the means of each group's rows, or of a sample of them.
    pub(super) fn centre(&mut self, exact: bool) {
        let (k, p) = (self.counts.len(), self.p);
        let step: Vec<usize> = self
            .counts
            .iter()
            .map(|&count| if exact { 1 } else { (count / SAMPLE).max(1) })
            .collect();
        // This sums differences from the first row. So the mean of equal values is exactly that value, and small
        // differences keep their digits beside a large mean.
        let (mut first, mut sums) = (vec![0.0; k * p], vec![0.0; k * p]);
        let (mut seen, mut taken) = (vec![0_usize; k], vec![0.0_f64; k]);
        let mut row = vec![0.0; p];
        for i in 0..self.n {
            let g = self.group(i);
            if seen[g].is_multiple_of(step[g]) {
                self.scaled_row(i, &mut row);
                let weight = self.root(i) * self.root(i);
                let slot = g * p..(g + 1) * p;
                if seen[g] == 0 {
                    first[slot].copy_from_slice(&row);
                } else {
                    for ((sum, x), first) in
                        sums[slot.clone()].iter_mut().zip(&row).zip(&first[slot])
                    {
                        *sum += weight * (x - first);
                    }
                }
                taken[g] += weight;
            }
            seen[g] += 1;
        }
        for ((first, sums), &taken) in first
            .chunks_exact_mut(p)
            .zip(sums.chunks_exact(p))
            .zip(&taken)
            .filter(|&(_, &taken)| taken != 0.0)
        {
            first
                .iter_mut()
                .zip(sums)
                .for_each(|(first, sum)| *first += sum / taken);
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
                // The comparison is written so that `largest` stays NaN once an `x` was NaN.
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

    /// The moments with this scatter. The means are the centres plus `shift`, a function of the position in `(k, p)`.
    pub(super) fn moments(&self, shift: impl Fn(usize) -> f64, scatter: Scatter) -> Moments {
        let mean = |(at, centre): (usize, &f64)| {
            if self.weights[at / self.p] > 0.0 {
                (centre + shift(at)) / self.scale[at % self.p]
            } else {
                f64::NAN
            }
        };
        Moments {
            rows: self.n,
            features: self.p,
            weights: self.weights.clone(),
            means: self.centres.iter().enumerate().map(mean).collect(),
            pooled: true,
            scatter,
        }
    }

    /// Whether the table is row-major rather than column-major.
    pub(super) fn by_rows(&self) -> bool {
        let strides = self.table.parts[0].1.strides();
        strides[1].abs() <= strides[0].abs() || self.p == 1
    }

    /// Writes rows: scaled, minus their group's centre, times the root of their weight. Element (i, j) goes to `out[i ·
    /// row + j · column]`.
    #[inline(always)]
    pub(super) fn read(&self, rows: Range<usize>, out: &mut [f64], row: usize, column: usize) {
        if self.by_rows() {
            for (r, i) in rows.enumerate() {
                let (g, root) = (self.group(i), self.root(i));
                let centre = &self.centres[g * self.p..(g + 1) * self.p];
                let mut parameters = self.scale.iter().zip(centre);
                let mut start = r * row;
                for part in self.table.parts {
                    let out = &mut out[start..];
                    let width = part.1.shape()[1];
                    let parameters = parameters.by_ref().take(width);
                    match self.contiguous_row(part, i) {
                        Some(x) if column == 1 => {
                            let pairs = out[..width].iter_mut().zip(x);
                            for ((out, x), (s, c)) in pairs.zip(parameters) {
                                *out = (x.widen() * s - c) * root;
                            }
                        }
                        _ => {
                            for (j, (s, c)) in parameters.enumerate() {
                                let x = self.element(part, i, j).widen();
                                out[j * column] = (x * s - c) * root;
                            }
                        }
                    }
                    start += width * column;
                }
            }
        } else {
            for j in 0..self.p {
                for (r, i) in rows.clone().enumerate() {
                    let centre = self.centres[self.group(i) * self.p + j];
                    let x = self.at(i, j).widen() * self.scale[j] - centre;
                    out[r * row + j * column] = x * self.root(i);
                }
            }
        }
    }

    /// The group of a row.
    #[inline(always)]
    pub(super) fn group(&self, i: usize) -> usize {
        self.groups
            .map_or(0, |groups| groups[self.place(i)] as usize)
    }

    /// The square root of a row's weight.
    #[inline(always)]
    pub(super) fn root(&self, i: usize) -> f64 {
        self.table.roots.map_or(1.0, |roots| roots[self.place(i)])
    }

    /// Whether there is one group, whose rows all count 1 and stand in their order.
    pub(super) fn is_plain(&self) -> bool {
        self.table.roots.is_none() && self.groups.is_none() && self.members.is_none()
    }

    /// Whether these columns equal their centres in all these rows.
    pub(super) fn equals_centre(&self, mut rows: Range<usize>, columns: &[usize]) -> bool {
        rows.all(|i| {
            let g = self.group(i);
            columns
                .iter()
                .all(|&j| self.at(i, j).widen() * self.scale[j] == self.centres[g * self.p + j])
        })
    }

    /// The position of a row in the table.
    #[inline(always)]
    fn place(&self, i: usize) -> usize {
        self.members.map_or(i, |members| members[i])
    }

    #[inline(always)]
    fn row_start(&self, layout: &Layout, i: usize) -> isize {
        layout.offset() as isize + self.place(i) as isize * layout.strides()[0]
    }

    #[inline(always)]
    fn element(&self, (values, layout): &(&'a [T], &'a Layout), i: usize, j: usize) -> T {
        values[(self.row_start(layout, i) + j as isize * layout.strides()[1]) as usize]
    }

    #[inline(always)]
    pub(super) fn at(&self, i: usize, mut j: usize) -> T {
        let (last, before) = self.table.parts.split_last().expect("there is a table");
        for part in before {
            let width = part.1.shape()[1];
            if j < width {
                return self.element(part, i, j);
            }
            j -= width;
        }
        self.element(last, i, j)
    }

    /// A row as it lies in memory, if it has no gaps.
    #[inline(always)]
    pub(super) fn whole_row(&self, i: usize) -> Option<&'a [T]> {
        match self.table.parts {
            [one] => self.contiguous_row(one, i),
            _ => None,
        }
    }

    #[inline(always)]
    fn contiguous_row(
        &self,
        (values, layout): &(&'a [T], &'a Layout),
        i: usize,
    ) -> Option<&'a [T]> {
        let width = layout.shape()[1];
        let contiguous = layout.strides()[1] == 1 || width == 1;
        contiguous.then(|| &values[self.row_start(layout, i) as usize..][..width])
    }

    fn scaled_row(&self, i: usize, row: &mut [f64]) {
        for (j, (x, scale)) in row.iter_mut().zip(&self.scale).enumerate() {
            *x = self.at(i, j).widen() * scale;
        }
    }
}
