//! Device memory, pinned host memory, copies and fills.

use std::alloc::{Layout, alloc, dealloc};
use std::ffi::{c_int, c_uint, c_void};

use super::{Code, Driver, Status, current, device::POOL, error, put, table};
use crate::memory::POISON;
use crate::stream::{DEFAULT, Source, Work};

table!(
    cuMemAlloc_v2,
    cuMemFree_v2,
    cuMemGetInfo_v2,
    cuMemGetAddressRange_v2,
    cuMemAllocAsync,
    cuMemAllocFromPoolAsync,
    cuMemFreeAsync,
    cuMemPoolSetAttribute,
    cuMemPoolTrimTo,
    cuMemHostAlloc,
    cuMemAllocHost_v2,
    cuMemFreeHost,
    cuMemHostRegister_v2,
    cuMemHostUnregister,
    cuMemHostGetDevicePointer_v2,
    cuMemAllocManaged,
    cuMemcpyHtoD_v2,
    cuMemcpyDtoH_v2,
    cuMemcpyDtoD_v2,
    cuMemcpyHtoDAsync_v2,
    cuMemcpyDtoHAsync_v2,
    cuMemcpyDtoDAsync_v2,
    cuMemsetD8_v2,
    cuMemsetD16_v2,
    cuMemsetD32_v2,
    cuMemsetD8Async,
    cuMemsetD16Async,
    cuMemsetD32Async,
);

/// Pinned memory starts at multiples of a page.
const PAGE: usize = 4096;

impl Driver {
    /// The stream that a handle means.
    pub(super) fn stream(&self, handle: u64) -> Result<u64, Code> {
        match handle {
            // The legacy and the per-thread default stream have handles of their own.
            0..=2 => Ok(DEFAULT),
            _ if self.streams.contains(handle) => Ok(handle),
            _ => Err(error::INVALID_HANDLE),
        }
    }

    fn check_range(&mut self, at: u64, size: usize) -> Status {
        if self.machine.memory.contains(at, size as u64) {
            return Ok(());
        }
        let place = self.machine.memory.explain(at);
        let what = format!("{size} bytes at {at:#x}, {place}");
        self.refuse(error::INVALID_VALUE, what)
    }

    fn is_pinned(&self, at: *const u8, size: usize) -> bool {
        let at = at as usize;
        let before = self.pinned.range(..=at).next_back();
        before.is_some_and(|(start, (length, _))| at + size <= start + length)
    }

    fn allocate(&mut self, to: *mut u64, size: usize, context: u64) -> Status {
        if size == 0 {
            return Err(error::INVALID_VALUE);
        }
        let pointer = self.machine.memory.allocate(size as u64, context)?;
        // SAFETY: the caller of the driver gives a valid pointer or null.
        unsafe { put(to, pointer) }
    }

    /// Whether the pointer is an allocation of the program's.
    fn check_owned(&mut self, pointer: u64) -> Status {
        let allocation = self.machine.memory.get(pointer);
        match allocation {
            Some(a) if !a.module && self.contexts.contains_key(&a.context) => Ok(()),
            _ => {
                let place = self.machine.memory.explain(pointer);
                let what = format!("freeing {pointer:#x}, {place}");
                self.refuse(error::INVALID_VALUE, what)
            }
        }
    }

    fn host_to_device(&mut self, to: u64, from: *const u8, size: usize, stream: u64) -> Status {
        if size == 0 {
            return Ok(());
        }
        self.check_range(to, size)?;
        if from.is_null() {
            return Err(error::INVALID_VALUE);
        }
        let source = if self.is_pinned(from, size) {
            Source::Pinned(from, size)
        } else {
            // SAFETY: the caller gives `size` readable bytes.
            Source::Snapshot(unsafe { std::slice::from_raw_parts(from, size) }.to_vec())
        };
        self.streams.push(stream, Work::HostToDevice(to, source));
        Ok(())
    }

    fn device_to_host(&mut self, to: *mut u8, from: u64, size: usize, stream: u64) -> Status {
        if size == 0 {
            return Ok(());
        }
        self.check_range(from, size)?;
        if to.is_null() {
            return Err(error::INVALID_VALUE);
        }
        self.streams
            .push(stream, Work::DeviceToHost(to, from, size));
        // The driver returns from a copy to pageable memory only when it is done.
        if self.is_pinned(to, size) {
            Ok(())
        } else {
            self.synchronise(stream)
        }
    }

    fn device_to_device(&mut self, to: u64, from: u64, size: usize, stream: u64) -> Status {
        if size == 0 {
            return Ok(());
        }
        self.check_range(to, size)?;
        self.check_range(from, size)?;
        self.streams
            .push(stream, Work::DeviceToDevice(to, from, size as u64));
        Ok(())
    }

