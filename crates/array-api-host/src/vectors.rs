//! The processor's vectors of real numbers, under one name for both types of number: `pulp` has a name for each.

use std::marker::PhantomData;

use array_api_spec::Element;
use pulp::{Arch, Simd, WithSimd};

use crate::linalg::Floating;

/// A number that processors have vectors of: `f32` or `f64`.
pub trait Real: Element + Floating<Wide = f64> + Default + std::ops::Sub<Output = Self> {
    #[doc(hidden)]
    const INFINITY: Self;
    #[doc(hidden)]
    type Vector<S: Simd>: Copy;
    #[doc(hidden)]
    type Mask<S: Simd>: Copy;

    /// The numbers as vectors, and those that fill no vector.
    #[doc(hidden)]
    fn vectors<S: Simd>(numbers: &[Self]) -> (&[Self::Vector<S>], &[Self]);
    #[doc(hidden)]
    fn vectors_mut<S: Simd>(numbers: &mut [Self]) -> (&mut [Self::Vector<S>], &mut [Self]);
    /// A vector of one number.
    #[doc(hidden)]
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;
    /// `a b + c`.
    #[doc(hidden)]
    fn multiply_add<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    #[doc(hidden)]
    fn less<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Mask<S>;
    #[doc(hidden)]
    fn equal<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Mask<S>;
    /// `a` where the mask is set, else `b`.
    #[doc(hidden)]
    fn select<S: Simd>(
        simd: S,
        mask: Self::Mask<S>,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// `a - b`.
    #[doc(hidden)]
    fn minus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    #[doc(hidden)]
    fn times<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// Writes the first numbers of a vector.
    #[doc(hidden)]
    fn store<S: Simd>(simd: S, a: Self::Vector<S>, to: &mut [Self]);
    /// The sum of a vector's numbers.
    #[doc(hidden)]
    fn sum<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;
    /// The smallest of a vector's numbers.
    #[doc(hidden)]
    fn least<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;
}

macro_rules! real {
    ($($T:ident $Vector:ident $Mask:ident {
        $vectors:ident $vectors_mut:ident $splat:ident $multiply_add:ident $less:ident $equal:ident $select:ident $minus:ident $times:ident $store:ident $sum:ident $least:ident
    })*) => {
        $(impl Real for $T {
            const INFINITY: Self = $T::INFINITY;
            type Vector<S: Simd> = S::$Vector;
            type Mask<S: Simd> = S::$Mask;

            #[inline(always)]
            fn vectors<S: Simd>(numbers: &[Self]) -> (&[S::$Vector], &[Self]) {
                S::$vectors(numbers)
            }

            #[inline(always)]
            fn vectors_mut<S: Simd>(numbers: &mut [Self]) -> (&mut [S::$Vector], &mut [Self]) {
                S::$vectors_mut(numbers)
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$Vector {
                simd.$splat(x)
            }

            #[inline(always)]
            fn multiply_add<S: Simd>(simd: S, a: S::$Vector, b: S::$Vector, c: S::$Vector) -> S::$Vector {
                simd.$multiply_add(a, b, c)
            }

            #[inline(always)]
            fn less<S: Simd>(simd: S, a: S::$Vector, b: S::$Vector) -> S::$Mask {
                simd.$less(a, b)
            }

            #[inline(always)]
            fn equal<S: Simd>(simd: S, a: S::$Vector, b: S::$Vector) -> S::$Mask {
                simd.$equal(a, b)
            }

            #[inline(always)]
            fn select<S: Simd>(simd: S, mask: S::$Mask, a: S::$Vector, b: S::$Vector) -> S::$Vector {
                simd.$select(mask, a, b)
            }

            #[inline(always)]
            fn minus<S: Simd>(simd: S, a: S::$Vector, b: S::$Vector) -> S::$Vector {
                simd.$minus(a, b)
            }

            #[inline(always)]
            fn times<S: Simd>(simd: S, a: S::$Vector, b: S::$Vector) -> S::$Vector {
                simd.$times(a, b)
            }

            #[inline(always)]
            fn store<S: Simd>(simd: S, a: S::$Vector, to: &mut [Self]) {
                simd.$store(to, a);
            }

            #[inline(always)]
            fn sum<S: Simd>(simd: S, a: S::$Vector) -> Self {
                simd.$sum(a)
            }

            #[inline(always)]
            fn least<S: Simd>(simd: S, a: S::$Vector) -> Self {
                simd.$least(a)
            }
        })*
    };
}
real! {
    f32 f32s m32s {
        as_simd_f32s as_mut_simd_f32s splat_f32s mul_add_e_f32s less_than_f32s equal_f32s select_f32s
        sub_f32s mul_f32s partial_store_f32s reduce_sum_f32s reduce_min_f32s
    }
    f64 f64s m64s {
        as_simd_f64s as_mut_simd_f64s splat_f64s mul_add_e_f64s less_than_f64s equal_f64s select_f64s
        sub_f64s mul_f64s partial_store_f64s reduce_sum_f64s reduce_min_f64s
    }
}

/// How many numbers a vector of this processor holds.
pub(crate) fn lanes<T: Real>() -> usize {
    Arch::new().dispatch(Lanes::<T>(PhantomData))
}

struct Lanes<T>(PhantomData<T>);

impl<T: Real> WithSimd for Lanes<T> {
    type Output = usize;

    fn with_simd<S: Simd>(self, _: S) -> usize {
        size_of::<T::Vector<S>>() / size_of::<T>()
    }
}
