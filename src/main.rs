//! The `rolegate` command.

use std::process::ExitCode;

/// A request makes some hundred small allocations, which the system's allocator takes several times as
/// long for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rolegate::cli::run()
}
