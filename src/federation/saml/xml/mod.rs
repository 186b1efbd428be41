//! A strict, small part of XML 1.0 with namespaces: as much as SAML needs, and nothing that two
//! readers could understand differently.
//!
//! ```text
//! bytes ─ Document::parse(bytes, Profile) ─> Document ─ root() ─> Element (Copy) ─> children, text, attributes
//! ```
//!
//! There is no document type, no processing instruction, no CDATA section, and in messages no
//! comment: what SAML attacks hide behind is not read at all. Names are ASCII, the encoding is UTF-8,
//! references are the five predefined ones and those of characters. Every bound holds before the work
//! that it bounds is done, and nothing here recurses.

#![forbid(unsafe_code)]

mod cursor;
mod document;
mod error;
mod name;
pub mod namespace;
mod profile;
mod reader;
mod scan;
#[cfg(test)]
mod tests;
mod value;

pub use document::{Attribute, Declaration, Document, Element, Event};
pub use error::{ShapeError, XmlError, XmlFault};
pub use profile::Profile;
pub(super) use scan::Wanted;
