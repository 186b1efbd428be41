//! The values that conditions compare with, read by the type of their operator.

use std::net::IpAddr;

use data_encoding::BASE64;
use ipnet::IpNet;

use super::context::Context;
use super::document::Version;
use super::error::Problem;
use super::template::{Template, Wildcards};
use super::verdict::Verdict;

/// What the variables in a condition's values stand for.
#[derive(Clone, Copy)]
pub(super) struct Variables<'a> {
    pub(super) context: &'a Context<'a>,
    /// What comes of comparing with one that can't be resolved.
    pub(super) unresolved: Verdict,
}

/// A type that a condition can compare by.
pub(super) trait Comparable: Sized {
    /// What a value must be, for the author of a policy that has another.
    const MUST_BE: &'static str;

    /// Reads a value; `None` for what isn't one.
    fn read(text: &str) -> Option<Self>;
}

/// A value that the policy's author wrote: of its type at once, or once its variables are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand<T> {
    Fixed(T),
    Computed(Template),
}

impl<T: Comparable> Operand<T> {
    /// Reads a value; the error is what it must be.
    pub(super) fn parse(text: &str, version: Version) -> Result<Self, Refused> {
        let template = Template::parse(text, Wildcards::Literal, version).map_err(Refused::Text)?;
        match template.as_text() {
            Some(text) => T::read(text)
                .map(Self::Fixed)
                .ok_or(Refused::Value(T::MUST_BE)),
            None => Ok(Self::Computed(template)),
        }
    }

    /// A variable whose value isn't of the type can't be judged.
    fn judge(&self, variables: Variables<'_>, compare: &impl Fn(&T) -> bool) -> Verdict {
        match self {
            Self::Fixed(value) => compare(value).into(),
            Self::Computed(template) => match template.expand(variables.context) {
                None => variables.unresolved,
                Some(text) => {
                    T::read(&text).map_or(Verdict::Unclear, |value| compare(&value).into())
                }
            },
        }
    }
}

/// Why a value of a condition was refused.
pub(super) enum Refused {
    /// Its text is wrong.
    Text(Problem),
    /// It isn't what its operator needs.
    Value(&'static str),
}

/// Whether any operand compares as wanted.
pub(super) fn any<T: Comparable>(
    operands: &[Operand<T>],
    variables: Variables<'_>,
    compare: impl Fn(&T) -> bool,
) -> Verdict {
    operands.iter().fold(Verdict::Fails, |all, operand| {
        all.or(operand.judge(variables, &compare))
    })
}

/// A decimal number of up to 18 digits before the point and 12 after it, exactly.
///
/// A double would take `9007199254740993` for its neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Decimal(i128);

impl Comparable for Decimal {
    const MUST_BE: &'static str =
        "a decimal number of up to 18 digits before the point and 12 after it";

    fn read(text: &str) -> Option<Self> {
        let (unsigned, sign) = match text.strip_prefix('-') {
            Some(unsigned) => (unsigned, -1),
            None => (text.strip_prefix('+').unwrap_or(text), 1),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let digits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, 18) || !digits(fraction, 12) {
            return None;
        }
        let digit = |text: &str, at: usize| text.as_bytes().get(at).map_or(0, |byte| byte - b'0');
        let whole = whole.bytes().map(|byte| byte - b'0');
        let digits = whole.chain((0..12).map(|at| digit(fraction, at)));
        let scaled = digits.fold(0, |sum, digit| sum * 10 + i128::from(digit));
        Some(Self(sign * scaled))
    }
}

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(jiff::Timestamp);

impl Comparable for Moment {
    const MUST_BE: &'static str =
        "an ISO 8601 date or time with its offset, such as 2026-11-21T09:41:07Z, or epoch seconds";

    /// A date alone is its midnight in UTC; digits alone are seconds since 1970.
    fn read(text: &str) -> Option<Self> {
        let timestamp = if text.bytes().all(|byte| byte.is_ascii_digit()) {
            jiff::Timestamp::from_second(text.parse().ok()?).ok()?
        } else if text.len() == "2026-11-21".len() {
            let date: jiff::civil::Date = text.parse().ok()?;
            date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()
        } else if text.contains('[') {
            return None;
        } else {
            text.parse().ok()?
        };
        Some(Self(timestamp))
    }
}

/// A truth value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Truth(pub(super) bool);

impl Comparable for Truth {
    const MUST_BE: &'static str = "true or false";

    fn read(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("true") {
            Some(Self(true))
        } else if text.eq_ignore_ascii_case("false") {
            Some(Self(false))
        } else {
            None
        }
    }
}

/// Bytes, written in base64 (RFC 4648, section 4, padded).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bytes(Vec<u8>);

impl Comparable for Bytes {
    const MUST_BE: &'static str = "base64 with padding";

    fn read(text: &str) -> Option<Self> {
        BASE64.decode(text.as_bytes()).ok().map(Self)
    }
}

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AddressRange(IpNet);

impl AddressRange {
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl Comparable for AddressRange {
    const MUST_BE: &'static str =
        "an IPv4 or IPv6 address or range such as 203.0.113.0/24, IPv4 not as ::ffff:…";

    /// An address alone is the range of itself. A range inside `::ffff:0:0/96` is refused: addresses
    /// are compared as the IPv4 that they stand for, so that it would contain none.
    fn read(text: &str) -> Option<Self> {
        let range = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => text.parse().ok()?,
        };
        let mapped = range.prefix_len() >= 96 && read_address(&range.addr().to_string())?.is_ipv4();
        let usable = range.addr().is_ipv4() || !mapped;
        usable.then_some(Self(range))
    }
}

/// The address of a request, an IPv4 one inside IPv6 as IPv4.
pub(super) fn read_address(text: &str) -> Option<IpAddr> {
    text.parse()
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}
