//! The reader: one pass over the text, with the open elements on a stack of its own.

use super::cursor::{Cursor, is_space};
use super::document::{Attribute, Declaration, Document, ElementNode, Node, Span, position};
use super::name::Name;
use super::value::{self, Place, Written};
use super::{Profile, XmlError, XmlFault, namespace};

/// Reads one document.
pub(super) struct Reader<'i> {
    profile: Profile,
    cursor: Cursor<'i>,
    elements: usize,
    root: Option<ElementNode<'i>>,
    nodes: Vec<Node<'i>>,
    attributes: Vec<Attribute<'i>>,
    declarations: Vec<Declaration<'i>>,
    /// The declarations that are in scope, outer ones first.
    scope: Vec<Declaration<'i>>,
    open: Vec<Open<'i>>,
    /// What stands between here and the last tag, where it is not nothing.
    run: Run,
}

/// An element that has begun.
struct Open<'i> {
    name: Name<'i>,
    /// Where its node is; `None` is the root.
    index: Option<u32>,
    /// How many declarations were in scope outside.
    outer_scope: usize,
}

/// What text stands behind the last tag. Comments can part it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Nothing,
    Space,
    Words,
}

/// How much memory is set aside at first, in elements and attributes for a number of bytes.
const BYTES_OF_ELEMENT: usize = 48;
/// How many declarations are looked through for one that is the same.
const MANY_DECLARATIONS: usize = 8;

impl<'i> Reader<'i> {
    pub(super) fn read(bytes: &'i [u8], profile: Profile) -> Result<Document<'i>, XmlError> {
        let at = |fault, offset| XmlError { fault, offset };
        if bytes.len() > profile.bytes {
            return Err(at(XmlFault::TooLong(profile.bytes), profile.bytes));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| at(XmlFault::Encoding, error.valid_up_to()))?;
        let text = match text.strip_prefix('\u{feff}') {
            Some(text) if profile.comments => text,
            _ => text,
        };
        if let Some(offset) = value::foreign_character(text) {
            return Err(at(XmlFault::Character, offset));
        }
        if let Some(offset) = memchr::memmem::find(text.as_bytes(), b"]]>") {
            return Err(at(XmlFault::CharacterData, offset));
        }
        Self::new(text, profile).document()
    }

    fn new(text: &'i str, profile: Profile) -> Self {
        let expected = text.len() / BYTES_OF_ELEMENT;
        Self {
            profile,
            cursor: Cursor::new(text),
            elements: 0,
            root: None,
            nodes: Vec::with_capacity(expected),
            attributes: Vec::with_capacity(expected),
            declarations: Vec::new(),
            scope: Vec::new(),
            open: Vec::new(),
            run: Run::Nothing,
        }
    }

    fn document(mut self) -> Result<Document<'i>, XmlError> {
        self.declaration()?;
        self.space_and_comments()?;
        self.cursor.expect("<")?;
        self.start_tag()?;
        while !self.open.is_empty() {
            self.content()?;
        }
        self.space_and_comments()?;
        let end = self.cursor.error(XmlFault::End);
        match self.root {
            Some(root) if self.cursor.rest().is_empty() => Ok(Document {
                root,
                nodes: self.nodes,
                attributes: self.attributes,
                declarations: self.declarations,
            }),
            _ => Err(end),
        }
    }

    /// The XML declaration (XML 1.0, production 23), if there is one.
    fn declaration(&mut self) -> Result<(), XmlError> {
        let rest = self.cursor.rest().strip_prefix("<?xml");
        if !rest.is_some_and(|rest| rest.bytes().next().is_some_and(is_space)) {
            return Ok(());
        }
        let fault = self.cursor.error(XmlFault::Declaration);
        self.cursor.skip("<?xml");
        let version = self.pseudo_attribute("version")?;
        let encoding = self.pseudo_attribute("encoding")?;
        let standalone = self.pseudo_attribute("standalone")?;
        self.cursor.skip_space();
        let is_ours = version == Some("1.0")
            && encoding.is_none_or(|name| name.eq_ignore_ascii_case("utf-8"))
            && matches!(standalone, None | Some("yes" | "no"));
        if is_ours && self.cursor.skip("?>") {
            Ok(())
        } else {
            Err(fault)
        }
    }

