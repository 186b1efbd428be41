//! The same checks of what was changed in accounts, and of nothing else.
//!
//! ```text
//! each thing by itself       what it is, and that what it rests on is there
//! what it claims             nobody else has it: neither of those that stay, nor of those changed with it
//! what is gone               nobody who stays rests on it
//! ```
//! Whatever stands here must find a problem wherever the whole check finds one; a property test holds both
//! against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::holders::{Holders, check_policy, only_case, same_device, same_id, same_key};
use super::providers::{check_oidc_provider, check_saml_provider, same_arn};
use super::{Problem, check, check_link, check_principals, check_role};
use crate::directory::snapshot::Snapshot;
use crate::directory::state::{Account, Directory};
use crate::directory::things::{Claim, Named, Rest, Thing};
use crate::directory::touched::{InAccount, Touched};
use crate::domain::{AccountId, UniqueId, UniqueIdKind};

/// The problems that a directory has after changes, where it had none `before`: what nothing was changed
/// about is not looked at again, if things of accounts are all that was changed.
pub fn check_touched(before: &Snapshot, after: &Directory, touched: &Touched) -> Vec<Problem> {
    let Some(accounts) = touched.narrow() else {
        return check(after, before.partition());
    };
    let mut again = Again {
        before,
        after,
        given_up: BTreeSet::new(),
        left: BTreeMap::new(),
        claimed: BTreeMap::new(),
        problems: Vec::new(),
    };
    let accounts: Vec<_> = accounts.collect();
    for (id, within) in &accounts {
        again.give_up(*id, within);
    }
    for (id, within) in &accounts {
        again.check_things(*id, within);
        again.check_providers(*id, within);
    }
    if accounts.iter().any(|(id, it)| again.is_missed(*id, it)) {
        // Who rests on it is told by who looks at everybody.
        return check(after, before.partition());
    }
    if accounts
        .iter()
        .any(|(id, it)| again.is_provider_gone(*id, it))
    {
        again.check_links();
    }
    again.problems
}

/// What is looked at again.
struct Again<'a> {
    before: &'a Snapshot,
    after: &'a Directory,
    /// What those claimed who were changed or are gone.
    given_up: BTreeSet<Claim>,
    /// On what they rested, and how many of them.
    left: BTreeMap<Rest, u32>,
    /// What those claim who were changed or are new, and where.
    claimed: BTreeMap<Claim, String>,
    problems: Vec<Problem>,
}

