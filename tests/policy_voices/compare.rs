//! One value against one operand of a condition.

use std::cmp::Ordering;
use std::net::IpAddr;

use crate::plain::resolved;
use crate::scene::Scene;
use crate::texts::{self, Token};

/// Whether the value equals, is like, less than … the operand, the operator's `Not` left aside; none
/// where that can't be judged.
pub fn one(
    scene: &Scene,
    operator: &str,
    value: &str,
    operand: &str,
    is_new: bool,
) -> Option<bool> {
    let is_negated = operator.contains("Not");
    let positive = operator.replace("Not", "");
    let wildcards = positive == "StringLike" || positive.starts_with("Arn");
    let tokens = texts::tokens(operand, wildcards, is_new);
    let Some(known) = resolved(scene, &tokens) else {
        // A variable without a value equals nothing; negated, that is nothing to go by.
        return readable(&positive, value)
            .then_some(())
            .and((!is_negated).then_some(false));
    };
    match positive.as_str() {
        "StringEquals" => Some(texts::literal(&known) == value),
        "StringEqualsIgnoreCase" => Some(same_ignoring_case(&texts::literal(&known), value)),
        "StringLike" => Some(texts::fits(&known, value)),
        "ArnEquals" | "ArnLike" => arn(scene, &tokens, &known, value),
        "Bool" => Some(truth(value)? == truth(&texts::literal(&known))?),
        "BinaryEquals" => Some(bytes(value)? == bytes(&texts::literal(&known))?),
        "IpAddress" => in_range(address(value)?, &texts::literal(&known)),
        _ => ordered(&positive, value, &texts::literal(&known)),
    }
}

/// Whether the value is of the operator's type.
fn readable(operator: &str, value: &str) -> bool {
    match operator {
        "ArnEquals" | "ArnLike" => is_arn(value),
        "Bool" => truth(value).is_some(),
        "BinaryEquals" => bytes(value).is_some(),
        "IpAddress" => address(value).is_some(),
        _ if operator.starts_with("Numeric") => number(value).is_some(),
        _ if operator.starts_with("Date") => moment(value).is_some(),
        _ => true,
    }
}

/// Neither a letter from outside ASCII for one of ASCII, nor one letter for two.
fn same_ignoring_case(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = |(a, b): (&char, &char)| {
        a == b
            || (a.is_ascii() == b.is_ascii()
                && a.to_lowercase().count() == 1
                && a.to_lowercase().eq(b.to_lowercase()))
    };
    one.len() == other.len() && one.iter().zip(&other).all(same)
}

fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && text.matches(':').count() >= 5
}

fn arn(scene: &Scene, tokens: &[Token], known: &[Token], value: &str) -> Option<bool> {
    if !is_arn(value) {
        return None;
    }
    let written = texts::parts(tokens);
    if written.len() < 6 || texts::parts(tokens)[0] != texts::tokens("arn", false, false) {
        // It comes whole from a variable.
        return Some(texts::literal(known) == value);
    }
    let values: Vec<&str> = value.splitn(6, ':').collect();
    let fits =
        |(part, value): (&&[Token], &&str)| texts::fits(&resolved(scene, part).unwrap(), value);
    Some(written.iter().zip(&values).all(fits))
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Base64, bit by bit.
fn bytes(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.len() - text.trim_end_matches('=').len();
    if padding > 2 {
        return None;
    }
    let sextet = |c: char| ALPHABET.find(c).map(|at| format!("{at:06b}"));
    let sextets = text.trim_end_matches('=').chars().map(sextet);
    let bits: String = sextets.collect::<Option<_>>()?;
    let (whole, rest) = bits.split_at(bits.len() / 8 * 8);
    if rest.contains('1') {
        return None;
    }
    let bit = |bit: &u8| bit - b'0';
    let byte = |bits: &[u8]| bits.iter().map(bit).fold(0, |byte, bit| byte << 1 | bit);
    Some(whole.as_bytes().chunks(8).map(byte).collect())
}

fn address(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.parse().ok()?;
    match address {
        IpAddr::V6(v6) => Some(v6.to_ipv4_mapped().map_or(address, IpAddr::V4)),
        IpAddr::V4(_) => Some(address),
    }
}

fn in_range(address: IpAddr, range: &str) -> Option<bool> {
    let (base, length) = match range.split_once('/') {
        Some((base, length)) => (base.parse().ok()?, Some(length.parse::<u32>().ok()?)),
        None => (range.parse().ok()?, None),
    };
    match (address, base) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            let length = length.unwrap_or(32);
            let same = (0..length).all(|bit| {
                let of = |address: u32| address >> (31 - bit) & 1;
                of(a.to_bits()) == of(b.to_bits())
            });
            Some(same)
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            let length = length.unwrap_or(128);
            let same = (0..length).all(|bit| {
                let of = |address: u128| address >> (127 - bit) & 1;
                of(a.to_bits()) == of(b.to_bits())
            });
            Some(same)
        }
        _ => Some(false),
    }
}