    fn pseudo_attribute(&mut self, name: &'static str) -> Result<Option<&'i str>, XmlError> {
        let mut ahead = self.cursor;
        if !ahead.skip_space() || !ahead.skip(name) {
            return Ok(None);
        }
        self.cursor = ahead;
        Ok(Some(self.quoted()?.text))
    }

    /// What may stand before and behind the root element.
    fn space_and_comments(&mut self) -> Result<(), XmlError> {
        self.cursor.skip_space();
        while self.cursor.rest().starts_with("<!") || self.cursor.rest().starts_with("<?") {
            self.cursor.skip("<");
            self.special()?;
            self.cursor.skip_space();
        }
        Ok(())
    }

    /// Text up to the next markup, and that markup.
    fn content(&mut self) -> Result<(), XmlError> {
        let before = self.cursor;
        let written = self.cursor.take_value(b'<', Place::Content)?;
        if !written.text.is_empty() {
            self.text(written).map_err(|fault| before.error(fault))?;
        }
        self.cursor.skip("<");
        match self.cursor.next() {
            Some(b'/') => self.end_tag(),
            Some(b'!' | b'?') => self.special(),
            _ => self.start_tag(),
        }
    }

    fn text(&mut self, written: Written<'i>) -> Result<(), XmlFault> {
        let text = written.read(Place::Content)?;
        let is_space = text.bytes().all(is_space);
        let run = if is_space { Run::Space } else { Run::Words };
        match (self.run, self.nodes.last_mut()) {
            (Run::Words, _) if !is_space => return Err(XmlFault::MisplacedComment),
            (Run::Space | Run::Words, Some(Node::Text(before))) => before.to_mut().push_str(&text),
            _ => self.nodes.push(Node::Text(text)),
        }
        if self.run != Run::Words {
            self.run = run;
        }
        Ok(())
    }

    /// What begins with `<!` or `<?`; a comment is all that can pass.
    fn special(&mut self) -> Result<(), XmlError> {
        let here = self.cursor;
        if self.cursor.skip("?") {
            return Err(here.error(XmlFault::ProcessingInstruction));
        }
        if self.cursor.skip("![") {
            return Err(here.error(XmlFault::CharacterData));
        }
        if !self.cursor.skip("!--") {
            return Err(here.error(XmlFault::DocumentType));
        }
        if !self.profile.comments {
            return Err(here.error(XmlFault::Comment));
        }
        // A comment may hold single hyphens, but `--` only at its end (XML 1.0, production 15).
        loop {
            let inside = self.cursor.take_until(b'-');
            inside.ok_or_else(|| here.error(XmlFault::End))?;
            self.cursor.skip("-");
            if self.cursor.skip("->") {
                return Ok(());
            }
            if self.cursor.rest().starts_with('-') {
                return Err(here.error(XmlFault::MisplacedComment));
            }
        }
    }

    /// A start tag behind its `<`.
    fn start_tag(&mut self) -> Result<(), XmlError> {
        let here = self.cursor;
        let fail = |fault| Err(here.error(fault));
        if self.open.len() == Profile::MAX_DEPTH {
            return fail(XmlFault::TooDeep);
        }
        if self.elements == self.profile.elements {
            return fail(XmlFault::TooManyElements(self.profile.elements));
        }
        self.elements += 1;
        self.run = Run::Nothing;
        let outer_scope = self.scope.len();
        let name = self.cursor.take_name()?;
        let (attributes, declarations) = self.attributes()?;
        let element = self.element(name, attributes, declarations);
        let element = element.map_err(|fault| here.error(fault))?;
        let open = Open {
            name,
            index: self.push(element),
            outer_scope,
        };
        if self.cursor.skip("/>") {
            self.close(&open);
            return Ok(());
        }
        self.open.push(open);
        self.cursor.expect(">")
    }

    /// An end tag behind its `<`.
    fn end_tag(&mut self) -> Result<(), XmlError> {
        let here = self.cursor;
        let open = self.open.pop();
        let open = open.ok_or_else(|| here.error(XmlFault::EndTag))?;
        self.cursor.skip("/");
        if !self.cursor.skip(open.name.written()) {
            return Err(here.error(XmlFault::EndTag));
        }
        self.cursor.skip_space();
        if !self.cursor.skip(">") {
            return Err(here.error(XmlFault::EndTag));
        }
        self.run = Run::Nothing;
        self.close(&open);
        Ok(())
    }

    /// Keeps an element; where it is.
    fn push(&mut self, mut element: ElementNode<'i>) -> Option<u32> {
        if self.root.is_none() {
            self.root = Some(element);
            return None;
        }
        let index = self.nodes.len();
        element.inside = Span::new(index + 1, index + 1);
        self.nodes.push(Node::Element(element));
        Some(position(index))
    }

    fn close(&mut self, open: &Open<'i>) {
        let end = position(self.nodes.len());
        let element = match open.index {
            None => self.root.as_mut(),
            Some(index) => match self.nodes.get_mut(index as usize) {
                Some(Node::Element(element)) => Some(element),
                _ => None,
            },
        };
        if let Some(element) = element {
            element.inside.end = end;
        }
        self.scope.truncate(open.outer_scope);
    }

    /// The attributes of a start tag, up to its end: first what declares namespaces, since an
    /// attribute may use what stands behind it.
    fn attributes(&mut self) -> Result<(Span, Span), XmlError> {
        let (attributes, declarations) = (self.attributes.len(), self.declarations.len());
        let mut count = 0;
        while self.cursor.skip_space() && !matches!(self.cursor.next(), Some(b'/' | b'>')) {
            let here = self.cursor;
            if count == Profile::MAX_ATTRIBUTES {
                return Err(here.error(XmlFault::TooManyAttributes));
            }
            count += 1;
            let name = self.cursor.take_name()?;
            let written = self.quoted()?;
            let kept = match (name.prefix(), name.local()) {
                ("xmlns", prefix) => self.declare(prefix, written.text, declarations),
                ("", "xmlns") => self.declare("", written.text, declarations),
                _ => self.keep(name, written),
            };
            kept.map_err(|fault| here.error(fault))?;
        }
        Ok((
            Span::new(attributes, self.attributes.len()),
            Span::new(declarations, self.declarations.len()),
        ))
    }

    fn keep(&mut self, name: Name<'i>, written: Written<'i>) -> Result<(), XmlFault> {
        self.attributes.push(Attribute {
            name,
            namespace: "",
            value: written.read(Place::Attribute)?,
        });
        Ok(())
    }

    /// Takes a namespace declaration of the element whose declarations begin at `own`.
    fn declare(&mut self, prefix: &'i str, uri: &'i str, own: usize) -> Result<(), XmlFault> {
        let declaration = Declaration {
            prefix,
            namespace: uri,
        };
        // Canonical forms repeat their declarations: what was good before is good again.
        let mut before = self.declarations.iter().rev().take(MANY_DECLARATIONS);
        if !before.any(|before| *before == declaration) && !is_declarable(prefix, uri) {
            return Err(XmlFault::Namespace);
        }
        let mut others = self.declarations.iter().skip(own);
        if others.any(|other| other.prefix == prefix) {
            return Err(XmlFault::DuplicateAttribute);
        }
        if self.scope.len() == Profile::MAX_DECLARATIONS {
            return Err(XmlFault::TooManyDeclarations);
        }
        self.declarations.push(declaration);
        self.scope.push(declaration);
        Ok(())
    }

    /// The element of a start tag, with every prefix resolved.
    fn element(
        &mut self,
        name: Name<'i>,
        attributes: Span,
        declarations: Span,
    ) -> Result<ElementNode<'i>, XmlFault> {
        let prefix = name.prefix();
        if prefix == "xmlns" {
            return Err(XmlFault::Name);
        }
        let own = self.attributes.get_mut(attributes.range());
        let own = own.unwrap_or_default();
        for attribute in own.iter_mut() {
            let prefix = attribute.name.prefix();
            if !prefix.is_empty() {
                attribute.namespace = resolve(&self.scope, prefix)?;
            }
        }
        if has_duplicates(own) {
            return Err(XmlFault::DuplicateAttribute);
        }
        Ok(ElementNode {
            name,
            namespace: resolve(&self.scope, prefix)?,
            attributes,
            declarations,
            inside: Span::new(0, 0),
            parent: self.open.last().and_then(|parent| parent.index),
        })
    }

