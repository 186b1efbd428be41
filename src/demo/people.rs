//! The people of Meridale, an invented company: what the demo provider says about each.

/// Somebody who can sign in at the demo provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The short name that the buttons and command lines use, e.g. `ines`.
    pub key: String,
    /// The `sub` claim.
    pub subject: String,
    /// The `name` claim.
    pub name: String,
    /// The `email` claim; `email_verified` is always true.
    pub email: String,
    /// The `department` claim.
    pub department: String,
    /// The `groups` claim.
    pub groups: Vec<String>,
    /// The roles that the provider itself gives this person at STS by SAML: pairs as AWS's attribute
    /// `Role` has them, the role's ARN and that of the account's provider.
    pub sts_roles: Vec<String>,
    /// What this person is, in a few words.
    pub title: String,
    /// What signing in as this person shows.
    pub shows: String,
}

impl Person {
    /// The first letters of the first and the last name.
    pub fn initials(&self) -> String {
        let words = self.name.split_whitespace();
        words.filter_map(|word| word.chars().next()).collect()
    }

    /// The groups, as far as a provider sends them that sends at most so many, and otherwise none.
    pub(super) fn groups_within(&self, most: usize) -> Option<&[String]> {
        (self.groups.len() <= most).then_some(&*self.groups)
    }

    /// Where the groups could be asked for that are not sent; nobody answers there.
    pub(super) fn groups_link(&self, issuer: &str) -> String {
        [issuer, "/users/", &self.subject, "/getMemberObjects"].concat()
    }
}

/// How many groups Tomas is in.
const GROUPS_OF_TOMAS: usize = 250;

/// The four people: Ines with many roles, Lukas with a few, Noor with none, Tomas with more groups
/// than are sent.
pub fn meridale() -> Vec<Person> {
    vec![ines(), lukas(), noor(), tomas()]
}

fn ines() -> Person {
    Person {
        key: "ines".into(),
        subject: "mrd-20417".into(),
        name: "Ines Okafor".into(),
        email: "ines.okafor@meridale.example".into(),
        department: "Platform Engineering".into(),
        groups: texts(&[
            "all-staff",
            "platform-engineering",
            "on-call-payments",
            "rolegate-admins",
            "security-reviewers",
            "aws-836262449537-Admin",
            "aws-310957264483-Admin",
        ]),
        sts_roles: pairs(&[("482011739056", "engineering/ReadOnly")]),
        title: "Platform engineer".into(),
        shows: "Many roles in every account, one of them the administration of Rolegate, and one \
                that only she may take."
            .into(),
    }
}

fn lukas() -> Person {
    Person {
        key: "lukas".into(),
        subject: "mrd-31850".into(),
        name: "Lukas Brandt".into(),
        email: "lukas.brandt@meridale.example".into(),
        department: "Finance".into(),
        groups: texts(&["all-staff", "finance-analysts", "data-readers"]),
        sts_roles: pairs(&[
            ("571203948816", "data/Analyst"),
            ("123456789012", "finance/BillingViewer"),
        ]),
        title: "Finance and data analyst".into(),
        shows:
            "A few roles for bills, reports and the data lake; nothing that changes anything in \
                production."
                .into(),
    }
}

fn noor() -> Person {
    Person {
        key: "noor".into(),
        subject: "mrd-44206".into(),
        name: "Noor Haddad".into(),
        email: "noor.haddad@meridale.example".into(),
        department: "People".into(),
        groups: texts(&["all-staff"]),
        sts_roles: Vec::new(),
        title: "Recruiter".into(),
        shows: "No role at all: the sign-in succeeds, no rule matches, and the page says what is \
                missing."
            .into(),
    }
}

fn tomas() -> Person {
    Person {
        key: "tomas".into(),
        subject: "mrd-10093".into(),
        name: "Tomas Varga".into(),
        email: "tomas.varga@meridale.example".into(),
        department: "Logistics".into(),
        groups: groups_of_tomas(),
        sts_roles: pairs(&[("836262449537", "engineering/Developer")]),
        title: "Solutions architect".into(),
        shows: "250 groups, more than the provider sends: it leaves all of them out, and the page \
                says so."
            .into(),
    }
}

fn groups_of_tomas() -> Vec<String> {
    let mut groups = texts(&[
        "all-staff",
        "data-readers",
        "aws-629114864828-Developer",
        "aws-836262449537-Developer",
    ]);
    let few = groups.len();
    groups.extend(many_groups().skip(few));
    groups
}

/// As many groups as Tomas is in, of which no rule says anything.
pub(super) fn many_groups() -> impl Iterator<Item = String> {
    (0..GROUPS_OF_TOMAS).map(|number| format!("project-{number:03}"))
}

/// Each role, by account and path, with the provider of its account.
fn pairs(roles: &[(&str, &str)]) -> Vec<String> {
    let pair = |(account, role): &(&str, &str)| {
        let account = ["arn:aws:iam::", account, ":"].concat();
        [
            &account,
            "role/",
            role,
            ",",
            &account,
            "saml-provider/Meridale",
        ]
        .concat()
    };
    roles.iter().map(pair).collect()
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::{SessionName, SourceIdentity, Subject};

    #[test]
    fn every_subject_and_email_can_name_a_session() {
        for person in meridale() {
            assert!(person.subject.parse::<Subject>().is_ok(), "{}", person.key);
            assert!(person.subject.parse::<SourceIdentity>().is_ok());
            assert!(person.email.parse::<SessionName>().is_ok());
        }
    }

    #[test]
    fn keys_and_subjects_are_unique() {
        let people = meridale();
        let keys: BTreeSet<&str> = people.iter().map(|person| person.key.as_str()).collect();
        let subjects: BTreeSet<&str> = people.iter().map(|one| one.subject.as_str()).collect();
        assert_eq!((keys.len(), subjects.len()), (4, 4));
    }

    #[test]
    fn tomas_is_in_250_different_groups() {
        let groups: BTreeSet<String> = tomas().groups.into_iter().collect();
        assert_eq!(groups.len(), 250);
    }

    #[test]
    fn a_role_at_sts_stands_beside_its_account_s_provider() {
        let expected = "arn:aws:iam::482011739056:role/engineering/ReadOnly,\
                        arn:aws:iam::482011739056:saml-provider/Meridale";
        assert_eq!(ines().sts_roles, [expected]);
    }

    #[test]
    fn noor_is_only_in_the_group_of_everybody() {
        assert_eq!(noor().groups, ["all-staff"]);
    }
}
