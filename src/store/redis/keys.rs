//! The names of keys.

use data_encoding::BASE64URL_NOPAD;

use super::super::{FamilyKey, PageId, PersonKey, SessionKey, Share};

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

    pub(super) fn session(&self, session: &SessionKey) -> String {
        self.session_named(&BASE64URL_NOPAD.encode(&session.0))
    }

    /// The key of a session by the name that stands in a person's index.
    pub(super) fn session_named(&self, name: &str) -> String {
        format!("{}:session:{name}", self.prefix)
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

    /// That a person signed out.
    pub(super) fn logout(&self, person: &PersonKey) -> String {
        let person = BASE64URL_NOPAD.encode(&person.0);
        format!("{}:{{{person}}}:logout", self.prefix)
    }

    /// The names of a person's sessions, each with the second in which it may be forgotten.
    pub(super) fn sessions_of(&self, person: &PersonKey) -> String {
        let person = BASE64URL_NOPAD.encode(&person.0);
        format!("{}:{{{person}}}:sessions", self.prefix)
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

/// What a person's index calls a session.
pub(super) fn session_name(session: &SessionKey) -> String {
    BASE64URL_NOPAD.encode(&session.0)
}

/// The name of 32 bytes that is the last part of a key, or stands in its braces.
pub(super) fn named(key: &str) -> Option<[u8; 32]> {
    let name = match key.split_once('{') {
        Some((_, rest)) => rest.split_once('}')?.0,
        None => key.rsplit_once(':')?.1,
    };
    let bytes = BASE64URL_NOPAD.decode(name.as_bytes()).ok()?;
    bytes.try_into().ok()
}
