//! Accounts: which there are, what they are called, a new one, one that goes.

use super::access_role::access_role;
use super::{Act, AdminAction, AdminError, Administration, Applied};
use crate::directory::{
    Account, AccountAlias, AccountName, AccountSettings, Change, Environment, PolicyWarnings,
    Snapshot,
};
use crate::domain::{AccountId, RoleName, UnixTime};
use crate::flows::authenticate::Caller;
use crate::flows::record::{Outcome, Subject};
use crate::flows::request::RequestMeta;

/// So many accounts are listed unless said otherwise.
pub const USUAL_ACCOUNTS: u16 = 100;
/// The most that are listed.
pub const MAX_ACCOUNTS: u16 = 1_000;
/// A change that others come before is tried so often.
const ATTEMPTS: u32 = 16;

/// Which accounts are wanted.
#[derive(Debug, Clone, Copy, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountQuery {
    /// Those after this one.
    pub after: Option<AccountId>,
    /// So many at most, 1 to [`MAX_ACCOUNTS`].
    pub limit: Option<u16>,
}

/// An account and how much it has.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ListedAccount {
    /// Its number.
    pub id: AccountId,
    /// Its short name.
    pub alias: AccountAlias,
    /// Its longer name.
    pub name: AccountName,
    /// What it is for.
    pub environment: Environment,
    /// How many users it has.
    pub users: usize,
    /// How many roles it has.
    pub roles: usize,
    /// How many managed policies of its own it has.
    pub policies: usize,
    /// How many identity providers it has.
    pub providers: usize,
}

impl ListedAccount {
    fn of(id: AccountId, account: &Account) -> Self {
        let settings = &account.settings;
        Self {
            id,
            alias: settings.alias.clone(),
            name: settings.name.clone(),
            environment: settings.environment,
            users: account.users.len(),
            roles: account.roles.len(),
            policies: account.policies.len(),
            providers: account.oidc_providers.len() + account.saml_providers.len(),
        }
    }
}

/// Accounts, by number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ListedAccounts {
    /// The accounts.
    pub accounts: Vec<ListedAccount>,
    /// After which the next part begins; none where this is the end.
    pub next: Option<AccountId>,
}

/// Whether an account is to be there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PutMode {
    /// It is made, and must not be there.
    Create,
    /// It is called otherwise, and must be there.
    Rename,
}

/// What an account is to be called; what is left out stays as it is.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutAccount {
    /// Which account.
    pub account: AccountId,
    /// Whether it is to be there already.
    pub mode: PutMode,
    /// Its short name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<AccountAlias>,
    /// Its longer name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<AccountName>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// A role to make in a new account, by which the managing account may do everything there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_role: Option<RoleName>,
}

/// What becomes of an account that still has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contents {
    /// It stays.
    Refuse,
    /// It goes, with all that it has.
    Remove,
}

impl PutAccount {
    /// What the account is called then.
    fn settings(&self, snapshot: &Snapshot) -> Result<AccountSettings, AdminError> {
        let found = snapshot.account(self.account);
        let mut settings = match (self.mode, found) {
            (PutMode::Create, Some(_)) => return Err(AdminError::AccountThere(self.account)),
            (PutMode::Rename, None) => return Err(no_account(self.account)),
            (PutMode::Rename, Some(account)) => account.settings.clone(),
            (PutMode::Create, None) => {
                let alias = self.alias.clone().ok_or(AdminError::NoAlias)?;
                AccountSettings::called(alias)
            }
        };
        if let Some(alias) = &self.alias {
            settings.alias = alias.clone();
        }
        if let Some(name) = &self.name {
            settings.name = name.clone();
        }
        if let Some(environment) = self.environment {
            settings.environment = environment;
        }
        Ok(settings)
    }

    /// What it takes to be allowed. A role that enters the account reaches whatever trusts an account of that
    /// number, so that only who may change the whole directory makes one.
    pub const fn action(&self) -> AdminAction {
        if self.access_role.is_some() {
            AdminAction::ApplyDirectory
        } else {
            AdminAction::PutAccount
        }
    }

    /// What the role is to be called that the managing account enters by. In its own account it would administer
    /// the gateway, which is not for whoever may make accounts.
    fn new_role(&self, managing: AccountId) -> Result<Option<&RoleName>, AdminError> {
        match (self.mode, &self.access_role) {
            (_, None) => Ok(None),
            (PutMode::Create, Some(role)) if self.account != managing => Ok(Some(role)),
            (PutMode::Create | PutMode::Rename, Some(_)) => Err(AdminError::NoAccessRole),
        }
    }
}

