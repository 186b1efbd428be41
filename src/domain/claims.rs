//! What a provider says about somebody (decision 3).

mod attributes;

pub use attributes::AssertedAttribute;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use super::session_claims::SessionClaims;
use super::text::text_type;

text_type!(
    /// The name of a claim, or the JSON pointer of a nested one (`/realm_access/roles`, RFC 6901):
    /// 1 to 255 characters without control characters.
    ClaimName,
    "claim name",
    "1 to 255 characters without control characters",
    |text| (1..=MAX_NAME).contains(&text.chars().count()) && !text.chars().any(char::is_control)
);

/// No claim's name or pointer is longer, in characters.
const MAX_NAME: usize = 255;
/// What a claim and a value take beside their text, in bytes, rounded up.
const OVERHEAD: usize = 16;

/// Where a claim came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClaimSource {
    /// The id_token.
    IdToken,
    /// The UserInfo endpoint.
    UserInfo,
    /// A SAML assertion.
    Assertion,
    /// What the provider answered when it was asked about an access token.
    Inspection,
}

/// Why a claim is there and yet can't be used. A condition on it never matches, not even under
/// `not`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unusable {
    /// Values are missing: the provider left them out because there were too many (group overage:
    /// `hasgroups`, `_claim_names`, `groups.link`), or one of a SAML attribute is no text.
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
/// `{"realm_access": {"roles": ["a"]}}` is the claim `/realm_access/roles`; a `null` is absent. What
/// begins with `/` is a pointer: a claim of the first level whose own name does is left out, since it
/// could pass for a nested one. So is what no [`ClaimName`] is long enough for.
#[derive(Debug, Clone, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claims {
    kept: BTreeMap<Box<str>, Claim>,
    /// How many bytes flattening took, with [`OVERHEAD`]; it is judged before a set is stored, and not
    /// kept with it.
    #[serde(skip)]
    bytes: usize,
    #[serde(skip)]
    session: SessionClaims,
}

/// How a set came about makes no difference.
impl PartialEq for Claims {
    fn eq(&self, other: &Self) -> bool {
        self.kept == other.kept && self.session == other.session
    }
}

impl Claims {
    /// At most this many values are kept over all claims; further ones make a set unacceptable.
    pub const MAX_VALUES: usize = 4096;
    /// At most this many bytes are kept over all claims, their names and 16 for each claim and value
    /// included; flattening stops there, and the set is unacceptable.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// Reads the members of a JSON object.
    ///
    /// `_claim_names` and `hasgroups` mark what a provider left out, with all that stands below it;
    /// `email` counts only beside `email_verified: true`.
    pub fn from_json(
        object: &serde_json::Map<String, serde_json::Value>,
        source: ClaimSource,
    ) -> Self {
        let mut claims = Self {
            session: SessionClaims::read(object),
            ..Self::default()
        };
        for (name, value) in object {
            let own = Some(name.as_str()).filter(|name| !name.starts_with('/'));
            if is_scalar(value) {
                claims.insert(own, std::slice::from_ref(value), source);
            } else {
                let pointer = ["/", &escape_pointer(name)].concat();
                claims.take(own, &pointer, value, source);
            }
        }
        claims.mark_overage(object, source);
        claims.mark_unverified_email(object);
        claims
    }

    /// The claim of this name, or at this JSON pointer.
    ///
    /// A pointer into a claim that can't be used finds that claim: what is not there may have been
    /// left out, and what is there may be a part.
    pub fn find(&self, name: &ClaimName) -> Option<&Claim> {
        self.get(name.as_str())
    }

    /// The claim of this name or JSON pointer, as [`Self::find`] has it, for names that stand in the
    /// code.
    pub fn get(&self, name: &str) -> Option<&Claim> {
        let whole = whole_of(name).and_then(|whole| self.kept.get(&*whole));
        whole
            .filter(|whole| whole.unusable.is_some())
            .or_else(|| self.kept.get(name))
    }

    /// What the token asks for a session of AWS. A set that was stored asks for nothing: only a token
    /// that is presented at STS does.
    pub const fn session(&self) -> &SessionClaims {
        &self.session
    }

