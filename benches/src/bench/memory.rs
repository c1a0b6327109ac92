//! The most memory that this process had at once, as Linux counts it.

use std::fs;

/// Forgets earlier peaks; returns the bytes in memory now. `None` where Linux's files are not there.
pub(crate) fn reset_peak() -> Option<f64> {
    fs::write("/proc/self/clear_refs", "5").ok()?;
    field("VmRSS:")
}

/// The most bytes in memory since the last reset.
pub(crate) fn peak() -> Option<f64> {
    field("VmHWM:")
}

fn field(name: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_peak_is_seen_after_its_memory_is_gone() {
        let before = reset_peak().expect("Linux says so");
        // Written to, or the system would not hand out the pages.
        drop(std::hint::black_box(vec![1_u8; 64 << 20]));
        let peak = peak().expect("Linux says so");
        assert!(peak - before > 60e6, "{before} {peak}");
    }
}
