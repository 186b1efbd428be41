//! What an action finds, and what it leaves.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::error::{IamCode, IamError, Refusal};
use crate::directory::{Account, AccountAlias, AccountSettings, Change, Map, Snapshot};
use crate::domain::{
    AccountId, OwnTags, Partition, Principal, UniqueId, UniqueIdKind, UnixTime, UserName,
};
use crate::entropy::{Entropy, draw};
use crate::flows::authenticate::Caller;
use crate::flows::issuers::FitIssuers;
use crate::flows::mfa::UsedCode;
use crate::flows::request::RequestMeta;
use crate::policy::Values;
use crate::store::KeyUse;

/// What an action finds: who asks, and the directory at one generation.
pub struct Scene<'s> {
    /// Who asks.
    pub caller: &'s Caller,
    /// The directory.
    pub snapshot: &'s Snapshot,
    /// The caller's account, which is the one that is read and changed.
    pub account_id: AccountId,
    /// What it has.
    pub account: Arc<Account>,
    /// The partition of every ARN.
    pub partition: Partition,
    /// What [`Action::looks_up`](super::Action::looks_up) asked for.
    pub last_use: Option<KeyUse>,
    /// The time of the request.
    pub now: UnixTime,
    /// The issuers that may be providers.
    pub issuers: &'s FitIssuers,
    entropy: &'s dyn Entropy,
    is_there: bool,
}

impl<'s> Scene<'s> {
    pub(super) fn new(
        caller: &'s Caller,
        snapshot: &'s Snapshot,
        meta: &RequestMeta,
        (entropy, issuers): (&'s dyn Entropy, &'s FitIssuers),
    ) -> Result<Self, IamError> {
        let id = caller.principal.account().ok_or(IamError::CallerGone)?;
        let found = snapshot.directory().accounts.get(&id).map(Arc::clone);
        let is_there = found.is_some();
        let account = match (found, &caller.user) {
            (Some(account), _) => account,
            // The administrator of the environment has an account before it is in the directory.
            (None, Some(_)) => Arc::new(Account::new(AccountSettings::called(number(id)?))),
            (None, None) => return Err(IamError::CallerGone),
        };
        Ok(Self {
            caller,
            snapshot,
            account_id: id,
            account,
            partition: snapshot.partition(),
            last_use: None,
            now: meta.now,
            issuers,
            entropy,
            is_there,
        })
    }

    /// The ARN of something of the account, e.g. of `user/path/name`.
    pub fn arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition, self.account_id)
    }

    /// A new unique id.
    ///
    /// # Errors
    /// Where there are no random bytes.
    pub fn draw_unique_id(&self, kind: UniqueIdKind) -> Result<UniqueId, Refusal> {
        Ok(UniqueId::from_random(kind, self.draw()?))
    }

    /// Random bytes.
    ///
    /// # Errors
    /// Where there are none.
    pub fn draw<const N: usize>(&self) -> Result<[u8; N], Refusal> {
        // What can't be drawn can be asked for again.
        let busy = |_| Refusal::new(IamCode::ConcurrentModification, "Try again.");
        draw(self.entropy).map_err(busy)
    }

    /// The user who is meant where a call names none: whoever signed it.
    ///
    /// # Errors
    /// `ValidationError` where no user did.
    pub fn user_or_own(&self, named: Option<&UserName>) -> Result<UserName, Refusal> {
        match (named, &self.caller.principal) {
            (Some(name), _) => Ok(name.clone()),
            (None, Principal::User(user)) => Ok(user.name.clone()),
            (None, _) => Err(Refusal::new(
                IamCode::ValidationError,
                "Must specify userName when calling with non-User credentials",
            )),
        }
    }

    /// The changes, after the account itself where it is not in the directory yet.
    pub(super) fn with_account(&self, mut changes: Vec<Change>) -> Vec<Change> {
        if !self.is_there {
            let settings = self.account.settings.clone();
            changes.insert(0, Change::PutAccount(self.account_id, settings));
        }
        changes
    }
}

/// An account whose name nobody has said is called by its number.
fn number(id: AccountId) -> Result<AccountAlias, IamError> {
    id.to_string().parse().map_err(|_| IamError::CallerGone)
}

/// One question to the caller's policies.
#[derive(Debug, Clone)]
pub struct Question {
    /// E.g. `iam:CreateUser`.
    pub action: String,
    /// What it is about, as an ARN.
    pub resource: String,
    /// The condition keys of this action, beside those of every call.
    pub keys: Vec<(String, Values<'static>)>,
}

impl Question {
    /// Whether `iam:<action>` is allowed on this resource.
    pub fn new(action: &str, resource: impl Into<String>) -> Self {
        Self {
            action: ["iam:", action].concat(),
            resource: resource.into(),
            keys: Vec::new(),
        }
    }

