//! The condition keys that a signed call has ("AWS global condition context keys", IAM user guide).

use std::cell::OnceCell;

use super::authenticate::Caller;
use super::own_policies::own_tags;
use super::request::RequestMeta;
use crate::credentials::OpenSession;
use crate::directory::Snapshot;
use crate::domain::{Principal, ProvenPerson, ProviderRef, SessionTags, TagKey, UnixTime};
use crate::policy::{Caller as PolicyCaller, Context, LateKeys, Values};

/// So many keys has a call by a session without tags, and some more are set by whoever asks.
pub(super) const USUAL_KEYS: usize = 26;

/// Who asks, how, when, from where, and by what.
pub(super) fn caller_context<'a>(
    caller: &'a Caller,
    snapshot: &'a Snapshot,
    meta: &'a RequestMeta,
) -> Context<'a> {
    let mut context = Context::with_capacity(USUAL_KEYS);
    meta.describe(&mut context);
    describe_caller(&mut context, caller, snapshot, meta.now);
    context
}

/// The same keys for a decision that may do without: a trust policy mostly asks for what the request says, or for
/// nothing.
pub(super) struct CallerKeys<'a> {
    caller: &'a Caller,
    snapshot: &'a Snapshot,
    meta: &'a RequestMeta,
    keys: OnceCell<Context<'a>>,
}

impl<'a> CallerKeys<'a> {
    pub(super) const fn of(
        caller: &'a Caller,
        snapshot: &'a Snapshot,
        meta: &'a RequestMeta,
    ) -> Self {
        Self {
            caller,
            snapshot,
            meta,
            keys: OnceCell::new(),
        }
    }
}

impl LateKeys for CallerKeys<'_> {
    fn keys(&self) -> &Context<'_> {
        self.keys
            .get_or_init(|| caller_context(self.caller, self.snapshot, self.meta))
    }
}

/// Who asks, and by what.
pub(super) fn describe_caller<'a>(
    context: &mut Context<'a>,
    caller: &'a Caller,
    snapshot: &'a Snapshot,
    now: UnixTime,
) {
    PolicyCaller::from(&caller.principal).describe(context);
    if let Some(tags) = own_tags(&caller.principal, snapshot) {
        for (key, value) in tags.iter() {
            context.set(principal_tag(key), value.as_str());
        }
    }
    if matches!(caller.principal, Principal::Root(_)) {
        context.set("aws:AssumedRoot", "true");
    }
    if let Some(session) = &caller.session {
        describe_session(context, session);
        describe_second_factor(context, (&caller.principal, session), now);
        if matches!(caller.principal, Principal::Session(_)) {
            let person = session.lineage.person();
            let person = person.filter(|_| session.lineage.through.is_empty());
            if let Some(person) = person {
                describe_federation(context, person);
            }
        }
        if let Some(person) = session.lineage.person() {
            describe_person(context, person);
        }
    }
}

/// Who vouched for the person of a session that came of no other.
fn describe_federation<'a>(context: &mut Context<'a>, person: &'a ProvenPerson) {
    let provider = match &person.provider {
        ProviderRef::Account(provider) => provider.as_str(),
        ProviderRef::Known(known) => known.name(),
        ProviderRef::Connection(_) => return,
    };
    context.set("aws:FederatedProvider", provider);
}

/// What the providers that every account knows call somebody is a key of every later session, too, so
/// that a policy can give each person a folder of their own.
fn describe_person<'a>(context: &mut Context<'a>, person: &'a ProvenPerson) {
    if let ProviderRef::Known(known) = &person.provider {
        let key = [known.name(), ":", known.person_key()].concat();
        context.set(key, person.subject.as_str());
    }
}

/// Only temporary credentials say whether somebody showed a second factor for them. Of a role's session a
/// code was asked once, when the role was assumed: whoever has the session later has shown none ("Configuring
/// MFA-protected API access", IAM user guide).
fn describe_second_factor(
    context: &mut Context<'_>,
    (principal, session): (&Principal, &OpenSession),
    now: UnixTime,
) {
    let is_own = matches!(principal, Principal::User(_));
    let shown_at = session.mfa_at.filter(|_| is_own);
    let is_present = if shown_at.is_some() { "true" } else { "false" };
    context.set("aws:MultiFactorAuthPresent", is_present);
    if let Some(at) = shown_at {
        let age = now.since(at).max(0);
        context.set("aws:MultiFactorAuthAge", age.to_string());
    }
}

/// Only temporary credentials say when they were issued.
fn describe_session<'a>(context: &mut Context<'a>, session: &'a OpenSession) {
    context.set_late("aws:TokenIssueTime", &session.issued_at);
    if let Some(source) = &session.source_identity {
        context.set("aws:SourceIdentity", source.as_str());
    }
    // A session's tag goes before one of the same key that its role has.
    for (key, value, _) in session.tags.iter() {
        context.set(principal_tag(key), value.as_str());
    }
}

fn principal_tag(key: &TagKey) -> String {
    ["aws:PrincipalTag/", key.as_str()].concat()
}

/// The tags that a request would give: `aws:RequestTag/…` and `aws:TagKeys`.
pub(super) fn describe_tags<'a>(context: &mut Context<'a>, tags: &'a SessionTags) {
    for (key, value, _) in tags.iter() {
        context.set(
            ["aws:RequestTag/", key.as_str()].concat(),
            value.as_str().to_owned(),
        );
    }
    let keys: Values<'_> = tags.iter().map(|(key, ..)| key.to_string()).collect();
    context.set("aws:TagKeys", keys);
}
