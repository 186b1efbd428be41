//! A directory to files.

use std::collections::BTreeMap;

use serde::Serialize;

use super::providers::write_providers;
use super::{
    AccessKeyFile, DirectoryFiles, GroupFile, InstanceProfileFile, METADATA, MfaDeviceFile,
    PolicyFile, RoleFile, ServiceFile, UnassignedDeviceFile, UnassignedDevicesFile, UserFile,
};
use crate::directory::{
    AccessKey, Account, ConnectionMetadata, DeviceName, Directory, Group, ManagedPolicy, MfaDevice,
    PrincipalNames, Problem, Reach, Role, Service, User,
};
use crate::domain::{AccessKeyId, AccountId, Partition, PolicyName, PolicyVersionId, ServiceName};
use crate::federation::connection::ConnectionSettings;
use crate::policy::IdentityPolicy;

/// Writes the directory as files; reading them gives the same directory. Keys and fetched metadata
/// are left out.
///
/// # Errors
/// Where a resource can't be written as TOML, which names it.
pub fn write(directory: &Directory, partition: Partition) -> Result<DirectoryFiles, Problem> {
    let mut files = DirectoryFiles::new();
    let names = PrincipalNames::of(directory, partition);
    for (id, account) in &directory.accounts {
        write_account(*id, account, &names, &mut files)?;
    }
    for (id, connection) in &directory.connections {
        write_connection(connection, &mut files)?;
        let metadata = directory.connection_metadata.get(id).map(AsRef::as_ref);
        if let Some(ConnectionMetadata::Uploaded(document)) = metadata {
            let path = format!("connections/{id}{METADATA}");
            files.insert(path, document.as_str().to_owned());
        }
    }
    if let Some(organization) = &directory.organization {
        put_toml(&mut files, "organization.toml".to_owned(), organization)?;
    }
    for (id, link) in &directory.links {
        put_toml(&mut files, format!("links/{id}.toml"), link)?;
    }
    for (id, rule) in &directory.rules {
        put_toml(&mut files, format!("rules/{id}.toml"), rule.as_ref())?;
    }
    for (name, service) in &directory.services {
        write_service(name, service, &mut files)?;
    }
    Ok(files)
}

fn write_account(
    id: AccountId,
    account: &Account,
    names: &PrincipalNames,
    files: &mut DirectoryFiles,
) -> Result<(), Problem> {
    let path = format!("accounts/{id}/account.toml");
    put_toml(files, path, &account.settings)?;
    for (name, role) in &account.roles {
        let base = format!("accounts/{id}/roles/{name}");
        write_role(&base, role, files)?;
        files.insert([&base, ".trust.json"].concat(), names.show(&role.trust));
    }
    for (name, user) in &account.users {
        write_user(&format!("accounts/{id}/users/{name}"), user, files)?;
    }
    for (name, group) in &account.groups {
        write_group(&format!("accounts/{id}/groups/{name}"), group, files)?;
    }
    write_unassigned_devices(id, account, files)?;
    for (name, policy) in &account.policies {
        write_managed(&format!("accounts/{id}/policies/{name}"), policy, files)?;
    }
    for (name, profile) in &account.instance_profiles {
        let file = InstanceProfileFile {
            path: profile.path.clone(),
            role: profile.role.clone(),
            unique_id: Some(profile.unique_id.clone()),
            created_at: Some(profile.created_at),
            tags: profile.tags.clone(),
        };
        let path = format!("accounts/{id}/instance-profiles/{name}.toml");
        put_toml(files, path, &file)?;
    }
    write_providers(id, account, files)
}

fn write_role(base: &str, role: &Role, files: &mut DirectoryFiles) -> Result<(), Problem> {
    let file = RoleFile {
        path: role.path.clone(),
        managed_policies: role.attached.clone(),
        permissions_boundary: role.boundary.clone(),
        tags: role.tags.clone(),
        description: role.description.clone(),
        max_session_duration: role.max_session_duration,
        unique_id: Some(role.unique_id.clone()),
        created_at: Some(role.created_at),
    };
    put_toml(files, format!("{base}.toml"), &file)?;
    write_policies(base, &role.policies, files);
    Ok(())
}

fn write_policies(
    base: &str,
    policies: &BTreeMap<PolicyName, IdentityPolicy>,
    files: &mut DirectoryFiles,
) {
    for (policy, document) in policies {
        let path = format!("{base}.policies/{policy}.json");
        files.insert(path, document.as_json().to_owned());
    }
}

/// Access keys without secrets.
fn keys_without_secrets(keys: &BTreeMap<AccessKeyId, AccessKey>) -> Vec<AccessKeyFile> {
    let keys = keys.iter().map(|(id, key)| AccessKeyFile {
        id: id.clone(),
        secret: None,
        status: key.status,
        created_at: Some(key.created_at),
    });
    keys.collect()
}

