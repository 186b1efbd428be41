//! The parameters of a Query request, read strictly.

use std::borrow::Cow;

/// No request has more parameters.
pub const MAX_PARAMETERS: usize = 512;

/// Named parameters, each once.
#[derive(Debug, Default)]
pub struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// Why the parameters can't be read. AWS takes the first of a repeated parameter and lets the rest
/// pass; here everything that two readers could read differently is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// More than [`MAX_PARAMETERS`].
    #[error("the request has more than 512 parameters")]
    TooMany,
    /// `%` without two hexadecimal digits, bytes that are not UTF-8, or a NUL.
    #[error("a parameter is not percent-encoded UTF-8")]
    Malformed,
    /// The same name twice.
    #[error("the parameter {name} is there twice; send it once")]
    Repeated {
        /// Which one.
        name: String,
    },
    /// The members of a list are not numbered 1, 2, 3 …, or something else has its name.
    #[error("the members of {name} must be numbered {name}.member.1, 2 and so on, and be whole")]
    List {
        /// Which one.
        name: String,
    },
}

impl<'a> Parameters<'a> {
    /// Reads `name=value&…`.
    ///
    /// # Errors
    /// [`ParameterError`]
    pub fn parse(encoded: &'a [u8]) -> Result<Self, ParameterError> {
        let mut parameters: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::with_capacity(8);
        for pair in pairs(encoded).filter(|pair| !pair.is_empty()) {
            let at = memchr::memchr(b'=', pair).unwrap_or(pair.len());
            let (name, value) = pair.split_at_checked(at).ok_or(ParameterError::Malformed)?;
            let name = decode(name)?;
            if parameters.iter().any(|(present, _)| *present == name) {
                return Err(ParameterError::Repeated {
                    name: name.into_owned(),
                });
            }
            if parameters.len() >= MAX_PARAMETERS {
                return Err(ParameterError::TooMany);
            }
            parameters.push((name, decode(value.get(1..).unwrap_or_default())?));
        }
        Ok(Self(parameters))
    }

    /// The value of this parameter; names are case-sensitive.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(present, _)| present == name)
            .map(|(_, value)| value.as_ref())
    }

    /// The values of a list, `name.member.1` and so on, each with `suffix` after its number.
    ///
    /// # Errors
    /// [`ParameterError::List`] where something else begins with the list's name: what one reader takes
    /// for a member and another passes over narrows nothing.
    pub fn list(&self, name: &str, suffix: &str) -> Result<Vec<&str>, ParameterError> {
        let malformed = || ParameterError::List {
            name: name.to_owned(),
        };
        let given = self.given(name);
        if given == 0 {
            return Ok(Vec::new());
        }
        let member = |number: usize| {
            let key = format!("{name}.member.{number}{suffix}");
            self.find(&key).ok_or_else(malformed)
        };
        (1..=given).map(member).collect()
    }

    /// The keys and values of a list of tags, `name.member.1.Key` and `….Value`.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub fn pairs(&self, name: &str) -> Result<Vec<(&str, &str)>, ParameterError> {
        let malformed = || ParameterError::List {
            name: name.to_owned(),
        };
        let given = self.given(name);
        if !given.is_multiple_of(2) {
            return Err(malformed());
        }
        let member = |number: usize, part: &str| {
            let key = format!("{name}.member.{number}.{part}");
            self.find(&key).ok_or_else(malformed)
        };
        let pair = |number| Ok((member(number, "Key")?, member(number, "Value")?));
        (1..=given / 2).map(pair).collect()
    }

    /// How many parameters begin with a list's name.
    fn given(&self, name: &str) -> usize {
        let is_of_it = |key: &str| {
            key.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        self.0.iter().filter(|(key, _)| is_of_it(key)).count()
    }

    /// How many parameters begin with `start`.
    pub fn count_of(&self, start: &str) -> usize {
        self.0
            .iter()
            .filter(|(key, _)| key.starts_with(start))
            .count()
    }

    /// Whether a parameter begins with `start`.
    pub fn has_any(&self, start: &str) -> bool {
        self.0.iter().any(|(name, _)| name.starts_with(start))
    }
}

/// What stands between `&`; a token among it is too long to be looked through byte by byte.
fn pairs(encoded: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = memchr::memchr_iter(b'&', encoded).chain([encoded.len()]);
    let mut begin = 0;
    ends.map(move |end| {
        let pair = encoded.get(begin..end).unwrap_or_default();
        begin = end + 1;
        pair
    })
}

