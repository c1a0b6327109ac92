//! Contexts: the primary one, and the stack that each thread has.

use std::ffi::{c_int, c_uint};

use super::{CURRENT, Code, Context, Driver, Status, current, error, initialised, put, table};

table!(
    cuDevicePrimaryCtxRetain,
    cuDevicePrimaryCtxRelease_v2,
    cuDevicePrimaryCtxReset_v2,
    cuDevicePrimaryCtxSetFlags_v2,
    cuDevicePrimaryCtxGetState,
    cuCtxCreate_v2,
    cuCtxDestroy_v2,
    cuCtxGetCurrent,
    cuCtxSetCurrent,
    cuCtxPushCurrent_v2,
    cuCtxPopCurrent_v2,
    cuCtxGetDevice,
    cuCtxGetFlags,
    cuCtxGetApiVersion,
    cuCtxGetLimit,
    cuCtxSetLimit,
    cuCtxGetCacheConfig,
    cuCtxSetCacheConfig,
    cuCtxGetSharedMemConfig,
    cuCtxSetSharedMemConfig,
    cuCtxGetStreamPriorityRange,
    cuCtxSynchronize,
);

fn check(device: c_int) -> Status {
    match device {
        0 => Ok(()),
        _ => Err(error::INVALID_DEVICE),
    }
}

impl Driver {
    fn create_context(&mut self, primary: bool, flags: u32) -> u64 {
        let id = self.new_handle();
        self.contexts.insert(id, Context { primary, flags });
        id
    }

    /// Frees all that a context owns; a fault goes with it.
    fn destroy_context(&mut self, id: u64) {
        self.contexts.remove(&id);
        self.streams.abandon();
        self.streams.remove_context(id);
        self.modules.retain(|_, loaded| loaded.context != id);
        let modules = &self.modules;
        self.functions
            .retain(|_, f| modules.contains_key(&f.module));
        self.machine.memory.free_context(id);
        self.sticky = None;
    }

    fn context(&self, id: u64) -> Result<Context, Code> {
        self.contexts
            .get(&id)
            .copied()
            .ok_or(error::INVALID_CONTEXT)
    }
}

unsafe extern "C" fn cuDevicePrimaryCtxRetain(to: *mut u64, device: c_int) -> c_int {
    initialised(|driver| {
        check(device)?;
        let (id, count) = match driver.primary {
            Some((id, count)) => (id, count + 1),
            None => (driver.create_context(true, driver.primary_flags), 1),
        };
        driver.primary = Some((id, count));
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, id) }
    })
}

unsafe extern "C" fn cuDevicePrimaryCtxRelease_v2(device: c_int) -> c_int {
    initialised(|driver| {
        check(device)?;
        let (id, count) = driver.primary.ok_or(error::INVALID_CONTEXT)?;
        driver.primary = Some((id, count - 1)).filter(|(_, left)| *left > 0);
        if driver.primary.is_none() {
            driver.destroy_context(id);
        }
        Ok(())
    })
}

unsafe extern "C" fn cuDevicePrimaryCtxReset_v2(device: c_int) -> c_int {
    initialised(|driver| {
        check(device)?;
        if let Some((id, _)) = driver.primary.take() {
            driver.destroy_context(id);
        }
        Ok(())
    })
}

unsafe extern "C" fn cuDevicePrimaryCtxSetFlags_v2(device: c_int, flags: c_uint) -> c_int {
    initialised(|driver| {
        check(device)?;
        driver.primary_flags = flags;
        Ok(())
    })
}

unsafe extern "C" fn cuDevicePrimaryCtxGetState(
    device: c_int,
    flags: *mut c_uint,
    active: *mut c_int,
) -> c_int {
    initialised(|driver| {
        check(device)?;
        // SAFETY: the caller gives valid pointers or null.
        unsafe {
            put(flags, driver.primary_flags)?;
            put(active, c_int::from(driver.primary.is_some()))
        }
    })
}

unsafe extern "C" fn cuCtxCreate_v2(to: *mut u64, flags: c_uint, device: c_int) -> c_int {
    initialised(|driver| {
        check(device)?;
        let id = driver.create_context(false, flags);
        CURRENT.with_borrow_mut(|stack| stack.push(id));
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, id) }
    })
}