    fn fill(&mut self, to: u64, count: usize, pattern: &[u8], stream: u64) -> Status {
        let size = count
            .checked_mul(pattern.len())
            .ok_or(error::INVALID_VALUE)?;
        if size == 0 {
            return Ok(());
        }
        self.check_range(to, size)?;
        if !to.is_multiple_of(pattern.len() as u64) {
            return self.refuse(error::INVALID_VALUE, format!("misaligned fill at {to:#x}"));
        }
        self.streams
            .push(stream, Work::Fill(to, size as u64, pattern.to_vec()));
        Ok(())
    }

    fn allocate_pinned(&mut self, to: *mut *mut c_void, size: usize) -> Status {
        let layout = Layout::from_size_align(size.max(1), PAGE);
        let layout = layout.map_err(|_| error::OUT_OF_MEMORY)?;
        // SAFETY: the layout is not empty.
        let start = unsafe { alloc(layout) };
        if start.is_null() {
            return Err(error::OUT_OF_MEMORY);
        }
        // SAFETY: the block has that many bytes.
        unsafe { start.write_bytes(POISON, layout.size()) };
        self.pinned.insert(start as usize, (layout.size(), true));
        // SAFETY: the caller of the driver gives a valid pointer or null.
        unsafe { put(to, start.cast()) }
    }
}

unsafe extern "C" fn cuMemAlloc_v2(to: *mut u64, size: usize) -> c_int {
    current(|driver, context| driver.allocate(to, size, context))
}

unsafe extern "C" fn cuMemFree_v2(pointer: u64) -> c_int {
    current(|driver, _| {
        if pointer == 0 {
            return Ok(());
        }
        driver.check_owned(pointer)?;
        // The driver waits for all work before it frees.
        driver.drain()?;
        driver.machine.memory.free(pointer)?;
        Ok(())
    })
}

unsafe extern "C" fn cuMemGetInfo_v2(free: *mut usize, total: *mut usize) -> c_int {
    current(|driver, _| {
        let memory = &driver.machine.memory;
        // SAFETY: the caller gives valid pointers or null.
        unsafe {
            put(free, (memory.limit() - memory.used()) as usize)?;
            put(total, memory.limit() as usize)
        }
    })
}

unsafe extern "C" fn cuMemGetAddressRange_v2(
    start: *mut u64,
    size: *mut usize,
    pointer: u64,
) -> c_int {
    current(|driver, _| {
        let regions = driver.machine.memory.regions();
        let found = regions.iter().find(|r| (r.start..r.end).contains(&pointer));
        let region = found.ok_or(error::NOT_FOUND)?;
        // SAFETY: the caller gives valid pointers or null, and null is allowed.
        unsafe {
            let _ = put(start, region.start);
            let _ = put(size, (region.end - region.start) as usize);
        }
        Ok(())
    })
}

unsafe extern "C" fn cuMemAllocAsync(to: *mut u64, size: usize, stream: u64) -> c_int {
    current(|driver, context| {
        driver.stream(stream)?;
        driver.allocate(to, size, context)
    })
}

unsafe extern "C" fn cuMemAllocFromPoolAsync(
    to: *mut u64,
    size: usize,
    pool: u64,
    stream: u64,
) -> c_int {
    if pool != POOL {
        return error::INVALID_VALUE.0;
    }
    // SAFETY: forwarded from the caller.
    unsafe { cuMemAllocAsync(to, size, stream) }
}

unsafe extern "C" fn cuMemFreeAsync(pointer: u64, stream: u64) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        driver.check_owned(pointer)?;
        driver.streams.push(stream, Work::Free(pointer));
        Ok(())
    })
}

unsafe extern "C" fn cuMemPoolSetAttribute(pool: u64, _which: c_int, _value: *mut c_void) -> c_int {
    current(|_, _| match pool {
        POOL => Ok(()),
        _ => Err(error::INVALID_VALUE),
    })
}

unsafe extern "C" fn cuMemPoolTrimTo(pool: u64, _keep: usize) -> c_int {
    // SAFETY: the attribute's value is not read.
    unsafe { cuMemPoolSetAttribute(pool, 0, std::ptr::null_mut()) }
}

unsafe extern "C" fn cuMemHostAlloc(to: *mut *mut c_void, size: usize, _flags: c_uint) -> c_int {
    current(|driver, _| driver.allocate_pinned(to, size))
}

unsafe extern "C" fn cuMemAllocHost_v2(to: *mut *mut c_void, size: usize) -> c_int {
    current(|driver, _| driver.allocate_pinned(to, size))
}

