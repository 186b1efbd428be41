//! Virtual MFA devices: made, told, tagged and removed.

use std::sync::Arc;

use super::tagging::{TagActions, Tagged};
use super::users::{MAX_USERS, UserView};
use super::{Action, Done, IamCode, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::{Change, DeviceName, MfaDevice, Seed, UnassignedDevice};
use crate::domain::{OwnTags, UnixTime, UserName};

/// As many devices as an account may have, assigned or not: as many as users, as at AWS.
pub const MAX_DEVICES: usize = MAX_USERS;

/// A device of the account, and who has it.
#[derive(Clone, Copy)]
pub(super) enum Found<'s> {
    /// Nobody.
    Unassigned(&'s Arc<UnassignedDevice>),
    /// A user.
    Of(&'s UserName, &'s MfaDevice),
}

impl Found<'_> {
    fn tags(&self) -> &OwnTags {
        match self {
            Self::Unassigned(device) => &device.tags,
            Self::Of(_, device) => &device.tags,
        }
    }
}

impl Scene<'_> {
    /// The name of the device of this serial number, where it is one of the account's.
    pub(super) fn device_name(&self, serial: &str) -> Option<DeviceName> {
        let name = serial.strip_prefix(&self.arn("mfa/"))?;
        name.parse().ok()
    }

    /// The device of this serial number.
    ///
    /// # Errors
    /// `NoSuchEntity`
    pub(super) fn device(&self, serial: &str) -> Result<(DeviceName, Found<'_>), Refusal> {
        let missing = || {
            let text = format!("VirtualMFADevice with serial number {serial} doesn't exist.");
            Refusal::new(IamCode::NoSuchEntity, text)
        };
        let name = self.device_name(serial).ok_or_else(missing)?;
        if let Some(device) = self.account.mfa_devices.get(&name) {
            return Ok((name, Found::Unassigned(device)));
        }
        let mut users = self.account.users.iter();
        let found = users.find_map(|(user, it)| {
            let device = it.mfa_devices.get(&name)?;
            Some(Found::Of(user, device))
        });
        Ok((name, found.ok_or_else(missing)?))
    }

    /// Whether `iam:<action>` is allowed on the device of this serial number, whether or not there is one.
    fn ask_of_device(&self, action: &str, serial: &str) -> Question {
        let question = Question::new(action, serial);
        match self.device(serial) {
            Ok((_, found)) => question.of_tagged(found.tags()),
            Err(_) => question,
        }
    }
}

/// `CreateVirtualMFADevice`
#[derive(Debug)]
pub struct CreateDevice {
    /// What the device is called, with its path.
    pub name: DeviceName,
    /// Its tags.
    pub tags: OwnTags,
}

/// A device with its seed, which is told once.
#[derive(Debug)]
pub struct NewDevice {
    /// The serial number.
    pub serial: String,
    /// What the device is called, with its path.
    pub name: DeviceName,
    /// What the account is called.
    pub account: String,
    /// The seed.
    pub seed: Seed,
    /// Its tags.
    pub tags: OwnTags,
}

impl Action for CreateDevice {
    type Answer = NewDevice;
    const NAME: &'static str = "CreateVirtualMFADevice";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let serial = self.name.serial_number(scene.partition, scene.account_id);
        Ok(Question::new(Self::NAME, serial).making::<OfDevice>(&self.tags))
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<NewDevice>, Refusal> {
        let account = &scene.account;
        let of_users = account.users.values().flat_map(|it| it.mfa_devices.keys());
        let mut all = account.mfa_devices.keys().chain(of_users);
        let is_it = |other: &DeviceName| {
            let other = other.as_str();
            other.eq_ignore_ascii_case(self.name.as_str())
        };
        if all.any(is_it) {
            let text = "MFADevice entity at the same path and name already exists.";
            return Err(Refusal::new(IamCode::EntityAlreadyExists, text));
        }
        let users = account.users.values();
        let assigned: usize = users.map(|user| user.mfa_devices.len()).sum();
        if account.mfa_devices.len() + assigned >= MAX_DEVICES {
            return Err(Refusal::over_quota("MFADevicesPerAccount", MAX_DEVICES));
        }
        let seed = Seed::from_random(&scene.draw()?);
        let device = UnassignedDevice::new(&seed, self.tags.clone());
        let told = NewDevice {
            serial: self.name.serial_number(scene.partition, scene.account_id),
            name: self.name.clone(),
            account: account.settings.alias.to_string(),
            seed,
            tags: self.tags.clone(),
        };
        let (name, device) = (self.name.clone(), Arc::new(device));
        let change = Change::PutMfaDevice(scene.account_id, name, device);
        Ok(Done::changed(told, vec![change]))
    }
}