unsafe extern "C" fn cuCtxDestroy_v2(context: u64) -> c_int {
    initialised(|driver| {
        if driver.context(context)?.primary {
            return Err(error::INVALID_CONTEXT);
        }
        driver.destroy_context(context);
        CURRENT.with_borrow_mut(|stack| {
            if stack.last() == Some(&context) {
                stack.pop();
            }
        });
        Ok(())
    })
}

unsafe extern "C" fn cuCtxGetCurrent(to: *mut u64) -> c_int {
    initialised(|_| {
        let context = CURRENT.with_borrow(|stack| stack.last().copied().unwrap_or(0));
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, context) }
    })
}

unsafe extern "C" fn cuCtxSetCurrent(context: u64) -> c_int {
    initialised(|driver| {
        if context != 0 {
            driver.context(context)?;
        }
        CURRENT.with_borrow_mut(|stack| {
            stack.pop();
            stack.extend((context != 0).then_some(context));
        });
        Ok(())
    })
}

unsafe extern "C" fn cuCtxPushCurrent_v2(context: u64) -> c_int {
    initialised(|driver| {
        driver.context(context)?;
        CURRENT.with_borrow_mut(|stack| stack.push(context));
        Ok(())
    })
}

unsafe extern "C" fn cuCtxPopCurrent_v2(to: *mut u64) -> c_int {
    initialised(|_| {
        let popped = CURRENT.with_borrow_mut(Vec::pop);
        let context = popped.ok_or(error::INVALID_CONTEXT)?;
        if to.is_null() {
            return Ok(());
        }
        // SAFETY: the caller gives a valid pointer.
        unsafe { put(to, context) }
    })
}

unsafe extern "C" fn cuCtxGetDevice(to: *mut c_int) -> c_int {
    // SAFETY: the caller gives a valid pointer or null.
    current(|_, _| unsafe { put(to, 0) })
}

unsafe extern "C" fn cuCtxGetFlags(to: *mut c_uint) -> c_int {
    // SAFETY: the caller gives a valid pointer or null.
    current(|driver, context| unsafe { put(to, driver.context(context)?.flags) })
}

unsafe extern "C" fn cuCtxGetApiVersion(context: u64, to: *mut c_uint) -> c_int {
    initialised(|driver| {
        if context != 0 {
            driver.context(context)?;
        }
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, 3020) }
    })
}

unsafe extern "C" fn cuCtxGetLimit(to: *mut usize, _limit: c_int) -> c_int {
    // SAFETY: the caller gives a valid pointer or null.
    current(|_, _| unsafe { put(to, 0) })
}

unsafe extern "C" fn cuCtxSetLimit(_limit: c_int, _value: usize) -> c_int {
    current(|_, _| Ok(()))
}

unsafe extern "C" fn cuCtxGetCacheConfig(to: *mut c_int) -> c_int {
    // SAFETY: the caller gives a valid pointer or null.
    current(|_, _| unsafe { put(to, 0) })
}

unsafe extern "C" fn cuCtxSetCacheConfig(_config: c_int) -> c_int {
    current(|_, _| Ok(()))
}

unsafe extern "C" fn cuCtxGetSharedMemConfig(to: *mut c_int) -> c_int {
    // SAFETY: the caller gives a valid pointer or null.
    current(|_, _| unsafe { put(to, 1) })
}

unsafe extern "C" fn cuCtxSetSharedMemConfig(_config: c_int) -> c_int {
    current(|_, _| Ok(()))
}

unsafe extern "C" fn cuCtxGetStreamPriorityRange(least: *mut c_int, most: *mut c_int) -> c_int {
    current(|_, _| {
        for (to, value) in [(least, 0), (most, -1)] {
            if !to.is_null() {
                // SAFETY: the caller gives valid pointers or null.
                unsafe { put(to, value)? };
            }
        }
        Ok(())
    })
}

unsafe extern "C" fn cuCtxSynchronize() -> c_int {
    current(|driver, _| driver.drain())
}
