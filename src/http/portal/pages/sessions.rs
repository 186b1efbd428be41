//! Where a person is signed in.

use std::net::IpAddr;

use askama::Template;

use super::{PersonMenu, assets};
use crate::domain::{Device, RoleArn, SignInId, UnixTime};
use crate::http::portal::frame::Frame;
use crate::http::portal::language::Said;
use crate::http::portal::shown::Shown;

/// So many roles of a session are listed; the others are counted.
const LISTED: usize = 4;

/// The person's sessions.
#[derive(Template)]
#[template(path = "sessions.html")]
pub struct SessionsPage {
    /// What stands around it.
    pub frame: Frame,
    /// Who is signed in.
    pub person: PersonMenu,
    /// Their sessions, in the order in which they are shown.
    pub sessions: Vec<SessionRow>,
    /// Whether keys of a session that was ended just now could not be ended.
    pub keys_go_on: bool,
}

/// One session.
pub struct SessionRow {
    /// Goes back as `session`.
    pub id: SignInId,
    /// What the person signed in with.
    pub device: Device,
    /// From where.
    pub address: Option<IpAddr>,
    /// When.
    pub signed_in_at: UnixTime,
    /// When it was last used, to the minute or so.
    pub last_seen: UnixTime,
    /// The roles whose keys were taken, the last first.
    pub taken: Vec<TakenIn>,
    /// Whether this page is of it.
    pub is_this: bool,
}

/// A role whose keys were taken.
#[derive(Clone)]
pub struct TakenIn {
    /// The account's alias; `None` where the account is not there any more.
    pub account_alias: Option<Shown>,
    /// The role.
    pub role: RoleArn,
    /// When, the last time.
    pub at: UnixTime,
}

impl SessionsPage {
    fn others(&self) -> usize {
        self.sessions.iter().filter(|row| !row.is_this).count()
    }

    /// `Firefox on Linux`
    fn device(&self, row: &SessionRow) -> Said {
        let (browser, system) = (row.device.browser.name(), row.device.system.name());
        match (browser, system) {
            (Some(browser), Some(system)) => self
                .frame
                .say("device-both")
                .with("browser", browser)
                .with("system", system),
            (Some(browser), None) => self.frame.say("device-browser").with("browser", browser),
            (None, Some(system)) => self.frame.say("device-system").with("system", system),
            (None, None) => self.frame.say("device-unknown"),
        }
    }
}

impl SessionRow {
    fn listed(&self) -> impl Iterator<Item = &TakenIn> {
        self.taken.iter().take(LISTED)
    }

    fn more(&self) -> usize {
        self.taken.len().saturating_sub(LISTED)
    }
}

impl TakenIn {
    fn account(&self) -> String {
        let alias = self.account_alias.as_ref();
        alias.map_or_else(|| self.role.account().to_string(), ToString::to_string)
    }
}
