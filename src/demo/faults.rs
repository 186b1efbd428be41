//! "Break it": what goes wrong on purpose, by a button each on the page that asks who somebody is.
//!
//! A fault spoils the answer of one sign-in and nothing else. The answer goes the whole way of a good
//! one, by the same endpoints and signed by the same keys, so that what the gateway says of it is what
//! it would say of a provider that really did so.

use super::parameters::Parameters;
use super::people::{Person, many_groups};
use crate::domain::UnixTime;

/// The group of Rolegate's administrators, which a forged answer claims.
pub(super) const ADMINISTRATORS: &str = "rolegate-admins";
/// How far ahead a clock runs that is fast, in seconds.
const FAST: i64 = 360;
/// How long ago an answer was made that is over, and how long ago it ended, in seconds.
const MADE_AGO: i64 = 240;
const ENDED_AGO: i64 = 120;

/// How somebody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// OpenID Connect.
    Oidc,
    /// SAML.
    Saml,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The answer is over when it comes.
    Expired,
    /// The provider's clock is six minutes fast.
    FastClock,
    /// The answer is for another application.
    OtherAudience,
    /// Somebody makes more of a good answer than the provider signed.
    Forged,
    /// The answer of an earlier sign-in comes once more.
    Replayed,
    /// The provider writes groups in another way than the rules do.
    RenamedGroups,
    /// The provider signs with a key that it has not published.
    UnpublishedKey,
    /// The person is in more groups than the provider sends.
    TooManyGroups,
}

/// What a button says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words {
    /// The fault in two or three words.
    pub(super) title: &'static str,
    /// What is broken, and what should come of it.
    pub(super) told: &'static str,
}

impl Fault {
    /// In the order of the buttons.
    pub(super) const ALL: [Self; 8] = [
        Self::Expired,
        Self::FastClock,
        Self::OtherAudience,
        Self::Forged,
        Self::Replayed,
        Self::RenamedGroups,
        Self::UnpublishedKey,
        Self::TooManyGroups,
    ];

    /// The value of its button.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::FastClock => "fast-clock",
            Self::OtherAudience => "other-audience",
            Self::Forged => "forged",
            Self::Replayed => "replayed",
            Self::RenamedGroups => "renamed-groups",
            Self::UnpublishedKey => "unpublished-key",
            Self::TooManyGroups => "too-many-groups",
        }
    }

    /// Whether somebody is signed in all the same.
    pub(super) const fn signs_in(self) -> bool {
        match self {
            Self::RenamedGroups | Self::TooManyGroups => true,
            Self::Expired
            | Self::FastClock
            | Self::OtherAudience
            | Self::Forged
            | Self::Replayed
            | Self::UnpublishedKey => false,
        }
    }

    /// Who signs in.
    const fn person(self) -> &'static str {
        match self {
            Self::Forged => "noor",
            Self::RenamedGroups => "lukas",
            Self::Expired
            | Self::FastClock
            | Self::OtherAudience
            | Self::Replayed
            | Self::UnpublishedKey
            | Self::TooManyGroups => "ines",
        }
    }

    /// What the provider believes of the person then.
    fn change(self, person: &mut Person) {
        match self {
            Self::RenamedGroups => {
                for group in &mut person.groups {
                    *group = capitalised(group);
                }
            }
            Self::TooManyGroups => person.groups.extend(many_groups()),
            Self::Expired
            | Self::FastClock
            | Self::OtherAudience
            | Self::Forged
            | Self::Replayed
            | Self::UnpublishedKey => {}
        }
    }

    /// What the button says.
    pub(super) const fn words(self, protocol: Protocol) -> Words {
        let (title, told) = match (self, protocol) {
            (Self::Expired, Protocol::Oidc) => (
                "Expired token",
                "The id_token ended two minutes ago; one minute is allowed, so nobody gets in.",
            ),
            (Self::Expired, Protocol::Saml) => (
                "Expired assertion",
                "The assertion ended two minutes ago; one minute is allowed, so nobody gets in.",
            ),
            (Self::FastClock, _) => (
                "Clock six minutes fast",
                "The provider dates everything six minutes ahead; one minute is allowed, so nobody gets in.",
            ),
            (Self::OtherAudience, _) => (
                "Wrong audience",
                "The answer is good and signed, but for the payroll application: it opens nothing here.",
            ),
            (Self::Forged, Protocol::Oidc) => (
                "Algorithm confusion",
                "Noor writes herself into the administrators and signs with the provider’s public key as a secret: no such algorithm is accepted.",
            ),
            (Self::Forged, Protocol::Saml) => (
                "Signature wrapping",
                "Noor puts a copy in front of her signed assertion that makes her an administrator: a response with two assertions is refused.",
            ),
            (Self::Replayed, _) => (
                "Replay",
                "The answer of an earlier sign-in comes once more, as a thief would send it: it belongs to that sign-in alone.",
            ),
            (Self::RenamedGroups, _) => (
                "Renamed groups",
                "The provider now writes Lukas’s groups with capitals: he gets in, no rule fits, and the trace names the near misses.",
            ),
            (Self::UnpublishedKey, _) => (
                "Rotated key",
                "The provider signs with a new key before it publishes it: nobody gets in until it does, by a button that is here then.",
            ),
            (Self::TooManyGroups, _) => (
                "Group overage",
                "Ines is in over 250 groups now and the provider sends none, as Entra ID does: she gets in without a role, and the page says why.",
            ),
        };
        Words { title, told }
    }
}

