//! A place in a text that moves on.

use super::name::Name;
use super::value::{Place, Written};
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
        let bytes = self.rest.as_bytes();
        let end = bytes.iter().position(|byte| !is_space(*byte));
        let space = self.take(end.unwrap_or(bytes.len()));
        !space.is_empty()
    }

    /// Takes the name that stands here.
    pub(super) fn take_name(&mut self) -> Result<Name<'i>, XmlError> {
        let (name, rest) = Name::take(self.rest).ok_or_else(|| self.error(XmlFault::Name))?;
        self.rest = rest;
        Ok(name)
    }

    /// Takes the value that stands before the next `end`, which must be ASCII and end every such value.
    pub(super) fn take_value(&mut self, end: u8, place: Place) -> Result<Written<'i>, XmlError> {
        let measured = Written::measure(self.rest.as_bytes(), end, place);
        let (length, is_plain) = measured.ok_or_else(|| self.error(XmlFault::End))?;
        let text = self.take(length);
        Ok(Written { text, is_plain })
    }

    /// The byte that stands here.
    pub(super) fn next(&self) -> Option<u8> {
        self.rest.as_bytes().first().copied()
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
