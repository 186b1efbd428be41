//! The JOSE header: it names the algorithm and the key, and decides nothing else.

use serde_json::{Map, Value};

use super::TokenError;
use crate::federation::jwks::is_key_id;
use crate::federation::{Algorithm, Quoted};

/// Members that are refused: the first four change how the token is to be read (RFC 7515 section
/// 4.1.11, RFC 7797, RFC 7516), the others bring a key along (RFC 8725 section 3.10).
const REFUSED: [&str; 8] = ["crit", "b64", "zip", "enc", "jwk", "jku", "x5c", "x5u"];

/// What a header says.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
}

impl Header {
    /// Reads the header of a token whose `typ`, where it has one, is of these.
    pub(super) fn read(
        mut members: Map<String, Value>,
        types: &[&str],
    ) -> Result<Self, TokenError> {
        if let Some(member) = REFUSED.into_iter().find(|name| members.contains_key(*name)) {
            return Err(TokenError::HeaderMember { member });
        }
        check_type(members.get("typ"), types)?;
        let algorithm = members.get("alg").unwrap_or(&Value::Null);
        Ok(Self {
            algorithm: Algorithm::from_json(algorithm).ok_or_else(|| TokenError::Algorithm {
                found: quoted(algorithm),
            })?,
            key_id: match members.remove("kid") {
                None => None,
                Some(Value::String(id)) if is_key_id(&id) => Some(id),
                Some(_) => return Err(TokenError::KeyId),
            },
        })
    }
}

fn check_type(kind: Option<&Value>, types: &[&str]) -> Result<(), TokenError> {
    let is_fine = |kind: &str| types.iter().any(|it| kind.eq_ignore_ascii_case(it));
    match kind {
        None => Ok(()),
        Some(Value::String(kind)) if is_fine(kind) => Ok(()),
        Some(other) => Err(TokenError::Type {
            expected: Quoted::new(&types.join(" or ")),
            found: quoted(other),
        }),
    }
}

/// A text as it is, anything else as JSON.
fn quoted(value: &Value) -> Quoted {
    match value.as_str() {
        Some(text) => Quoted::new(text),
        None => Quoted::new(&value.to_string()),
    }
}
