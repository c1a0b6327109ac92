//! Lengths with a prime factor beyond 7, by Bluestein's algorithm: with 2jk = j² + k² - (k - j)²,
//! `y[k] = c[k] Σ (c[j] x[j]) conj(c[k - j])`, c[j] = exp(-πi j² / n), which is a convolution. (L. I. Bluestein, A linear
//! filtering approach to the computation of discrete Fourier transform, 1970.)

use array_api_spec::{DType, Result, backend::Direction};

use super::{
    Place,
    rows::{Flipped, Rows, Walk},
    tables::Table,
};
use crate::{
    Gpu,
    kernel::{
        element::{Value, register},
        ir::{Builder, if_},
    },
    kernels::KernelBody,
    memory::Memory,
    reduction::Slot,
    runtime::Runtime,
};

impl<R: Runtime> Gpu<R> {
    /// Transforms rows of n elements through rows of `padded` elements, whose factors are given.
    pub(super) fn bluestein(
        &self,
        dtype: DType,
        n: usize,
        (padded, factors): (usize, &[usize]),
        from: Place<'_, R>,
        to: Place<'_, R>,
        direction: Direction,
    ) -> Result<()> {
        let count = from.rows.count();
        let chirp = self.table(Table::Chirp(n), dtype)?;
        let filter = self.table(Table::Filter { n, padded }, dtype)?;
        let [a, b] = [(); 2].map(|()| self.allocate(count * padded, dtype));
        let (a, b) = (a?, b?);
        let place = |memory| Place {
            memory,
            rows: Rows::contiguous(count, padded),
        };
        let flip = |is: bool| u32::from(is && direction == Direction::Inverse);
        self.chirp_product(dtype, (n, padded), from, place(&a), &chirp, [flip(true), 0])?;
        self.passes(dtype, factors, place(&a), place(&b), Direction::Forward)?;
        let all = (padded, padded);
        self.chirp_product(dtype, all, place(&b), place(&a), &filter, [0, 0])?;
        self.passes(dtype, factors, place(&a), place(&b), Direction::Inverse)?;
        self.chirp_product(dtype, (n, n), place(&b), to, &chirp, [0, flip(true)])
    }

    /// Multiplies the first elements of rows by those of a table, and writes as many elements as are wanted: the products,
    /// then zeros. `flips` says where the parts of the numbers are exchanged, when they are read and when they are written.
    fn chirp_product(
        &self,
        dtype: DType,
        (used, wanted): (usize, usize),
        from: Place<'_, R>,
        to: Place<'_, R>,
        by: &Memory<R>,
        [flip_x, flip_out]: [u32; 2],
    ) -> Result<()> {
        let elements = from.rows.count() * wanted;
        self.run(ChirpProduct { dtype }, elements, |args| {
            args.buffer("x", from.memory)
                .buffer("by", by)
                .buffer("out", to.memory)
                .walk("from", &from.rows)
                .walk("to", &to.rows)
                .size("used", used)
                .size("wanted", wanted)
                .size("elements", elements)
                .value("flip_x", flip_x)
                .value("flip_out", flip_out);
        })
    }
}

/// Products of rows and a table; a thread for each element of the result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ChirpProduct {
    dtype: DType,
}

impl KernelBody for ChirpProduct {
    fn name(&self) -> &'static str {
        "chirp_product"
    }

    fn record(&self, k: Builder) {
        let real = register(self.dtype.real());
        let (x, by) = (k.input("x", real), k.input("by", real));
        let out = k.output("out", real);
        let (from, to) = (Walk::new(k, "from"), Walk::new(k, "to"));
        let [used, wanted, elements, flip_x, flip_out] =
            ["used", "wanted", "elements", "flip_x", "flip_out"].map(|name| k.size(name));
        let x = Flipped {
            mem: x,
            flip: flip_x,
        };
        let out = Flipped {
            mem: out,
            flip: flip_out,
        };
        let t = k.thread();
        if_(t.lt(elements), || {
            let (row, i) = (t / wanted, t % wanted);
            let product = Slot::new(Value::whole(self.dtype, 0));
            if_(i.lt(used), || {
                let factor = Value::Complex(by.load(i * 2), by.load(i * 2 + 1));
                product.set(x.load(from.start(row) + i * from.step) * factor);
            });
            out.store(to.start(row) + i * to.step, product.get());
        });
    }
}
