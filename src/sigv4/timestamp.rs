//! The two ways in which a signed request gives its time.

use std::fmt;

use super::SigV4Error;
use crate::domain::UnixTime;

/// The day in a credential scope, `YYYYMMDD`: eight digits, not necessarily a day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeDate([u8; 8]);

impl ScopeDate {
    /// Reads eight digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 8] = text.as_bytes().try_into().ok()?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then_some(Self(digits))
    }

    /// The eight digits.
    pub(super) const fn digits(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for ScopeDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|digit| fmt::Write::write_char(formatter, char::from(*digit)))
    }
}

/// When a request was signed: the point in time, and its text in the string to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timestamp {
    at: UnixTime,
    text: [u8; 16],
}

impl Timestamp {
    /// This point in time; `None` past what sixteen characters hold.
    pub(super) fn at(at: UnixTime) -> Option<Self> {
        let text = at.basic().as_bytes().try_into().ok()?;
        Some(Self { at, text })
    }

    /// Reads `X-Amz-Date`: `YYYYMMDDThhmmssZ` and nothing else.
    pub(super) fn parse_basic(text: &[u8]) -> Result<Self, SigV4Error> {
        Self::basic(text).ok_or(SigV4Error::MalformedDate)
    }

    /// Reads `Date`: the basic form, or the IMF-fixdate of RFC 9110 section 5.6.7,
    /// whose zone may be `-0000` (RFC 5322), as botocore writes it.
    pub(super) fn parse_date_header(text: &[u8]) -> Result<Self, SigV4Error> {
        Self::basic(text)
            .or_else(|| Self::fixdate(text))
            .ok_or(SigV4Error::MalformedDate)
    }

    fn basic(text: &[u8]) -> Option<Self> {
        let text: [u8; 16] = text.try_into().ok()?;
        let [
            y1,
            y2,
            y3,
            y4,
            mo1,
            mo2,
            d1,
            d2,
            b'T',
            h1,
            h2,
            mi1,
            mi2,
            s1,
            s2,
            b'Z',
        ] = text
        else {
            return None;
        };
        let year = i16::try_from(number(&[y1, y2, y3, y4])?).ok()?;
        let pair = |digits: [u8; 2]| i8::try_from(number(&digits)?).ok();
        let civil = jiff::civil::DateTime::new(
            year,
            pair([mo1, mo2])?,
            pair([d1, d2])?,
            pair([h1, h2])?,
            pair([mi1, mi2])?,
            pair([s1, s2])?,
            0,
        )
        .ok()?;
        let timestamp = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
        let at = UnixTime::from_seconds(timestamp.as_second());
        Some(Self { at, text })
    }

    fn fixdate(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
        if zoned.offset() != jiff::tz::Offset::UTC {
            return None;
        }
        Self::at(UnixTime::from_seconds(zoned.timestamp().as_second()))
    }

    /// The point in time.
    pub(super) const fn time(&self) -> UnixTime {
        self.at
    }

    /// `YYYYMMDDThhmmssZ`.
    pub(super) const fn text(&self) -> &[u8; 16] {
        &self.text
    }

    /// Whether `date` is the day of this time.
    pub(super) fn is_of(&self, date: ScopeDate) -> bool {
        self.text.starts_with(date.digits())
    }
}

fn number(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0, |number: u16, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u16::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_the_same_time() {
        let basic = Timestamp::parse_basic(b"20261121T094107Z").unwrap();
        let fixdate = Timestamp::parse_date_header(b"Sat, 21 Nov 2026 09:41:07 GMT").unwrap();
        assert_eq!(basic, fixdate);
        let botocore = Timestamp::parse_date_header(b"Sat, 21 Nov 2026 09:41:07 -0000");
        assert_eq!(botocore, Ok(basic));
        assert_eq!(basic.time(), UnixTime::from_seconds(1_795_254_067));
    }

    #[test]
    fn anything_else_is_no_date() {
        for text in [
            "",
            "20261121",
            "20261121T094107",
            "20261121T094107z",
            "2026-11-21T09:41:07Z",
            "20261121T094160Z",
            "20261121T240000Z",
            "20260230T094107Z",
            "+0261121T094107Z",
            "20261121T094107Z ",
        ] {
            let read = Timestamp::parse_basic(text.as_bytes());
            assert_eq!(read, Err(SigV4Error::MalformedDate), "{text}");
        }
    }

    #[test]
    fn date_header_is_in_gmt() {
        let read = Timestamp::parse_date_header(b"Sat, 21 Nov 2026 09:41:07 +0100");
        assert_eq!(read, Err(SigV4Error::MalformedDate));
    }

    #[test]
    fn scope_date_has_eight_digits() {
        assert_eq!(
            ScopeDate::parse("20261121").unwrap().to_string(),
            "20261121"
        );
        for text in ["", "2026112", "202611211", "2026112a"] {
            assert_eq!(ScopeDate::parse(text), None, "{text}");
        }
    }
}
