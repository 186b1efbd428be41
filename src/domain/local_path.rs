//! Where a link or a redirect may lead: into the portal and nowhere else.

use super::InvalidValue;

/// A path of this site with an optional query, e.g. `/credentials?role=…`.
///
/// It begins with one `/` and holds visible ASCII without `\`, at most [`LocalPath::MAX_BYTES`]
/// bytes. So no browser reads it as another site's address (`//evil.example`, `/\evil.example`,
/// `javascript:`), and it can't break a header line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(Box<str>);

impl LocalPath {
    /// No path is longer: it has to fit into a cookie while its reader signs in.
    pub const MAX_BYTES: usize = 512;

    const INVALID: InvalidValue = InvalidValue::new(
        "path",
        "a path of this site: one / and then at most 511 visible ASCII characters without \\",
    );

    /// The portal's first page.
    pub fn root() -> Self {
        Self("/".into())
    }

    /// The path as a link or a `Location` header carries it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for LocalPath {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let visible = |byte: u8| (0x21..0x7f).contains(&byte) && byte != b'\\';
        let good = text.len() <= Self::MAX_BYTES
            && text.starts_with('/')
            && !text.starts_with("//")
            && text.bytes().all(visible);
        if good {
            Ok(Self(text.into()))
        } else {
            Err(Self::INVALID)
        }
    }
}

impl std::fmt::Display for LocalPath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_this_site_is_kept_as_written() {
        for good in ["/", "/roles?q=pay%20read#acct-1", "/a//b"] {
            assert_eq!(good.parse::<LocalPath>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn no_path_leads_to_another_site() {
        for bad in [
            "",
            "roles",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            " /roles",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x=y",
            "/ü",
            &["/", &"x".repeat(LocalPath::MAX_BYTES)].concat(),
        ] {
            assert_eq!(bad.parse::<LocalPath>(), Err(LocalPath::INVALID), "{bad}");
        }
    }
}
