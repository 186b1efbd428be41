//! What is noted of a session beside whose it is.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::domain::{Device, OidcSession, RoleArn, UnixTime};

/// What is noted of a session. It is kept as JSON at the end of the session's record, so that a version
/// may note more: what is missing has its default, and what is unknown is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionDetails {
    /// What the person signed in with.
    pub device: Device,
    /// From where.
    pub address: Option<IpAddr>,
    /// The OpenID Connect provider's own session.
    pub oidc: Option<OidcSession>,
    /// The roles whose credentials were taken, the last first, each once; at most [`Self::MAX_TAKEN`].
    pub taken: Vec<TakenRole>,
}

/// That credentials of a role were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenRole {
    /// The role.
    pub role: RoleArn,
    /// When, the last time.
    pub at: UnixTime,
}

impl SessionDetails {
    /// So many roles are remembered; the one that was taken longest ago gives way.
    pub const MAX_TAKEN: usize = 32;

    /// Notes that credentials were taken.
    pub fn note(&mut self, taken: &TakenRole) {
        self.taken.retain(|other| other.role != taken.role);
        self.taken.insert(0, taken.clone());
        self.taken.truncate(Self::MAX_TAKEN);
    }
}

/// As bytes of JSON. A record of before there was any ends earlier: nothing was noted then.
pub(super) mod as_json {
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::SessionDetails;

    pub(in crate::store) fn serialize<S: Serializer>(
        details: &SessionDetails,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let json = serde_json::to_vec(details).map_err(S::Error::custom)?;
        json.serialize(serializer)
    }

    pub(in crate::store) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SessionDetails, D::Error> {
        let Ok(json) = Vec::<u8>::deserialize(deserializer) else {
            return Ok(SessionDetails::default());
        };
        serde_json::from_slice(&json).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: UnixTime = UnixTime::from_seconds(1_795_254_067);

    fn taken(number: usize, after: i64) -> TakenRole {
        let role = format!("arn:aws:iam::123456789012:role/r{number}");
        TakenRole {
            role: role.parse().unwrap(),
            at: AT.plus(after),
        }
    }

    #[test]
    fn each_role_is_there_once_and_the_last_first() {
        let mut details = SessionDetails::default();
        for (number, after) in [(1, 0), (2, 1), (1, 2)] {
            details.note(&taken(number, after));
        }
        assert_eq!(details.taken, [taken(1, 2), taken(2, 1)]);
    }

    #[test]
    fn the_oldest_gives_way() {
        let mut details = SessionDetails::default();
        for number in 0..=SessionDetails::MAX_TAKEN {
            details.note(&taken(number, 0));
        }
        assert_eq!(details.taken.len(), SessionDetails::MAX_TAKEN);
        assert!(!details.taken.contains(&taken(0, 0)));
    }

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Old {
        name: String,
    }

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct New {
        name: String,
        #[serde(default, with = "as_json")]
        details: SessionDetails,
    }

    #[test]
    fn a_record_of_before_is_read_and_has_nothing_noted() {
        let name = "Ines".to_owned();
        let old = postcard::to_stdvec(&Old { name: name.clone() }).unwrap();
        let mut new = New {
            name,
            details: SessionDetails::default(),
        };
        assert_eq!(postcard::take_from_bytes(&old).unwrap(), (new, &[][..]));
        new = New {
            name: "Ines".to_owned(),
            details: SessionDetails::default(),
        };
        new.details.note(&taken(1, 0));
        let written = postcard::to_stdvec(&new).unwrap();
        assert_eq!(postcard::take_from_bytes(&written).unwrap(), (new, &[][..]));
    }

    #[test]
    fn what_another_version_notes_is_passed_over() {
        let details: SessionDetails = serde_json::from_str(r#"{"mood":"good"}"#).unwrap();
        assert_eq!(details, SessionDetails::default());
    }
}