    /// `="value"`, with what white space may stand around.
    fn quoted(&mut self) -> Result<Written<'i>, XmlError> {
        let (quote, end) = if self.cursor.skip("=\"") {
            ("\"", b'"')
        } else {
            self.quote()?
        };
        let written = self.cursor.take_value(end, Place::Attribute)?;
        self.cursor.skip(quote);
        Ok(written)
    }

    /// The quote behind an equals sign, with what white space may stand around that.
    fn quote(&mut self) -> Result<(&'static str, u8), XmlError> {
        self.cursor.skip_space();
        self.cursor.expect("=")?;
        self.cursor.skip_space();
        if self.cursor.skip("'") {
            return Ok(("'", b'\''));
        }
        self.cursor.expect("\"")?;
        Ok(("\"", b'"'))
    }
}

/// Whether a prefix, or the default namespace, may be bound to `uri`. The prefix `xml` is bound as it
/// is and needs no declaration; only the default namespace can be taken back.
fn is_declarable(prefix: &str, uri: &str) -> bool {
    if uri.is_empty() {
        return prefix.is_empty();
    }
    let is_reserved =
        matches!(prefix, "xml" | "xmlns") || matches!(uri, namespace::XML | namespace::XMLNS);
    !is_reserved && uri.len() <= Profile::MAX_NAMESPACE && is_absolute(uri)
}

