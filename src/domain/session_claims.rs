//! What an id_token or an assertion says to AWS itself: session tags and a source identity.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::AssertedAttribute;

/// The claim of session tags (STS user guide, "Passing session tags using
/// AssumeRoleWithWebIdentity").
const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";
/// Tags as claims of their own, which are not read.
const FLAT_TAGS: &str = "https://aws.amazon.com/tags/";

/// What the names of AWS's own attributes in an assertion begin with (IAM user guide, "Configure SAML
/// assertions for the authentication response"). They are compared with regard to case.
pub const AWS_ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";

/// What a token asks for the session. It is judged strictly, by what was signed: what would
/// be read in another way than AWS reads it must not be left out or reshaped, since tags and source
/// identities narrow what a session may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionClaims {
    /// It asks for this, perhaps for nothing.
    Asked(AskedOfSession),
    /// `https://aws.amazon.com/tags` or another claim that begins with it is not of AWS's shape; or an
    /// attribute `PrincipalTag:…` has not exactly one text, or one of `TransitiveTagKeys` is no text.
    MalformedTags,
    /// `https://aws.amazon.com/source_identity` is no string, or the attribute `SourceIdentity` has not
    /// exactly one text.
    MalformedSourceIdentity,
}

/// Texts of AWS's shape; their characters and lengths are not judged yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AskedOfSession {
    /// Keys and values.
    pub tags: Vec<(String, String)>,
    /// The keys of the transitive ones.
    pub transitive: Vec<String>,
    /// The source identity.
    pub source_identity: Option<String>,
}

impl Default for SessionClaims {
    fn default() -> Self {
        Self::Asked(AskedOfSession::default())
    }
}

impl SessionClaims {
    /// Reads AWS's own among the members of a token.
    pub(super) fn read(token: &Map<String, Value>) -> Self {
        let Some((tags, transitive)) = read_tags(token) else {
            return Self::MalformedTags;
        };
        match token.get(SOURCE_IDENTITY).map(Value::as_str) {
            Some(None) => Self::MalformedSourceIdentity,
            source_identity => Self::Asked(AskedOfSession {
                tags,
                transitive,
                source_identity: source_identity.flatten().map(str::to_owned),
            }),
        }
    }
}

