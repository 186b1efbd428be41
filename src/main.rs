//! The `rolegate` command.

use std::process::ExitCode;

/// A request makes some hundred small allocations, which the system's allocator takes several times as
/// long for.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    refuse_huge_pages();
    rolegate::cli::run()
}

/// Keeps the kernel from giving this process huge pages, which a kernel that is set to `always` gives
/// unasked. The allocator gives memory back by 4 KiB, and out of pages of 2 MiB that is most of it held.
#[cfg(target_os = "linux")]
fn refuse_huge_pages() {
    // A kernel that refuses this has none to give.
    let _has_none = rustix::thread::disable_transparent_huge_pages(true);
}

#[cfg(not(target_os = "linux"))]
const fn refuse_huge_pages() {}
