//! The condition keys of a request.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt::{self, Debug, Display};

use crate::domain::{AccountId, SessionPrincipal};

/// What a condition key is in one request.
///
/// Whether a key has one value or many is a matter of the key, not of the request: a list of one
/// group is still a list. Operators without `ForAllValues:` or `ForAnyValue:`, and variables, are
/// for keys of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values<'a> {
    /// The value of a key that has one.
    One(Cow<'a, str>),
    /// The values of a key that can have many; none is the same as no key.
    Many(Vec<Cow<'a, str>>),
    /// The key is there, and what it is can't be read: no condition on it can be judged, but for
    /// `Null`.
    Unreadable,
}

impl<'a> From<&'a str> for Values<'a> {
    fn from(value: &'a str) -> Self {
        Self::One(Cow::Borrowed(value))
    }
}

impl From<String> for Values<'_> {
    fn from(value: String) -> Self {
        Self::One(Cow::Owned(value))
    }
}

impl<'a> From<Cow<'a, str>> for Values<'a> {
    fn from(value: Cow<'a, str>) -> Self {
        Self::One(value)
    }
}

impl<'a> FromIterator<&'a str> for Values<'a> {
    fn from_iter<I: IntoIterator<Item = &'a str>>(values: I) -> Self {
        Self::Many(values.into_iter().map(Cow::Borrowed).collect())
    }
}

impl FromIterator<String> for Values<'_> {
    fn from_iter<I: IntoIterator<Item = String>>(values: I) -> Self {
        Self::Many(values.into_iter().map(Cow::Owned).collect())
    }
}

/// What was set for a key.
#[derive(Clone)]
enum Entry<'a> {
    /// It is at hand.
    Set(Values<'a>),
    /// It is written out for who asks first.
    Late(Late<'a>, OnceCell<Values<'static>>),
}

/// What is written out late.
#[derive(Clone, Copy)]
pub(super) enum Late<'a> {
    /// As it displays itself.
    Shown(&'a dyn Display),
    /// An account, by its digits.
    Account(AccountId),
    /// `AROA…:session`
    AssumedRoleId(&'a SessionPrincipal),
}

impl Late<'_> {
    fn write(self) -> String {
        match self {
            Self::Shown(value) => value.to_string(),
            Self::Account(account) => account.to_string(),
            Self::AssumedRoleId(session) => session.assumed_role_id(),
        }
    }
}

impl<'a> Entry<'a> {
    fn values(&self) -> &Values<'a> {
        match self {
            Self::Set(values) => values,
            Self::Late(value, written) => written.get_or_init(|| value.write().into()),
        }
    }
}

impl Debug for Entry<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.values().fmt(formatter)
    }
}

/// The condition keys of a request. Names are compared without regard to ASCII case.
///
/// Requests have some twenty keys, most of which nobody asks for: to set one only adds it to the list,
/// and borrowed names and values cost no allocation. A search begins at the end, where what was set last
/// stands.
#[derive(Debug, Clone, Default)]
pub struct Context<'a> {
    keys: Vec<(Cow<'a, str>, Entry<'a>)>,
    below: Option<Below<'a>>,
}

/// Keys that are set once somebody asks for one that no layer above them has.
pub trait LateKeys {
    /// All of them.
    fn keys(&self) -> &Context<'_>;
}

/// The layer below a context.
#[derive(Clone, Copy)]
enum Below<'a> {
    Set(&'a Context<'a>),
    Late(&'a dyn LateKeys),
}

impl<'a> Below<'a> {
    fn context(self) -> &'a Context<'a> {
        match self {
            Self::Set(context) => context,
            Self::Late(late) => late.keys(),
        }
    }
}

impl Debug for Below<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.context().fmt(formatter)
    }
}

impl<'a> Context<'a> {
    /// No keys.
    pub const fn new() -> Self {
        Self {
            keys: Vec::new(),
            below: None,
        }
    }

    /// No keys yet, and room for so many.
    pub fn with_capacity(keys: usize) -> Self {
        Self {
            keys: Vec::with_capacity(keys),
            below: None,
        }
    }

    /// The keys of `below`, over which others can be set.
    pub const fn over(below: &'a Self) -> Self {
        Self {
            keys: Vec::new(),
            below: Some(Below::Set(below)),
        }
    }

    /// The same over keys that may never be asked for.
    pub const fn over_late(below: &'a dyn LateKeys) -> Self {
        Self {
            keys: Vec::new(),
            below: Some(Below::Late(below)),
        }
    }

    /// Sets a key, in place of what it was.
    pub fn set(
        &mut self,
        key: impl Into<Cow<'a, str>>,
        values: impl Into<Values<'a>>,
    ) -> &mut Self {
        self.keys.push((key.into(), Entry::Set(values.into())));
        self
    }

