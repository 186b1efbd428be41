//! A place in a text that moves on.

use super::{XmlError, XmlFault};

/// What is left to read of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'i> {
    length: usize,
    rest: &'i str,
}

impl<'i> Cursor<'i> {
    pub(super) const fn new(text: &'i str) -> Self {
        Self {
            length: text.len(),
            rest: text,
        }
    }

    /// What is left.
    pub(super) const fn rest(&self) -> &'i str {
        self.rest
    }

    /// A fault at this place.
    pub(super) const fn error(&self, fault: XmlFault) -> XmlError {
        XmlError {
            fault,
            offset: self.length - self.rest.len(),
        }
    }

    /// Goes over `token`, if it stands here.
    pub(super) fn skip(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Goes over `token`, which must stand here.
    pub(super) fn expect(&mut self, token: &'static str) -> Result<(), XmlError> {
        if self.skip(token) {
            return Ok(());
        }
        Err(self.error(XmlFault::Expected(token)))
    }

    /// Goes over white space; whether there was any.
    pub(super) fn skip_space(&mut self) -> bool {
        let before = self.rest.len();
        self.take_while(is_space);
        self.rest.len() < before
    }

    /// Takes the bytes that `belong`, which must all be ASCII.
    pub(super) fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> &'i str {
        let bytes = self.rest.as_bytes();
        let end = bytes.iter().position(|byte| !belongs(*byte));
        self.take(end.unwrap_or(bytes.len()))
    }

    /// Takes what stands before the next `byte`, which must be ASCII; `None` where it doesn't come.
    pub(super) fn take_until(&mut self, byte: u8) -> Option<&'i str> {
        let end = memchr::memchr(byte, self.rest.as_bytes())?;
        Some(self.take(end))
    }

    /// Takes `length` bytes, which end between two characters; all of them where they don't.
    fn take(&mut self, length: usize) -> &'i str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

/// White space (XML 1.0, production 3).
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
