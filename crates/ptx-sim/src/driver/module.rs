//! Modules, functions, their attributes, and launches.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

use super::{
    Code, Driver, Function, Loaded, Status, current, device::PROCESSORS, error, put, table,
};
use crate::instruction::Kernel;
use crate::machine::{Call, Geometry, SHARED_LIMIT};
use crate::stream::Work;

table!(
    cuModuleLoad,
    cuModuleLoadData,
    cuModuleLoadDataEx,
    cuModuleUnload,
    cuModuleGetFunction,
    cuModuleGetGlobal_v2,
    cuFuncGetAttribute,
    cuFuncSetAttribute,
    cuFuncSetCacheConfig,
    cuFuncSetSharedMemConfig,
    cuFuncGetModule,
    cuOccupancyMaxActiveBlocksPerMultiprocessor,
    cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags,
    cuOccupancyMaxPotentialBlockSize,
    cuOccupancyMaxPotentialBlockSizeWithFlags,
    cuOccupancyAvailableDynamicSMemPerBlock,
    cuLaunchKernel,
);

/// How machine code starts: an ELF file, and a container of several.
const BINARIES: [[u8; 4]; 2] = [*b"\x7fELF", [0x50, 0xed, 0x55, 0xba]];

/// The options of `cuModuleLoadDataEx` that name a buffer for errors and its size.
const ERROR_LOG: c_int = 5;
const ERROR_LOG_SIZE: c_int = 6;

/// How `cuLaunchKernel` is given all parameters in one buffer.
const BUFFER_POINTER: usize = 1;
const BUFFER_SIZE: usize = 2;

/// Threads that a multiprocessor holds, and blocks.
const THREADS: c_int = 1024;
const BLOCKS: c_int = 32;

impl Driver {
    fn load(&mut self, to: *mut u64, image: *const c_char, context: u64) -> Status {
        if image.is_null() {
            return Err(error::INVALID_VALUE);
        }
        // SAFETY: an image is text that ends with a zero, or starts with four bytes of magic,
        // which have no zero among them.
        let start = unsafe { CStr::from_ptr(image) };
        if BINARIES
            .iter()
            .any(|magic| start.to_bytes().starts_with(magic))
        {
            let what = "machine code: a PTX interpreter executes PTX only";
            return self.refuse(error::NO_BINARY_FOR_GPU, what);
        }
        let Ok(text) = start.to_str() else {
            return self.refuse(error::INVALID_PTX, "PTX that is not UTF-8");
        };
        match self.machine.load_for(text, context) {
            Ok(module) => {
                let id = self.new_handle();
                self.modules.insert(id, Loaded { module, context });
                // SAFETY: the caller of the driver gives a valid pointer or null.
                unsafe { put(to, id) }
            }
            Err(error) => {
                let code = Code::from(&error);
                self.refuse(code, error.to_string())
            }
        }
    }

    fn function(&self, handle: u64) -> Result<(&Loaded, usize), Code> {
        let function = self.functions.get(&handle).ok_or(error::INVALID_HANDLE)?;
        let loaded = self
            .modules
            .get(&function.module)
            .ok_or(error::INVALID_HANDLE)?;
        Ok((loaded, function.kernel))
    }

    fn kernel(&self, handle: u64) -> Result<&Kernel, Code> {
        let (loaded, kernel) = self.function(handle)?;
        Ok(loaded.module.kernel_at(kernel))
    }

    /// How many blocks of that size fit on a multiprocessor.
    fn occupancy(&self, handle: u64, threads: c_int, shared: usize) -> Result<c_int, Code> {
        let kernel = self.kernel(handle)?;
        if threads <= 0 {
            return Err(error::INVALID_VALUE);
        }
        let used = kernel.static_shared() + shared;
        let by_shared = SHARED_LIMIT
            .checked_div(used)
            .map_or(BLOCKS, |n| n as c_int);
        Ok((THREADS / threads).min(by_shared).min(BLOCKS))
    }