fn ordered(operator: &str, value: &str, operand: &str) -> Option<bool> {
    let (ordering, relation) = if let Some(relation) = operator.strip_prefix("Numeric") {
        (number(value)?.partial_cmp(&number(operand)?)?, relation)
    } else {
        let relation = operator.strip_prefix("Date").unwrap();
        (moment(value)?.cmp(&moment(operand)?), relation)
    };
    Some(match relation {
        "Equals" => ordering == Ordering::Equal,
        "LessThan" => ordering == Ordering::Less,
        "LessThanEquals" => ordering != Ordering::Greater,
        "GreaterThan" => ordering == Ordering::Greater,
        "GreaterThanEquals" => ordering != Ordering::Less,
        other => panic!("{other}"),
    })
}

/// A number as sign, digits before the point and digits after it, so that none is rounded.
#[derive(PartialEq)]
struct Number {
    is_negative: bool,
    digits: String,
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let sizes = self.digits.cmp(&other.digits);
        Some(match (self.is_negative, other.is_negative) {
            (false, false) => sizes,
            (true, true) => sizes.reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        })
    }
}

fn number(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (unsigned, "0"),
    };
    let is_digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || whole.len() > 18 || fraction.len() > 12 {
        return None;
    }
    let digits = format!("{whole:0>18}{fraction:0<12}");
    let is_zero = digits.chars().all(|c| c == '0');
    Some(Number {
        is_negative: text.starts_with('-') && !is_zero,
        digits,
    })
}

/// Nanoseconds since 1970, of the forms that the generator makes.
fn moment(text: &str) -> Option<i128> {
    const NANOS: i128 = 1_000_000_000;
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        let seconds: i128 = text.parse().ok()?;
        return (seconds <= 253_402_207_200).then_some(seconds * NANOS);
    }
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, time),
        None => (text, "00:00:00Z"),
    };
    let mut numbers = date.splitn(3, '-').map(|part| part.parse::<i128>().ok());
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let (clock, offset) = if let Some(clock) = time.strip_suffix('Z') {
        (clock, 0)
    } else {
        let (sign, at) = [('+', 1), ('-', -1)]
            .into_iter()
            .find(|(sign, _)| time.contains(*sign))?;
        let (clock, offset) = time.split_once(sign)?;
        let (hours, minutes) = offset.split_once(':')?;
        let minutes = hours.parse::<i128>().ok()? * 60 + minutes.parse::<i128>().ok()?;
        (clock, at * minutes * 60)
    };
    let mut parts = clock.splitn(3, ':');
    let (hour, minute) = (
        parts.next()?.parse::<i128>().ok()?,
        parts.next()?.parse::<i128>().ok()?,
    );
    let (second, fraction) = match parts.next()?.split_once('.') {
        Some((second, fraction)) => (second.to_owned(), format!("{fraction:0<9}")),
        None => (clock.rsplit(':').next()?.to_owned(), "0".to_owned()),
    };
    let second: i128 = second.parse().ok()?;
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(seconds * NANOS + fraction.parse::<i128>().ok()?)
}

/// Days since 1970, year by year and month by month.
fn days(year: i128, month: i128, day: i128) -> i128 {
    let is_leap = |year: i128| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let of_year = |year: i128| if is_leap(year) { 366 } else { 365 };
    let of_month = |month: i128| match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1970..year).map(of_year).sum::<i128>() + (1..month).map(of_month).sum::<i128>() + day - 1
}
