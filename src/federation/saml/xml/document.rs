//! A document that was read, and the elements in it.

use std::borrow::Cow;
use std::ops::Range;

use super::cursor::is_space;
use super::name::Name;
use super::reader::Reader;
use super::{Profile, ShapeError, XmlError};
use crate::federation::Quoted;

/// A document that was read. Names are slices of what was read, and so are values that are written as
/// they are meant.
#[derive(Debug)]
pub struct Document<'i> {
    pub(super) root: ElementNode<'i>,
    /// What is inside the root element, in document order.
    pub(super) nodes: Vec<Node<'i>>,
    pub(super) attributes: Vec<Attribute<'i>>,
    pub(super) declarations: Vec<Declaration<'i>>,
}

#[derive(Debug)]
pub(super) enum Node<'i> {
    Element(ElementNode<'i>),
    Text(Cow<'i, str>),
}

#[derive(Debug)]
pub(super) struct ElementNode<'i> {
    pub(super) name: Name<'i>,
    pub(super) namespace: &'i str,
    pub(super) attributes: Span,
    pub(super) declarations: Span,
    /// The nodes inside, at any depth.
    pub(super) inside: Span,
    /// Where the element is that this one is in; `None` is the root, or the root's own.
    pub(super) parent: Option<u32>,
}

/// A part of one of the document's lists. There is one for every element and more, so it is small; no
/// list is longer than the longest document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// An attribute; a namespace declaration is none.
#[derive(Debug)]
pub struct Attribute<'i> {
    pub(super) name: Name<'i>,
    pub(super) namespace: &'i str,
    pub(super) value: Cow<'i, str>,
}

/// A namespace declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declaration<'i> {
    /// The prefix; empty for the default namespace.
    pub prefix: &'i str,
    /// The URI; empty where the default namespace is taken back.
    pub namespace: &'i str,
}

/// An element of a document. Two are equal if they are the same one.
#[derive(Debug, Clone, Copy)]
pub struct Element<'d> {
    document: &'d Document<'d>,
    node: &'d ElementNode<'d>,
}

/// A step of a walk through an element.
#[derive(Debug, Clone, Copy)]
pub enum Event<'d> {
    /// An element begins.
    Start(Element<'d>),
    /// Text between two tags, as it is meant; never empty.
    Text(&'d str),
    /// An element ends.
    End(Element<'d>),
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        let (start, end) = (position(start), position(end));
        Self { start, end }
    }

    pub(super) const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place in one of the document's lists.
pub(super) fn position(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl<'i> Document<'i> {
    /// Reads a document.
    pub fn parse(bytes: &'i [u8], profile: Profile) -> Result<Self, XmlError> {
        Reader::read(bytes, profile)
    }

    /// The root element.
    pub const fn root(&self) -> Element<'_> {
        Element {
            document: self,
            node: &self.root,
        }
    }
}

impl<'d> Element<'d> {
    /// Whether this is the element `local_name` of `namespace`.
    pub fn is(self, namespace: &str, local_name: &str) -> bool {
        self.local_name() == local_name && self.node.namespace == namespace
    }

    /// The namespace's URI; empty where the element is in none.
    pub const fn namespace(self) -> &'d str {
        self.node.namespace
    }

    /// The name without its prefix.
    pub fn local_name(self) -> &'d str {
        self.node.name.local()
    }

    /// The prefix of the name; empty where it has none.
    pub fn prefix(self) -> &'d str {
        self.node.name.prefix()
    }

    /// The name as it is written: the prefix, a colon, the name without it.
    pub const fn written_name(self) -> &'d str {
        self.node.name.written()
    }

    /// The value of the attribute `name` that is in no namespace.
    pub fn attribute(self, name: &str) -> Option<&'d str> {
        self.attribute_in("", name)
    }

    /// The value of the attribute `name` that is in no namespace and must be there.
    pub fn required_attribute(self, name: &'static str) -> Result<&'d str, ShapeError> {
        self.attribute(name)
            .ok_or_else(|| ShapeError::MissingAttribute {
                element: Quoted::new(self.local_name()),
                attribute: name,
            })
    }

    /// The value of the attribute `local_name` of `namespace`.
    pub fn attribute_in(self, namespace: &str, local_name: &str) -> Option<&'d str> {
        let mut attributes = self.attributes().iter();
        let found = attributes.find(|attribute| attribute.is(namespace, local_name));
        found.map(Attribute::value)
    }

    /// All attributes, as they are written.
    pub fn attributes(self) -> &'d [Attribute<'d>] {
        slice(&self.document.attributes, self.node.attributes)
    }

    /// The namespace declarations of this element, as they are written.
    pub fn declarations(self) -> &'d [Declaration<'d>] {
        slice(&self.document.declarations, self.node.declarations)
    }

    /// The declaration of `prefix` that this element has of its own.
    pub fn own_declaration_of(self, prefix: &str) -> Option<Declaration<'d>> {
        let mut own = self.declarations().iter();
        own.find(|own| own.prefix == prefix).copied()
    }

    /// The declaration of `prefix` that holds here; the empty prefix is that of the default namespace.
    pub fn declaration_of(self, prefix: &str) -> Option<Declaration<'d>> {
        let mut element = Some(self);
        while let Some(here) = element {
            if let Some(own) = here.own_declaration_of(prefix) {
                return Some(own);
            }
            element = here.parent();
        }
        None
    }

    /// The element that this one is a child of.
    pub fn parent(self) -> Option<Self> {
        if self == self.document.root() {
            return None;
        }
        match self.node.parent {
            None => Some(self.document.root()),
            Some(index) => self.element_at(index as usize),
        }
    }

    /// The child elements.
    pub fn children(self) -> impl Iterator<Item = Self> {
        self.own_nodes().filter_map(move |node| match node {
            Node::Element(node) => Some(Self {
                document: self.document,
                node,
            }),
            Node::Text(_) => None,
        })
    }

    /// The elements inside at any depth, in document order.
    pub fn descendants(self) -> impl Iterator<Item = Self> {
        let mut inside = self.node.inside.range();
        std::iter::from_fn(move || inside.find_map(|index| self.element_at(index)))
    }

    /// The child `local_name` of `namespace`, which may be there once.
    pub fn child(
        self,
        namespace: &str,
        local_name: &'static str,
    ) -> Result<Option<Self>, ShapeError> {
        let mut fitting = self
            .children()
            .filter(|child| child.is(namespace, local_name));
        match (fitting.next(), fitting.next()) {
            (found, None) => Ok(found),
            (_, Some(_)) => Err(ShapeError::Repeated {
                parent: Quoted::new(self.local_name()),
                child: local_name,
            }),
        }
    }

    /// The child `local_name` of `namespace`, which must be there once.
    pub fn only_child(self, namespace: &str, local_name: &'static str) -> Result<Self, ShapeError> {
        self.child(namespace, local_name)?
            .ok_or_else(|| ShapeError::Missing {
                parent: Quoted::new(self.local_name()),
                child: local_name,
            })
    }

    /// The text of an element that holds nothing else, as it is meant; empty where it holds nothing.
    pub fn text(self) -> Result<&'d str, ShapeError> {
        let inside = slice(&self.document.nodes, self.node.inside);
        match inside {
            [] => Ok(""),
            [Node::Text(text)] => Ok(text),
            _ => Err(ShapeError::ElementsInText {
                element: Quoted::new(self.local_name()),
            }),
        }
    }

    /// Whether this element itself holds text other than white space.
    pub fn has_words(self) -> bool {
        self.own_nodes().any(|node| match node {
            Node::Text(text) => !text.bytes().all(is_space),
            Node::Element(_) => false,
        })
    }

    /// Walks through this element and all that is inside, but not through `excluded`.
    pub fn walk(self, excluded: Option<Self>) -> impl Iterator<Item = Event<'d>> {
        Walk {
            apex: self,
            excluded,
            open: None,
            next: self.node.inside.start as usize,
            is_over: false,
        }
    }

    /// What is directly inside.
    fn own_nodes(self) -> impl Iterator<Item = &'d Node<'d>> {
        let mut inside = self.node.inside.range();
        std::iter::from_fn(move || {
            let node = self.document.nodes.get(inside.next()?)?;
            if let Node::Element(element) = node {
                inside.start = element.inside.end as usize;
            }
            Some(node)
        })
    }

    fn element_at(self, index: usize) -> Option<Self> {
        match self.document.nodes.get(index)? {
            Node::Element(node) => Some(Self {
                document: self.document,
                node,
            }),
            Node::Text(_) => None,
        }
    }
}

