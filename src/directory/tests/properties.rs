use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;
use proptest::sample::select;

use crate::directory::testing::{
    CONNECTION_FILE, ENTITY, NOW, RULE_FILE, SAML_CONNECTION_FILE, files, metadata_document,
    saml_files,
};
use crate::directory::{
    AccessKey, InstanceProfile, KeyStatus, ManagedPolicy, MfaDevice, PolicyVersions, User,
};
use crate::directory::{
    Account, AccountSettings, ConnectionMetadata, Directory, Environment, Group, Link,
    OidcProvider, Organization, ProviderKey, Role, SamlProvider, UnassignedDevice, diff, read,
    write,
};
use crate::directory::{Format, Reach, Revocations, Service, Since};
use crate::domain::{
    AccessKeyId, AccountId, Audience, KeyKind, OwnTags, Partition, PrivateKeyId, Secret,
    SecretAccessKey, SessionDuration, TokenVersion, UniqueId, UniqueIdKind, UnixTime,
};
use crate::entropy::SystemEntropy;
use crate::federation::connection::ConnectionSettings;
use crate::federation::saml::decryption_key::DecryptionKey;
use crate::federation::saml::metadata::MetadataDocument;
use crate::federation::saml::settings::{AssertionEncryption, Replay, SamlProviderSettings};
use crate::mapping::Rule;

const ACCOUNTS: [&str; 3] = ["123456789012", "482011739056", "000000000042"];
const ROLES: [&str; 5] = ["A", "A.policies", "A.trust", "a+b=c,d@e", "Zz"];
/// Policies that every account has, so that no account needs to have them.
const MANAGED: [&str; 2] = [
    "arn:aws:iam::aws:policy/AdministratorAccess",
    "arn:aws:iam::aws:policy/PowerUserAccess",
];
const SERVICES: [&str; 3] = ["ci.example.com", "ec2.amazonaws.com", "a.b"];
const POLICIES: [&str; 3] = ["p", "p.json", "p@x"];
const ISSUERS: [&str; 5] = [
    "https://idp.example.com",
    "https://idp.example.com/",
    "https://idp.example.com/a_b",
    "https://idp.example.com/a/b",
    "https://idp.example.com:8443/%2F",
];
const SAML_PROVIDERS: [&str; 4] = ["a", "A.b", "a.metadata", "x_-"];
const DOCUMENTS: [&str; 2] = [
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#,
    "{ \"Version\": \"2012-10-17\",\n \"Statement\": [{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}] }\n",
];
const TRUSTS: [&str; 4] = [
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/idp.example.com"},"Action":"sts:AssumeRoleWithWebIdentity"}}"#,
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::482011739056:user/x/A", "arn:aws:iam::123456789012:role/Zz", "AIDAAAAAAAAAAAAAAAAAA"]},"Action":"sts:AssumeRole"}}"#,
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"NotPrincipal\":{ \"AWS\" : \"arn:aws:iam::482011739056:role\\/A\" },\"Action\":\"sts:AssumeRole\"}]}",
    "{\"Version\":\"2012-10-17\",\n\"Statement\":{\"Sid\":\"Deny1\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"sts:AssumeRoleWithWebIdentity\"}}",
];

prop_compose! {
    fn role()(
        path in select(&["/", "/x/", "/x/y/"][..]),
        id in any::<[u8; 11]>(),
        description in any::<String>(),
        seconds in 3600..=43_200_u32,
        trust in select(&TRUSTS[..]),
        policies in btree_map(select(&POLICIES[..]), select(&DOCUMENTS[..]), 0..3),
        (attached, boundary) in (
            btree_set(select(&MANAGED[..]), 0..2),
            proptest::option::of(select(&MANAGED[..])),
        ),
        tags in btree_map(select(&["Team", "cost center"][..]), "[a-z]{0,9}", 0..3),
        created in 0..4_000_000_000_i64,
    ) -> Arc<Role> {
        let parsed = |(name, text): (&str, &str)| (name.parse().unwrap(), text.parse().unwrap());
        Arc::new(Role {
            path: path.parse().unwrap(),
            unique_id: UniqueId::from_random(UniqueIdKind::Role, id),
            description,
            max_session_duration: SessionDuration::from_seconds(seconds).unwrap(),
            trust: trust.parse().unwrap(),
            policies: policies.into_iter().map(parsed).collect(),
            attached: attached.iter().map(|arn| arn.parse().unwrap()).collect(),
            boundary: boundary.map(|arn| arn.parse().unwrap()),
            tags: tagged(tags),
            created_at: UnixTime::from_seconds(created),
        })
    }
}