unsafe extern "C" fn cuMemFreeHost(pointer: *mut c_void) -> c_int {
    current(|driver, _| {
        let start = pointer as usize;
        let Some(&(size, true)) = driver.pinned.get(&start) else {
            return Err(error::INVALID_VALUE);
        };
        driver.drain()?;
        driver.pinned.remove(&start);
        let layout = Layout::from_size_align(size, PAGE).map_err(|_| error::INVALID_VALUE)?;
        // SAFETY: `allocate_pinned` has allocated the block with this layout.
        unsafe { dealloc(pointer.cast(), layout) };
        Ok(())
    })
}

unsafe extern "C" fn cuMemHostRegister_v2(at: *mut c_void, size: usize, _flags: c_uint) -> c_int {
    current(|driver, _| {
        if at.is_null() || size == 0 || driver.is_pinned(at.cast(), 1) {
            return Err(error::INVALID_VALUE);
        }
        driver.pinned.insert(at as usize, (size, false));
        Ok(())
    })
}

unsafe extern "C" fn cuMemHostUnregister(at: *mut c_void) -> c_int {
    current(|driver, _| {
        let Some((_, false)) = driver.pinned.get(&(at as usize)) else {
            return Err(error::INVALID_VALUE);
        };
        driver.drain()?;
        driver.pinned.remove(&(at as usize));
        Ok(())
    })
}

unsafe extern "C" fn cuMemHostGetDevicePointer_v2(
    _to: *mut u64,
    _at: *mut c_void,
    _flags: c_uint,
) -> c_int {
    current(|driver, _| {
        let what = "kernels have no access to host memory in the interpreter";
        driver.refuse(error::NOT_SUPPORTED, what)
    })
}

unsafe extern "C" fn cuMemAllocManaged(_to: *mut u64, _size: usize, _flags: c_uint) -> c_int {
    current(|driver, _| {
        driver.refuse(
            error::NOT_SUPPORTED,
            "the interpreter has no managed memory",
        )
    })
}

unsafe extern "C" fn cuMemcpyHtoD_v2(to: u64, from: *const u8, size: usize) -> c_int {
    current(|driver, _| {
        driver.host_to_device(to, from, size, DEFAULT)?;
        driver.synchronise(DEFAULT)
    })
}

unsafe extern "C" fn cuMemcpyDtoH_v2(to: *mut u8, from: u64, size: usize) -> c_int {
    current(|driver, _| {
        driver.device_to_host(to, from, size, DEFAULT)?;
        driver.synchronise(DEFAULT)
    })
}

unsafe extern "C" fn cuMemcpyDtoD_v2(to: u64, from: u64, size: usize) -> c_int {
    current(|driver, _| driver.device_to_device(to, from, size, DEFAULT))
}

unsafe extern "C" fn cuMemcpyHtoDAsync_v2(
    to: u64,
    from: *const u8,
    size: usize,
    stream: u64,
) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        driver.host_to_device(to, from, size, stream)
    })
}

unsafe extern "C" fn cuMemcpyDtoHAsync_v2(
    to: *mut u8,
    from: u64,
    size: usize,
    stream: u64,
) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        driver.device_to_host(to, from, size, stream)
    })
}

unsafe extern "C" fn cuMemcpyDtoDAsync_v2(to: u64, from: u64, size: usize, stream: u64) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        driver.device_to_device(to, from, size, stream)
    })
}

unsafe extern "C" fn cuMemsetD8_v2(to: u64, value: u8, count: usize) -> c_int {
    current(|driver, _| driver.fill(to, count, &[value], DEFAULT))
}

unsafe extern "C" fn cuMemsetD16_v2(to: u64, value: u16, count: usize) -> c_int {
    current(|driver, _| driver.fill(to, count, &value.to_ne_bytes(), DEFAULT))
}

unsafe extern "C" fn cuMemsetD32_v2(to: u64, value: u32, count: usize) -> c_int {
    current(|driver, _| driver.fill(to, count, &value.to_ne_bytes(), DEFAULT))
}

unsafe extern "C" fn cuMemsetD8Async(to: u64, value: u8, count: usize, stream: u64) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        driver.fill(to, count, &[value], stream)
    })
}

unsafe extern "C" fn cuMemsetD16Async(to: u64, value: u16, count: usize, stream: u64) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        driver.fill(to, count, &value.to_ne_bytes(), stream)
    })
}

unsafe extern "C" fn cuMemsetD32Async(to: u64, value: u32, count: usize, stream: u64) -> c_int {
    current(|driver, _| {
        let stream = driver.stream(stream)?;
        driver.fill(to, count, &value.to_ne_bytes(), stream)
    })
}