/// A virtual device as IAM lists one.
#[derive(Debug)]
pub struct DeviceView {
    /// The serial number.
    pub serial: String,
    /// Who has it, and since when.
    pub assigned: Option<(UserView, UnixTime)>,
}

/// Which devices are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignment {
    /// Those that users have.
    Assigned,
    /// Those that no user has.
    Unassigned,
    /// All.
    Any,
}

/// `ListVirtualMFADevices`
#[derive(Debug)]
pub struct ListVirtualDevices {
    /// Which.
    pub assignment: Assignment,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListVirtualDevices {
    type Answer = Page<DeviceView>;
    const NAME: &'static str = "ListVirtualMFADevices";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, scene.arn("mfa/"))])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let serial = |name: &DeviceName| name.serial_number(scene.partition, scene.account_id);
        let mut devices = Vec::new();
        if self.assignment != Assignment::Assigned {
            let names = scene.account.mfa_devices.keys();
            devices.extend(names.map(|name| DeviceView {
                serial: serial(name),
                assigned: None,
            }));
        }
        if self.assignment != Assignment::Unassigned {
            for (user_name, user) in &scene.account.users {
                devices.extend(user.mfa_devices.iter().map(|(name, device)| DeviceView {
                    serial: serial(name),
                    assigned: Some((UserView::of(scene, user_name, user), device.enabled_at)),
                }));
            }
        }
        let items = devices.into_iter().map(|it| (it.serial.clone(), it));
        Ok(Done::told(self.page.of_list(items.collect())))
    }
}

/// `DeleteVirtualMFADevice`
#[derive(Debug)]
pub struct DeleteDevice {
    /// The serial number.
    pub serial: String,
}

impl Action for DeleteDevice {
    type Answer = ();
    const NAME: &'static str = "DeleteVirtualMFADevice";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_device(Self::NAME, &self.serial)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        match scene.device(&self.serial)? {
            (name, Found::Unassigned(_)) => {
                let change = Change::RemoveMfaDevice(scene.account_id, name);
                Ok(Done::changed((), vec![change]))
            }
            (_, Found::Of(..)) => {
                let text = "MFA VirtualDevice in use. Must deactivate first.";
                Err(Refusal::new(IamCode::DeleteConflict, text))
            }
        }
    }
}

/// Virtual MFA devices.
#[derive(Debug)]
pub struct OfDevice;

impl Tagged for OfDevice {
    /// The serial number.
    type Name = String;
    const ACTIONS: TagActions = TagActions {
        tag: "TagMFADevice",
        untag: "UntagMFADevice",
        list: "ListMFADeviceTags",
    };
    const QUOTA: &'static str = "TagsPerMFADevice";

    fn ask(scene: &Scene<'_>, action: &str, serial: &String) -> Question {
        scene.ask_of_device(action, serial)
    }

    fn tags(scene: &Scene<'_>, serial: &String) -> Result<OwnTags, Refusal> {
        let (_, found) = scene.device(serial)?;
        Ok(found.tags().clone())
    }

    fn retagged(
        scene: &Scene<'_>,
        serial: &String,
        edit: impl FnOnce(&OwnTags) -> Result<OwnTags, Refusal>,
    ) -> Result<Done<()>, Refusal> {
        let (name, found) = scene.device(serial)?;
        let tags = edit(found.tags())?;
        let change = match found {
            Found::Unassigned(device) => {
                let mut device = UnassignedDevice::clone(device);
                device.tags = tags;
                Change::PutMfaDevice(scene.account_id, name, Arc::new(device))
            }
            Found::Of(user, _) => scene.with_user(user, |user| {
                if let Some(device) = user.mfa_devices.get_mut(&name) {
                    device.tags = tags;
                }
            })?,
        };
        Ok(Done::changed((), vec![change]))
    }
}
