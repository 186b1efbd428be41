//! The names of keys.

use data_encoding::BASE64URL_NOPAD;

use super::super::{FamilyKey, PageId, PersonKey, SessionPlace, Share};

/// Makes names under one prefix, so that several gateways can share a Redis.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    /// The hash with the directory's log: a field for each generation, `head`, `check` and `version`.
    pub(super) fn log(&self) -> String {
        format!("{}:{{dir}}:log", self.prefix)
    }

    /// The hash with the newest checkpoint.
    pub(super) fn checkpoint(&self) -> String {
        format!("{}:{{dir}}:checkpoint", self.prefix)
    }

    /// The channel on which an append is told.
    pub(super) fn channel(&self) -> String {
        format!("{}:{{dir}}:changed", self.prefix)
    }

    /// Names of this form, for `SCAN`. A prefix has no character that means anything in it.
    pub(super) fn pattern(&self, form: &str) -> String {
        format!("{}:{form}", self.prefix)
    }

    /// A place for a session, under its person's tag.
    pub(super) fn session(&self, place: &SessionPlace) -> String {
        let (tag, number) = (tag(place), place.last().copied().unwrap_or_default());
        format!("{}:{{{tag}}}:session:{number}", self.prefix)
    }

    pub(super) fn mark(&self, what: &[u8; 32]) -> String {
        format!("{}:used:{}", self.prefix, BASE64URL_NOPAD.encode(what))
    }

    /// A family of refresh tokens.
    pub(super) fn family(&self, family: &FamilyKey) -> String {
        format!(
            "{}:family:{}",
            self.prefix,
            BASE64URL_NOPAD.encode(&family.0)
        )
    }

    /// That families of this name were ended together.
    pub(super) fn families_ended(&self, name: &[u8; 32]) -> String {
        format!(
            "{}:families-ended:{}",
            self.prefix,
            BASE64URL_NOPAD.encode(name)
        )
    }

    /// When an access key was last used.
    pub(super) fn key_use(&self, key: &[u8; 32]) -> String {
        format!("{}:key-use:{}", self.prefix, BASE64URL_NOPAD.encode(key))
    }

    /// That a person signed out.
    pub(super) fn logout(&self, person: &PersonKey) -> String {
        let (tag, person) = (tag(&person.place(0)), BASE64URL_NOPAD.encode(&person.0));
        format!("{}:{{{tag}}}:logout:{person}", self.prefix)
    }

    /// The roles that a person has marked or taken.
    pub(super) fn personal_roles(&self, person: &PersonKey) -> String {
        let (tag, person) = (tag(&person.place(0)), BASE64URL_NOPAD.encode(&person.0));
        format!("{}:{{{tag}}}:roles:{person}", self.prefix)
    }

    /// Every place that a person has for sessions.
    pub(super) fn sessions_of(&self, person: &PersonKey) -> Vec<String> {
        let places = (0..=u8::MAX).map(|number| person.place(number));
        places.map(|place| self.session(&place)).collect()
    }

    /// A page of decisions: a hash with `stamp`, `head` and `body`.
    pub(super) fn page(&self, share: Share, id: PageId) -> String {
        let (prefix, share) = (&self.prefix, share.as_str());
        format!("{prefix}:{{decisions-{share}}}:page:{id}")
    }

    /// The names of a share's pages, in their order.
    pub(super) fn pages(&self, share: Share) -> String {
        format!("{}:{{decisions-{}}}:pages", self.prefix, share.as_str())
    }

    /// What each page of a share takes, and the time of the newest trace in it.
    pub(super) fn page_sizes(&self, share: Share) -> String {
        format!("{}:{{decisions-{}}}:sizes", self.prefix, share.as_str())
    }
}

/// What keeps all that is a person's on one server of a Cluster: what their places have in common.
fn tag(place: &SessionPlace) -> String {
    let [common @ .., _] = place;
    BASE64URL_NOPAD.encode(common)
}

/// The name of 32 bytes that is the last part of a key.
pub(super) fn named(key: &str) -> Option<[u8; 32]> {
    let (_, name) = key.rsplit_once(':')?;
    let bytes = BASE64URL_NOPAD.decode(name.as_bytes()).ok()?;
    bytes.try_into().ok()
}

/// The place that a key is of.
pub(super) fn place_of(key: &str) -> Option<SessionPlace> {
    let (tag, rest) = key.split_once('{')?.1.split_once('}')?;
    let number = rest.strip_prefix(":session:")?.parse().ok()?;
    let mut place = BASE64URL_NOPAD.decode(tag.as_bytes()).ok()?;
    place.push(number);
    place.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_place_says_which_it_is() {
        let person = PersonKey([0xa5; 32]);
        let keys = Keys::new("a:prefix");
        for number in [0, 7, 255] {
            let place = person.place(number);
            assert_eq!(place_of(&keys.session(&place)), Some(place));
        }
        assert_eq!(place_of(&keys.logout(&person)), None);
        assert_eq!(place_of("a:prefix:{short}:session:7"), None);
        assert_eq!(
            place_of(&keys.session(&person.place(0)).replace(":0", ":256")),
            None
        );
    }

    #[test]
    fn all_that_is_a_person_s_is_under_one_tag() {
        let person = PersonKey([0xa5; 32]);
        let keys = Keys::new("rolegate");
        let tag_of = |key: &str| key.split(['{', '}']).nth(1).map(str::to_owned);
        let logout = tag_of(&keys.logout(&person));
        let all = keys.sessions_of(&person);
        assert_eq!(all.len(), 256);
        assert!(
            all.iter()
                .all(|key| tag_of(key) == logout && logout.is_some())
        );
    }
}
