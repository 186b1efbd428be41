//! Which user has which MFA device.
//!
//! Who shows two codes in a row has the device at hand. Both count as used: nobody who saw them can show them
//! to STS.

use std::sync::Arc;

use super::mfa_devices::Found;
use super::{Action, Done, IamCode, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::{Change, DeviceName, MfaDevice, User};
use crate::domain::{Secret, UnixTime, UserName};
use crate::flows::mfa::{InARow, UsedCode};

/// Two codes in a row.
#[derive(Debug, Clone)]
pub struct TwoCodes {
    /// The earlier one.
    pub first: Secret<String>,
    /// The one that the device showed after it.
    pub second: Secret<String>,
}

impl TwoCodes {
    /// What they tell of the device's clock.
    ///
    /// # Errors
    /// `InvalidAuthenticationCode`
    fn check(&self, seed: Option<&Secret<Vec<u8>>>, now: UnixTime) -> Result<InARow, Refusal> {
        let codes = [&**self.first.expose(), &**self.second.expose()];
        let found = seed.and_then(|seed| InARow::find(seed.expose(), codes, now));
        found.ok_or_else(Refusal::wrong_code)
    }
}

impl Refusal {
    /// The codes are wrong, or were used.
    pub(super) fn wrong_code() -> Self {
        let text = "Authentication code for device is not valid.";
        Self::new(IamCode::InvalidAuthenticationCode, text)
    }

    fn not_the_users() -> Self {
        Self::new(IamCode::NoSuchEntity, "MFA Device invalid for user.")
    }
}

/// The marks of two codes of a user's device.
fn used(user: &User, serial: &str, codes: &InARow) -> Vec<UsedCode> {
    let steps = codes.steps.iter();
    steps
        .map(|step| UsedCode::of(&user.unique_id, serial, *step))
        .collect()
}

/// `EnableMFADevice`
#[derive(Debug)]
pub struct EnableDevice {
    /// Who is to have it.
    pub user: UserName,
    /// The serial number.
    pub serial: String,
    /// What it shows.
    pub codes: TwoCodes,
}

impl Action for EnableDevice {
    type Answer = ();
    const NAME: &'static str = "EnableMFADevice";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_user(Self::NAME, &self.user)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let user = scene.user(&self.user)?;
        let (name, device) = match scene.device(&self.serial)? {
            (name, Found::Unassigned(device)) => (name, device),
            (_, Found::Of(..)) => {
                let text = "MFA Device is already in use.";
                return Err(Refusal::new(IamCode::EntityAlreadyExists, text));
            }
        };
        if user.mfa_devices.len() >= User::MAX_DEVICES {
            return Err(Refusal::over_quota("MFADevicesPerUser", User::MAX_DEVICES));
        }
        let codes = self.codes.check(device.seed().as_ref(), scene.now)?;
        let assigned = device.assigned(scene.now, codes.drift);
        let marks = used(user, &self.serial, &codes);
        let changes = vec![
            Change::RemoveMfaDevice(scene.account_id, name.clone()),
            scene.with_user(&self.user, |user| {
                drop(user.mfa_devices.insert(name, assigned));
            })?,
        ];
        Ok(Done::changed((), changes).using_up(marks))
    }
}

/// The device of this user.
///
/// # Errors
/// `NoSuchEntity`
fn device_of<'s>(
    scene: &'s Scene<'_>,
    user: &UserName,
    serial: &str,
) -> Result<(DeviceName, &'s MfaDevice), Refusal> {
    let devices = &scene.user(user)?.mfa_devices;
    let name = scene
        .device_name(serial)
        .ok_or_else(Refusal::not_the_users)?;
    let device = devices.get(&name).ok_or_else(Refusal::not_the_users)?;
    Ok((name, device))
}

/// `DeactivateMFADevice`; the device stays the account's.
#[derive(Debug)]
pub struct DeactivateDevice {
    /// Who has it; the caller where nobody is named.
    pub user: Option<UserName>,
    /// The serial number.
    pub serial: String,
}

