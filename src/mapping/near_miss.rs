//! Values that nearly matched: the four ways in which claims and rules miss each other.

use super::pattern::Pattern;
use super::trace::{NearMiss, cut};

/// No more values than this are looked at.
const MAX_LOOKED_AT: usize = 1_000;
/// A joined text is taken apart into at most this many parts.
const MAX_PARTS: usize = 100;

/// The first value that nearly matches. None of the values matches.
pub(super) fn near_miss(pattern: &Pattern, values: &[&str]) -> Option<NearMiss> {
    values
        .iter()
        .take(MAX_LOOKED_AT)
        .find_map(|value| nearly(pattern, value))
}

fn nearly(pattern: &Pattern, value: &str) -> Option<NearMiss> {
    if pattern.matches_in_any_case(value) {
        return Some(NearMiss::Case(cut(value)));
    }
    let trimmed = value.trim();
    if trimmed.len() != value.len() && pattern.matches_in_any_case(trimmed) {
        return Some(NearMiss::Whitespace(cut(value)));
    }
    if let Some(name) = common_name(value) {
        let matches = pattern.matches_in_any_case(name);
        return matches.then(|| NearMiss::DistinguishedName(cut(value)));
    }
    let separator = |c: char| matches!(c, ',' | ';' | '|') || c.is_whitespace();
    if value.contains(separator)
        && value
            .split(separator)
            .take(MAX_PARTS)
            .any(|part| !part.is_empty() && pattern.matches(part))
    {
        return Some(NearMiss::JoinedString(cut(value)));
    }
    let wanted = pattern.wanted_texts().filter_map(common_name);
    let mut wanted = wanted.filter(|name| name.eq_ignore_ascii_case(value));
    wanted
        .next()
        .map(|_| NearMiss::DistinguishedName(cut(value)))
}

/// The CN that a distinguished name begins with: `Engineers` of `CN=Engineers,OU=Groups` (RFC 4514).
fn common_name(text: &str) -> Option<&str> {
    let (head, rest) = text.split_at_checked(3)?;
    if !head.eq_ignore_ascii_case("cn=") || !rest.contains('=') {
        return None;
    }
    rest.split(',').next()
}
