//! Elementwise functions. They do not compute: they build an expression.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/elementwise_functions.html>

use crate::{
    Backend, BinaryOp, Expr, Namespace, UnaryOp,
    operation::{binary_functions, unary_functions},
};

macro_rules! unary_methods {
    ($($(#[$doc:meta])* $name:ident $Variant:ident: $accepts:ident => $returns:ident,)*) => {
        impl<B: Backend> Namespace<B> {
            $(
                $(#[$doc])*
                ///
                #[doc = concat!("Any shape, same shape out. Dtypes: [`", stringify!($accepts), "`](crate::Accepts::", stringify!($accepts),
                    ") → [`", stringify!($returns), "`](crate::Returns::", stringify!($returns), ").")]
                ///
                #[doc = concat!("Special cases: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.", stringify!($name), ".html>")]
                ///
                /// # Errors
                /// At the next `?`: another dtype; a scalar instead of an array.
                pub fn $name(&self, x: impl Into<Expr<B>>) -> Expr<B> {
                    Expr::unary(UnaryOp::$Variant, x.into().checked_on(stringify!($name), self))
                }
            )*
        }
    };
}
unary_functions!(unary_methods);

macro_rules! binary_methods {
    ($($(#[$doc:meta])* $name:ident $Variant:ident: $accepts:ident => $returns:ident,)*) => {
        impl<B: Backend> Namespace<B> {
            $(
                $(#[$doc])*
                ///
                #[doc = concat!("Both shapes broadcast; one argument may be a scalar. Dtypes, after promotion: [`", stringify!($accepts), "`](crate::Accepts::",
                    stringify!($accepts), ") → [`", stringify!($returns), "`](crate::Returns::", stringify!($returns), ").")]
                ///
                #[doc = concat!("Special cases: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.", stringify!($name), ".html>")]
                ///
                /// # Errors
                /// At the next `?`: shapes that do not broadcast; dtypes that do not promote or that the function does not take; two scalars.
                pub fn $name(&self, x1: impl Into<Expr<B>>, x2: impl Into<Expr<B>>) -> Expr<B> {
                    let (x1, x2) = (x1.into().checked_on(stringify!($name), self), x2.into().checked_on(stringify!($name), self));
                    Expr::binary(BinaryOp::$Variant, x1, x2)
                }
            )*
        }
    };
}
binary_functions!(binary_methods);

impl<B: Backend> Namespace<B> {
    /// Clamps each element to the range from `min` to `max`; [`Unbounded`] leaves a side open. NaN in x or in a bound
    /// gives NaN.
    ///
    /// The bounds may be scalars or arrays; all broadcast, and the result has x's dtype. Integers and real floating-point. Where `min`
    /// is above `max` the result is `max`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.clip.html>
    ///
    /// ```
    /// use array_api_spec::{Unbounded, reference};
    /// let xp = reference::namespace();
    /// let x = xp.asarray([-2, 0, 7])?;
    /// assert_eq!(xp.clip(&x, 0, 5).eval()?.to_vec::<i32>()?, [0, 0, 5]);
    /// assert_eq!(xp.clip(&x, Unbounded, 5).eval()?.to_vec::<i32>()?, [-2, 0, 5]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// At the next `?`: dtypes that do not fit; shapes that do not broadcast.
    pub fn clip(
        &self,
        x: impl Into<Expr<B>>,
        min: impl Into<Bound<B>>,
        max: impl Into<Bound<B>>,
    ) -> Expr<B> {
        let clip = || {
            let x = x.into().on("clip", self)?;
            if !crate::Accepts::Real.contains(x.dtype()) {
                return Err(crate::Error::dtype(
                    "clip",
                    &[x.dtype()],
                    crate::Accepts::Real.words(),
                ));
            }
            let dtype = x.dtype();
            let mut out = Expr::valid(self.clone(), x);
            for (op, bound) in [
                (BinaryOp::Maximum, min.into().0),
                (BinaryOp::Minimum, max.into().0),
            ] {
                if let Some(bound) = bound {
                    let bounded =
                        Expr::binary(op, out, bound.checked_on("clip", self)).on("clip", self);
                    out = Expr::valid(self.clone(), bounded.map_err(|e| e.told_by("clip"))?);
                }
            }
            let out = out.on("clip", self)?;
            if out.dtype() != dtype {
                return Err(crate::Error::dtype(
                    "clip",
                    &[dtype, out.dtype()],
                    "bounds that promote to the dtype of x",
                ));
            }
            Ok((self.clone(), out))
        };
        clip().into()
    }
}

/// No bound on this side of [`Namespace::clip`], as Python's `None`.
#[derive(Clone, Copy, Debug)]
pub struct Unbounded;

/// A bound of [`Namespace::clip`]: an array, an expression, a scalar, or [`Unbounded`].
#[derive(Debug)]
pub struct Bound<B: Backend>(Option<Expr<B>>);

impl<B: Backend, X: Into<Expr<B>>> From<X> for Bound<B> {
    fn from(x: X) -> Self {
        Self(Some(x.into()))
    }
}

impl<B: Backend> From<Unbounded> for Bound<B> {
    fn from(_: Unbounded) -> Self {
        Self(None)
    }
}
