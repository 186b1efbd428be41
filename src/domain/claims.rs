//! What a provider says about somebody (decision 3).

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use super::text::text_type;

text_type!(
    /// The name of a claim, or the JSON pointer of a nested one (`/realm_access/roles`, RFC 6901):
    /// 1 to 255 characters without control characters.
    ClaimName,
    "claim name",
    "1 to 255 characters without control characters",
    |text| (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control)
);

/// Where a claim came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClaimSource {
    /// The id_token.
    IdToken,
    /// The UserInfo endpoint.
    UserInfo,
}

/// Why a claim is there and yet can't be used. A condition on it never matches, not even under
/// `not`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unusable {
    /// The provider left values out because there were too many (group overage: `hasgroups`,
    /// `_claim_names`).
    Incomplete,
    /// An `email` without `email_verified: true`.
    Unverified,
}

/// One claim: a list of strings, where it came from, and whether it can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The values; numbers and booleans as JSON writes them.
    pub values: Vec<String>,
    /// Where the values came from.
    pub source: ClaimSource,
    /// Set where the values must not be used.
    pub unusable: Option<Unusable>,
}

/// All claims of one identity.
///
/// A scalar is a list of one. Members of objects are named by their JSON pointer, so that
/// `{"realm_access": {"roles": ["a"]}}` is the claim `/realm_access/roles`; a `null` is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Claims(BTreeMap<Box<str>, Claim>);

impl Claims {
    /// At most this many values are kept over all claims; further ones make a set unacceptable.
    pub const MAX_VALUES: usize = 4096;

    /// Reads the members of a JSON object.
    ///
    /// `_claim_names` and `hasgroups` mark what a provider left out; `email` counts only beside
    /// `email_verified: true`.
    pub fn from_json(
        object: &serde_json::Map<String, serde_json::Value>,
        source: ClaimSource,
    ) -> Self {
        let mut claims = Self::default();
        for (name, value) in object {
            claims.take(Place::Top(name), value, source);
        }
        claims.mark_overage(object, source);
        claims.mark_unverified_email(object);
        claims
    }

    /// The claim of this name, or at this JSON pointer.
    pub fn find(&self, name: &ClaimName) -> Option<&Claim> {
        self.0.get(name.as_str())
    }

    /// The claim of this name or JSON pointer, for names that stand in the code.
    pub fn get(&self, name: &str) -> Option<&Claim> {
        self.0.get(name)
    }

    /// The claims whose JSON pointer begins with `start`, with the rest of the pointer.
    pub fn under<'c>(&'c self, start: &'c str) -> impl Iterator<Item = (&'c str, &'c Claim)> {
        let from = self
            .0
            .range::<str, _>((Bound::Included(start), Bound::Unbounded));
        from.map_while(move |(name, claim)| Some((name.strip_prefix(start)?, claim)))
    }

    /// Every claim by name, in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Claim)> {
        self.0.iter().map(|(name, claim)| (&**name, claim))
    }

    /// How many values there are over all claims.
    pub fn value_count(&self) -> usize {
        self.0.values().map(|claim| claim.values.len()).sum()
    }

    /// Adds the claims of `other` that are not here yet.
    pub fn fill_from(&mut self, other: Self) {
        for (name, claim) in other.0 {
            self.0.entry(name).or_insert(claim);
        }
    }

    fn take(&mut self, place: Place<'_>, value: &serde_json::Value, source: ClaimSource) {
        match value {
            serde_json::Value::Null => {}
            serde_json::Value::Object(members) => {
                for (member, value) in members {
                    let pointer = place.below(&escape_pointer(member));
                    self.take(Place::Nested(&pointer), value, source);
                }
            }
            serde_json::Value::Array(items) => {
                let values = items.iter().filter_map(scalar).collect();
                self.insert(place.name(), values, source);
                let nested = |(_, item): &(usize, &serde_json::Value)| {
                    item.is_null() || item.is_array() || item.is_object()
                };
                for (index, item) in items.iter().enumerate().filter(nested) {
                    let pointer = place.below(&index.to_string());
                    self.take(Place::Nested(&pointer), item, source);
                }
            }
            _ => self.insert(place.name(), scalar(value).into_iter().collect(), source),
        }
    }

    fn insert(&mut self, name: &str, values: Vec<String>, source: ClaimSource) {
        self.0.insert(
            name.into(),
            Claim {
                values,
                source,
                unusable: None,
            },
        );
    }

    fn mark_overage(
        &mut self,
        object: &serde_json::Map<String, serde_json::Value>,
        source: ClaimSource,
    ) {
        let elsewhere = object
            .get("_claim_names")
            .and_then(serde_json::Value::as_object);
        let mut missing: Vec<&str> = elsewhere
            .into_iter()
            .flatten()
            .map(|(name, _)| &**name)
            .collect();
        let has_groups = object.get("hasgroups").and_then(scalar);
        if has_groups.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            missing.push("groups");
        }
        for name in missing {
            let claim = self.0.entry(name.into()).or_insert_with(|| Claim {
                values: Vec::new(),
                source,
                unusable: None,
            });
            claim.unusable = Some(Unusable::Incomplete);
        }
    }

    fn mark_unverified_email(&mut self, object: &serde_json::Map<String, serde_json::Value>) {
        let verified = object.get("email_verified") == Some(&serde_json::Value::Bool(true));
        if let Some(email) = self.0.get_mut("email")
            && !verified
        {
            email.unusable = Some(Unusable::Unverified);
        }
    }
}