fn tagged(tags: BTreeMap<&str, String>) -> OwnTags {
    let parsed = |(key, value): (&str, String)| (key.parse().unwrap(), value.parse().unwrap());
    let tags: BTreeMap<_, _> = tags.into_iter().map(parsed).collect();
    tags.try_into().unwrap()
}

prop_compose! {
    fn user()(
        path in select(&["/", "/x/"][..]),
        id in any::<[u8; 11]>(),
        policies in btree_map(select(&POLICIES[..]), select(&DOCUMENTS[..]), 0..3),
        attached in btree_set(select(&MANAGED[..]), 0..2),
        boundary in proptest::option::of(select(&MANAGED[..])),
        tags in btree_map(select(&["Team", "cost center"][..]), "[a-z]{0,9}", 0..3),
        keys in btree_map(any::<[u8; 5]>(), any::<bool>(), 0..3),
        has_device in any::<bool>(),
        groups in btree_set(select(&ROLES[..]), 0..3),
        created in 0..4_000_000_000_i64,
    ) -> Arc<User> {
        let parsed = |(name, text): (&str, &str)| (name.parse().unwrap(), text.parse().unwrap());
        let created_at = UnixTime::from_seconds(created);
        let seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".parse().unwrap();
        let mut device = MfaDevice::new(&seed, created_at);
        device.drift = created % 3 - 1;
        device.tags = tagged(tags.clone());
        let device = ("phone".parse().unwrap(), device);
        let key = |(random, is_active)| {
            let id = AccessKeyId::from_random(KeyKind::LongTerm, ACCOUNTS[0].parse().unwrap(), random);
            let status = if is_active { KeyStatus::Active } else { KeyStatus::Inactive };
            let secret = SecretAccessKey::new("a secret of sixteen or more".to_owned());
            (id, AccessKey::new(&secret, status, created_at))
        };
        Arc::new(User {
            path: path.parse().unwrap(),
            unique_id: UniqueId::from_random(UniqueIdKind::User, id),
            created_at,
            tags: tagged(tags),
            policies: policies.into_iter().map(parsed).collect(),
            attached: attached.iter().map(|arn| arn.parse().unwrap()).collect(),
            boundary: boundary.map(|arn| arn.parse().unwrap()),
            access_keys: keys.into_iter().map(key).collect(),
            mfa_devices: has_device.then_some(device).into_iter().collect(),
            groups: groups.iter().map(|name| name.parse().unwrap()).collect(),
        })
    }
}

prop_compose! {
    fn group()(
        path in select(&["/", "/x/"][..]),
        id in any::<[u8; 11]>(),
        policies in btree_map(select(&POLICIES[..]), select(&DOCUMENTS[..]), 0..3),
        attached in btree_set(select(&MANAGED[..]), 0..2),
        created in 0..4_000_000_000_i64,
    ) -> Arc<Group> {
        let parsed = |(name, text): (&str, &str)| (name.parse().unwrap(), text.parse().unwrap());
        Arc::new(Group {
            path: path.parse().unwrap(),
            unique_id: UniqueId::from_random(UniqueIdKind::Group, id),
            created_at: UnixTime::from_seconds(created),
            policies: policies.into_iter().map(parsed).collect(),
            attached: attached.iter().map(|arn| arn.parse().unwrap()).collect(),
        })
    }
}

prop_compose! {
    fn unassigned_device()(
        tags in btree_map(select(&["Team", "cost center"][..]), "[a-z]{0,9}", 0..3),
    ) -> Arc<UnassignedDevice> {
        let seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".parse().unwrap();
        Arc::new(UnassignedDevice::new(&seed, tagged(tags)))
    }
}

prop_compose! {
    fn service()(
        description in any::<String>(),
        accounts in btree_set(select(&ACCOUNTS[..]), 0..3),
        names in btree_set(select(&["s3", "ci"][..]), 0..3),
        key in any::<[u8; 5]>(),
        created in 0..4_000_000_000_i64,
    ) -> Arc<Service> {
        let id = AccessKeyId::from_random(KeyKind::LongTerm, ACCOUNTS[0].parse().unwrap(), key);
        let secret = SecretAccessKey::new("a secret of sixteen or more".to_owned());
        let key = AccessKey::new(&secret, KeyStatus::Active, UnixTime::from_seconds(created));
        Arc::new(Service {
            description,
            reach: if accounts.is_empty() {
                Reach::EveryAccount
            } else {
                Reach::Accounts(accounts.iter().map(|id| id.parse().unwrap()).collect())
            },
            signing_names: names.iter().map(|name| name.parse().unwrap()).collect(),
            action_prefixes: names.iter().map(|name| name.parse().unwrap()).collect(),
            access_keys: [(id, key)].into(),
        })
    }
}

