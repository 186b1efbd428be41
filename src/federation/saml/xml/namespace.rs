//! The XML namespaces that SAML messages and metadata are written in.

/// Protocol messages (SAML 2.0 Core, section 1.2).
pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// Assertions (SAML 2.0 Core, section 1.2).
pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// Metadata (SAML 2.0 Metadata, section 1.1).
pub const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// XML Signature (RFC 3275, section 1.3).
pub const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// XML Encryption (xmlenc-core, section 1.3).
pub const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
/// XML Encryption 1.1 (xmlenc-core1, section 1.3).
pub const ENCRYPTION_11: &str = "http://www.w3.org/2009/xmlenc11#";
/// Exclusive canonicalization (xml-exc-c14n, section 2.1): both its namespace and its algorithm.
pub const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// What the prefix `xml` is bound to (Namespaces in XML 1.0, section 3).
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// What the prefix `xmlns` is bound to (Namespaces in XML 1.0, section 3).
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