    /// Every claim by name, in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Claim)> {
        self.kept.iter().map(|(name, claim)| (&**name, claim))
    }

    /// How many values there are over all claims.
    pub fn value_count(&self) -> usize {
        self.kept.values().map(|claim| claim.values.len()).sum()
    }

    /// Whether a provider said more than is kept: some of it is missing here.
    pub fn is_too_large(&self) -> bool {
        self.bytes > Self::MAX_BYTES || self.value_count() > Self::MAX_VALUES
    }

    /// Adds the claims of `other` that are not here yet.
    pub fn fill_from(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        for (name, claim) in other.kept {
            self.kept.entry(name).or_insert(claim);
        }
    }

    /// Takes a value under its own name, where it has one, and what it holds under pointers.
    fn take(
        &mut self,
        name: Option<&str>,
        pointer: &str,
        value: &serde_json::Value,
        source: ClaimSource,
    ) {
        match value {
            serde_json::Value::Null => {}
            serde_json::Value::Object(members) => {
                for (member, value) in members {
                    self.take_nested(pointer, &escape_pointer(member), value, source);
                }
            }
            serde_json::Value::Array(items) => {
                self.insert(name, items, source);
                let nested = |(_, item): &(usize, &serde_json::Value)| !is_scalar(item);
                for (index, item) in items.iter().enumerate().filter(nested) {
                    self.take_nested(pointer, &index.to_string(), item, source);
                }
            }
            _ => self.insert(name, std::slice::from_ref(value), source),
        }
    }

    fn take_nested(
        &mut self,
        parent: &str,
        member: &str,
        value: &serde_json::Value,
        source: ClaimSource,
    ) {
        if self.bytes > Self::MAX_BYTES || parent.len() + member.len() >= 4 * MAX_NAME {
            return;
        }
        let pointer = [parent, "/", member].concat();
        self.take(Some(&pointer), &pointer, value, source);
    }

    fn insert(&mut self, name: Option<&str>, items: &[serde_json::Value], source: ClaimSource) {
        let Some(name) = name.filter(|name| name.chars().count() <= MAX_NAME) else {
            return;
        };
        let mut values = Vec::with_capacity(items.len());
        self.bytes += name.len() + OVERHEAD;
        for value in items.iter().filter_map(scalar) {
            self.bytes += value.len() + OVERHEAD;
            if self.bytes > Self::MAX_BYTES {
                return;
            }
            values.push(value);
        }
        let claim = Claim {
            values,
            source,
            unusable: None,
        };
        self.kept.insert(name.into(), claim);
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
            self.mark_incomplete(name, source);
        }
    }

    /// Marks a claim of the first level, whether it was sent or not, and what it holds.
    fn mark_incomplete(&mut self, name: &str, source: ClaimSource) {
        let pointer = ["/", &escape_pointer(name)].concat();
        let below = [&pointer, "/"].concat();
        let own = if name.starts_with('/') {
            &pointer
        } else {
            name
        };
        self.bytes += own.len() + OVERHEAD;
        if self.bytes > Self::MAX_BYTES {
            return;
        }
        let claim = self.kept.entry(own.into()).or_insert_with(|| Claim {
            values: Vec::new(),
            source,
            unusable: None,
        });
        claim.unusable = Some(Unusable::Incomplete);
        let from_here = (Bound::Included(&*below), Bound::Unbounded);
        let members = self.kept.range_mut::<str, _>(from_here);
        for (_, member) in members.take_while(|(name, _)| name.starts_with(&below)) {
            member.unusable = Some(Unusable::Incomplete);
        }
    }

    fn mark_unverified_email(&mut self, object: &serde_json::Map<String, serde_json::Value>) {
        if object.get("email_verified") != Some(&serde_json::Value::Bool(true)) {
            self.distrust_email();
        }
    }

    fn distrust_email(&mut self) {
        if let Some(email) = self.kept.get_mut("email") {
            email.unusable.get_or_insert(Unusable::Unverified);
        }
    }
}