    /// The same with a condition key.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, values: impl Into<Values<'static>>) -> Self {
        self.keys.push((key.into(), values.into()));
        self
    }

    /// The same with the tags that what it is about has: `aws:ResourceTag/…`, `iam:ResourceTag/…`.
    #[must_use]
    pub fn of_tagged(mut self, tags: &OwnTags) -> Self {
        for (key, value) in tags.iter() {
            for prefix in ["aws", "iam"] {
                self = self.with(format!("{prefix}:ResourceTag/{key}"), value.to_string());
            }
        }
        self
    }

    /// The same with the tags that it would be given: `aws:RequestTag/…`, `aws:TagKeys`.
    #[must_use]
    pub fn tagging(mut self, tags: &OwnTags) -> Self {
        if tags.is_empty() {
            return self;
        }
        for (key, value) in tags.iter() {
            self = self.with(format!("aws:RequestTag/{key}"), value.to_string());
        }
        let keys: Values<'static> = tags.iter().map(|(key, _)| key.to_string()).collect();
        self.with("aws:TagKeys", keys)
    }
}

/// What an action leaves.
#[derive(Debug)]
pub struct Done<A> {
    pub(super) answer: A,
    pub(super) changes: Vec<Change>,
    pub(super) codes: Vec<UsedCode>,
}

impl<A> Done<A> {
    /// An answer; nothing changes.
    pub const fn told(answer: A) -> Self {
        Self {
            answer,
            changes: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// An answer, once this is changed.
    pub const fn changed(answer: A, changes: Vec<Change>) -> Self {
        Self {
            answer,
            changes,
            codes: Vec::new(),
        }
    }

    /// The same, once these codes are used up: nothing changes where one of them was.
    #[must_use]
    pub(super) fn using_up(self, codes: Vec<UsedCode>) -> Self {
        Self { codes, ..self }
    }
}

/// What is listed in the order of its keys.
pub trait Sorted {
    /// A key.
    type Key: Borrow<str>;
    /// What stands under one.
    type Value;

    /// The entries after this key; all of them, where none is given.
    fn after(&self, key: Option<&str>) -> impl Iterator<Item = (&Self::Key, &Self::Value)>;
}

impl<K: Ord + Borrow<str>, V> Sorted for Map<K, V> {
    type Key = K;
    type Value = V;

    fn after(&self, key: Option<&str>) -> impl Iterator<Item = (&K, &V)> {
        self.range::<str>((from(key), Bound::Unbounded))
    }
}

impl<K: Ord + Borrow<str>, V> Sorted for BTreeMap<K, V> {
    type Key = K;
    type Value = V;

    fn after(&self, key: Option<&str>) -> impl Iterator<Item = (&K, &V)> {
        self.range::<str, _>((from(key), Bound::Unbounded))
    }
}

fn from(key: Option<&str>) -> Bound<&str> {
    key.map_or(Bound::Unbounded, Bound::Excluded)
}

/// Which part of a list is asked for (`Marker`, `MaxItems`).
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Where the last page ended.
    pub marker: Option<String>,
    /// At most so many: 1 to 1,000.
    pub max_items: usize,
}

impl PageRequest {
    /// As many as IAM gives where nothing is asked.
    pub const USUAL: usize = 100;
    /// As many as can be asked for (`maxItemsType`).
    pub const MOST: usize = 1000;

    /// The page of a map: what `pick` makes of its entries, without those of which it makes nothing.
    pub fn of_map<M: Sorted, T>(
        &self,
        map: &M,
        pick: impl Fn(&M::Key, &M::Value) -> Option<T>,
    ) -> Page<T> {
        let entries = map.after(self.marker.as_deref());
        self.of(entries.filter_map(|(key, value)| {
            let name: &str = key.borrow();
            Some((name.to_owned(), pick(key, value)?))
        }))
    }

    /// The page of items that come after the marker, in the order of their keys.
    fn of<T>(&self, mut items: impl Iterator<Item = (String, T)>) -> Page<T> {
        let mut page = Page {
            items: Vec::new(),
            marker: None,
        };
        let mut last = None;
        for (key, item) in items.by_ref().take(self.max_items) {
            page.items.push(item);
            last = Some(key);
        }
        if items.next().is_some() {
            page.marker = last;
        }
        page
    }

    /// The page of a list that is made for the call; sorted by key here.
    pub fn of_list<T>(&self, mut items: Vec<(String, T)>) -> Page<T> {
        items.sort_by(|one, other| one.0.cmp(&other.0));
        let after = self.marker.as_deref();
        let rest = items.into_iter();
        self.of(rest.filter(|(key, _)| after.is_none_or(|after| key.as_str() > after)))
    }
}

/// A part of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins, where there is one.
    pub marker: Option<String>,
}
