//! Values that must never print.

use std::fmt;

use zeroize::optimization_barrier;

/// What can be wiped at once. `zeroize` writes a byte at a time, which for a session token takes as long as
/// to encrypt it; this writes all of them, and the same crate's barrier keeps the compiler from leaving it
/// out.
pub trait Wipe {
    /// Writes zeros over all of its memory, room that is not used included.
    fn wipe(&mut self);
}

impl<const N: usize> Wipe for [u8; N] {
    fn wipe(&mut self) {
        self.fill(0);
        optimization_barrier(self);
    }
}

impl Wipe for Vec<u8> {
    fn wipe(&mut self) {
        self.clear();
        self.resize(self.capacity(), 0);
        optimization_barrier(self.as_slice());
        self.clear();
    }
}

impl Wipe for String {
    fn wipe(&mut self) {
        std::mem::take(self).into_bytes().wipe();
    }
}

/// A secret: its `Debug` is redacted, it has no `Display`, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Wipe>(T);

impl<T: Wipe> Secret<T> {
    /// Wraps the value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Whoever calls this answers for where it goes.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Wipe> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.wipe();
    }
}

impl<T: Wipe> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_redacted() {
        assert_eq!(
            format!("{:?}", Secret::new("hunter2".to_owned())),
            "Secret(redacted)"
        );
    }

    #[test]
    fn nothing_is_left_of_what_was_wiped() {
        let mut bytes = [7; 32];
        bytes.wipe();
        assert_eq!(bytes, [0; 32]);

        let mut bytes = Vec::with_capacity(100);
        bytes.extend_from_slice(&[7; 60]);
        bytes.truncate(20);
        bytes.wipe();
        assert!(bytes.is_empty());
        bytes.resize(bytes.capacity(), 0);
        assert!(bytes.iter().all(|byte| *byte == 0));

        let mut text = "hunter2".to_owned();
        text.wipe();
        assert!(text.is_empty());
    }
}