prop_compose! {
    fn managed_policy()(
        path in select(&["/", "/x/"][..]),
        id in any::<[u8; 11]>(),
        description in any::<String>(),
        document in select(&DOCUMENTS[..]),
        created in 0..4_000_000_000_i64,
        tags in btree_map(select(&["Team", "cost center"][..]), "[a-z]{0,9}", 0..3),
        later in proptest::collection::vec((select(&DOCUMENTS[..]), any::<bool>(), any::<bool>()), 0..4),
    ) -> Arc<ManagedPolicy> {
        let mut policy = ManagedPolicy {
            path: path.parse().unwrap(),
            unique_id: UniqueId::from_random(UniqueIdKind::ManagedPolicy, id),
            description,
            created_at: UnixTime::from_seconds(created),
            document: document.parse().unwrap(),
            tags: tagged(tags),
            versions: PolicyVersions::default(),
        };
        for (document, is_default, is_removed) in later {
            let id = policy.add_version(document.parse().unwrap(), NOW.plus(1));
            if is_default {
                policy.set_default_version(id);
            } else if is_removed {
                policy.remove_version(id);
            }
        }
        Arc::new(policy)
    }
}

prop_compose! {
    fn instance_profile()(
        path in select(&["/", "/x/"][..]),
        id in any::<[u8; 11]>(),
        role in proptest::option::of(select(&ROLES[..])),
        tags in btree_map(select(&["Team", "cost center"][..]), "[a-z]{0,9}", 0..3),
        created in 0..4_000_000_000_i64,
    ) -> Arc<InstanceProfile> {
        Arc::new(InstanceProfile {
            path: path.parse().unwrap(),
            unique_id: UniqueId::from_random(UniqueIdKind::InstanceProfile, id),
            created_at: UnixTime::from_seconds(created),
            tags: tagged(tags),
            role: role.map(|name| name.parse().unwrap()),
        })
    }
}

prop_compose! {
    fn own_tags()(
        tags in btree_map(select(&["Team", "cost center"][..]), "[a-z]{0,9}", 0..3),
    ) -> OwnTags {
        tagged(tags)
    }
}

prop_compose! {
    fn provider()(
        url in select(&ISSUERS[..]),
        clients in btree_set("[a-zA-Z0-9:/'\"\\\\ é-]{1,9}", 0..4),
        thumbprints in btree_set("[0-9a-f]{40}", 0..3),
        tags in own_tags(),
        created in 0..4_000_000_000_i64,
    ) -> Arc<OidcProvider> {
        Arc::new(OidcProvider {
            url: url.parse().unwrap(),
            client_ids: clients.iter().map(|client| client.parse().unwrap()).collect(),
            thumbprints: thumbprints.iter().map(|it| it.parse().unwrap()).collect(),
            tags,
            created_at: UnixTime::from_seconds(created),
        })
    }
}

prop_compose! {
    fn provider_key()(
        key in any::<[u8; 16]>(),
        created in 0..4_000_000_000_i64,
    ) -> ProviderKey {
        let key = DecryptionKey::kept(Secret::new(key.to_vec()));
        ProviderKey::new(&key, UnixTime::from_seconds(created))
    }
}

prop_compose! {
    fn saml_provider()(
        entity in select(&["urn:a", "https://idp.example.com/saml"][..]),
        audiences in btree_set("[a-z:]{1,9}", 0..3),
        recipient in "https://[a-z]{1,9}",
        settings in any::<[bool; 3]>(),
        id in any::<[u8; 16]>(),
        tags in own_tags(),
        created in 0..4_000_000_000_i64,
        keys in btree_map(any::<[u8; 16]>(), provider_key(), 0..3),
    ) -> Arc<SamlProvider> {
        let [once, second_opinion, encrypted] = settings;
        let audiences: Vec<Audience> =
            audiences.iter().map(|audience| audience.parse().unwrap()).collect();
        Arc::new(SamlProvider {
            settings: SamlProviderSettings {
                audiences: audiences.try_into().unwrap(),
                recipients: vec![recipient.parse().unwrap()].try_into().unwrap(),
                replay: if once { Replay::Once } else { Replay::Reusable },
                second_opinion,
                assertion_encryption: if encrypted {
                    AssertionEncryption::Required
                } else {
                    AssertionEncryption::Allowed
                },
            },
            metadata: MetadataDocument::read(&metadata_document(entity), None).unwrap(),
            unique_id: Some(PrivateKeyId::from_random(id)),
            tags,
            created_at: UnixTime::from_seconds(created),
            private_keys: keys
                .into_iter()
                .map(|(id, key)| (PrivateKeyId::from_random(id), key))
                .collect(),
        })
    }
}