/// Whether a text is a URI with a scheme (RFC 3986, section 3) that every reader takes for one: no
/// escapes, no brackets, no user, a port of one to five digits.
fn is_absolute(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let (path, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let in_path = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?@!$()*+,;=".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(in_scheme)
        && path.bytes().chain(fragment.bytes()).all(in_path)
        && path.strip_prefix("//").is_none_or(has_plain_authority)
}

/// Whether what follows `//` begins with a host, and perhaps a port.
fn has_plain_authority(path: &str) -> bool {
    let authority = path.split(['/', '?']).next().unwrap_or_default();
    let is_port = |port: &str| {
        (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit())
    };
    let port = authority.split_once(':').map(|(_, port)| port);
    port.is_none_or(is_port) && !authority.contains('@')
}

/// What a prefix is bound to; the empty one is that of the default namespace.
fn resolve<'i>(scope: &[Declaration<'i>], prefix: &str) -> Result<&'i str, XmlFault> {
    let bound = scope.iter().rev().find(|bound| bound.prefix == prefix);
    match (bound, prefix) {
        (Some(bound), _) => Ok(bound.namespace),
        (None, "") => Ok(""),
        (None, "xml") => Ok(namespace::XML),
        (None, _) => Err(XmlFault::Prefix),
    }
}

fn has_duplicates(attributes: &[Attribute<'_>]) -> bool {
    let mut rest = attributes;
    while let Some((one, others)) = rest.split_first() {
        let is_same = |other: &Attribute<'_>| other.is(one.namespace, one.name.local());
        if others.iter().any(is_same) {
            return true;
        }
        rest = others;
    }
    false
}