    fn launch(&mut self, call: Result<Call, Code>, stream: u64) -> Status {
        let stream = self.stream(stream)?;
        let call = call?;
        if let Err(what) = call.check() {
            let name = &call.module.kernel_at(call.kernel).name;
            let what = format!("launch of kernel {name} with {what}");
            return self.refuse(error::INVALID_VALUE, what);
        }
        self.streams.push(stream, Work::Launch(Box::new(call)));
        Ok(())
    }
}

unsafe extern "C" fn cuModuleLoad(to: *mut u64, path: *const c_char) -> c_int {
    current(|driver, context| {
        if path.is_null() {
            return Err(error::INVALID_VALUE);
        }
        // SAFETY: the caller gives a text that ends with a zero.
        let path = unsafe { CStr::from_ptr(path) };
        let read = path.to_str().ok().and_then(|path| std::fs::read(path).ok());
        let mut image = read.ok_or(error::FILE_NOT_FOUND)?;
        image.push(0);
        driver.load(to, image.as_ptr().cast(), context)
    })
}

unsafe extern "C" fn cuModuleLoadData(to: *mut u64, image: *const c_char) -> c_int {
    current(|driver, context| driver.load(to, image, context))
}

unsafe extern "C" fn cuModuleLoadDataEx(
    to: *mut u64,
    image: *const c_char,
    count: c_uint,
    options: *const c_int,
    values: *const *mut c_void,
) -> c_int {
    current(|driver, context| {
        let loaded = driver.load(to, image, context);
        if loaded.is_err() && count > 0 && !options.is_null() && !values.is_null() {
            // SAFETY: the caller gives as many options and values as it says.
            let (options, values) = unsafe {
                let count = count as usize;
                (
                    std::slice::from_raw_parts(options, count),
                    std::slice::from_raw_parts(values, count),
                )
            };
            let value = |which| {
                let at = options.iter().position(|&option| option == which)?;
                Some(values[at])
            };
            if let (Some(log), Some(size)) = (value(ERROR_LOG), value(ERROR_LOG_SIZE)) {
                let text = driver.last_error.as_deref().unwrap_or_default();
                // SAFETY: the caller gives a buffer of that many bytes.
                unsafe { write_log(log.cast(), size as usize, text) };
            }
        }
        loaded
    })
}

/// Writes a text and its zero, as far as it fits.
///
/// # Safety
///
/// `to` has room for `size` bytes.
unsafe fn write_log(to: *mut u8, size: usize, text: &str) {
    if to.is_null() || size == 0 {
        return;
    }
    let length = text.len().min(size - 1);
    // SAFETY: `length + 1` is at most `size`.
    unsafe {
        to.copy_from_nonoverlapping(text.as_ptr(), length);
        to.add(length).write(0);
    }
}

unsafe extern "C" fn cuModuleUnload(module: u64) -> c_int {
    current(|driver, _| {
        if !driver.modules.contains_key(&module) {
            return Err(error::INVALID_HANDLE);
        }
        driver.drain()?;
        if let Some(loaded) = driver.modules.remove(&module) {
            driver.machine.unload(&loaded.module);
        }
        driver.functions.retain(|_, f| f.module != module);
        Ok(())
    })
}

unsafe extern "C" fn cuModuleGetFunction(to: *mut u64, module: u64, name: *const c_char) -> c_int {
    current(|driver, _| {
        if name.is_null() {
            return Err(error::INVALID_VALUE);
        }
        let loaded = driver.modules.get(&module).ok_or(error::INVALID_HANDLE)?;
        // SAFETY: the caller gives a text that ends with a zero.
        let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
        let Some(kernel) = loaded.module.kernel(&name) else {
            return driver.refuse(
                error::NOT_FOUND,
                format!("no kernel `{name}` in the module"),
            );
        };
        let id = driver.new_handle();
        driver.functions.insert(id, Function { module, kernel });
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, id) }
    })
}

