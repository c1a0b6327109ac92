//! How a prototype becomes a symbol.

/// Calls the driver's function of that name; the value is the code that it, or the lack of it, returns.
macro_rules! call {
    ($name:ident($($argument:ident: $type:ty),*)) => {
        match crate::driver::address(Symbol::$name) {
            Ok(address) => {
                // SAFETY: the address is that of the driver's function of this name: `Library::get` found it under the name,
                // or `install`'s caller vouched for it. The prototype is `cust_raw`'s, checked below; the code is taken as a
                // number, because it may be one that `CUresult` lacks.
                let function = unsafe {
                    std::mem::transmute::<
                        std::ptr::NonNull<c_void>,
                        unsafe extern "C" fn($($type),*) -> c_int,
                    >(address)
                };
                // SAFETY: the caller keeps the driver's contract; its arguments are handed on as they are.
                unsafe { function($($argument),*) }
            }
            Err(code) => code,
        }
    };
}

/// Defines the symbols: `forwarded` ones are the driver's alone, `answered` ones have a second answer in `errors`.
macro_rules! driver_symbols {
    (
        forwarded { $(fn $name:ident($($argument:ident: $type:ty),*);)* }
        answered { $(fn $own:ident($($own_argument:ident: $own_type:ty),*);)* }
    ) => {
        use cust_raw::*;
        use std::ffi::{c_char, c_int, c_uchar, c_uint, c_ushort, c_void};

        /// The driver's functions that this crate defines.
        pub const SYMBOLS: &[&str] = &[$(stringify!($name),)* $(stringify!($own)),*];

        /// Rows of [`SYMBOLS`].
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy)]
        pub(crate) enum Symbol {
            $($name,)*
            $($own),*
        }

        // The compiler compares each prototype with `cust_raw`'s.
        $(const _: unsafe extern "C" fn($($type),*) -> CUresult = cust_raw::$name;)*
        $(const _: unsafe extern "C" fn($($own_type),*) -> CUresult = cust_raw::$own;)*

        $(
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name($($argument: $type),*) -> c_int {
                crate::errors::fold(stringify!($name), crate::symbols::call!($name($($argument: $type),*)))
            }
        )*

        $(
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $own($($own_argument: $own_type),*) -> c_int {
                match crate::symbols::call!($own($($own_argument: $own_type),*)) {
                    0 => 0,
                    // SAFETY: the contract is the driver's, which the caller keeps.
                    _ => unsafe { crate::errors::$own($($own_argument),*) },
                }
            }
        )*

        #[cfg(target_os = "linux")]
        std::arch::global_asm!(
            $(concat!(".hidden ", stringify!($name)),)*
            $(concat!(".hidden ", stringify!($own))),*
        );
    };
}

pub(crate) use {call, driver_symbols};