    /// Sets a key to what `value` displays, which is written out only where somebody asks for it.
    pub fn set_late(&mut self, key: impl Into<Cow<'a, str>>, value: &'a dyn Display) -> &mut Self {
        self.put_late(key, Late::Shown(value))
    }

    /// Sets a key to an account, which is written out only where somebody asks for it.
    pub fn set_account(&mut self, key: impl Into<Cow<'a, str>>, account: AccountId) -> &mut Self {
        self.put_late(key, Late::Account(account))
    }

    /// Sets a key to what is written out only where somebody asks for it.
    pub(super) fn put_late(&mut self, key: impl Into<Cow<'a, str>>, value: Late<'a>) -> &mut Self {
        let entry = Entry::Late(value, OnceCell::new());
        self.keys.push((key.into(), entry));
        self
    }

    /// Makes a key absent, whatever it was.
    pub fn clear(&mut self, key: impl Into<Cow<'a, str>>) -> &mut Self {
        self.set(key, Values::Many(Vec::new()))
    }

    /// The values of a key; `None` where it is absent.
    pub fn find(&self, key: &str) -> Option<&Values<'a>> {
        let own = self.keys.iter().rfind(|(name, _)| same(name, key));
        let values = match (own, self.below) {
            (Some((_, entry)), _) => entry.values(),
            (None, Some(below)) => below.context().find(key)?,
            (None, None) => return None,
        };
        match values {
            Values::Many(list) if list.is_empty() => None,
            Values::Many(_) | Values::One(_) | Values::Unreadable => Some(values),
        }
    }

    /// Every key that is present, those that were set last first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Values<'a>)> {
        let layers = std::iter::successors(Some(self), |context| context.below.map(Below::context));
        let names = layers.flat_map(|context| context.keys.iter().map(|(name, _)| name));
        let mut seen: Vec<&str> = Vec::new();
        names.filter_map(move |name| {
            if seen.iter().any(|other| same(other, name)) {
                return None;
            }
            seen.push(name);
            self.find(name).map(|values| (&**name, values))
        })
    }
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_any_case() {
        let mut context = Context::new();
        context.set("aws:PrincipalTag/Team", "blue");
        assert_eq!(context.find("AWS:principaltag/TEAM"), Some(&"blue".into()));
    }

    #[test]
    fn the_last_value_stands() {
        let mut context = Context::new();
        context
            .set("sts:RoleSessionName", "a")
            .set("STS:RoleSessionName", "b");
        assert_eq!(context.find("sts:RoleSessionName"), Some(&"b".into()));
    }

    #[test]
    fn what_is_written_late_is_a_value_as_any_other() {
        let mut context = Context::new();
        context
            .set_late("aws:EpochTime", &17)
            .set("aws:CurrentTime", "a")
            .set_late("aws:CurrentTime", &'b');
        assert_eq!(context.find("aws:EpochTime"), Some(&"17".into()));
        assert_eq!(context.clone().find("aws:epochtime"), Some(&"17".into()));
        assert_eq!(context.find("aws:CurrentTime"), Some(&"b".into()));
        context.clear("aws:EpochTime");
        assert_eq!(context.find("aws:EpochTime"), None);
    }

    #[test]
    fn a_key_that_was_set_twice_is_there_once() {
        let mut context = Context::new();
        context
            .set("aws:userid", "a")
            .set("aws:TagKeys", "b")
            .set("AWS:UserId", "c");
        let keys: Vec<_> = context.iter().collect();
        let (id, tags) = ("c".into(), "b".into());
        assert_eq!(keys, [("aws:userid", &id), ("aws:TagKeys", &tags)]);
    }

    struct Late<'a>(OnceCell<Context<'a>>);

    impl LateKeys for Late<'_> {
        fn keys(&self) -> &Context<'_> {
            self.0.get_or_init(|| {
                let mut context = Context::new();
                context.set("aws:userid", "a").set("aws:TagKeys", "b");
                context
            })
        }
    }

    #[test]
    fn late_keys_are_set_for_who_asks_for_one_that_is_not_above_them() {
        let late = Late(OnceCell::new());
        let mut context = Context::over_late(&late);
        context.set("aws:TagKeys", "c");
        let context = Context::over(&context);
        assert_eq!(context.find("aws:tagkeys"), Some(&"c".into()));
        assert!(late.0.get().is_none());
        assert_eq!(context.find("aws:UserId"), Some(&"a".into()));
        assert!(late.0.get().is_some());
        let keys: Vec<_> = context.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["aws:TagKeys", "aws:userid"]);
    }

    #[test]
    fn an_empty_list_is_no_key() {
        let mut below = Context::new();
        below.set("aws:TagKeys", "a");
        let mut context = Context::over(&below);
        assert_eq!(context.find("aws:TagKeys"), Some(&"a".into()));
        context.clear("aws:tagkeys");
        assert_eq!(context.find("aws:TagKeys"), None);
    }
}
