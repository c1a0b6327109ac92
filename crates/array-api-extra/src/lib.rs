//! Functions that array libraries have but the standard lacks: those of `array_api_extra`, and others that scikit-learn
//! and SciPy use. Each is composed of the standard's functions, so it runs on every device.
//!
//! Like the standard's functions they have their Python names. `nansum`, `nanmax`, `nanmin` and `nanmean`, which
//! backends may implement themselves, are methods of [`Namespace`](array_api_spec::Namespace).
//!
//! ```
//! use array_api_compat::{cpu, extra};
//! let xp = cpu();
//! let x = xp.asarray([[3.0, 1.0, 2.0], [9.0, 7.0, 8.0]])?;
//! assert_eq!(extra::median(&x, 1)?.to_vec::<f64>()?, [2.0, 8.0]);
//! # Ok::<(), array_api_spec::Error>(())
//! ```

mod creation;
mod einsum;
mod elementwise;
mod linalg;
mod manipulation;
mod set;
mod sorting;
mod statistical;

pub use self::{
    creation::{create_diagonal, diag_indices, one_hot, tril_indices, triu_indices},
    einsum::einsum,
    elementwise::{
        Within, angle, apply_where, deg2rad, expit, isclose, logit, nan_to_num, rad2deg, sinc,
        within, xlogy,
    },
    linalg::{Lstsq, kron, lstsq},
    manipulation::{atleast_nd, fill_diagonal, pad, put_along_axis, unravel_index},
    set::{nunique, setdiff1d, union1d},
    sorting::{argpartition, partition},
    statistical::{average, bincount, cov, logsumexp, median, quantile},
};