prop_compose! {
    fn settings()(
        alias in r"\PC{1,63}",
        name in r"\PC{0,128}",
        environment in select(&[Environment::Production, Environment::None, Environment::Shared][..]),
        regions in btree_set(select(&["ap-east-1", "me-south-1"][..]), 0..3),
        deactivated in btree_set(select(&["eu-west-3", "us-gov-west-1"][..]), 0..3),
        global_endpoint_token_version in select(&[TokenVersion::One, TokenVersion::Two][..]),
        outbound_federation in any::<bool>(),
    ) -> AccountSettings {
        AccountSettings {
            alias: alias.parse().unwrap(),
            name: name.parse().unwrap(),
            environment,
            regions: regions.iter().map(|region| region.parse().unwrap()).collect(),
            deactivated_regions: deactivated.iter().map(|region| region.parse().unwrap()).collect(),
            global_endpoint_token_version,
            outbound_federation,
        }
    }
}

prop_compose! {
    fn account()(
        roles in btree_map(select(&ROLES[..]), role(), 0..4),
        users in btree_map(select(&ROLES[..]), user(), 0..3),
        groups in btree_map(select(&ROLES[..]), group(), 0..3),
        devices in btree_map(select(&["spare", "path/spare"][..]), unassigned_device(), 0..3),
        policies in btree_map(select(&ROLES[..]), managed_policy(), 0..3),
        providers in proptest::collection::vec(provider(), 0..3),
        saml in btree_map(select(&SAML_PROVIDERS[..]), saml_provider(), 0..3),
        settings in settings(),
        profiles in btree_map(select(&ROLES[..]), instance_profile(), 0..3),
    ) -> Arc<Account> {
        let named = |(name, role): (&str, _)| (name.parse().unwrap(), role);
        let by_name = |(name, provider): (&str, _)| (name.parse().unwrap(), provider);
        let by_issuer = |provider: Arc<OidcProvider>| (provider.url.clone(), provider);
        Arc::new(Account {
            settings,
            roles: roles.into_iter().map(named).collect(),
            users: users.into_iter().map(|(name, user)| (name.parse().unwrap(), user)).collect(),
            groups: groups.into_iter().map(|(name, group)| (name.parse().unwrap(), group)).collect(),
            mfa_devices: devices
                .into_iter()
                .map(|(name, device)| (name.parse().unwrap(), device))
                .collect(),
            policies: policies
                .into_iter()
                .map(|(name, policy)| (name.parse().unwrap(), policy))
                .collect(),
            oidc_providers: providers.into_iter().map(by_issuer).collect(),
            saml_providers: saml.into_iter().map(by_name).collect(),
            instance_profiles: profiles
                .into_iter()
                .map(|(name, profile)| (name.parse().unwrap(), profile))
                .collect(),
        })
    }
}

fn connection(id: &str, name: &str) -> ConnectionSettings {
    let mut table: toml::Table = files()[CONNECTION_FILE].parse().unwrap();
    table.insert("id".into(), id.into());
    table.insert("display_name".into(), name.into());
    table.try_into().unwrap()
}

fn saml_connection(id: &str) -> ConnectionSettings {
    let text = format!("id = '{id}'\n{}", saml_files()[SAML_CONNECTION_FILE]);
    toml::from_str(&text).unwrap()
}

fn uploaded() -> ConnectionMetadata {
    let document = MetadataDocument::read(&metadata_document(ENTITY), None);
    ConnectionMetadata::Uploaded(document.unwrap())
}

fn rule(order: u32, description: &str) -> Rule {
    let mut table: toml::Table = files()[RULE_FILE].parse().unwrap();
    table.insert("order".into(), i64::from(order).into());
    table.insert("description".into(), description.into());
    table.try_into().unwrap()
}