impl Action for DeactivateDevice {
    type Answer = ();
    const NAME: &'static str = "DeactivateMFADevice";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let user = scene.user_or_own(self.user.as_ref())?;
        Ok(vec![scene.ask_of_user(Self::NAME, &user)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let user = scene.user_or_own(self.user.as_ref())?;
        let (name, device) = device_of(scene, &user, &self.serial)?;
        let unassigned = Arc::new(device.unassigned());
        let changes = vec![
            scene.with_user(&user, |user| drop(user.mfa_devices.remove(&name)))?,
            Change::PutMfaDevice(scene.account_id, name, unassigned),
        ];
        Ok(Done::changed((), changes))
    }
}

/// `ResyncMFADevice`: two codes tell how far the device's clock is away.
#[derive(Debug)]
pub struct ResyncDevice {
    /// Who has it.
    pub user: UserName,
    /// The serial number.
    pub serial: String,
    /// What it shows.
    pub codes: TwoCodes,
}

impl Action for ResyncDevice {
    type Answer = ();
    const NAME: &'static str = "ResyncMFADevice";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_user(Self::NAME, &self.user)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let user = scene.user(&self.user)?;
        let (name, device) = device_of(scene, &self.user, &self.serial)?;
        let codes = self.codes.check(device.seed().as_ref(), scene.now)?;
        let marks = used(user, &self.serial, &codes);
        let change = scene.with_user(&self.user, |user| {
            if let Some(device) = user.mfa_devices.get_mut(&name) {
                device.drift = codes.drift;
            }
        })?;
        Ok(Done::changed((), vec![change]).using_up(marks))
    }
}

/// A user's device as IAM tells of one.
#[derive(Debug)]
pub struct UsersDevice {
    /// Who has it.
    pub user: UserName,
    /// The serial number.
    pub serial: String,
    /// Since when.
    pub enabled_at: UnixTime,
}

/// `ListMFADevices`
#[derive(Debug)]
pub struct ListDevices {
    /// Whose; the caller's where nobody is named.
    pub user: Option<UserName>,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListDevices {
    type Answer = Page<UsersDevice>;
    const NAME: &'static str = "ListMFADevices";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let user = scene.user_or_own(self.user.as_ref())?;
        Ok(vec![scene.ask_of_user(Self::NAME, &user)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let user = scene.user_or_own(self.user.as_ref())?;
        let devices = &scene.user(&user)?.mfa_devices;
        let page = self.page.of_map(devices, |name, device| {
            Some(UsersDevice {
                user: user.clone(),
                serial: name.serial_number(scene.partition, scene.account_id),
                enabled_at: device.enabled_at,
            })
        });
        Ok(Done::told(page))
    }
}

/// `GetMFADevice`
#[derive(Debug)]
pub struct GetDevice {
    /// The serial number.
    pub serial: String,
    /// Who has it; whoever does where nobody is named.
    pub user: Option<UserName>,
}

impl GetDevice {
    /// Whose device is meant.
    fn user(&self, scene: &Scene<'_>) -> Result<UserName, Refusal> {
        match (&self.user, scene.device(&self.serial)) {
            (Some(user), _) | (None, Ok((_, Found::Of(user, _)))) => Ok(user.clone()),
            (None, _) => scene.user_or_own(None),
        }
    }
}

impl Action for GetDevice {
    type Answer = UsersDevice;
    const NAME: &'static str = "GetMFADevice";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let question = scene.ask_of_user(Self::NAME, &self.user(scene)?);
        Ok(vec![match self.user {
            Some(_) => question,
            // Whose device it is, is nobody's to find out by it.
            None => question.shown_as(format!("MFA device {}", self.serial)),
        }])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<UsersDevice>, Refusal> {
        let user = self.user(scene)?;
        let (_, device) = device_of(scene, &user, &self.serial)?;
        Ok(Done::told(UsersDevice {
            user,
            serial: self.serial.clone(),
            enabled_at: device.enabled_at,
        }))
    }
}
