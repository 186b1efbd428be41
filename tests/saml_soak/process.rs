//! What this process takes of the machine.

/// The memory that is resident, in bytes (proc(5), `/proc/self/statm`).
pub fn resident_bytes() -> usize {
    const PAGE: usize = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * PAGE
}