/// Where a value stands: what it is called, and what the members below it begin with.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// A member of the outermost object, by its name.
    Top(&'a str),
    /// A nested one, by its JSON pointer.
    Nested(&'a str),
}

impl<'a> Place<'a> {
    const fn name(self) -> &'a str {
        match self {
            Self::Top(name) | Self::Nested(name) => name,
        }
    }

    /// The JSON pointer of `token`, which is escaped, below this place.
    fn below(self, token: &str) -> String {
        match self {
            Self::Top(name) => ["/", &escape_pointer(name), "/", token].concat(),
            Self::Nested(pointer) => [pointer, "/", token].concat(),
        }
    }
}

fn scalar(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => Some(value.to_string()),
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
            None
        }
    }
}

/// `~` and `/` as RFC 6901 escapes them.
fn escape_pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(json: &str) -> Claims {
        Claims::from_json(&serde_json::from_str(json).unwrap(), ClaimSource::IdToken)
    }

    fn values(claims: &Claims, name: &str) -> Option<Vec<String>> {
        claims
            .find(&name.parse().unwrap())
            .map(|claim| claim.values.clone())
    }

    #[test]
    fn a_scalar_is_a_list_of_one() {
        let claims = claims(r#"{"a": "x", "b": 7, "c": true, "d": null, "e": ["x", 1]}"#);
        assert_eq!(values(&claims, "a"), Some(vec!["x".into()]));
        assert_eq!(values(&claims, "b"), Some(vec!["7".into()]));
        assert_eq!(values(&claims, "c"), Some(vec!["true".into()]));
        assert_eq!(values(&claims, "d"), None);
        assert_eq!(values(&claims, "e"), Some(vec!["x".into(), "1".into()]));
    }

    #[test]
    fn nested_values_are_named_by_json_pointer() {
        let claims = claims(r#"{"realm_access": {"roles": ["a"]}, "h": {"https://x/y": "z"}}"#);
        assert_eq!(
            values(&claims, "/realm_access/roles"),
            Some(vec!["a".into()])
        );
        assert_eq!(values(&claims, "/h/https:~1~1x~1y"), Some(vec!["z".into()]));
        assert_eq!(values(&claims, "realm_access"), None);
    }

    #[test]
    fn a_string_is_not_split() {
        assert_eq!(
            values(&claims(r#"{"scope": "a b,c"}"#), "scope"),
            Some(vec!["a b,c".into()])
        );
    }

    #[test]
    fn claims_under_a_pointer_are_found() {
        let claims = claims(r#"{"h": {"a": "1", "b~/c": "2"}, "hh": {"a": "3"}, "i": "4"}"#);
        let under: Vec<_> = claims.under("/h/").map(|(rest, _)| rest).collect();
        assert_eq!(under, ["a", "b~0~1c"]);
    }

    #[test]
    fn overage_makes_the_groups_unusable() {
        for json in [
            r#"{"hasgroups": true}"#,
            r#"{"hasgroups": "true", "groups": ["a"]}"#,
            r#"{"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "x"}}}"#,
        ] {
            let claims = claims(json);
            let groups = claims.find(&"groups".parse().unwrap()).unwrap();
            assert_eq!(groups.unusable, Some(Unusable::Incomplete), "{json}");
        }
    }

    #[test]
    fn email_counts_only_when_verified() {
        let state = |json| {
            claims(json)
                .find(&"email".parse().unwrap())
                .unwrap()
                .unusable
        };
        assert_eq!(state(r#"{"email": "a@b", "email_verified": true}"#), None);
        assert_eq!(
            state(r#"{"email": "a@b", "email_verified": "true"}"#),
            Some(Unusable::Unverified)
        );
        assert_eq!(
            state(r#"{"email": "a@b", "email_verified": false}"#),
            Some(Unusable::Unverified)
        );
        assert_eq!(state(r#"{"email": "a@b"}"#), Some(Unusable::Unverified));
    }
}
