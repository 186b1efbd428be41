//! What kind of document is read, and how much of it.

/// The bounds of a document and what it may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// The length in bytes.
    pub(super) bytes: usize,
    /// How many elements there are.
    pub(super) elements: usize,
    /// Whether comments, and a byte order mark before everything, are skipped instead of refused.
    pub(super) comments: bool,
}

impl Profile {
    /// How long a protocol message is, in bytes.
    pub const MESSAGE_BYTES: usize = 256 * 1024;
    /// Protocol messages and assertions: 256 KiB, 8,192 elements, no comments.
    pub const MESSAGE: Self = Self {
        bytes: Self::MESSAGE_BYTES,
        elements: 8192,
        comments: false,
    };
    /// What canonicalization writes of a message: 512 KiB, since it repeats namespaces.
    pub const CANONICAL: Self = Self {
        bytes: 512 * 1024,
        ..Self::MESSAGE
    };
    /// Metadata: 10,000,000 bytes, 262,144 elements, comments and a byte order mark.
    pub const METADATA: Self = Self {
        bytes: 10_000_000,
        elements: 262_144,
        comments: true,
    };

    /// How deep elements are nested, in every profile.
    pub const MAX_DEPTH: usize = 64;
    /// How many attributes an element has, namespace declarations included, in every profile.
    pub const MAX_ATTRIBUTES: usize = 64;
    /// How long a name is in bytes, its prefix included, in every profile.
    pub const MAX_NAME: usize = 1024;
    /// How long a namespace's URI is in bytes, in every profile.
    pub const MAX_NAMESPACE: usize = 256;
    /// How many namespace declarations are in scope at once, in every profile.
    pub const MAX_DECLARATIONS: usize = 128;
}