fn link(connection: &str, accounts: &[&str]) -> Link {
    let arn = |id: &&str| {
        let text = ["arn:aws:iam::", id, ":oidc-provider/idp.example.com"].concat();
        text.parse().unwrap()
    };
    Link {
        connection: connection.parse().unwrap(),
        providers: accounts.iter().map(arn).collect(),
    }
}

prop_compose! {
    fn directory()(
        accounts in btree_map(select(&ACCOUNTS[..]), account(), 1..=3),
        connections in btree_map("[a-c]", "[a-zé\"' ]{1,9}", 0..3),
        saml in btree_set("[d-f]", 0..3),
        links in btree_map("[a-c]", ("[a-c]", proptest::sample::subsequence(&ACCOUNTS[..], 0..=3)), 0..3),
        rules in btree_map("[a-c]", (0..1000_u32, any::<String>()), 0..3),
        services in btree_map(select(&SERVICES[..]), service(), 0..3),
        organization in proptest::option::of((select(&ACCOUNTS[..]), any::<bool>())),
    ) -> Directory {
        let organization = organization.map(|(account, root_sessions)| Organization {
            management_account: account.parse().unwrap(),
            root_sessions,
        });
        let account = |(id, account): (&str, _)| (id.parse::<AccountId>().unwrap(), account);
        let oidc = connections.iter().map(|(id, name)| connection(id, name));
        let connections = oidc.chain(saml.iter().map(|id| saml_connection(id)));
        let connections =
            connections.map(|connection| (connection.id.clone(), Arc::new(connection)));
        let metadata = saml.iter().map(|id| (id.parse().unwrap(), Arc::new(uploaded())));
        let rules = rules
            .into_iter()
            .map(|(id, (order, text))| (id.parse().unwrap(), Arc::new(rule(order, &text))));
        let links = links
            .into_iter()
            .map(|(id, (to, accounts))| (id.parse().unwrap(), link(&to, &accounts)));
        let mut directory = Directory {
            accounts: accounts.into_iter().map(account).collect(),
            connections: connections.collect(),
            connection_metadata: metadata.collect(),
            organization,
            links: links.collect(),
            rules: rules.collect(),
            services: services
                .into_iter()
                .map(|(name, service)| (name.parse().unwrap(), service))
                .collect(),
            sealing_keys: Vec::new(),
            service_provider_keys: Vec::new(),
            web_identity_keys: Vec::new(),
            revocations: Revocations::default(),
            since: Since::default(),
            format: Format::default(),
        };
        directory.bind_principals(Partition::Aws);
        directory
    }
}

/// A directory of the users, SAML providers and services alone: nobody writes their secrets.
fn secrets_of(directory: &Directory) -> Directory {
    let accounts = directory.accounts.iter().map(|(id, account)| {
        let (users, mfa_devices) = (account.users.clone(), account.mfa_devices.clone());
        let settings = account.settings.clone();
        let account = Account {
            users,
            mfa_devices,
            saml_providers: account.saml_providers.clone(),
            ..Account::new(settings)
        };
        (*id, Arc::new(account))
    });
    Directory {
        accounts: accounts.collect(),
        services: directory.services.clone(),
        ..Directory::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_again(directory in directory()) {
        let files = write(&directory, Partition::Aws).unwrap();
        let read = read(&files, &secrets_of(&directory), NOW, &SystemEntropy);
        let mut read = read.unwrap();
        read.bind_principals(Partition::Aws);
        prop_assert_eq!(read, directory);
    }

    #[test]
    fn a_difference_applied_gives_exactly_the_target(
        mut old in directory(),
        new in directory(),
    ) {
        for change in diff(&old, &new) {
            old.apply(change);
        }
        prop_assert_eq!(old, new);
    }

    #[test]
    fn nothing_differs_from_itself(directory in directory()) {
        prop_assert_eq!(diff(&directory, &directory), []);
    }

    #[test]
    fn a_change_set_survives_the_log(old in directory(), new in directory()) {
        let set = crate::directory::testing::change_set(diff(&old, &new));
        let bytes = serde_json::to_vec(&set).unwrap();
        prop_assert_eq!(serde_json::from_slice::<crate::directory::ChangeSet>(&bytes).unwrap(), set);
    }

    #[test]
    fn a_checkpoint_holds_the_whole_directory(directory in directory()) {
        let bytes = serde_json::to_vec(&directory).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Directory>(&bytes).unwrap(), directory);
    }
}
