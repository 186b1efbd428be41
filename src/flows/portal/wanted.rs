//! A role as a link or a form names it.

use super::{OfferedRole, Offers};
use crate::directory::{AccountAlias, Snapshot};
use crate::domain::{AccountId, IamPath, InvalidValue, RoleArn, RoleName};

/// A role by the names that people have for it. Nobody has looked whether there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedRole {
    account: Option<WantedAccount>,
    path: Option<IamPath>,
    name: RoleName,
}

/// An account by one of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum WantedAccount {
    Number(AccountId),
    Alias(AccountAlias),
}

impl WantedRole {
    const INVALID: InvalidValue = InvalidValue::new(
        "role",
        "a role's name, with its path before it where you like, or its ARN",
    );

    /// Reads an account (its number, its alias, or nothing for any) and a role: `Name`, `path/Name`, or
    /// an ARN, which says the account itself.
    ///
    /// # Errors
    /// Where no account or no role can be called so.
    pub fn parse(account: &str, role: &str) -> Result<Self, InvalidValue> {
        let (account, role) = (account.trim(), role.trim());
        if role.starts_with("arn:") {
            let arn: RoleArn = role.parse()?;
            return Ok(Self {
                account: Some(WantedAccount::Number(arn.account())),
                path: Some(arn.path().parse()?),
                name: arn.name().parse()?,
            });
        }
        let account = match account {
            "" => None,
            account => Some(WantedAccount::parse(account)?),
        };
        let role = role.strip_prefix('/').unwrap_or(role);
        let (path, name) = match role.rsplit_once('/') {
            None => (None, role),
            Some((path, name)) => (Some(["/", path, "/"].concat().parse()?), name),
        };
        let name = name.parse().map_err(|_| Self::INVALID)?;
        Ok(Self {
            account,
            path,
            name,
        })
    }

    /// The role's name, without its path.
    pub const fn name(&self) -> &RoleName {
        &self.name
    }

    /// The account as it was written; nothing where any will do.
    pub fn account(&self) -> Option<String> {
        self.account.as_ref().map(|account| match account {
            WantedAccount::Number(number) => number.to_string(),
            WantedAccount::Alias(alias) => alias.to_string(),
        })
    }

    /// The role's name, with its path where that was written.
    pub fn role(&self) -> String {
        match &self.path {
            None => self.name.to_string(),
            Some(path) => [path.as_str().trim_start_matches('/'), self.name.as_str()].concat(),
        }
    }

    /// Whether this role is meant. Case makes no difference in names: no two roles of an account differ
    /// in it alone.
    pub(super) fn means(&self, arn: &RoleArn, snapshot: &Snapshot) -> bool {
        self.name.as_str().eq_ignore_ascii_case(arn.name())
            && self
                .path
                .as_ref()
                .is_none_or(|path| path.as_str() == arn.path())
            && self.means_account(arn.account(), snapshot)
    }

    /// Whether this account is meant, or any.
    fn means_account(&self, id: AccountId, snapshot: &Snapshot) -> bool {
        match &self.account {
            None => true,
            Some(WantedAccount::Number(number)) => *number == id,
            Some(WantedAccount::Alias(alias)) => {
                let account = snapshot.account(id);
                account.is_some_and(|account| {
                    let own = account.settings.alias.as_str();
                    own.eq_ignore_ascii_case(alias.as_str())
                })
            }
        }
    }

    /// The role of the directory that is meant, where an account is named; for administrators, never for
    /// the person.
    pub(super) fn known_in(&self, snapshot: &Snapshot) -> Option<RoleArn> {
        self.account.as_ref()?;
        let is_called = |name: &RoleName| name.as_str().eq_ignore_ascii_case(self.name.as_str());
        let accounts = snapshot.directory().accounts.iter();
        let accounts = accounts.filter(|(id, _)| self.means_account(**id, snapshot));
        let mut roles = accounts.flat_map(|(id, account)| {
            let named = account.roles.iter().filter(|(name, _)| is_called(name));
            named.map(|(name, role)| role.arn(snapshot.partition(), *id, name))
        });
        roles.find(|arn| self.means(arn, snapshot))
    }
}

impl WantedAccount {
    /// Twelve digits are a number, whatever an account is called.
    fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text.parse() {
            Ok(number) => Ok(Self::Number(number)),
            Err(_) => text.parse().map(Self::Alias),
        }
    }
}

impl Offers {
    /// Every role of the person's that is meant.
    pub fn meant_by(&self, wanted: &WantedRole) -> Vec<&OfferedRole> {
        let roles = self.roles.iter();
        roles
            .filter(|role| wanted.means(&role.arn, &self.snapshot))
            .collect()
    }

    /// The person's other roles in the account that is meant; none where any will do.
    pub fn beside(&self, wanted: &WantedRole) -> Vec<&OfferedRole> {
        let roles = self.roles.iter().filter(|_| wanted.account.is_some());
        roles
            .filter(|role| wanted.means_account(role.arn.account(), &self.snapshot))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:iam::482011739056:role/engineering/Reader";

    fn said(account: &str, role: &str) -> (Option<String>, String) {
        let wanted = WantedRole::parse(account, role).unwrap();
        (wanted.account(), wanted.role())
    }

    #[test]
    fn a_role_is_named_with_or_without_account_and_path() {
        let number = Some("482011739056".to_owned());
        for (account, role, read) in [
            ("", "Reader", (None, "Reader")),
            ("482011739056", "Reader", (number.clone(), "Reader")),
            (
                " payments-prod ",
                " Reader ",
                (Some("payments-prod".to_owned()), "Reader"),
            ),
            ("", "engineering/Reader", (None, "engineering/Reader")),
            ("", "/engineering/Reader", (None, "engineering/Reader")),
            ("", "/Reader", (None, "Reader")),
            ("elsewhere", ARN, (number, "engineering/Reader")),
        ] {
            let (account_read, role_read) = read;
            assert_eq!(said(account, role), (account_read, role_read.to_owned()));
        }
    }

    #[test]
    fn what_no_role_can_be_called_is_refused() {
        let long = "a".repeat(64);
        for (account, role) in [
            ("", ""),
            ("", "Re ader"),
            ("", "Reader/"),
            ("", "a//Reader"),
            ("", "//evil.example"),
            ("", "<script>"),
            ("", "arn:aws:iam::482011739056:user/Reader"),
            ("", "arn:aws:sts::482011739056:assumed-role/Reader/ines"),
            ("a\r\nb", "Reader"),
            (&*long, "Reader"),
            ("", &*["R", &long].concat()),
        ] {
            assert!(WantedRole::parse(account, role).is_err(), "{role:?}");
        }
    }
}
