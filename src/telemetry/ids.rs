//! Ids of traces and spans. They need not be secret: they must differ, and spread evenly.

use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers that a counter gives, mixed (`SplitMix64`: Steele, Lea and Flood, “Fast splittable pseudorandom number
/// generators”, 2014).
#[derive(Debug)]
pub(super) struct Ids {
    /// Differs from process to process, in every trace's id.
    process: [u8; 8],
    next: AtomicU64,
}

/// Odd, and near to 2^64 divided by the golden ratio, so that the counter spreads.
const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

impl Ids {
    pub(super) fn new(drawn: [u8; 16]) -> Self {
        let (process, first) = drawn.split_at(8);
        Self {
            process: process.try_into().unwrap_or_default(),
            next: AtomicU64::new(u64::from_be_bytes(first.try_into().unwrap_or_default())),
        }
    }

    /// The next number.
    pub(super) fn draw(&self) -> u64 {
        let drawn = self.next.fetch_add(STRIDE, Ordering::Relaxed);
        let drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        drawn ^ (drawn >> 31)
    }

    /// An id that is not all zeros, which means none.
    pub(super) fn span(&self) -> [u8; 8] {
        self.draw().max(1).to_be_bytes()
    }

    pub(super) fn trace(&self) -> [u8; 16] {
        let mut trace = [0; 16];
        let (process, own) = trace.split_at_mut(8);
        process.copy_from_slice(&self.process);
        own.copy_from_slice(&self.span());
        trace
    }
}
