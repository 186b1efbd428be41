//! Points in time, in whole seconds.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidValue;

/// A point in time in whole seconds since 1970-01-01T00:00:00Z, between the years 1970 and 9999.
///
/// Prints and parses as the `YYYY-MM-DDThh:mm:ssZ` of AWS's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(i64);

impl UnixTime {
    /// The first point that is told apart: 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    const MAX: i64 = 253_402_207_200;

    /// Takes seconds since the epoch; below 0 and past the year 9999 they are held to the bound.
    pub const fn from_seconds(seconds: i64) -> Self {
        if seconds < 0 {
            Self(0)
        } else if seconds > Self::MAX {
            Self(Self::MAX)
        } else {
            Self(seconds)
        }
    }

    /// Seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, for who displays them later.
    pub const fn as_seconds(&self) -> &i64 {
        &self.0
    }

    /// This time plus `seconds` (which may be negative), held to the bounds of the type.
    pub const fn plus(self, seconds: i64) -> Self {
        Self::from_seconds(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this time; negative where `earlier` is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The date as `YYYYMMDD`, as a SigV4 credential scope carries it.
    pub fn basic_date(self) -> String {
        self.timestamp().strftime("%Y%m%d").to_string()
    }

    /// `YYYYMMDDThhmmssZ`, as `X-Amz-Date` carries it.
    pub fn basic(self) -> String {
        self.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// `YYYY-MM-DDThh:mm:ssZ`, written out because every record and answer has it twice.
    pub fn written(self) -> WrittenTime {
        let at = jiff::tz::Offset::UTC.to_datetime(self.timestamp());
        let year = at.year().unsigned_abs();
        let [y1, y2] = pair((year / 100 % 100) as u8);
        let [y3, y4] = pair((year % 100) as u8);
        let [mo1, mo2] = pair(at.month().unsigned_abs());
        let [d1, d2] = pair(at.day().unsigned_abs());
        let [h1, h2] = pair(at.hour().unsigned_abs());
        let [mi1, mi2] = pair(at.minute().unsigned_abs());
        let [s1, s2] = pair(at.second().unsigned_abs());
        WrittenTime([
            y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', mi1, mi2, b':', s1,
            s2, b'Z',
        ])
    }

    fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// A time as it is written.
#[derive(Debug, Clone, Copy)]
pub struct WrittenTime([u8; 20]);

impl WrittenTime {
    /// The text.
    pub fn as_str(&self) -> &str {
        // All of it is ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Two digits of a number below 100.
const fn pair(number: u8) -> [u8; 2] {
    [b'0' + number / 10 % 10, b'0' + number % 10]
}

impl fmt::Display for UnixTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.written().as_str())
    }
}

impl FromStr for UnixTime {
    type Err = InvalidValue;

    /// Reads an RFC 3339 time; fractions of a second are dropped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let timestamp: jiff::Timestamp = text.parse().map_err(|_| {
            InvalidValue::new("time", "an RFC 3339 time such as 2026-11-21T09:41:07Z")
        })?;
        Ok(Self::from_seconds(timestamp.as_second()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_aws_prints() {
        assert_eq!(
            UnixTime::from_seconds(1_795_254_067).to_string(),
            "2026-11-21T09:41:07Z"
        );
        assert_eq!(
            UnixTime::from_seconds(1_795_254_067).basic(),
            "20261121T094107Z"
        );
        assert_eq!(
            UnixTime::from_seconds(1_795_254_067).basic_date(),
            "20261121"
        );
    }

    #[test]
    fn is_held_to_its_bounds() {
        assert_eq!(
            UnixTime::from_seconds(i64::MAX).to_string(),
            "9999-12-30T22:00:00Z"
        );
        assert_eq!(UnixTime::from_seconds(-1), UnixTime::EPOCH);
        assert_eq!(UnixTime::EPOCH.plus(i64::MIN), UnixTime::EPOCH);
    }

    #[test]
    fn reads_what_it_prints() {
        let time = UnixTime::from_seconds(1_795_254_067);
        assert_eq!(time.to_string().parse(), Ok(time));
    }
}
