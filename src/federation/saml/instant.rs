//! Points in time as SAML writes them (`xs:dateTime`; SAML 2.0 Core, section 1.3.3).

use crate::domain::UnixTime;

/// Reads `YYYY-MM-DDThh:mm:ss`, a fraction of up to nine digits if there is one, and `Z` or an offset
/// such as `+01:00`. Fractions are dropped.
///
/// `None` for everything else: a time without a zone, a day or hour that doesn't exist (30 February,
/// 24:00:00, a leap second), a year before 1970 or after 9999.
pub fn parse(text: &str) -> Option<UnixTime> {
    let (date_time, rest) = text.split_at_checked("YYYY-MM-DDThh:mm:ss".len())?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => after_fraction(fraction)?,
        None => rest,
    };
    let is_zone = rest == "Z" || has_shape(rest, "+00:00") || has_shape(rest, "-00:00");
    let is_ours = has_shape(date_time, "0000-00-00T00:00:00") && is_zone;
    // The library takes second 60 for 59.
    if !is_ours || date_time.ends_with(":60") || date_time < "1970" {
        return None;
    }
    text.parse().ok()
}

/// What stands behind one to nine digits.
fn after_fraction(text: &str) -> Option<&str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=9).contains(&digits) {
        return None;
    }
    text.get(digits..)
}

/// Whether a text has a digit wherever `shape` has one, and the same character elsewhere.
fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(byte, model): (u8, u8)| {
        byte == model || (model.is_ascii_digit() && byte.is_ascii_digit())
    };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<i64> {
        parse(text).map(UnixTime::seconds)
    }

    #[test]
    fn times_are_read_as_every_provider_writes_them() {
        for text in [
            "2026-11-21T09:41:07Z",
            "2026-11-21T09:41:07.1Z",
            "2026-11-21T09:41:07.1234567Z",
            "2026-11-21T09:41:07.999999999Z",
            "2026-11-21T09:41:07+00:00",
            "2026-11-21T10:41:07.5+01:00",
            "2026-11-21T03:11:07-06:30",
        ] {
            assert_eq!(seconds(text), Some(1_795_254_067), "{text}");
        }
        assert!(parse("2028-02-29T00:00:00Z").is_some());
        assert!(parse("1970-01-01T00:00:00Z").is_some());
    }

    #[test]
    fn s44_a_time_that_does_not_exist_is_none() {
        for text in [
            "2026-02-30T09:41:07Z",
            "2026-02-29T09:41:07Z",
            "2026-13-01T09:41:07Z",
            "2026-00-01T09:41:07Z",
            "2026-11-00T09:41:07Z",
            "2026-11-31T09:41:07Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T25:41:07Z",
            "2026-11-21T09:60:07Z",
            "2026-11-21T09:41:60Z",
            "2026-11-21T09:41:61Z",
            "1969-12-31T23:59:59Z",
            "99999999999-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "-2026-11-21T09:41:07Z",
            "+2026-11-21T09:41:07Z",
            "0000-11-21T09:41:07Z",
            "2026-11-21T09:41:07+99:00",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_else_is_a_time() {
        for text in [
            "",
            "1795254067",
            "2026-11-21",
            "2026-11-21T09:41:07",
            "2026-11-21 09:41:07Z",
            "2026-11-21t09:41:07z",
            "2026-11-21T09:41Z",
            "20261121T094107Z",
            "2026-11-21T09:41:07.Z",
            "2026-11-21T09:41:07.1234567890Z",
            "2026-11-21T09:41:07,5Z",
            "2026-11-21T09:41:07Z ",
            " 2026-11-21T09:41:07Z",
            "2026-11-21T09:41:07[UTC]",
            "2026-11-21T09:41:07Z[Europe/Berlin]",
            "2026-11-21T09:41:07+0000",
            "2026-11-21T09:41:07+00",
            "2026-11-21T09:41:0é",
            "２０26-11-21T09:41:07Z",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
