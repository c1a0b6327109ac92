//! Matrices that fit into one tile: one launch for a whole stack, a work-group for each.

use array_api_spec::{Result, Strided};

use super::{
    super::matrix::{Source, ldexp, u},
    SWEEPS,
    ends::{NOT_FINITE, exponent_of, rank_of, scaled, word_of_row},
    tile::{Jacobi, Tile, larger},
};
use crate::{
    Gpu,
    kernel::{
        element::{Value, register},
        ir::{Builder, Ty, barrier, for_, if_, lit, select, var},
    },
    kernels::KernelBody,
    memory::Memory,
    runtime::Runtime,
};

/// An element off the diagonal is small if it is so many times the largest on it.
const ERRORS: f64 = 2.0;

impl<R: Runtime> Gpu<R> {
    /// Eigenvalues, and vectors if they are wanted, of matrices `(batches, n, n)` with n at most [`Jacobi::rows`].
    pub(super) fn eigen_of_small(
        &self,
        x: &Strided<Memory<R>>,
        jacobi: Jacobi,
        (batches, n): (usize, usize),
        vectors: bool,
    ) -> Result<[Memory<R>; 2]> {
        let values = self.allocate(batches * n, x.dtype.real())?;
        let elements = if vectors { batches * n * n } else { 0 };
        let out = self.allocate(elements, x.dtype)?;
        let kernel = EighSmall {
            source: Source::of(x, jacobi.dtype),
            jacobi,
            vectors,
        };
        self.run(kernel, batches * jacobi.threads() as usize, |args| {
            args.buffer("x", &x.storage)
                .layout("x", &x.layout)
                .buffer("values", &values);
            if vectors {
                args.buffer("vectors", &out);
            }
            args.size("n", n);
        })?;
        Ok([values, out])
    }
}

/// Makes small matrices diagonal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EighSmall {
    source: Source,
    jacobi: Jacobi,
    /// Whether eigenvectors are wanted.
    vectors: bool,
}

impl KernelBody for EighSmall {
    fn name(&self) -> &'static str {
        "eigh_small"
    }

    fn workgroup(&self) -> u32 {
        self.jacobi.threads()
    }

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let (jacobi, dtype) = (self.jacobi, self.jacobi.dtype);
        let (real, rows) = (register(dtype), jacobi.rows() as usize);
        let x = self.source.declare(k, "x");
        let values = self.source.real_output(k, "values");
        let vectors = self.vectors.then(|| self.source.output(k, "vectors"));
        let n = k.size("n");
        let [words, ranks] = ["words", "ranks"].map(|name| k.shared(name, Ty::U32, rows));
        let active = k.shared("active_pairs", Ty::U32, 1);
        let tile = Tile::declare(k, jacobi);
        let (t, matrix) = (k.local(), k.group());
        if_(t.lt(n), || {
            words.store(t, word_of_row(&x, n, matrix, t));
        });
        barrier();
        // Found again where it is needed, because registers are short in between.
        let word_of_matrix = || {
            let word = var(u(0));
            for_(u(0), n, 1, |i| word.set(word.get().max(words.load(i))));
            word.get()
        };
        let word = word_of_matrix();
        tile.fill(|i, j| scaled(&x, Value::whole(dtype, 0), n, word, [matrix, i, j]));
        barrier();

        let order = (n + 1) / 2 * 2;
        for_(u(0), u(SWEEPS as u32), 1, |sweep| {
            if_(t.eq(0), || {
                // Scaled matrices have an element near 1.
                let largest = larger(tile.largest_on_diagonal(n), lit(real, 1));
                let tiny = largest * (ERRORS * jacobi.epsilon());
                let goes_on = var(sweep.eq(0));
                if_(sweep.gt(0), || goes_on.set(tile.largest_met().gt(tiny)));
                tile.set_tiny(tiny);
                active.store(0, select(goes_on.get(), order / 2, 0));
            });
            barrier();
            tile.sweep(order, active.load(0));
        });

        let word = word_of_matrix();
        if_(t.lt(n), || {
            let rank = rank_of(n, t, |i| tile.diagonal(i));
            ranks.store(t, rank);
            let at = matrix * n + rank;
            let value = ldexp(Value::Real(tile.diagonal(t)), exponent_of(word));
            values.store(at, value);
            if_(word.eq(NOT_FINITE), || values.store_nan(at));
        });
        let Some(vectors) = vectors else { return };
        barrier();
        for (i, j) in jacobi.own(t) {
            if_(i.lt(n) & j.lt(n), || {
                let at = (matrix * n + i) * n + ranks.load(j);
                vectors.store(at, tile.z.load(tile.at(i, j)));
                if_(word.eq(NOT_FINITE), || vectors.store_nan(at));
            });
        }
    }
}
