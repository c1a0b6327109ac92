//! Gathering along an axis, and the positions of true elements.

use super::{Memory, Reference, contract, math::Arithmetic};
use crate::{
    DType, Element, Layout, Program, Result, Scalar, Strided,
    backend::{ArrayObjectBackend, IndexingBackend},
    dispatch,
};

impl Reference {
    /// `int64` where the device has it, else `int32`.
    fn index_dtype(self) -> DType {
        if self.dtypes().contains(&DType::Int64) {
            DType::Int64
        } else {
            DType::Int32
        }
    }

    pub(super) fn store_indices(self, indices: impl Iterator<Item = usize>) -> Memory {
        let indices = indices.map(Scalar::from);
        self.store_buffer(
            dispatch!(self.index_dtype(), I => I::into_buffer(indices.map(I::cast).collect())),
        )
    }
}

impl IndexingBackend for Reference {
    fn gather(
        &self,
        x: &Strided<Memory>,
        indices: &Strided<Memory>,
        axis: usize,
    ) -> Result<Memory> {
        contract::axes(&[axis], x.shape().len());
        assert_eq!(
            indices.dtype,
            self.index_dtype(),
            "indices of another dtype"
        );
        let mut shape = x.shape().to_vec();
        let n = std::mem::replace(&mut shape[axis], indices.shape()[axis]);
        assert_eq!(indices.shape(), shape, "lengths off the axis differ");
        let wanted: Vec<i64> = if indices.dtype == DType::Int64 {
            self.read(indices)?
        } else {
            let narrow: Vec<i32> = self.read(indices)?;
            narrow.into_iter().map(i64::from).collect()
        };
        self.room(&shape, x.dtype)?;
        // The position of each element of the result in a contiguous x, with index 0 on the axis.
        let mut strides: Vec<isize> = Layout::contiguous(x.shape()).strides().to_vec();
        let stride = std::mem::replace(&mut strides[axis], 0) as usize;
        let lines = Layout::new(&shape, &strides, 0);
        Ok(dispatch!(x.dtype, T => {
            let x: Vec<T> = self.read(x)?;
            let picked = lines.positions().zip(wanted).map(|(line, i)| {
                let i = if i < 0 { i + n as i64 } else { i };
                assert!((0..n as i64).contains(&i), "index {i} of {n}");
                x[line + i as usize * stride]
            });
            self.store(picked.collect())
        }))
    }

    fn nonzero(&self, x: &Program<Memory>) -> Result<(Memory, usize)> {
        let x: Vec<bool> = self.read_program(x)?;
        let count = x.iter().filter(|&&b| b).count();
        Ok((
            self.store_indices(x.iter().enumerate().filter(|&(_, &b)| b).map(|(i, _)| i)),
            count,
        ))
    }
}
