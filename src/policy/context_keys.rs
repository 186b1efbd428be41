//! Which condition keys a policy asks for: in its conditions, and by its variables.

use std::collections::BTreeMap;

use super::document::{Document, IdentityPolicy, ResourcePolicy};
use super::json::Node;
use super::template::is_condition_key;

/// Condition keys, each once, in whatever case: by name in lower case, and as it was written first.
#[derive(Debug, Default)]
struct Keys(BTreeMap<String, String>);

impl Keys {
    fn add(&mut self, key: &str) {
        let lower = key.to_ascii_lowercase();
        self.0.entry(lower).or_insert_with(|| key.to_owned());
    }

    /// The variables of a statement.
    fn add_statement(&mut self, statement: &Node) {
        let elements = ["Resource", "NotResource", "Condition"];
        for node in elements.into_iter().filter_map(|it| statement.member(it)) {
            self.add_variables(node);
        }
    }

    /// The variables of every text below.
    fn add_variables(&mut self, node: &Node) {
        match node {
            Node::Text(text) => {
                for key in variables(text) {
                    self.add(key);
                }
            }
            Node::List(items) => {
                for item in items {
                    self.add_variables(item);
                }
            }
            Node::Object(members) => {
                for (_, value) in members {
                    self.add_variables(value);
                }
            }
            Node::Null | Node::Bool(_) | Node::Number(_) => {}
        }
    }
}

/// The keys of `${key}` and `${key, 'default'}`.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split("${").skip(1);
    let inside = after.filter_map(|rest| Some(rest.split_once('}')?.0));
    let keys = inside.map(|inside| inside.split_once(", ").map_or(inside, |(key, _)| key));
    keys.filter(|key| is_condition_key(key))
}

/// All keys that the document asks for, by name.
fn of(document: &Document) -> Vec<String> {
    let mut keys = Keys::default();
    for statement in document.statements() {
        for condition in &statement.conditions {
            keys.add(condition.key());
        }
    }
    if document.knows_variables() {
        for statement in document.nodes() {
            keys.add_statement(&statement);
        }
    }
    keys.0.into_values().collect()
}

impl IdentityPolicy {
    /// The condition keys that it asks for, by name.
    pub fn context_keys(&self) -> Vec<String> {
        of(self.document())
    }
}

impl ResourcePolicy {
    /// The condition keys that it asks for, by name.
    pub fn context_keys(&self) -> Vec<String> {
        of(self.document())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(version: &str) -> Vec<String> {
        let policy = format!(
            r#"{{"Version":"{version}","Statement":[{{"Effect":"Allow","Action":"s3:*",
            "Resource":["arn:aws:s3:::b/${{aws:username}}/${{*}}/${{aws:PrincipalTag/Team, 'none'}}"],
            "Condition":{{"StringLike":{{"s3:prefix":["${{AWS:userid}}/*","x"]}},
            "Bool":{{"aws:SecureTransport":"true","AWS:USERNAME":"true"}}}}}}]}}"#
        );
        IdentityPolicy::parse(&policy).unwrap().context_keys()
    }

    #[test]
    fn keys_stand_in_conditions_and_variables() {
        let expected = [
            "aws:PrincipalTag/Team",
            "aws:SecureTransport",
            "AWS:userid",
            "AWS:USERNAME",
            "s3:prefix",
        ];
        assert_eq!(keys("2012-10-17"), expected);
    }

    #[test]
    fn the_first_version_knows_no_variables() {
        let expected = ["aws:SecureTransport", "AWS:USERNAME", "s3:prefix"];
        assert_eq!(keys("2008-10-17"), expected);
    }
}