impl SessionClaims {
    /// Reads AWS's own among the attributes of an assertion, of which several may have one name.
    pub(super) fn of_attributes(attributes: &[AssertedAttribute<'_>]) -> Self {
        let mut own: BTreeMap<&str, Option<Vec<&str>>> = BTreeMap::new();
        for attribute in attributes {
            let Some(name) = attribute.name.strip_prefix(AWS_ATTRIBUTES) else {
                continue;
            };
            let values = own.entry(name).or_insert_with(|| Some(Vec::new()));
            match attribute.values {
                Some(more) => values.iter_mut().for_each(|values| {
                    values.extend(more.iter().map(String::as_str));
                }),
                None => *values = None,
            }
        }
        let mut asked = AskedOfSession::default();
        let read = own
            .iter()
            .try_for_each(|(name, values)| asked.take(name, values.as_deref()));
        match read {
            Ok(()) => Self::Asked(asked),
            Err(malformed) => malformed,
        }
    }
}

impl AskedOfSession {
    /// Takes one of AWS's own attributes, if it asks for something; its values are none where one is no
    /// text.
    fn take(&mut self, name: &str, values: Option<&[&str]>) -> Result<(), SessionClaims> {
        let only = match values {
            Some([value]) => Some((*value).to_owned()),
            _ => None,
        };
        if let Some(key) = name.strip_prefix("PrincipalTag:") {
            let value = only.ok_or(SessionClaims::MalformedTags)?;
            self.tags.push((key.to_owned(), value));
        } else if name == "TransitiveTagKeys" {
            let keys = values.ok_or(SessionClaims::MalformedTags)?;
            self.transitive = keys.iter().copied().map(str::to_owned).collect();
        } else if name == "SourceIdentity" {
            let source = only.ok_or(SessionClaims::MalformedSourceIdentity)?;
            self.source_identity = Some(source);
        }
        Ok(())
    }
}

type Tags = (Vec<(String, String)>, Vec<String>);

/// `principal_tags` is an object of strings, or of lists of one string; `transitive_tag_keys` a list
/// of strings; there is nothing beside them.
fn read_tags(token: &Map<String, Value>) -> Option<Tags> {
    if token.keys().any(|name| name.starts_with(FLAT_TAGS)) {
        return None;
    }
    let Some(claim) = token.get(TAGS) else {
        return Some(Tags::default());
    };
    let (mut tags, mut transitive) = Tags::default();
    for (name, value) in claim.as_object()? {
        match name.as_str() {
            "principal_tags" => tags = read_principal_tags(value)?,
            "transitive_tag_keys" => transitive = read_texts(value)?,
            _ => return None,
        }
    }
    Some((tags, transitive))
}

fn read_principal_tags(value: &Value) -> Option<Vec<(String, String)>> {
    let members = value.as_object()?.iter();
    let tag = |(key, value): (&String, &Value)| Some((key.clone(), one_text(value)?.to_owned()));
    members.map(tag).collect()
}

fn one_text(value: &Value) -> Option<&str> {
    match value {
        Value::Array(items) => match items.as_slice() {
            [one] => one.as_str(),
            _ => None,
        },
        other => other.as_str(),
    }
}

fn read_texts(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?.iter();
    items.map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(token: &Value) -> SessionClaims {
        SessionClaims::read(token.as_object().unwrap())
    }

    #[test]
    fn tags_are_strings_or_lists_of_one() {
        let token = json!({
            "sub": "ines",
            "https://aws.amazon.com/tags": {
                "principal_tags": {"Team": ["payments"], "a/b~c": "1"},
                "transitive_tag_keys": ["Team"],
            },
            "https://aws.amazon.com/source_identity": "ines",
        });
        let text = str::to_owned;
        let asked = AskedOfSession {
            tags: vec![(text("Team"), text("payments")), (text("a/b~c"), text("1"))],
            transitive: vec![text("Team")],
            source_identity: Some(text("ines")),
        };
        assert_eq!(read(&token), SessionClaims::Asked(asked));
        assert_eq!(read(&json!({"sub": "ines"})), SessionClaims::default());
    }

    #[test]
    fn tags_of_another_shape_are_malformed() {
        let principal = |value: Value| json!({"principal_tags": value});
        let transitive = |value: Value| json!({"transitive_tag_keys": value});
        for tags in [
            json!(null),
            json!("Team"),
            json!([]),
            json!({"principal_tag": {}}),
            principal(json!(null)),
            principal(json!(["Team"])),
            principal(json!("Team")),
            principal(json!({"Team": 7})),
            principal(json!({"Team": true})),
            principal(json!({"Team": null})),
            principal(json!({"Team": []})),
            principal(json!({"Team": ["a", "b"]})),
            principal(json!({"Team": [["a"]]})),
            principal(json!({"Team": {"a": "b"}})),
            transitive(json!("Team")),
            transitive(json!(["Team", 7])),
            transitive(json!({"Team": true})),
        ] {
            let token = json!({"https://aws.amazon.com/tags": tags});
            assert_eq!(read(&token), SessionClaims::MalformedTags, "{token}");
        }
    }

    #[test]
    fn tags_as_claims_of_their_own_are_not_left_out_but_malformed() {
        for name in [
            "https://aws.amazon.com/tags/principal_tags/Team",
            "https://aws.amazon.com/tags/transitive_tag_keys",
        ] {
            let token = json!({name: "payments"});
            assert_eq!(read(&token), SessionClaims::MalformedTags, "{name}");
        }
    }

    /// Attributes of AWS's own, by the ends of their names; `None` has a value that is no text.
    fn read_attributes(attributes: &[(&str, Option<&[&str]>)]) -> SessionClaims {
        let owned: Vec<(String, Option<Vec<String>>)> = attributes
            .iter()
            .map(|(name, values)| {
                let texts = values.map(|values| values.iter().map(|it| (*it).to_owned()).collect());
                ([AWS_ATTRIBUTES, name].concat(), texts)
            })
            .collect();
        let asserted: Vec<_> = owned
            .iter()
            .map(|(name, values)| AssertedAttribute {
                name,
                values: values.as_deref(),
            })
            .collect();
        SessionClaims::of_attributes(&asserted)
    }

    #[test]
    fn an_assertion_asks_by_attributes_of_their_own() {
        let read = read_attributes(&[
            ("PrincipalTag:Team", Some(&["payments"])),
            ("TransitiveTagKeys", Some(&["Team"])),
            ("PrincipalTag:Empty", Some(&[""])),
            ("TransitiveTagKeys", Some(&["Empty"])),
            ("SourceIdentity", Some(&["ines"])),
            ("Role", Some(&["a,b"])),
            ("principaltag:Other", None),
        ]);
        let text = str::to_owned;
        let asked = AskedOfSession {
            tags: vec![(text("Empty"), text("")), (text("Team"), text("payments"))],
            transitive: vec![text("Team"), text("Empty")],
            source_identity: Some(text("ines")),
        };
        assert_eq!(read, SessionClaims::Asked(asked));
        let elsewhere = AssertedAttribute {
            name: "PrincipalTag:Team",
            values: None,
        };
        let none = SessionClaims::of_attributes(&[elsewhere]);
        assert_eq!(none, SessionClaims::default());
    }

    #[test]
    fn an_attribute_of_another_shape_is_malformed() {
        let two: Option<&[&str]> = Some(&["a", "b"]);
        for values in [two, Some(&[]), None] {
            let tag = read_attributes(&[("PrincipalTag:Team", values)]);
            assert_eq!(tag, SessionClaims::MalformedTags, "{values:?}");
            let source = read_attributes(&[("SourceIdentity", values)]);
            assert_eq!(source, SessionClaims::MalformedSourceIdentity, "{values:?}");
        }
        let keys = read_attributes(&[("TransitiveTagKeys", None)]);
        assert_eq!(keys, SessionClaims::MalformedTags);
        let one: Option<&[&str]> = Some(&["a"]);
        for again in [one, None] {
            let twice = [("PrincipalTag:Team", one), ("PrincipalTag:Team", again)];
            assert_eq!(read_attributes(&twice), SessionClaims::MalformedTags);
        }
    }

    #[test]
    fn a_source_identity_that_is_no_string_is_malformed() {
        for value in [json!(7), json!(["ines"]), json!({}), json!(null)] {
            let token = json!({"https://aws.amazon.com/source_identity": value});
            assert_eq!(read(&token), SessionClaims::MalformedSourceIdentity);
        }
    }
}
