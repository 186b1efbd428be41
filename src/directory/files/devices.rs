//! Users' devices, and those that no user has.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::read::Reader;
use super::{MfaDeviceFile, UnassignedDevicesFile};
use crate::directory::{Account, DeviceName, MfaDevice, UnassignedDevice, User};
use crate::domain::AccountId;

impl Reader<'_> {
    /// The devices of a user who was this one before. A device that no user had before keeps its seed, too.
    pub(super) fn read_devices(
        &mut self,
        (path, id): (&str, AccountId),
        files: Vec<MfaDeviceFile>,
        before: Option<&User>,
    ) -> BTreeMap<DeviceName, MfaDevice> {
        let account = self.current.accounts.get(&id);
        let mut devices = BTreeMap::new();
        for file in files {
            let kept = before.and_then(|user| user.mfa_devices.get(&file.name));
            let unassigned = account.and_then(|account| account.mfa_devices.get(&file.name));
            let enabled_at = file.enabled_at.or(kept.map(|device| device.enabled_at));
            let enabled_at = enabled_at.unwrap_or(self.now);
            let drift = file.drift.or(kept.map(|device| device.drift));
            let mut device = match (&file.seed, kept, unassigned) {
                (Some(seed), _, _) => MfaDevice::new(seed, enabled_at),
                (None, Some(kept), _) => MfaDevice::clone(kept),
                (None, None, Some(unassigned)) => unassigned.assigned(enabled_at, 0),
                (None, None, None) => {
                    self.without_secret(path, ("mfa_devices", "seed"), &file.name);
                    continue;
                }
            };
            device.enabled_at = enabled_at;
            device.drift = drift.unwrap_or_default();
            device.tags = file.tags;
            if devices.insert(file.name.clone(), device).is_some() {
                self.problem(path, &format!("mfa_devices: {} is listed twice", file.name));
            }
        }
        devices
    }

    /// A device that a user had before keeps its seed.
    pub(super) fn read_unassigned_devices(&mut self, id: AccountId, account: &mut Account) {
        let path = format!("accounts/{id}/mfa-devices.toml");
        if !self.files.contains_key(&path) {
            return;
        }
        let file: Option<UnassignedDevicesFile> = self.secret_toml(&path);
        let before = self.current.accounts.get(&id);
        for file in file.map(|file| file.mfa_devices).unwrap_or_default() {
            let device = match &file.seed {
                Some(seed) => Some(UnassignedDevice::new(seed, file.tags.clone())),
                None => before.and_then(|account| account.device_without_user(&file.name)),
            };
            let Some(mut device) = device else {
                self.without_secret(&path, ("mfa_devices", "seed"), &file.name);
                continue;
            };
            device.tags = file.tags;
            let twice = account
                .mfa_devices
                .insert(file.name.clone(), Arc::new(device));
            if twice.is_some() {
                let text = format!("mfa_devices: {} is listed twice", file.name);
                self.problem(&path, &text);
            }
        }
    }
}

impl Account {
    /// A device of the account as one that no user has, whoever has it now.
    fn device_without_user(&self, name: &DeviceName) -> Option<UnassignedDevice> {
        if let Some(device) = self.mfa_devices.get(name) {
            return Some(UnassignedDevice::clone(device));
        }
        let mut users = self.users.values();
        users.find_map(|user| Some(user.mfa_devices.get(name)?.unassigned()))
    }
}
