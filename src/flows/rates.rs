//! How often somebody who was proven may ask, and for an account (decision 60).
//!
//! Asked after the proof and before anything is issued: whoever only writes somebody's name, or an account's,
//! into a request takes nothing from their rates.

use super::authenticate::{Caller, Holder};
use crate::domain::{
    AccountId, IssuerName, Origin, Principal, ProviderRef, SamlProviderArn, ServiceName, Subject,
    UniqueId,
};
use crate::throttle::{Limit, Throttle, Throttled};

/// Whom a rate is of, whatever their sessions.
#[derive(Debug, Hash)]
enum Asker<'a> {
    /// By the account's SAML provider, where one vouches for them: no account takes from another's people, or
    /// from the company's, by giving their entity keys of its own.
    Person(Option<&'a SamlProviderArn>, &'a IssuerName, &'a Subject),
    /// A user, or a role.
    Id(&'a UniqueId),
    Service(&'a ServiceName),
}

/// One more call of a person, whom this provider has proven, for something in `account`.
pub(super) fn admit_person(
    throttle: &Throttle,
    provider: &ProviderRef,
    (issuer, subject): (&IssuerName, &Subject),
    account: AccountId,
) -> Result<(), Throttled> {
    let throttle = throttle.now();
    let person = Asker::Person(provider.as_account_saml(), issuer, subject);
    throttle.admit(Limit::Principal, &person)?;
    throttle.admit(Limit::Account, &account)
}

/// One more star that a person sets or takes. It is for nothing in an account: a role that they only name takes
/// nothing from the rate of its account.
pub(super) fn admit_star(
    throttle: &Throttle,
    provider: &ProviderRef,
    (issuer, subject): (&IssuerName, &Subject),
) -> Result<(), Throttled> {
    let person = Asker::Person(provider.as_account_saml(), issuer, subject);
    throttle.admit(Limit::Principal, &person)
}

/// One more call that was signed: of the person behind the session, whichever of their sessions it is, or of
/// the user or service. Who belongs to no account takes nothing from the rate of one.
pub(super) fn admit_caller(throttle: &Throttle, caller: &Caller) -> Result<(), Throttled> {
    let throttle = throttle.now();
    throttle.admit(Limit::Principal, &asker(caller))?;
    match caller.principal.account() {
        Some(account) => throttle.admit(Limit::Account, &account),
        None => Ok(()),
    }
}

/// One more request of theirs that a service asks about. As many are admitted as of calls, beside those:
/// whoever has a link that they signed takes nothing from what they may ask here.
pub(super) fn admit_question(throttle: &Throttle, caller: &Caller) -> Result<(), Throttled> {
    const QUESTION: &str = "question";
    let throttle = throttle.now();
    throttle.admit(Limit::Principal, &(QUESTION, asker(caller)))?;
    match caller.principal.account() {
        Some(account) => throttle.admit(Limit::Account, &(QUESTION, account)),
        None => Ok(()),
    }
}

/// Whether one more call of this holder would be admitted. It takes nothing from their rates: nothing is proven
/// yet, or the call is counted once it has been read.
pub(super) fn check_holder(throttle: &Throttle, holder: Holder<'_>) -> Result<(), Throttled> {
    let throttle = throttle.now();
    throttle.check(Limit::Principal, &asker_of(holder))?;
    match holder.principal.account() {
        Some(account) => throttle.check(Limit::Account, &account),
        None => Ok(()),
    }
}

/// A number by which a holder is known again, whichever of their keys or sessions it is.
pub(super) fn number_of(throttle: &Throttle, holder: Holder<'_>) -> u64 {
    throttle.number_of(&asker_of(holder))
}

fn asker(caller: &Caller) -> Asker<'_> {
    asker_of(caller.holder())
}

fn asker_of(holder: Holder<'_>) -> Asker<'_> {
    let origin = holder.session.map(|it| &it.lineage.origin);
    match (origin, holder.principal) {
        (Some(Origin::Person(person)), _) => {
            let provider = person.provider.as_account_saml();
            Asker::Person(provider, &person.issuer, &person.subject)
        }
        (Some(Origin::User(user)), _) | (None, Principal::User(user)) => Asker::Id(&user.unique_id),
        (Some(Origin::Service(name)), _) | (None, Principal::Service(name)) => Asker::Service(name),
        // Nobody has these without a session.
        (None, Principal::Session(session)) => Asker::Id(&session.role_id),
        (None, Principal::FederatedUser(federated)) => Asker::Id(&federated.by.unique_id),
        (None, Principal::Root(root)) => Asker::Id(&root.by),
    }
}