fn is_scalar(value: &serde_json::Value) -> bool {
    value.is_string() || value.is_boolean() || value.is_number()
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

/// The name of the claim of the first level that a JSON pointer leads into; `None` for what leads into
/// none. A claim whose own name begins with `/` is named by its pointer.
fn whole_of(pointer: &str) -> Option<Cow<'_, str>> {
    let (first, _) = pointer.strip_prefix('/')?.split_once('/')?;
    if !first.contains('~') {
        return Some(Cow::Borrowed(first));
    }
    let name = first.replace("~1", "/").replace("~0", "~");
    Some(if name.starts_with('/') {
        Cow::Owned(["/", first].concat())
    } else {
        Cow::Owned(name)
    })
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
    fn no_claim_of_the_first_level_passes_for_a_nested_one() {
        for json in [
            r#"{"/realm_access/roles": ["admin"], "realm_access": {"roles": ["a"]}}"#,
            r#"{"realm_access": {"roles": ["a"]}, "/realm_access/roles": "admin"}"#,
        ] {
            let roles = values(&claims(json), "/realm_access/roles");
            assert_eq!(roles, Some(vec!["a".into()]), "{json}");
        }
        let alone = claims(r#"{"/realm_access/roles": ["admin"], "/a": {"b": "c"}}"#);
        assert_eq!(values(&alone, "/realm_access/roles"), None);
        assert_eq!(values(&alone, "/~1a/b"), Some(vec!["c".into()]));
    }

    #[test]
    fn what_no_name_is_long_enough_for_is_left_out() {
        let json = serde_json::json!({"n".repeat(256): "x", "o": {"m".repeat(253): "x"}});
        let claims = Claims::from_json(json.as_object().unwrap(), ClaimSource::UserInfo);
        assert_eq!(claims.iter().len(), 0);
        let json = serde_json::json!({"n".repeat(255): "x", "o": {"m".repeat(252): "x"}});
        let claims = Claims::from_json(json.as_object().unwrap(), ClaimSource::UserInfo);
        assert_eq!(claims.iter().len(), 2);
    }

    /// Names that are repeated for every member: some kilobytes of JSON for megabytes of pointers.
    #[test]
    fn flattening_stops_where_it_is_too_much() {
        let members: serde_json::Map<_, _> = (0..20_000)
            .map(|number| (number.to_string(), serde_json::json!([])))
            .collect();
        let nested = (0..5).fold(
            serde_json::Value::Object(members),
            |value, _| serde_json::json!({"n".repeat(40): value}),
        );
        let json = serde_json::json!({"a": nested});
        let claims = Claims::from_json(json.as_object().unwrap(), ClaimSource::UserInfo);
        assert!(claims.is_too_large());
        let kept: usize = claims.iter().map(|(name, _)| name.len()).sum();
        assert!(kept <= Claims::MAX_BYTES);
    }

    #[test]
    fn a_set_that_is_filled_beyond_its_bounds_is_too_large() {
        let half = |name: &str| {
            let json = serde_json::json!({name: "x".repeat(Claims::MAX_BYTES / 2)});
            Claims::from_json(json.as_object().unwrap(), ClaimSource::UserInfo)
        };
        let mut claims = half("a");
        assert!(!claims.is_too_large());
        claims.fill_from(half("b"));
        assert!(claims.is_too_large());
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
    fn overage_reaches_every_pointer_into_the_claim() {
        for (json, pointer) in [
            (r#"{"_claim_names": {"o": "s"}}"#, "/o/roles"),
            (r#"{"_claim_names": {"o": "s"}, "o": "x"}"#, "/o/roles"),
            (
                r#"{"_claim_names": {"o": "s"}, "o": {"roles": ["a"]}}"#,
                "/o/roles",
            ),
            (
                r#"{"_claim_names": {"o": "s"}, "o": {"roles": ["a"]}}"#,
                "/o/groups",
            ),
            (
                r#"{"_claim_names": {"a/b~": "s"}, "a/b~": {"c": "d"}}"#,
                "/a~1b~0/c",
            ),
            (
                r#"{"_claim_names": {"/o": "s"}, "/o": {"c": "d"}}"#,
                "/~1o/c",
            ),
            (r#"{"_claim_names": {"/o": "s"}}"#, "/~1o/c"),
            (
                r#"{"hasgroups": true, "groups": [{"id": "a"}]}"#,
                "/groups/0/id",
            ),
        ] {
            let claims = claims(json);
            let found = claims.find(&pointer.parse().unwrap()).unwrap();
            assert_eq!(found.unusable, Some(Unusable::Incomplete), "{json}");
            for (name, claim) in claims.iter() {
                let is_whole = ["hasgroups", "/_claim_names"]
                    .iter()
                    .any(|whole| name.starts_with(whole));
                assert_eq!(claim.unusable.is_none(), is_whole, "{name} in {json}");
            }
        }
    }

    #[test]
    fn overage_of_a_claim_spares_others() {
        let claims =
            claims(r#"{"_claim_names": {"o": "s"}, "op": {"roles": ["a"]}, "x": {"o": "b"}}"#);
        for pointer in ["/op/roles", "/x/o"] {
            let found = claims.find(&pointer.parse().unwrap()).unwrap();
            assert_eq!(found.unusable, None, "{pointer}");
        }
    }

    #[test]
    fn overage_is_kept_whichever_source_says_so() {
        let read =
            |json: &str, source| Claims::from_json(&serde_json::from_str(json).unwrap(), source);
        let (said, sent) = (
            r#"{"_claim_names": {"o": "s"}}"#,
            r#"{"o": {"roles": ["a"]}}"#,
        );
        for (first, second) in [(said, sent), (sent, said)] {
            let mut claims = read(first, ClaimSource::IdToken);
            claims.fill_from(read(second, ClaimSource::UserInfo));
            let found = claims.find(&"/o/roles".parse().unwrap()).unwrap();
            assert_eq!(found.unusable, Some(Unusable::Incomplete), "{first}");
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