unsafe extern "C" fn cuModuleGetGlobal_v2(
    to: *mut u64,
    size: *mut usize,
    module: u64,
    name: *const c_char,
) -> c_int {
    current(|driver, _| {
        if name.is_null() {
            return Err(error::INVALID_VALUE);
        }
        let loaded = driver.modules.get(&module).ok_or(error::INVALID_HANDLE)?;
        // SAFETY: the caller gives a text that ends with a zero.
        let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
        let (pointer, bytes) = loaded.module.global(&name).ok_or(error::NOT_FOUND)?;
        // SAFETY: the caller gives valid pointers or null, and null is allowed.
        unsafe {
            let _ = put(to, pointer.0);
            let _ = put(size, bytes);
        }
        Ok(())
    })
}

unsafe extern "C" fn cuFuncGetAttribute(to: *mut c_int, which: c_int, function: u64) -> c_int {
    current(|driver, _| {
        let kernel = driver.kernel(function)?;
        let value = match which {
            0 => kernel.max_threads.unwrap_or(1024) as c_int,
            1 => kernel.static_shared() as c_int,
            3 => kernel.local_bytes as c_int,
            4 => 32,     // registers, which the interpreter does not allot
            5 | 6 => 70, // the versions of PTX and of the machine code
            8 => (SHARED_LIMIT - kernel.static_shared()) as c_int,
            _ => 0,
        };
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, value) }
    })
}

unsafe extern "C" fn cuFuncSetAttribute(function: u64, which: c_int, value: c_int) -> c_int {
    current(|driver, _| {
        let kernel = driver.kernel(function)?;
        let most = SHARED_LIMIT - kernel.static_shared();
        match which {
            8 if usize::try_from(value).is_ok_and(|v| v <= most) => Ok(()),
            9 => Ok(()),
            _ => Err(error::INVALID_VALUE),
        }
    })
}

unsafe extern "C" fn cuFuncSetCacheConfig(function: u64, _config: c_int) -> c_int {
    current(|driver, _| driver.kernel(function).map(|_| ()))
}

unsafe extern "C" fn cuFuncSetSharedMemConfig(function: u64, _config: c_int) -> c_int {
    current(|driver, _| driver.kernel(function).map(|_| ()))
}

unsafe extern "C" fn cuFuncGetModule(to: *mut u64, function: u64) -> c_int {
    current(|driver, _| {
        let function = driver
            .functions
            .get(&function)
            .ok_or(error::INVALID_HANDLE)?;
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, function.module) }
    })
}

unsafe extern "C" fn cuOccupancyMaxActiveBlocksPerMultiprocessor(
    to: *mut c_int,
    function: u64,
    threads: c_int,
    shared: usize,
) -> c_int {
    current(|driver, _| {
        let blocks = driver.occupancy(function, threads, shared)?;
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, blocks) }
    })
}

unsafe extern "C" fn cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    to: *mut c_int,
    function: u64,
    threads: c_int,
    shared: usize,
    _flags: c_uint,
) -> c_int {
    // SAFETY: forwarded from the caller.
    unsafe { cuOccupancyMaxActiveBlocksPerMultiprocessor(to, function, threads, shared) }
}

/// Gives the dynamic shared memory of a block of so many threads.
type SharedOfBlock = Option<unsafe extern "C" fn(c_int) -> usize>;

unsafe extern "C" fn cuOccupancyMaxPotentialBlockSize(
    grid: *mut c_int,
    block: *mut c_int,
    function: u64,
    shared_of: SharedOfBlock,
    shared: usize,
    limit: c_int,
) -> c_int {
    current(|driver, _| {
        let most = driver.kernel(function)?.max_threads.unwrap_or(1024) as c_int;
        let most = if limit > 0 { most.min(limit) } else { most };
        let mut best = (0, 0, 0);
        for threads in (1..=most.max(32) / 32)
            .rev()
            .map(|warps| (warps * 32).min(most))
        {
            let shared = match shared_of {
                // SAFETY: the caller gives a function of this type.
                Some(shared_of) => unsafe { shared_of(threads) },
                None => shared,
            };
            let blocks = driver.occupancy(function, threads, shared)?;
            best = best.max((blocks * threads, threads, blocks));
        }
        // SAFETY: the caller gives valid pointers or null.
        unsafe {
            put(grid, best.2 * PROCESSORS)?;
            put(block, best.1)
        }
    })
}

