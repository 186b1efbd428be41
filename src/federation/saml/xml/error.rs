//! Why a text is no document, and why a document is not what was looked for.

use super::Profile;
use crate::federation::Quoted;

/// Why a text is not read as a document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}, at byte {offset}")]
pub struct XmlError {
    /// What is wrong.
    pub fault: XmlFault,
    /// How many bytes stand before the place where it was noticed.
    pub offset: usize,
}

/// What is wrong with a text that is not read as a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlFault {
    /// It is longer than its profile allows.
    #[error("the document is longer than {0} bytes")]
    TooLong(usize),
    /// It is no UTF-8.
    #[error("not UTF-8")]
    Encoding,
    /// A character that XML doesn't have (XML 1.0, production 2), or a byte order mark.
    #[error("a character that is not allowed")]
    Character,
    /// The declaration is not `<?xml version="1.0" encoding="UTF-8"?>`, the encoding optional.
    #[error("the XML declaration is not of version 1.0 in UTF-8")]
    Declaration,
    /// A document type, or another kind of declaration.
    #[error("a document type declaration")]
    DocumentType,
    /// A processing instruction, or an XML declaration that is not at the beginning.
    #[error("a processing instruction")]
    ProcessingInstruction,
    /// A comment in a message.
    #[error("a comment")]
    Comment,
    /// A comment that would part a text, or has two hyphens inside.
    #[error("a comment inside a text, or one with two hyphens")]
    MisplacedComment,
    /// A CDATA section, or what ends one.
    #[error("a CDATA section")]
    CharacterData,
    /// Something else was expected.
    #[error("{0} is expected")]
    Expected(&'static str),
    /// An end tag doesn't name the element that is open.
    #[error("an end tag that ends another element")]
    EndTag,
    /// The text ends inside the root element, or goes on behind it.
    #[error("the document ends too early, or goes on after its end")]
    End,
    /// A name is no ASCII name of at most [`Profile::MAX_NAME`] bytes with at most one colon.
    #[error("a name that is not allowed")]
    Name,
    /// A reference to anything but a character or a predefined entity.
    #[error("a reference that is not allowed")]
    Reference,
    /// A prefix that is not declared.
    #[error("a prefix that is not declared")]
    Prefix,
    /// A namespace declaration that is relative, empty, reserved or too long, or holds a reference.
    #[error("a namespace that is not allowed")]
    Namespace,
    /// An attribute is there twice, by name or by namespace and local name.
    #[error("an attribute that is there twice")]
    DuplicateAttribute,
    /// Elements are nested too deep.
    #[error("nested deeper than {} elements", Profile::MAX_DEPTH)]
    TooDeep,
    /// There are too many elements.
    #[error("more than {0} elements")]
    TooManyElements(usize),
    /// An element has too many attributes.
    #[error("more than {} attributes", Profile::MAX_ATTRIBUTES)]
    TooManyAttributes,
    /// There are too many namespace declarations.
    #[error(
        "more than {} namespace declarations in scope",
        Profile::MAX_DECLARATIONS
    )]
    TooManyDeclarations,
}

/// Why an element doesn't hold what was looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// A child that must be there is missing.
    #[error("{parent} has no {child}")]
    Missing {
        /// The element that was looked into.
        parent: Quoted,
        /// The child's local name.
        child: &'static str,
    },
    /// A child that may be there once is there again.
    #[error("{parent} has more than one {child}")]
    Repeated {
        /// The element that was looked into.
        parent: Quoted,
        /// The child's local name.
        child: &'static str,
    },
    /// An attribute that must be there is missing.
    #[error("{element} has no attribute {attribute}")]
    MissingAttribute {
        /// The element that was looked at.
        element: Quoted,
        /// The attribute's name.
        attribute: &'static str,
    },
    /// An element that holds text holds elements.
    #[error("{element} holds elements instead of text")]
    ElementsInText {
        /// The element that was looked into.
        element: Quoted,
    },
}