fn decode(encoded: &[u8]) -> Result<Cow<'_, str>, ParameterError> {
    if place_of_special(encoded).is_none() {
        let text = std::str::from_utf8(encoded).map(Cow::Borrowed);
        return text.map_err(|_| ParameterError::Malformed);
    }
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    // An assertion has an escape every twenty bytes or so; what is between them is copied at once.
    while let Some((plain, special)) =
        place_of_special(rest).and_then(|at| rest.split_at_checked(at))
    {
        decoded.extend_from_slice(plain);
        rest = match special {
            [b'+', rest @ ..] => {
                decoded.push(b' ');
                rest
            }
            [b'%', high, low, rest @ ..] => {
                decoded.push(not_nul(digit(*high)? << 4 | digit(*low)?)?);
                rest
            }
            // What is cut short, and a NUL as it is.
            _ => return Err(ParameterError::Malformed),
        };
    }
    decoded.extend_from_slice(rest);
    let text = String::from_utf8(decoded).map(Cow::Owned);
    text.map_err(|_| ParameterError::Malformed)
}

/// The first byte that does not stand for itself. An ARN has one every few bytes, and to begin a search for
/// three takes longer than to look at the next.
fn place_of_special(bytes: &[u8]) -> Option<usize> {
    const NEAR: usize = 16;
    let (near, far) = bytes.split_at_checked(NEAR).unwrap_or((bytes, &[]));
    let is_special = |byte: &u8| matches!(byte, b'%' | b'+' | 0);
    let found = near.iter().position(is_special);
    found.or_else(|| memchr::memchr3(b'%', b'+', 0, far).map(|at| near.len() + at))
}

const fn not_nul(byte: u8) -> Result<u8, ParameterError> {
    if byte == 0 {
        return Err(ParameterError::Malformed);
    }
    Ok(byte)
}

/// The value of a hexadecimal digit.
const fn digit(digit: u8) -> Result<u8, ParameterError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(ParameterError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded() {
        let parameters =
            Parameters::parse(b"Action=X&a=%C3%BC+b%2B&empty=&bare&z=%2f%41%3d+").unwrap();
        assert_eq!(parameters.find("a"), Some("\u{fc} b+"));
        assert_eq!(parameters.find("z"), Some("/A= "));
        assert_eq!(parameters.find("empty"), Some(""));
        assert_eq!(parameters.find("bare"), Some(""));
        assert_eq!(parameters.find("action"), None);
    }

    #[test]
    fn a_repeated_parameter_is_refused() {
        let repeated = ParameterError::Repeated { name: "a".into() };
        assert_eq!(Parameters::parse(b"a=1&b=2&a=1").unwrap_err(), repeated);
        assert_eq!(Parameters::parse(b"a=1&%61=2").unwrap_err(), repeated);
    }

    #[test]
    fn bad_encodings_are_refused() {
        for bad in [
            &b"a=%"[..],
            b"a=%4",
            b"a=%zz",
            b"a=%4z",
            b"a=%+1",
            b"a=b%",
            b"a=%00",
            b"a=\0",
            b"a=%ff",
            b"a=%c0%af",
            b"\xff=1",
        ] {
            assert_eq!(
                Parameters::parse(bad).unwrap_err(),
                ParameterError::Malformed,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn an_escape_is_found_wherever_it_stands() {
        for length in 0..80 {
            for at in 0..=length {
                let plain = ["a".repeat(at), "b".repeat(length - at)];
                let sent = ["v=", &plain.join("%2B")].concat();
                let parameters = Parameters::parse(sent.as_bytes()).unwrap();
                assert_eq!(parameters.find("v"), Some(&*plain.join("+")));
                let sent = ["v=".as_bytes(), plain.join("\0").as_bytes()].concat();
                let error = Parameters::parse(&sent).unwrap_err();
                assert_eq!(error, ParameterError::Malformed);
            }
        }
    }

    #[test]
    fn too_many_are_refused() {
        let many: Vec<String> = (0..=MAX_PARAMETERS).map(|n| format!("p{n}=1")).collect();
        assert_eq!(
            Parameters::parse(many.join("&").as_bytes()).unwrap_err(),
            ParameterError::TooMany
        );
    }
}
