//! Exclusive XML canonicalization 1.0 without comments (W3C, 18 July 2002): the bytes that are hashed
//! and signed.
//!
//! A tree that was read by this house's reader has no comments, no processing instructions and no
//! default attributes, so what is left of the standard is: which namespaces are written where, the
//! order of attributes, and what is escaped.

#![forbid(unsafe_code)]

use super::xml::{Attribute, Declaration, Element, Event, Wanted};

/// The longest canonical form, in bytes. Without a bound, one long namespace that every child repeats
/// makes a gigabyte of a small message.
pub const MAX_BYTES: usize = 512 * 1024;
/// How many prefixes a signature may list as inclusive.
pub const MAX_PREFIXES: usize = 16;

/// The prefixes whose namespaces are written wherever they are in scope, not only where they are used
/// (`InclusiveNamespaces`, section 3 of the standard).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InclusivePrefixes<'p>(Vec<&'p str>);

/// Why there is no canonical form. It is never shortened or empty instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum C14nError {
    /// The canonical form is too long.
    #[error("the canonical form is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// The list of inclusive prefixes is too long.
    #[error("more than {MAX_PREFIXES} inclusive prefixes")]
    TooManyPrefixes,
}

impl<'p> InclusivePrefixes<'p> {
    /// Reads a `PrefixList`: names with white space between, `#default` for the default namespace.
    pub fn parse(list: &'p str) -> Result<Self, C14nError> {
        let names = list.split_ascii_whitespace().take(MAX_PREFIXES + 1);
        let prefixes: Vec<_> = names
            .map(|name| if name == "#default" { "" } else { name })
            .collect();
        if prefixes.len() > MAX_PREFIXES {
            return Err(C14nError::TooManyPrefixes);
        }
        Ok(Self(prefixes))
    }
}

/// The canonical form of an element, without `excluded` where that is inside it.
pub fn canonicalize(
    apex: Element<'_>,
    excluded: Option<Element<'_>>,
    inclusive: &InclusivePrefixes<'_>,
) -> Result<Vec<u8>, C14nError> {
    let mut writer = Writer {
        inclusive,
        out: Output(Vec::with_capacity(FIRST_CAPACITY)),
        written: Vec::new(),
        outer: Vec::new(),
        attributes: Vec::new(),
    };
    for event in apex.walk(excluded) {
        match event {
            Event::Start(element) => writer.start(element, element == apex),
            Event::Text(text) => writer.out.text(text),
            Event::End(element) => writer.end(element),
        }
        if writer.out.0.len() > MAX_BYTES {
            return Err(C14nError::TooLong);
        }
    }
    Ok(writer.out.0)
}

/// What most messages fit in, in bytes.
const FIRST_CAPACITY: usize = 8 * 1024;

struct Writer<'d, 'p> {
    inclusive: &'p InclusivePrefixes<'p>,
    out: Output,
    /// What the open elements were written with, outer ones first.
    written: Vec<Declaration<'d>>,
    /// For each open element, how many of them stand outside it.
    outer: Vec<usize>,
    /// The attributes of the element in hand; kept for its memory only.
    attributes: Vec<&'d Attribute<'d>>,
}

impl<'d> Writer<'d, '_> {
    fn start(&mut self, element: Element<'d>, is_apex: bool) {
        let outer = self.written.len();
        self.outer.push(outer);
        self.declare(element, is_apex);
        self.out.put("<");
        self.out.put(element.written_name());
        let new = self.written.get_mut(outer..).unwrap_or_default();
        new.sort_unstable_by_key(|declaration| declaration.prefix);
        for declaration in new {
            match declaration.prefix {
                "" => self.out.put(" xmlns"),
                prefix => {
                    self.out.put(" xmlns:");
                    self.out.put(prefix);
                }
            }
            // The reader takes no namespace with anything that would be escaped.
            self.out.put("=\"");
            self.out.put(declaration.namespace);
            self.out.put("\"");
        }
        self.attributes.clear();
        self.attributes.extend(element.attributes());
        self.attributes
            .sort_unstable_by_key(|own| (own.namespace(), own.local_name()));
        for own in &self.attributes {
            self.out.put(" ");
            self.out.put(own.written_name());
            self.out.value(own.value());
        }
        self.out.put(">");
    }

    fn end(&mut self, element: Element<'d>) {
        self.out.put("</");
        self.out.put(element.written_name());
        self.out.put(">");
        self.written.truncate(self.outer.pop().unwrap_or_default());
    }

    /// Declares the namespaces that an element's names use and those of the inclusive prefixes.
    fn declare(&mut self, element: Element<'d>, is_apex: bool) {
        self.declare_once(element.prefix(), element.namespace());
        for own in element.attributes() {
            if !own.prefix().is_empty() {
                self.declare_once(own.prefix(), own.namespace());
            }
        }
        for prefix in &self.inclusive.0 {
            // Below the first element, only a declaration of its own can bring anything new.
            let declared = if is_apex {
                element.declaration_of(prefix)
            } else {
                element.own_declaration_of(prefix)
            };
            if let Some(declared) = declared {
                self.declare_once(declared.prefix, declared.namespace);
            }
        }
    }

    /// Declares a namespace unless it holds already. With no declaration at all, the default namespace
    /// is none; `xml` is what it is everywhere.
    fn declare_once(&mut self, prefix: &'d str, namespace: &'d str) {
        if prefix == "xml" {
            return;
        }
        let mut written = self.written.iter().rev();
        let held = written.find(|declaration| declaration.prefix == prefix);
        if held.map_or("", |declaration| declaration.namespace) != namespace {
            self.written.push(Declaration { prefix, namespace });
        }
    }
}

/// What has been written.
struct Output(Vec<u8>);

impl Output {
    fn put(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// The value of an attribute.
    fn value(&mut self, value: &str) {
        self.put("=\"");
        let special = Wanted::one_of_or_control(*b"&<\"");
        if special.first_in(value.as_bytes()).is_some() {
            self.escaped(value, |byte| match byte {
                b'&' => Some("&amp;"),
                b'<' => Some("&lt;"),
                b'"' => Some("&quot;"),
                b'\t' => Some("&#x9;"),
                b'\n' => Some("&#xA;"),
                b'\r' => Some("&#xD;"),
                _ => None,
            });
        } else {
            self.put(value);
        }
        self.put("\"");
    }

    fn text(&mut self, text: &str) {
        let special = Wanted::one_of(*b"&<>\r");
        if special.first_in(text.as_bytes()).is_none() {
            return self.put(text);
        }
        self.escaped(text, |byte| match byte {
            b'&' => Some("&amp;"),
            b'<' => Some("&lt;"),
            b'>' => Some("&gt;"),
            b'\r' => Some("&#xD;"),
            _ => None,
        });
    }

    fn escaped(&mut self, text: &str, escape: impl Fn(u8) -> Option<&'static str>) {
        for byte in text.bytes() {
            match escape(byte) {
                Some(escaped) => self.put(escaped),
                None => self.0.push(byte),
            }
        }
    }
}

#[cfg(test)]
mod tests;