/// Who was chosen, and what goes wrong.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// The person, as the provider knows them then.
    pub(super) person: Person,
    /// What goes wrong, if anything does.
    pub(super) fault: Option<Fault>,
}

impl Choice {
    /// The names of the buttons' fields.
    pub(super) const FIELDS: [&'static str; 2] = ["person", "break"];

    /// Reads which button was pressed: that of a person, or that of a fault. `None` where it is
    /// nobody's.
    pub(super) fn read(parameters: &Parameters, people: &[Person]) -> Option<Self> {
        let [person, fault] = Self::FIELDS.map(|field| parameters.value(field));
        let fault = match fault {
            Some(key) => Some(Fault::ALL.into_iter().find(|fault| fault.key() == key)?),
            None => None,
        };
        let key = fault.map(Fault::person).or(person)?;
        let mut person = people.iter().find(|person| person.key == key)?.clone();
        if let Some(fault) = fault {
            fault.change(&mut person);
        }
        Some(Self { person, fault })
    }
}

/// When an answer says that it was made, and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) issued_at: UnixTime,
    pub(super) ends_at: UnixTime,
}

impl Validity {
    /// Of a good answer, which lasts so many seconds from `now`.
    pub(super) const fn good(now: UnixTime, seconds: i64) -> Self {
        Self {
            issued_at: now,
            ends_at: now.plus(seconds),
        }
    }

    /// What a fault makes of it.
    pub(super) fn of(fault: Option<Fault>, now: UnixTime, seconds: i64) -> Self {
        if fault == Some(Fault::Expired) {
            return Self {
                issued_at: now.plus(-MADE_AGO),
                ends_at: now.plus(-ENDED_AGO),
            };
        }
        let ahead = if fault == Some(Fault::FastClock) {
            FAST
        } else {
            0
        };
        Self::good(now.plus(ahead), seconds)
    }
}

/// `data-readers` as `Data-Readers`.
fn capitalised(group: &str) -> String {
    let mut begins = true;
    let changed = group.chars().map(|letter| {
        let changed = if begins {
            letter.to_ascii_uppercase()
        } else {
            letter
        };
        begins = letter == '-';
        changed
    });
    changed.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::demo::people::meridale;

    fn read(form: &str) -> Option<Choice> {
        let parameters = Parameters::parse(form.as_bytes()).unwrap();
        Choice::read(&parameters, &meridale())
    }

    #[test]
    fn a_button_is_a_person_s_or_a_fault_s() {
        let ines = read("person=ines").unwrap();
        assert_eq!((ines.person.key.as_str(), ines.fault), ("ines", None));
        for fault in Fault::ALL {
            let form = ["person=tomas&break=", fault.key()].concat();
            let choice = read(&form).unwrap();
            assert_eq!(choice.fault, Some(fault));
            assert_eq!(choice.person.key, fault.person());
        }
        for nobody in ["", "person=mallory", "person=ines&break=everything"] {
            assert!(read(nobody).is_none(), "{nobody}");
        }
    }

    #[test]
    fn every_button_has_a_value_and_words_of_its_own() {
        let keys: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.key()).collect();
        assert_eq!(keys.len(), Fault::ALL.len());
        for protocol in [Protocol::Oidc, Protocol::Saml] {
            let words = Fault::ALL.iter().map(|fault| fault.words(protocol));
            let (titles, told): (BTreeSet<_>, BTreeSet<_>) =
                words.map(|words| (words.title, words.told)).unzip();
            assert_eq!((titles.len(), told.len()), (8, 8));
            // One sentence each.
            assert!(told.iter().all(|told| told.matches('.').count() == 1));
        }
    }

    #[test]
    fn a_renamed_group_differs_in_case_alone() {
        let lukas = read("break=renamed-groups").unwrap().person;
        assert_eq!(
            lukas.groups,
            ["All-Staff", "Finance-Analysts", "Data-Readers"]
        );
    }

    #[test]
    fn a_forgery_is_begun_by_somebody_who_may_nothing() {
        let noor = read("break=forged").unwrap().person;
        assert_eq!(noor.groups, ["all-staff"]);
    }

    #[test]
    fn an_answer_that_is_over_was_made_lately() {
        let now = UnixTime::from_seconds(1_800_000_000);
        let over = Validity::of(Some(Fault::Expired), now, 300);
        assert_eq!(now.since(over.issued_at), 240);
        assert_eq!(now.since(over.ends_at), 120);
        let fast = Validity::of(Some(Fault::FastClock), now, 300);
        assert_eq!(fast.issued_at.since(now), 360);
        assert_eq!(Validity::of(None, now, 300), Validity::good(now, 300));
    }
}