/// A service without secrets.
fn write_service(
    name: &ServiceName,
    service: &Service,
    files: &mut DirectoryFiles,
) -> Result<(), Problem> {
    let file = ServiceFile {
        description: service.description.clone(),
        accounts: match &service.reach {
            Reach::EveryAccount => None,
            Reach::Accounts(accounts) => Some(accounts.clone()),
        },
        signing_names: service.signing_names.clone(),
        action_prefixes: service.action_prefixes.clone(),
        access_keys: keys_without_secrets(&service.access_keys),
    };
    put_toml(files, format!("services/{name}.toml"), &file)
}

/// A user without secrets.
fn write_user(base: &str, user: &User, files: &mut DirectoryFiles) -> Result<(), Problem> {
    let device = |(name, device): (&DeviceName, &MfaDevice)| MfaDeviceFile {
        name: name.clone(),
        seed: None,
        enabled_at: Some(device.enabled_at),
        drift: Some(device.drift).filter(|drift| *drift != 0),
        tags: device.tags.clone(),
    };
    let file = UserFile {
        path: user.path.clone(),
        managed_policies: user.attached.clone(),
        permissions_boundary: user.boundary.clone(),
        unique_id: Some(user.unique_id.clone()),
        created_at: Some(user.created_at),
        tags: user.tags.clone(),
        access_keys: keys_without_secrets(&user.access_keys),
        mfa_devices: user.mfa_devices.iter().map(device).collect(),
        groups: user.groups.clone(),
    };
    put_toml(files, format!("{base}.toml"), &file)?;
    write_policies(base, &user.policies, files);
    Ok(())
}

fn write_group(base: &str, group: &Group, files: &mut DirectoryFiles) -> Result<(), Problem> {
    let file = GroupFile {
        path: group.path.clone(),
        managed_policies: group.attached.clone(),
        unique_id: Some(group.unique_id.clone()),
        created_at: Some(group.created_at),
    };
    put_toml(files, format!("{base}.toml"), &file)?;
    write_policies(base, &group.policies, files);
    Ok(())
}

/// Devices without seeds.
fn write_unassigned_devices(
    id: AccountId,
    account: &Account,
    files: &mut DirectoryFiles,
) -> Result<(), Problem> {
    if account.mfa_devices.is_empty() {
        return Ok(());
    }
    let devices = account.mfa_devices.iter();
    let file = UnassignedDevicesFile {
        mfa_devices: devices
            .map(|(name, device)| UnassignedDeviceFile {
                name: name.clone(),
                seed: None,
                tags: device.tags.clone(),
            })
            .collect(),
    };
    put_toml(files, format!("accounts/{id}/mfa-devices.toml"), &file)
}

fn write_managed(
    base: &str,
    policy: &ManagedPolicy,
    files: &mut DirectoryFiles,
) -> Result<(), Problem> {
    let versions = &policy.versions;
    let others = versions.others.iter();
    let file = PolicyFile {
        path: policy.path.clone(),
        description: policy.description.clone(),
        default_version: versions.default,
        default_version_created_at: versions.default_created_at,
        last_version: (versions.last != PolicyVersionId::FIRST).then_some(versions.last),
        tags: policy.tags.clone(),
        versions: others
            .map(|(id, version)| (*id, version.created_at))
            .collect(),
        unique_id: Some(policy.unique_id.clone()),
        created_at: Some(policy.created_at),
    };
    put_toml(files, format!("{base}.toml"), &file)?;
    let document = policy.document.as_json().to_owned();
    files.insert(format!("{base}.json"), document);
    for (id, version) in &versions.others {
        let document = version.document.as_json().to_owned();
        files.insert(format!("{base}.versions/{id}.json"), document);
    }
    Ok(())
}

/// A connection without its id, which is its file's name.
fn write_connection(
    connection: &ConnectionSettings,
    files: &mut DirectoryFiles,
) -> Result<(), Problem> {
    let path = format!("connections/{}.toml", connection.id);
    let mut table = toml::Table::try_from(connection)
        .map_err(|error| Problem::new(&path, error.to_string()))?;
    table.remove("id");
    put_toml(files, path, &table)
}

/// An issuer as a file name: what is not a letter, digit, dot or hyphen is written `_` and its code,
/// so that two issuers never share a file.
pub(super) fn file_name(issuer: &str) -> String {
    let coded = |c: char| {
        let plain = c.is_ascii_alphanumeric() || c == '.' || c == '-';
        if plain {
            c.to_string()
        } else {
            format!("_{:02x}", u32::from(c))
        }
    };
    issuer.chars().map(coded).collect()
}

pub(super) fn put_toml(
    files: &mut DirectoryFiles,
    path: String,
    value: &impl Serialize,
) -> Result<(), Problem> {
    let text =
        toml::to_string_pretty(value).map_err(|error| Problem::new(&path, error.to_string()))?;
    files.insert(path, text);
    Ok(())
}
