//! Asks whether the host has enough memory, before it is allocated.
//!
//! Many libraries abort or panic if an allocation fails. And a system that overcommits memory, as Linux does, kills a
//! process that uses what it was promised. So all code that allocates memory of a size that the user has chosen asks
//! here first.

use crate::{Device, Error, Result};

/// Sizes below this are not checked. To fill more memory than this takes far longer than the check.
const ASKED: usize = 64 << 20;

/// An error if the host has not enough memory for `bytes` bytes.
///
/// # Errors
/// More than the system has available, or more than this process may have.
pub fn room(bytes: usize) -> Result<()> {
    if bytes < ASKED {
        return Ok(());
    }
    match system::available() {
        Some(available) if bytes > available => {
            let detail = format!("the system has {available} bytes available");
            Err(Error::out_of_memory(Device::new("cpu"), bytes, detail))
        }
        _ => reserved::<u8>(bytes).map(drop),
    }
}

/// An empty vector with a capacity of `len` elements.
///
/// # Errors
/// No memory for them.
pub fn vector<T>(len: usize) -> Result<Vec<T>> {
    room(len.saturating_mul(size_of::<T>()))?;
    reserved(len)
}

fn reserved<T>(len: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values
        .try_reserve_exact(len)
        .map_err(|_| out_of_memory(len.saturating_mul(size_of::<T>())))?;
    Ok(values)
}

/// The error if there is no memory for a buffer.
pub fn out_of_memory(bytes: usize) -> Error {
    let detail = "the system has no more memory to give";
    Error::out_of_memory(Device::new("cpu"), bytes, detail)
}

#[cfg(target_os = "linux")]
mod system {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    /// Bytes that can be allocated without swapping others out, in the machine and in the control groups that limit
    /// this process.
    pub(super) fn available() -> Option<usize> {
        let machine = machine(&fs::read_to_string("/proc/meminfo").ok()?)?;
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let limits = groups.lines().flat_map(folders).filter_map(|f| left(&f));
        Some(limits.fold(machine, usize::min))
    }

    /// The available memory and the free swap space by `/proc/meminfo`.
    pub(super) fn machine(text: &str) -> Option<usize> {
        let kilobytes = |name| number(text, name).map(|n| n.saturating_mul(1024));
        Some(kilobytes("MemAvailable:")?.saturating_add(kilobytes("SwapFree:").unwrap_or(0)))
    }

    /// The folders of the control group that a line of `/proc/self/cgroup` names, and of its parents: of version 2, or
    /// of version 1's memory controller.
    pub(super) fn folders(line: &str) -> Vec<PathBuf> {
        let root = match line.split(':').nth(1) {
            Some("") => Path::new("/sys/fs/cgroup"),
            Some(controllers) if controllers.split(',').any(|c| c == "memory") => {
                Path::new("/sys/fs/cgroup/memory")
            }
            _ => return Vec::new(),
        };
        let own = line.splitn(3, ':').nth(2).unwrap_or_default();
        let own = Path::new(own.trim_start_matches('/'));
        own.ancestors().map(|group| root.join(group)).collect()
    }

    /// The bytes that a group's limit leaves. Cached files do not count, because the system can drop them. `None`
    /// without a limit.
    fn left(folder: &Path) -> Option<usize> {
        let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
        let value = |names: [&str; 2]| -> Option<usize> {
            names.into_iter().find_map(read)?.trim().parse().ok()
        };
        // `max`, which means no limit, is not a number.
        let limit = value(["memory.max", "memory.limit_in_bytes"])?;
        let used = value(["memory.current", "memory.usage_in_bytes"])?;
        let details = read("memory.stat").unwrap_or_default();
        let files = |name, old| number(&details, old).or_else(|| number(&details, name));
        let files = [
            files("inactive_file", "total_inactive_file"),
            files("active_file", "total_active_file"),
        ];
        let files = files.into_iter().flatten().fold(0, usize::saturating_add);
        Some(limit.saturating_sub(used.saturating_sub(files)))
    }

    /// The number after a name at the start of a line.
    fn number(text: &str, name: &str) -> Option<usize> {
        let mut lines = text.lines().map(str::split_whitespace);
        lines.find_map(|mut words| {
            (words.next() == Some(name)).then(|| words.next()?.parse().ok())?
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    /// `None`: other systems refuse an allocation that they cannot fulfil.
    pub(super) fn available() -> Option<usize> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn there_is_room_for_a_little_and_none_for_everything() {
        for bytes in [0, 1, ASKED] {
            assert_eq!(room(bytes), Ok(()));
        }
        for bytes in [1 << 50, isize::MAX as usize, usize::MAX] {
            let error = room(bytes).expect_err("more than there is");
            assert!(matches!(error.kind(), ErrorKind::OutOfMemory { bytes: b, .. } if *b == bytes));
        }
        assert!(vector::<f64>(usize::MAX / 2).is_err());
        assert!(vector::<f64>(10).is_ok_and(|v| v.capacity() >= 10));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_says_what_is_available() {
        let text = "MemTotal: 900 kB\nMemFree: 1 kB\nMemAvailable:  20 kB\nSwapFree: 3 kB\n";
        assert_eq!(system::machine(text), Some(23 * 1024));
        assert_eq!(system::machine("MemTotal: 900 kB\n"), None);
        assert!(system::available().is_some_and(|bytes| bytes > 0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn limits_of_all_groups_around_the_process_count() {
        let folders = |line| -> Vec<String> {
            let folders = system::folders(line).into_iter();
            folders.map(|f| f.display().to_string()).collect()
        };
        assert_eq!(
            folders("0::/a/b"),
            ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup/"]
        );
        assert_eq!(
            folders("4:memory:/a"),
            ["/sys/fs/cgroup/memory/a", "/sys/fs/cgroup/memory/"]
        );
        assert!(folders("7:blkio:/a").is_empty());
    }
}
