//! Streams, events and host functions.

use std::ffi::{c_int, c_uint, c_void};

use super::{Driver, IN_CALLBACK, Status, current, error, put, table};
use crate::stream::Work;

table!(
    cuStreamCreate,
    cuStreamCreateWithPriority,
    cuStreamDestroy_v2,
    cuStreamSynchronize,
    cuStreamQuery,
    cuStreamWaitEvent,
    cuStreamGetFlags,
    cuStreamGetPriority,
    cuStreamGetCtx,
    cuLaunchHostFunc,
    cuEventCreate,
    cuEventDestroy_v2,
    cuEventRecord,
    cuEventRecordWithFlags,
    cuEventSynchronize,
    cuEventQuery,
    cuEventElapsedTime,
    cuEventElapsedTime_v2,
);

impl Driver {
    fn check_event(&self, event: u64) -> Status {
        match self.streams.has_event(event) {
            true => Ok(()),
            false => Err(error::INVALID_HANDLE),
        }
    }

    /// Lets a stream get on by one piece of work, so that polling comes to an end.
    fn progress(&mut self, stream: u64) -> Status {
        let result = self.streams.run_one(&mut self.machine, stream);
        self.note(result)
    }
}

unsafe extern "C" fn cuStreamCreate(to: *mut u64, flags: c_uint) -> c_int {
    // SAFETY: forwarded from the caller.
    unsafe { cuStreamCreateWithPriority(to, flags, 0) }
}

unsafe extern "C" fn cuStreamCreateWithPriority(
    to: *mut u64,
    flags: c_uint,
    priority: c_int,
) -> c_int {
    current(|driver, context| {
        if flags > 1 {
            return Err(error::INVALID_VALUE);
        }
        let id = driver.new_handle();
        driver
            .streams
            .create(id, context, flags, priority.clamp(-1, 0));
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, id) }
    })
}

unsafe extern "C" fn cuStreamDestroy_v2(stream: u64) -> c_int {
    current(|driver, _| {
        if !driver.streams.contains(stream) || stream == crate::stream::DEFAULT {
            return Err(error::INVALID_HANDLE);
        }
        // A GPU finishes the work of a destroyed stream.
        driver.synchronise(stream)?;
        driver.streams.remove(stream);
        Ok(())
    })
}

unsafe extern "C" fn cuStreamSynchronize(stream: u64) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        driver.synchronise(stream)
    })
}

unsafe extern "C" fn cuStreamQuery(stream: u64) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        driver.progress(stream)?;
        match driver.streams.is_idle(stream) {
            true => Ok(()),
            false => Err(error::NOT_READY),
        }
    })
}

unsafe extern "C" fn cuStreamWaitEvent(stream: u64, event: u64, _flags: c_uint) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        driver.check_event(event)?;
        driver.streams.wait(stream, event);
        Ok(())
    })
}

unsafe extern "C" fn cuStreamGetFlags(stream: u64, to: *mut c_uint) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        let (flags, _) = driver
            .streams
            .properties(stream)
            .ok_or(error::INVALID_HANDLE)?;
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, flags) }
    })
}

unsafe extern "C" fn cuStreamGetPriority(stream: u64, to: *mut c_int) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        let (_, priority) = driver
            .streams
            .properties(stream)
            .ok_or(error::INVALID_HANDLE)?;
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, priority) }
    })
}

unsafe extern "C" fn cuStreamGetCtx(stream: u64, to: *mut u64) -> c_int {
    current(|driver, context| {
        driver.stream(stream)?;
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, context) }
    })
}

/// A host function and its data, called without access to the driver.
struct HostFunction {
    function: unsafe extern "C" fn(*mut c_void),
    data: *mut c_void,
}

unsafe extern "C" fn call_host_function(boxed: *mut c_void) {
    // SAFETY: `cuLaunchHostFunc` has leaked the box, and each piece of work is done once.
    let host = unsafe { Box::from_raw(boxed.cast::<HostFunction>()) };
    IN_CALLBACK.set(true);
    // SAFETY: the caller gave the function with its data.
    unsafe { (host.function)(host.data) };
    IN_CALLBACK.set(false);
}

unsafe extern "C" fn cuLaunchHostFunc(
    stream: u64,
    function: Option<unsafe extern "C" fn(*mut c_void)>,
    data: *mut c_void,
) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        let function = function.ok_or(error::INVALID_VALUE)?;
        let host = Box::into_raw(Box::new(HostFunction { function, data }));
        driver
            .streams
            .push(stream, Work::Callback(call_host_function, host.cast()));
        Ok(())
    })
}

unsafe extern "C" fn cuEventCreate(to: *mut u64, _flags: c_uint) -> c_int {
    current(|driver, context| {
        let id = driver.new_handle();
        driver.streams.create_event(id, context);
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, id) }
    })
}

unsafe extern "C" fn cuEventDestroy_v2(event: u64) -> c_int {
    current(|driver, _| {
        driver.check_event(event)?;
        driver.streams.remove_event(event);
        Ok(())
    })
}

unsafe extern "C" fn cuEventRecord(event: u64, stream: u64) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        driver.check_event(event)?;
        driver.streams.record(event, stream);
        Ok(())
    })
}

unsafe extern "C" fn cuEventRecordWithFlags(event: u64, stream: u64, _flags: c_uint) -> c_int {
    // SAFETY: forwarded from the caller.
    unsafe { cuEventRecord(event, stream) }
}

unsafe extern "C" fn cuEventSynchronize(event: u64) -> c_int {
    current(|driver, _| {
        driver.check_event(event)?;
        let Some(mark) = driver.streams.pending(event) else {
            return Ok(());
        };
        let result = driver.streams.run_to(&mut driver.machine, mark);
        driver.note(result)
    })
}

unsafe extern "C" fn cuEventQuery(event: u64) -> c_int {
    current(|driver, _| {
        driver.check_event(event)?;
        if let Some(mark) = driver.streams.pending(event) {
            driver.progress(mark.stream())?;
        }
        match driver.streams.pending(event) {
            None => Ok(()),
            Some(_) => Err(error::NOT_READY),
        }
    })
}

unsafe extern "C" fn cuEventElapsedTime(to: *mut f32, start: u64, end: u64) -> c_int {
    current(|driver, _| {
        driver.check_event(start)?;
        driver.check_event(end)?;
        let streams = &driver.streams;
        if streams.pending(start).or(streams.pending(end)).is_some() {
            return Err(error::NOT_READY);
        }
        let (Some(start), Some(end)) = (streams.time(start), streams.time(end)) else {
            return Err(error::INVALID_HANDLE);
        };
        let seconds = end.saturating_duration_since(start).as_secs_f32();
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, seconds * 1e3) }
    })
}

unsafe extern "C" fn cuEventElapsedTime_v2(to: *mut f32, start: u64, end: u64) -> c_int {
    // SAFETY: forwarded from the caller.
    unsafe { cuEventElapsedTime(to, start, end) }
}
