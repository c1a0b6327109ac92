//! The methods of the backend traits, listed once for the types that forward them: [`AnyBackend`](crate::AnyBackend)
//! and [`Composed`](crate::Composed).

/// Calls `$apply!` with a table of all methods that compute. A row says
/// - whether a backend must have the method (`required`) or may (`provided`: it returns an `Option`, and `None` means "compose it"),
/// - its arguments: `program x`, `array x`, `arrays x` and `optional x`, an array or none, hold storages; `value x: T` does not,
/// - what it returns: one `storage`, a `pair` or a `triple` of them, a `counted` one, one that is `summed` up on the host, or `moments`, which are there, too.
macro_rules! backend_methods {
    ($apply:ident) => {
        $apply! {
            ElementwiseBackend {
                required evaluate(program x) -> storage;
            }
            StatisticalBackend {
                required reduce(value op: ReduceOp, program x, value axes: &[usize], value dtype: DType) -> storage;
                required scan(value op: ScanOp, program x, value axis: usize, value initial: Initial) -> storage;
                provided variance(program x, value axes: &[usize], value correction: f64) -> storage;
            }
            IndexingBackend {
                required gather(array x, array indices, value axis: usize) -> storage;
                required nonzero(program x) -> counted;
            }
            ManipulationBackend {
                provided concat(arrays x, value axis: usize) -> storage;
            }
            SortingBackend {
                required argsort(array x, value axis: usize, value order: Order) -> storage;
                provided sort(array x, value axis: usize, value order: Order) -> storage;
            }
            LinalgBackend {
                required matmul(array a, array b) -> storage;
                required cholesky(array x) -> storage;
                required solve(array a, array b) -> storage;
                required eigh(array x) -> pair;
                required eig(array x) -> pair;
                required lu(array x) -> pair;
                required qr(array x, value mode: QrMode) -> pair;
                required svd(array x, value mode: SvdMode) -> triple;
                provided eigvalsh(array x) -> storage;
                provided eigvals(array x) -> storage;
                provided svdvals(array x) -> storage;
            }
            FftBackend {
                required fft(array x, value axis: usize, value direction: Direction) -> storage;
            }
            ExtraBackend {
                provided nan_reduce(value op: ReduceOp, program x, value axes: &[usize]) -> storage;
                provided take(array x, array indices, value axis: usize) -> storage;
                provided moments(arrays tables, optional groups, optional weights, value plan: MomentsPlan) -> moments;
                provided squared_distances(array x, array centers, optional weights) -> storage;
                provided nearest(array x, array centers, array origin, optional weights) -> summed;
            }
        }
    };
}

/// The type of an argument in the table.
macro_rules! argument {
    (program) => { &Program<Self::Storage> };
    (array) => { &Strided<Self::Storage> };
    (arrays) => { &[Strided<Self::Storage>] };
    (optional) => { Option<&Strided<Self::Storage>> };
    (value $t:ty) => { $t };
}

/// The type that a method in the table returns.
macro_rules! returned {
    (required $kind:ident) => { Result<returned!($kind)> };
    (provided $kind:ident) => { Option<Result<returned!($kind)>> };
    (storage) => { Self::Storage };
    (counted) => { (Self::Storage, usize) };
    (pair) => { [Self::Storage; 2] };
    (triple) => { [Self::Storage; 3] };
    (moments) => { Moments };
    (summed) => { (Self::Storage, NearestSums) };
}

pub(crate) use {argument, backend_methods, returned};

#[cfg(test)]
mod tests {
    /// The compiler notices a required method that the table lacks; this test notices a provided one.
    #[test]
    fn no_method_is_missing() {
        macro_rules! names {
            ($($backend:ident { $($need:ident $name:ident($($argument:tt)*) -> $kind:ident;)* })*) => {
                [$($(concat!(stringify!($need), " ", stringify!($name))),*),*]
            };
        }
        let table: &[&str] = &backend_methods!(names);
        let traits = include_str!("../../array-api-spec/src/backend.rs");
        let provided: Vec<&str> = traits
            .split("    fn ")
            .filter(|text| {
                text.split("{\n")
                    .next()
                    .is_some_and(|head| head.contains("-> Option<Result<"))
            })
            .filter_map(|text| text.split('(').next())
            .collect();
        assert!(provided.contains(&"variance"), "{provided:?}");
        for name in provided {
            let row = format!("provided {name}");
            assert!(table.contains(&row.as_str()), "the table lacks `{name}`");
        }
    }
}