fn no_account(id: AccountId) -> AdminError {
    AdminError::NotThere {
        what: "account",
        name: id.to_string(),
    }
}

fn removal(
    snapshot: &Snapshot,
    id: AccountId,
    contents: Contents,
) -> Result<Vec<Change>, AdminError> {
    let account = snapshot.account(id).ok_or_else(|| no_account(id))?;
    let is_empty = *account == Account::new(account.settings.clone());
    if !is_empty && contents == Contents::Refuse {
        return Err(AdminError::AccountNotEmpty(id));
    }
    Ok(vec![Change::RemoveAccount(id)])
}

impl Administration {
    /// The accounts, by number.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn accounts(
        &self,
        caller: &Caller,
        query: AccountQuery,
        meta: &RequestMeta,
    ) -> Result<ListedAccounts, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::ListAccounts,
            meta,
        };
        let snapshot = self.authorise(&act).await?;
        let limit = query.limit.unwrap_or(USUAL_ACCOUNTS);
        if !(1..=MAX_ACCOUNTS).contains(&limit) {
            return Err(self.failed(&act, AdminError::Limit).await);
        }
        let accounts = snapshot.directory().accounts.iter();
        let mut rest = accounts.filter(|(id, _)| query.after.is_none_or(|after| **id > after));
        let listed: Vec<ListedAccount> = rest
            .by_ref()
            .take(limit.into())
            .map(|(id, account)| ListedAccount::of(*id, account))
            .collect();
        let last = listed.last().map(|account| account.id);
        let next = rest.next().and(last);
        let subject = Subject::Caller(caller);
        self.recorder
            .admin(meta, &subject, act.action, Outcome::Done)
            .await?;
        Ok(ListedAccounts {
            accounts: listed,
            next,
        })
    }

    /// Makes an account, or calls it otherwise.
    ///
    /// # Errors
    /// [`AdminError`]; nothing was changed.
    pub async fn put_account(
        &self,
        caller: &Caller,
        asked: &PutAccount,
        meta: &RequestMeta,
    ) -> Result<Applied, AdminError> {
        let act = Act {
            caller,
            action: asked.action(),
            meta,
        };
        self.change_accounts(&act, |snapshot| self.put(asked, meta.now, snapshot))
            .await
    }

    fn put(
        &self,
        asked: &PutAccount,
        now: UnixTime,
        snapshot: &Snapshot,
    ) -> Result<Vec<Change>, AdminError> {
        let role = asked.new_role(self.account)?;
        let settings = asked.settings(snapshot)?;
        let mut changes = vec![Change::PutAccount(asked.account, settings)];
        if let Some(name) = role {
            let managing = (self.directory.partition(), self.account);
            let role = access_role(managing, now, self.entropy.as_ref())?;
            changes.push(Change::PutRole(asked.account, name.clone(), role.into()));
        }
        Ok(changes)
    }

    /// Removes an account. What links and services say of it must go first.
    ///
    /// # Errors
    /// [`AdminError`]; nothing was changed.
    pub async fn remove_account(
        &self,
        caller: &Caller,
        (account, contents): (AccountId, Contents),
        meta: &RequestMeta,
    ) -> Result<Applied, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::RemoveAccount,
            meta,
        };
        self.change_accounts(&act, |snapshot| removal(snapshot, account, contents))
            .await
    }

    async fn change_accounts(
        &self,
        act: &Act<'_>,
        changes: impl Fn(&Snapshot) -> Result<Vec<Change>, AdminError>,
    ) -> Result<Applied, AdminError> {
        let mut attempt = 1;
        loop {
            // What came before it may have shut the caller out.
            let snapshot = self.authorise(act).await?;
            let changes = match changes(&snapshot) {
                Ok(changes) => changes,
                Err(error) => return Err(self.failed(act, error).await),
            };
            let lines = changes.iter().map(ToString::to_string).collect();
            match self.commit(act, &snapshot, changes).await {
                Err(AdminError::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error),
                Ok(generation) => {
                    return Ok(Applied {
                        generation,
                        changes: lines,
                        notes: Vec::new(),
                        warnings: PolicyWarnings::default(),
                    });
                }
            }
        }
    }
}
