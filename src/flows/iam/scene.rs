//! What an action finds, and what it leaves.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::error::{IamCode, IamError, Refusal};
use crate::directory::{Account, AccountAlias, AccountSettings, Change, Map, Named, Snapshot};
use crate::domain::{
    AccountId, ManagedPolicyArn, OwnTags, Partition, Principal, UniqueId, UniqueIdKind, UnixTime,
    UserName,
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
        let account = match (found, &caller.first_admin) {
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

    /// Whether something of the account has this name; names are not told apart by case (IAM API reference, e.g.
    /// `CreateUser`).
    pub(super) fn is_taken(&self, what: Named, name: &str) -> bool {
        self.snapshot.is_taken(self.account_id, what, name)
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
    /// What a refusal calls it, where its ARN would tell what the caller didn't say: whether it is there, and
    /// where.
    pub shown: Option<String>,
}

impl Question {
    /// Whether `iam:<action>` is allowed on this resource.
    pub fn new(action: &str, resource: impl Into<String>) -> Self {
        Self {
            action: ["iam:", action].concat(),
            resource: resource.into(),
            keys: Vec::new(),
            shown: None,
        }
    }

    /// The same, called so in a refusal.
    #[must_use]
    pub fn shown_as(mut self, shown: String) -> Self {
        self.shown = Some(shown);
        self
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

    /// An answer, once this stands where `before` did; nothing changes, where it is the same.
    pub(super) fn replaced<T: PartialEq>(
        (before, after): (Option<&Arc<T>>, T),
        answer: A,
        change: impl FnOnce(Arc<T>) -> Change,
    ) -> Self {
        if before.is_some_and(|before| **before == after) {
            return Self::told(answer);
        }
        Self::changed(answer, vec![change(Arc::new(after))])
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

fn entries<M: Sorted, T>(
    map: &M,
    after: Option<&str>,
    pick: impl Fn(&M::Key, &M::Value) -> Option<T>,
) -> impl Iterator<Item = (String, T)> {
    map.after(after).filter_map(move |(key, value)| {
        let name: &str = key.borrow();
        Some((name.to_owned(), pick(key, value)?))
    })
}

/// What may be long where it is told, because it has documents.
pub(super) trait Long {
    /// As many bytes as it may take of an answer.
    fn bytes(&self) -> usize;
}

/// What an item takes beside its documents, tags and policies.
const USUAL_BYTES: usize = 1024;
/// What an element of a short list takes beside its text.
const ELEMENT_BYTES: usize = 128;

/// What an item with these documents takes: they go out percent-encoded, and every byte may become three.
pub(super) fn bytes_with<'d>(documents: impl IntoIterator<Item = &'d str>) -> usize {
    let documents = documents.into_iter().map(|document| document.len() * 3);
    USUAL_BYTES + documents.sum::<usize>()
}

/// What tags take; a character may be written as six.
pub(super) fn bytes_of_tags(tags: &OwnTags) -> usize {
    let tags = tags.iter();
    let texts = tags.map(|(key, value)| (key.as_str().len() + value.as_str().len()) * 6);
    texts.map(|text| ELEMENT_BYTES + text).sum()
}

/// What a list of managed policies takes, each by its name and its ARN.
pub(super) fn bytes_of_attached(attached: &[ManagedPolicyArn]) -> usize {
    let texts = attached.iter().map(|arn| arn.as_str().len() * 2);
    texts.map(|text| ELEMENT_BYTES + text).sum()
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

    /// A page of items that tell documents ends before one with which they would be longer than this, in bytes
    /// of the answer. One item is told however long it is.
    pub const MAX_BYTES: usize = 1024 * 1024;

    /// The page of a map: what `pick` makes of its entries, without those of which it makes nothing.
    pub fn of_map<M: Sorted, T>(
        &self,
        map: &M,
        pick: impl Fn(&M::Key, &M::Value) -> Option<T>,
    ) -> Page<T> {
        self.of(entries(map, self.marker.as_deref(), pick), |_| 0)
    }

    /// The same, of items that may be long.
    pub(super) fn of_long_map<M: Sorted, T: Long>(
        &self,
        map: &M,
        pick: impl Fn(&M::Key, &M::Value) -> Option<T>,
    ) -> Page<T> {
        self.of(entries(map, self.marker.as_deref(), pick), T::bytes)
    }

    /// The page of items that come after the marker, in the order of their keys.
    fn of<T>(
        &self,
        items: impl Iterator<Item = (String, T)>,
        bytes: impl Fn(&T) -> usize,
    ) -> Page<T> {
        let mut page = Page {
            items: Vec::new(),
            marker: None,
        };
        let (mut last, mut taken) = (None, 0);
        for (key, item) in items {
            taken += bytes(&item);
            let is_too_long = taken > Self::MAX_BYTES && !page.items.is_empty();
            if is_too_long || page.items.len() >= self.max_items {
                page.marker = last;
                return page;
            }
            page.items.push(item);
            last = Some(key);
        }
        page
    }

    /// The page of a list that is made for the call; sorted by key here.
    pub fn of_list<T>(&self, items: Vec<(String, T)>) -> Page<T> {
        self.of(self.rest_of(items), |_| 0)
    }

    /// The same, of which `tell` makes items that may be long.
    pub(super) fn of_long_list<T, L: Long>(
        &self,
        items: Vec<(String, T)>,
        tell: impl Fn(T) -> Option<L>,
    ) -> Page<L> {
        let items = self.rest_of(items);
        let told = items.filter_map(|(key, item)| Some((key, tell(item)?)));
        self.of(told, L::bytes)
    }

    fn rest_of<T>(&self, mut items: Vec<(String, T)>) -> impl Iterator<Item = (String, T)> {
        items.sort_by(|one, other| one.0.cmp(&other.0));
        let after = self.marker.as_deref();
        let rest = items.into_iter();
        rest.filter(move |(key, _)| after.is_none_or(|after| key.as_str() > after))
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

#[cfg(test)]
mod tests {
    use super::*;

    struct Document(usize);

    impl Long for Document {
        fn bytes(&self) -> usize {
            self.0
        }
    }

    fn pages(lengths: &[usize], max_items: usize) -> Vec<usize> {
        let named = lengths.iter().enumerate();
        let map: BTreeMap<String, usize> = named
            .map(|(number, length)| (format!("{number:03}"), *length))
            .collect();
        let mut page = PageRequest {
            marker: None,
            max_items,
        };
        let mut pages = Vec::new();
        loop {
            let told = page.of_long_map(&map, |_, length| Some(Document(*length)));
            let listed = map.iter().map(|(key, length)| (key.clone(), *length));
            let of_list = page.of_long_list(listed.collect(), |length| Some(Document(length)));
            assert_eq!(told.items.len(), of_list.items.len());
            assert_eq!(told.marker, of_list.marker);
            pages.push(told.items.len());
            match told.marker {
                Some(marker) => page.marker = Some(marker),
                None => return pages,
            }
        }
    }

    #[test]
    fn a_page_ends_before_it_is_too_long_and_nothing_is_left_out() {
        let third = PageRequest::MAX_BYTES / 3;
        assert_eq!(pages(&[third; 7], 100), [3, 3, 1]);
        assert_eq!(pages(&[third; 6], 100), [3, 3]);
        assert_eq!(pages(&[third; 5], 2), [2, 2, 1]);
        assert_eq!(pages(&[], 100), [0]);
    }

    #[test]
    fn an_item_that_is_too_long_by_itself_stands_alone() {
        let long = PageRequest::MAX_BYTES + 1;
        assert_eq!(pages(&[10, long, long, 10], 100), [1, 1, 1, 1]);
    }
}
