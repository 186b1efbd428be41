//! `accounts`

use super::arguments::{Accounts, NamedAccount, NewAccount};
use super::{CommandError, client, say, say_applied};
use crate::clock::SystemClock;
use crate::domain::RoleName;
use crate::flows::{
    AccountQuery, Applied, Contents, ListedAccount, ListedAccounts, PutAccount, PutMode,
};
use crate::http::admin::RemoveAccountRequest;

pub(super) async fn run(command: Accounts) -> Result<(), CommandError> {
    match command {
        Accounts::List {
            after,
            limit,
            json,
            gateway,
        } => {
            let query = AccountQuery {
                after,
                limit: Some(limit),
            };
            let listed: ListedAccounts = client(gateway)?
                .post("/admin/v1/accounts/list", &query, &SystemClock)
                .await?;
            if json {
                return say(&serde_json::to_string_pretty(&listed).map_err(std::io::Error::from)?);
            }
            say_listed(&listed)
        }
        Accounts::Create(NewAccount { named, access_role }) => {
            put(named, PutMode::Create, access_role).await
        }
        Accounts::Rename(named) => put(named, PutMode::Rename, None).await,
        Accounts::Remove {
            account,
            with_contents,
            gateway,
        } => {
            let request = RemoveAccountRequest {
                account,
                contents: if with_contents {
                    Contents::Remove
                } else {
                    Contents::Refuse
                },
            };
            let applied: Applied = client(gateway)?
                .post("/admin/v1/accounts/remove", &request, &SystemClock)
                .await?;
            say_applied(&applied, "changed")
        }
    }
}

async fn put(
    named: NamedAccount,
    mode: PutMode,
    access_role: Option<RoleName>,
) -> Result<(), CommandError> {
    let request = PutAccount {
        account: named.account,
        mode,
        alias: named.alias,
        name: named.name,
        environment: named.environment.map(Into::into),
        access_role,
    };
    let applied: Applied = client(named.gateway)?
        .post("/admin/v1/accounts/put", &request, &SystemClock)
        .await?;
    say_applied(&applied, "changed")
}

fn say_listed(listed: &ListedAccounts) -> Result<(), CommandError> {
    for account in &listed.accounts {
        say(&line(account))?;
    }
    match listed.next {
        Some(after) => say(&format!("there are more; ask with --after {after}")),
        None => Ok(()),
    }
}

/// Names are of others' making, and a terminal obeys what is printed to it.
fn line(account: &ListedAccount) -> String {
    let name = account.name.as_str();
    let name = if name.is_empty() {
        String::new()
    } else {
        format!(" ({})", name.escape_debug())
    };
    format!(
        "{}  {}{name}: {} users, {} roles, {} policies, {} providers",
        account.id,
        account.alias.as_str().escape_debug(),
        account.users,
        account.roles,
        account.policies,
        account.providers,
    )
}
