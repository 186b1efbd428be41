//! Thumbprints of certificates.

use super::text::text_type;

text_type!(
    /// A certificate's SHA-1 hash, 40 hexadecimal digits (`thumbprintType` of the IAM model). It is kept for
    /// clients that manage it; nothing is decided by it.
    Thumbprint,
    "thumbprint",
    "exactly 40 hexadecimal digits",
    |text| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
);