unsafe extern "C" fn cuOccupancyMaxPotentialBlockSizeWithFlags(
    grid: *mut c_int,
    block: *mut c_int,
    function: u64,
    shared_of: SharedOfBlock,
    shared: usize,
    limit: c_int,
    _flags: c_uint,
) -> c_int {
    // SAFETY: forwarded from the caller.
    unsafe { cuOccupancyMaxPotentialBlockSize(grid, block, function, shared_of, shared, limit) }
}

unsafe extern "C" fn cuOccupancyAvailableDynamicSMemPerBlock(
    to: *mut usize,
    function: u64,
    blocks: c_int,
    _threads: c_int,
) -> c_int {
    current(|driver, _| {
        let used = driver.kernel(function)?.static_shared();
        let share = SHARED_LIMIT / usize::try_from(blocks.max(1)).unwrap_or(1);
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, share.saturating_sub(used)) }
    })
}

/// The parameters' bytes, from a pointer to each.
///
/// # Safety
///
/// `arguments` is null or has a pointer to as many bytes as each parameter of the kernel has.
unsafe fn gather(kernel: &Kernel, arguments: *const *const u8) -> Option<Vec<u8>> {
    let mut bytes = vec![0; kernel.param_bytes];
    for (at, parameter) in kernel.params.iter().enumerate() {
        if arguments.is_null() {
            return None;
        }
        // SAFETY: the caller promises an array of that length, each with that many bytes.
        unsafe {
            let argument = *arguments.add(at);
            if argument.is_null() {
                return None;
            }
            let to = &mut bytes[parameter.offset..][..parameter.size];
            to.copy_from_slice(std::slice::from_raw_parts(argument, parameter.size));
        }
    }
    Some(bytes)
}

/// The parameters' bytes, from one buffer.
///
/// # Safety
///
/// `extra` is a list of names, each with its value, that ends with null, as `cuLaunchKernel` says.
unsafe fn unpack(kernel: &Kernel, extra: *const *const u8) -> Option<Vec<u8>> {
    let (mut start, mut size) = (std::ptr::null(), 0);
    let mut at = 0;
    // SAFETY: the caller promises the form of the list, and a buffer of the size that it gives.
    unsafe {
        loop {
            match *extra.add(at) as usize {
                0 => break,
                BUFFER_POINTER => start = *extra.add(at + 1),
                BUFFER_SIZE => size = (*extra.add(at + 1)).cast::<usize>().read(),
                _ => return None,
            }
            at += 2;
        }
        let enough = !start.is_null() && size >= kernel.param_bytes;
        enough.then(|| std::slice::from_raw_parts(start, kernel.param_bytes).to_vec())
    }
}

unsafe extern "C" fn cuLaunchKernel(
    function: u64,
    grid_x: c_uint,
    grid_y: c_uint,
    grid_z: c_uint,
    block_x: c_uint,
    block_y: c_uint,
    block_z: c_uint,
    shared: c_uint,
    stream: u64,
    arguments: *const *const u8,
    extra: *const *const u8,
) -> c_int {
    current(|driver, _| {
        let (loaded, index) = driver.function(function)?;
        let kernel = loaded.module.kernel_at(index);
        // SAFETY: the caller gives the arguments in one of the two ways.
        let params = unsafe {
            if arguments.is_null() && !extra.is_null() {
                unpack(kernel, extra)
            } else {
                gather(kernel, arguments)
            }
        };
        let call = params.map(|params| Call {
            module: loaded.module.clone(),
            kernel: index,
            geometry: Geometry {
                grid: [grid_x, grid_y, grid_z],
                block: [block_x, block_y, block_z],
                shared: shared as usize,
            },
            params,
        });
        driver.launch(call.ok_or(error::INVALID_VALUE), stream)
    })
}