impl PartialEq for Element<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.node, other.node)
    }
}

impl Eq for Element<'_> {}

impl<'i> Attribute<'i> {
    /// Whether this is the attribute `local_name` of `namespace`, which is empty for most.
    pub fn is(&self, namespace: &str, local_name: &str) -> bool {
        self.name.local() == local_name && self.namespace == namespace
    }

    /// The namespace's URI; empty where the name has no prefix.
    pub const fn namespace(&self) -> &'i str {
        self.namespace
    }

    /// The name without its prefix.
    pub fn local_name(&self) -> &'i str {
        self.name.local()
    }

    /// The prefix of the name; empty where it has none.
    pub fn prefix(&self) -> &'i str {
        self.name.prefix()
    }

    /// The name as it is written: the prefix, a colon, the name without it.
    pub const fn written_name(&self) -> &'i str {
        self.name.written()
    }

    /// The value, as it is meant.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// The steps of a walk. The way back up is by the parents, so that no depth needs a stack.
struct Walk<'d> {
    apex: Element<'d>,
    excluded: Option<Element<'d>>,
    /// The innermost element that has begun; none before the first step.
    open: Option<Element<'d>>,
    next: usize,
    is_over: bool,
}

impl<'d> Iterator for Walk<'d> {
    type Item = Event<'d>;

    fn next(&mut self) -> Option<Event<'d>> {
        if self.is_over {
            return None;
        }
        let Some(open) = self.open else {
            return Some(self.start(self.apex));
        };
        while self.next < open.node.inside.end as usize {
            if let Some(event) = self.step() {
                return Some(event);
            }
        }
        self.is_over = open == self.apex;
        self.open = open.parent();
        Some(Event::End(open))
    }
}

impl<'d> Walk<'d> {
    /// Goes to the next node; `None` where that is excluded.
    fn step(&mut self) -> Option<Event<'d>> {
        let index = self.next;
        self.next += 1;
        let document = self.apex.document;
        match document.nodes.get(index)? {
            Node::Text(text) => Some(Event::Text(text)),
            Node::Element(node) => {
                let element = Element { document, node };
                if self.excluded == Some(element) {
                    self.next = node.inside.end as usize;
                    return None;
                }
                Some(self.start(element))
            }
        }
    }

    fn start(&mut self, element: Element<'d>) -> Event<'d> {
        self.open = Some(element);
        self.next = element.node.inside.start as usize;
        Event::Start(element)
    }
}

/// A range that the reader made.
fn slice<T>(all: &[T], span: Span) -> &[T] {
    all.get(span.range()).unwrap_or_default()
}
