//! Gathering along an axis, and the positions of what is true.

use array_api_spec::{Program, Result, Strided, backend::IndexingBackend, dispatch};

use crate::{Memory, Mine, computed, from_lines, lines, read, stored};

impl IndexingBackend for Mine {
    fn gather(
        &self,
        x: &Strided<Memory>,
        indices: &Strided<Memory>,
        axis: usize,
    ) -> Result<Memory> {
        let (n, m) = (x.shape()[axis], indices.shape()[axis]);
        let wanted: Vec<i64> = lines(indices, axis)?;
        dispatch!(x.dtype, T => {
            let values: Vec<T> = lines(x, axis)?;
            let pairs = wanted.chunks(m.max(1)).zip(values.chunks(n.max(1)));
            let picked = pairs.flat_map(|(wanted, line)| {
                // Negative indices count from the end.
                wanted.iter().map(move |&i| line[if i < 0 { i + n as i64 } else { i } as usize])
            });
            from_lines(picked.collect(), axis, indices.shape())
        })
    }

    fn nonzero(&self, x: &Program<Memory>) -> Result<(Memory, usize)> {
        let x: Vec<bool> = read(&computed(x)?)?;
        let positions: Vec<i64> = (0..).zip(x).filter(|&(_, x)| x).map(|(i, _)| i).collect();
        let count = positions.len();
        Ok((stored(positions), count))
    }
}