impl Again<'_> {
    /// Notes what those had before who are touched.
    fn give_up(&mut self, id: AccountId, within: &InAccount) {
        let Some(account) = self.before.account(id) else {
            return;
        };
        for thing in within.things(account) {
            self.given_up.extend(thing.claims(id));
            for rest in thing.rests_on(id) {
                *self.left.entry(rest).or_default() += 1;
            }
        }
    }

    fn check_things(&mut self, id: AccountId, within: &InAccount) {
        let Some(account) = self.after.accounts.get(&id).map(Arc::as_ref) else {
            return;
        };
        for thing in within.things(account) {
            let at = thing.at(id);
            self.check_thing((id, account), thing, &at);
            for claim in thing.claims(id) {
                self.check_claim(claim, &at);
            }
        }
    }

    /// What holds of it, whoever else there is.
    fn check_thing(&mut self, (id, account): (AccountId, &Account), thing: Thing<'_>, at: &str) {
        let partition = self.before.partition();
        let holders = Holders {
            id,
            account,
            partition,
        };
        let problems = &mut self.problems;
        let mut check_id = |unique_id: &UniqueId, kind: UniqueIdKind| {
            if unique_id.kind() != kind {
                let text = format!("unique_id must begin with {}", kind.prefix());
                problems.push(Problem::new(at, text));
            }
        };
        match thing {
            Thing::Role(name, role) => {
                check_id(&role.unique_id, UniqueIdKind::Role);
                check_role(at, role, problems);
                check_principals((self.after, partition), id, (name, role), problems);
                holders.check_rights(at, role.rights(), problems);
            }
            Thing::User(_, user) => {
                check_id(&user.unique_id, UniqueIdKind::User);
                holders.check_user(at, user, problems);
            }
            Thing::Group(_, group) => {
                check_id(&group.unique_id, UniqueIdKind::Group);
                holders.check_rights(at, group.rights(), problems);
            }
            Thing::Policy(_, policy) => {
                check_id(&policy.unique_id, UniqueIdKind::ManagedPolicy);
                check_policy(at, policy, problems);
            }
            Thing::Profile(_, profile) => {
                check_id(&profile.unique_id, UniqueIdKind::InstanceProfile);
                holders.check_profile(at, profile, problems);
            }
            Thing::Device(_) => {}
        }
    }

    /// What is claimed is nobody else's: of those who stay as they were, and of those who are touched.
    fn check_claim(&mut self, claim: Claim, at: &str) {
        let is_elsewhere = !self.given_up.contains(&claim) && self.before.has_claim(&claim);
        let elsewhere = is_elsewhere.then(|| holder(self.before, &claim));
        let other = elsewhere.or_else(|| self.claimed.get(&claim).cloned());
        if let Some(other) = other {
            self.problems.push(claimed_twice(at, &other, &claim));
        }
        self.claimed.insert(claim, at.to_owned());
    }

    /// Whether somebody who is not touched rests on what is gone.
    fn is_missed(&self, id: AccountId, within: &InAccount) -> bool {
        let Some(account) = self.before.account(id) else {
            return false;
        };
        let after = self.after.accounts.get(&id);
        let is_missed = |rest: Rest| {
            let left = self.left.get(&rest).copied().unwrap_or_default();
            self.before.rests_on(&rest) > left
        };
        within.things(account).any(|thing| match thing {
            Thing::Role(name, _) => {
                let is_there = after.is_some_and(|after| after.roles.contains_key(name));
                !is_there && is_missed(Rest::Role(id, name.clone()))
            }
            Thing::Group(name, _) => {
                let is_there = after.is_some_and(|after| after.groups.contains_key(name));
                !is_there && is_missed(Rest::Group(id, name.clone()))
            }
            Thing::Policy(name, policy) => {
                let now = after.and_then(|after| after.policies.get(name));
                let is_there = now.is_some_and(|now| now.path == policy.path);
                let arn = policy.arn(self.before.partition(), id, name);
                !is_there
                    && (is_missed(Rest::Attached(id, arn.clone()))
                        || is_missed(Rest::Bounded(id, arn)))
            }
            Thing::User(..) | Thing::Profile(..) | Thing::Device(_) => false,
        })
    }

    fn check_providers(&mut self, id: AccountId, within: &InAccount) {
        let Some(account) = self.after.accounts.get(&id) else {
            return;
        };
        let oidc = within.oidc_providers.iter();
        for provider in oidc.filter_map(|issuer| account.oidc_providers.get(issuer)) {
            let name = provider.url.without_scheme();
            let at = format!("accounts/{id}/oidc-providers/{name}");
            check_oidc_provider(&at, provider, &mut self.problems);
            if account.oidc_providers_called(name).count() > 1 {
                self.problems.push(same_arn(&at));
            }
        }
        for name in &within.saml_providers {
            if let Some(provider) = account.saml_providers.get(name) {
                let at = format!("accounts/{id}/saml-providers/{name}");
                check_saml_provider(&at, provider, &mut self.problems);
            }
        }
    }

    /// Whether a provider is gone that a link may name, or is another one's now.
    fn is_provider_gone(&self, id: AccountId, within: &InAccount) -> bool {
        let before = self.before.account(id);
        let after = self.after.accounts.get(&id).map(Arc::as_ref);
        let oidc = |account: Option<&Account>, issuer: &str| {
            account.is_some_and(|it| it.oidc_providers.contains_key(issuer))
        };
        let mut issuers = within.oidc_providers.iter();
        let is_oidc_gone =
            issuers.any(|issuer| oidc(before, issuer.as_str()) && !oidc(after, issuer.as_str()));
        let mut names = within.saml_providers.iter();
        let is_saml_gone = names.any(|name| {
            let before = before.and_then(|it| it.saml_providers.get(name));
            let after = after.and_then(|it| it.saml_providers.get(name));
            let [before, after] = [before, after].map(|it| it.map(|it| it.entity_id()));
            before.is_some() && before != after
        });
        is_oidc_gone || is_saml_gone
    }

    fn check_links(&mut self) {
        for (id, link) in &self.after.links {
            check_link(
                self.after,
                self.before.partition(),
                link,
                &format!("links/{id}"),
                &mut self.problems,
            );
        }
    }
}

/// Who has what is claimed, as far as that is known without looking at everybody.
fn holder(before: &Snapshot, claim: &Claim) -> String {
    let found = match claim {
        Claim::Id(id) => before.principal_names().find(id).map(str::to_owned),
        Claim::Key(key) => {
            let user = before.user_of_key(key).map(|entry| &entry.principal);
            let user = user.map(|it| format!("accounts/{}/users/{}", it.account, it.name));
            let service = before.service_of_key(key);
            user.or_else(|| service.map(|entry| format!("services/{}", entry.name)))
        }
        Claim::Name(..) => None,
    };
    found.unwrap_or_else(|| "something else".to_owned())
}

/// Two have what one alone may have.
fn claimed_twice(at: &str, other: &str, claim: &Claim) -> Problem {
    let what = match claim {
        Claim::Id(_) => return same_id(at, other),
        Claim::Key(key) => return same_key(at, other, key),
        Claim::Name(_, Named::Device, name) => return same_device(at, other, name),
        Claim::Name(_, Named::Role, _) => "role",
        Claim::Name(_, Named::User, _) => "user",
        Claim::Name(_, Named::Group, _) => "group",
        Claim::Name(_, Named::Policy, _) => "policy",
        Claim::Name(_, Named::InstanceProfile, _) => "instance profile",
    };
    only_case(at, what)
}
