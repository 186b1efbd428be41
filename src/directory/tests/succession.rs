//! A generation that is made of the one before by what was touched is the one that is made as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::directory::check::check_touched;
use crate::directory::testing::{
    ENTITY, SAML_PROVIDER, directory_of, metadata_document, saml_files,
};
use crate::directory::things::Claim;
use crate::directory::{
    AccessKey, Account, AccountSettings, Change, Directory, Format, Group, InstanceProfile,
    KeyStatus, Link, ManagedPolicy, MfaDevice, Named, OidcProvider, PolicyVersions, Reach, Role,
    SamlProvider, Seed, Service, Snapshot, UnassignedDevice, User, check,
};
use crate::domain::{
    AccessKeyId, AccountId, Issuer, OwnTags, Partition, SamlProviderArn, SecretAccessKey,
    SessionDuration, UniqueId, UniqueIdKind, UnixTime,
};
use crate::federation::saml::metadata::MetadataDocument;
use crate::federation::saml::settings::SamlProviderSettings;

const ACCOUNTS: [&str; 2] = ["123456789012", "482011739056"];
const NAMES: [&str; 3] = ["ada", "Ada", "ben"];
const PATHS: [&str; 2] = ["/", "/x/"];
const ATTACHED: [&str; 5] = [
    "arn:aws:iam::aws:policy/AdministratorAccess",
    "arn:aws:iam::123456789012:policy/Own",
    "arn:aws:iam::123456789012:policy/x/Own",
    "arn:aws:iam::123456789012:policy/own",
    "arn:aws:iam::aws:policy/None",
];
const POLICIES: [&str; 2] = ["Own", "own"];
const GROUPS: [&str; 3] = ["staff", "guests", "Staff"];
const DEVICES: [&str; 3] = ["phone", "key", "Phone"];
const PROFILES: [&str; 3] = ["machines-0", "machines-1", "Machines-0"];
const ISSUERS: [&str; 3] = [
    "https://idp.example.com",
    "https://other.example.com",
    "http://idp.example.com",
];
const ENTITIES: [&str; 2] = [ENTITY, "https://other.example.com"];
const DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#;

fn account(which: usize) -> AccountId {
    ACCOUNTS[which].parse().unwrap()
}

fn id(kind: UniqueIdKind, number: u8) -> UniqueId {
    UniqueId::from_random(kind, [number; 11])
}

fn key_id(number: u8) -> AccessKeyId {
    format!("AKIAQYLPMN5HAAAAAAA{}", char::from(b'A' + number))
        .parse()
        .unwrap()
}

fn access_key() -> AccessKey {
    let secret = SecretAccessKey::new("a secret of forty characters and no more".into());
    AccessKey::new(&secret, KeyStatus::Active, UnixTime::from_seconds(1))
}

/// A kind of unique id that is mostly the right one.
fn kind(right: UniqueIdKind) -> impl Strategy<Value = UniqueIdKind> {
    prop_oneof![8 => Just(right), 1 => Just(UniqueIdKind::Group)]
}

fn boundary() -> impl Strategy<Value = Option<&'static str>> {
    option::weighted(0.2, select(&ATTACHED[..]))
}

fn attached() -> impl Strategy<Value = BTreeSet<&'static str>> {
    btree_set(select(&ATTACHED[..]), 0..2)
}

prop_compose! {
    fn user()(
        path in select(&PATHS[..]),
        kind in kind(UniqueIdKind::User),
        number in 0..4_u8,
        keys in btree_set(0..4_u8, 0..3),
        attached in attached(),
        boundary in boundary(),
        devices in btree_set(select(&DEVICES[..]), 0..2),
        // The account may not have them any more, or yet.
        groups in prop_oneof![4 => Just(BTreeSet::new()), 1 => btree_set(select(&GROUPS[..]), 1..3)],
    ) -> User {
        User {
            path: path.parse().unwrap(),
            unique_id: id(kind, number),
            created_at: UnixTime::from_seconds(1),
            tags: OwnTags::default(),
            policies: BTreeMap::new(),
            attached: attached.iter().map(|arn| arn.parse().unwrap()).collect(),
            boundary: boundary.map(|arn| arn.parse().unwrap()),
            access_keys: keys.into_iter().map(|number| (key_id(number), access_key())).collect(),
            mfa_devices: devices.iter().map(|name| (name.parse().unwrap(), device())).collect(),
            groups: groups.iter().map(|name| name.parse().unwrap()).collect(),
        }
    }
}

fn seed() -> Seed {
    Seed::from_random(&[7; 40])
}

fn device() -> MfaDevice {
    MfaDevice::new(&seed(), UnixTime::from_seconds(1))
}

prop_compose! {
    fn group()(
        path in select(&PATHS[..]),
        kind in prop_oneof![8 => Just(UniqueIdKind::Group), 1 => Just(UniqueIdKind::User)],
        number in 0..4_u8,
        attached in attached(),
    ) -> Group {
        Group {
            path: path.parse().unwrap(),
            unique_id: id(kind, number),
            created_at: UnixTime::from_seconds(1),
            policies: BTreeMap::new(),
            attached: attached.iter().map(|arn| arn.parse().unwrap()).collect(),
        }
    }
}

/// Read once: that takes longer than all the rest.
static METADATA: LazyLock<BTreeMap<&str, MetadataDocument>> = LazyLock::new(|| {
    let read = |entity| MetadataDocument::read(&metadata_document(entity), None).unwrap();
    ENTITIES.map(|entity| (entity, read(entity))).into()
});

fn oidc_provider(issuer: &str) -> OidcProvider {
    OidcProvider {
        url: issuer.parse().unwrap(),
        client_ids: vec!["sts".parse().unwrap()],
        thumbprints: Vec::new(),
        tags: OwnTags::default(),
        created_at: UnixTime::from_seconds(1),
    }
}

fn saml_provider(entity: &str) -> SamlProvider {
    SamlProvider {
        settings: SamlProviderSettings::default(),
        metadata: METADATA[entity].clone(),
        unique_id: None,
        tags: OwnTags::default(),
        created_at: UnixTime::from_seconds(1),
        private_keys: BTreeMap::new(),
    }
}

fn instance_profile(number: u8, role: Option<&str>) -> InstanceProfile {
    InstanceProfile {
        path: "/".parse().unwrap(),
        unique_id: id(UniqueIdKind::InstanceProfile, number),
        created_at: UnixTime::from_seconds(1),
        tags: OwnTags::default(),
        role: role.map(|name| name.parse().unwrap()),
    }
}

prop_compose! {
    fn role()(
        path in select(&PATHS[..]),
        kind in kind(UniqueIdKind::Role),
        number in 0..4_u8,
        attached in attached(),
        boundary in boundary(),
        seconds in prop_oneof![8 => Just(3600_u32), 1 => Just(900)],
    ) -> Role {
        Role {
            path: path.parse().unwrap(),
            unique_id: id(kind, number),
            description: String::new(),
            max_session_duration: SessionDuration::from_seconds(seconds).unwrap(),
            trust: TRUST.parse().unwrap(),
            tags: OwnTags::default(),
            policies: BTreeMap::new(),
            attached: attached.iter().map(|arn| arn.parse().unwrap()).collect(),
            boundary: boundary.map(|arn| arn.parse().unwrap()),
            created_at: UnixTime::from_seconds(1),
        }
    }
}

prop_compose! {
    fn policy()(
        path in select(&PATHS[..]),
        kind in kind(UniqueIdKind::ManagedPolicy),
        number in 0..2_u8,
        length in prop_oneof![8 => Just(0_usize), 1 => Just(1001)],
    ) -> ManagedPolicy {
        ManagedPolicy {
            path: path.parse().unwrap(),
            unique_id: id(kind, number),
            description: "d".repeat(length),
            created_at: UnixTime::from_seconds(1),
            document: DOCUMENT.parse().unwrap(),
            tags: OwnTags::default(),
            versions: PolicyVersions::default(),
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let of_user = (0..2_usize, select(&NAMES[..]), option::of(user()));
    let of_role = (0..2_usize, select(&NAMES[..]), option::of(role()));
    let of_policy = (select(&POLICIES[..]), option::of(policy()));
    prop_oneof![
        4 => change_of_groups_and_devices(),
        3 => change_of_providers(),
        6 => of_user.prop_map(|(which, name, user)| {
            let (id, name) = (account(which), name.parse().unwrap());
            match user {
                Some(user) => Change::PutUser(id, name, Arc::new(user)),
                None => Change::RemoveUser(id, name),
            }
        }),
        5 => of_role.prop_map(|(which, name, role)| {
            let (id, name) = (account(which), name.parse().unwrap());
            match role {
                Some(role) => Change::PutRole(id, name, Arc::new(role)),
                None => Change::RemoveRole(id, name),
            }
        }),
        3 => of_policy.prop_map(|(name, policy)| {
            let (id, name) = (account(0), name.parse().unwrap());
            match policy {
                Some(policy) => Change::PutPolicy(id, name, Arc::new(policy)),
                None => Change::RemovePolicy(id, name),
            }
        }),
    ]
}

fn change_of_groups_and_devices() -> impl Strategy<Value = Change> {
    let of_group = (0..2_usize, select(&GROUPS[..]), option::of(group()));
    let of_device = (0..2_usize, select(&DEVICES[..]), any::<bool>());
    let of_profile = (
        0..2_usize,
        0..2_u8,
        select(&PROFILES[..]),
        option::of(option::of(select(&NAMES[..]))),
    );
    prop_oneof![
        4 => of_group.prop_map(|(which, name, group)| {
            let (id, name) = (account(which), name.parse().unwrap());
            match group {
                Some(group) => Change::PutGroup(id, name, Arc::new(group)),
                None => Change::RemoveGroup(id, name),
            }
        }),
        1 => (0..2_usize, any::<bool>()).prop_map(|(which, forth)| {
            let [one, other, _] = GROUPS.map(|name| name.parse().unwrap());
            let (old, new) = if forth { (one, other) } else { (other, one) };
            Change::RenameGroup(account(which), old, new)
        }),
        2 => of_device.prop_map(|(which, name, there)| {
            let (id, name) = (account(which), name.parse().unwrap());
            if there {
                let device = UnassignedDevice::new(&seed(), OwnTags::default());
                Change::PutMfaDevice(id, name, Arc::new(device))
            } else {
                Change::RemoveMfaDevice(id, name)
            }
        }),
        1 => of_profile.prop_map(|(which, number, name, profile)| {
            let name = name.parse().unwrap();
            match profile {
                Some(role) => {
                    let profile = instance_profile(number, role);
                    Change::PutInstanceProfile(account(which), name, Arc::new(profile))
                }
                None => Change::RemoveInstanceProfile(account(which), name),
            }
        }),
    ]
}

fn change_of_providers() -> impl Strategy<Value = Change> {
    let of_oidc = (0..2_usize, select(&ISSUERS[..]), any::<bool>());
    let of_saml = (0..2_usize, select(&ENTITIES[..]), 0..4_u8);
    prop_oneof![
        of_oidc.prop_map(|(which, issuer, there)| {
            let issuer: Issuer = issuer.parse().unwrap();
            if there {
                let provider = oidc_provider(issuer.as_str());
                Change::PutOidcProvider(account(which), Arc::new(provider))
            } else {
                Change::RemoveOidcProvider(account(which), issuer)
            }
        }),
        of_saml.prop_map(|(which, entity, what)| {
            let (id, name) = (account(which), "Partners".parse().unwrap());
            let mut provider = saml_provider(entity);
            match what {
                0 => Change::RemoveSamlProvider(id, name),
                1 => {
                    let (key, value) = ("team".parse().unwrap(), "sales".parse().unwrap());
                    provider.tags.put(key, value).unwrap();
                    Change::EditSamlProvider(id, name, Arc::new(provider.details()))
                }
                _ => Change::PutSamlProvider(id, name, Arc::new(provider)),
            }
        }),
    ]
}

/// Whether what a change is about can be looked at by itself.
const fn is_narrow(change: &Change) -> bool {
    !matches!(change, Change::RenameGroup(..))
}

/// Two accounts with a provider each that a link names, and a service with one of the keys.
fn beginning() -> Directory {
    let settings = |which: usize| {
        let alias = format!("account-{which}");
        AccountSettings::called(alias.parse().unwrap())
    };
    let [mut one, mut other] = [0, 1].map(|which| Account::new(settings(which)));
    let oidc = oidc_provider(ISSUERS[0]);
    one.oidc_providers.insert(oidc.url.clone(), Arc::new(oidc));
    let saml = Arc::new(saml_provider(ENTITY));
    other
        .saml_providers
        .insert("Partners".parse().unwrap(), saml);
    let link = |id: &str, provider: &str| {
        let link = Link {
            connection: id.parse().unwrap(),
            providers: vec![provider.parse().unwrap()],
        };
        (id.parse().unwrap(), link)
    };
    let links = [
        link(
            "workforce",
            "arn:aws:iam::123456789012:oidc-provider/idp.example.com",
        ),
        link("partners", SAML_PROVIDER),
    ];
    let service = Service {
        description: String::new(),
        reach: Reach::EveryAccount,
        signing_names: BTreeSet::new(),
        action_prefixes: BTreeSet::new(),
        access_keys: [(key_id(3), access_key())].into(),
    };
    let connected = directory_of(&saml_files());
    let directory = Directory {
        accounts: [(account(0), Arc::new(one)), (account(1), Arc::new(other))]
            .into_iter()
            .collect(),
        connections: connected.connections,
        connection_metadata: connected.connection_metadata,
        links: links.into_iter().collect(),
        services: std::iter::once(("ci.example.com".parse().unwrap(), Arc::new(service))).collect(),
        ..Directory::default()
    };
    let directory = directory.after(vec![Change::UseFormat(Format::FIRST)], 1).0;
    assert_eq!(check(&directory, Partition::Aws), []);
    directory
}

fn assert_same_indexes(one: &Snapshot, whole: &Snapshot) {
    for account in ACCOUNTS {
        for name in NAMES {
            for path in PATHS {
                let arn = format!("arn:aws:iam::{account}:role{path}{name}");
                let arn = arn.parse().unwrap();
                let role = |snapshot: &Snapshot| snapshot.role(&arn).map(|it| Arc::clone(it.role));
                assert_eq!(role(one), role(whole), "{arn}");
            }
        }
    }
    for id in (0..2).map(account) {
        for name in GROUPS {
            let name = name.parse().unwrap();
            let group = |snapshot: &Snapshot| {
                let found = snapshot.group(id, &name);
                found.map(|it| (Arc::clone(&it.group), it.policies.clone()))
            };
            assert_eq!(group(one), group(whole), "{name} in {id}");
        }
        for issuer in ISSUERS {
            let provider = |snapshot: &Snapshot| snapshot.oidc_provider(id, issuer).cloned();
            assert_eq!(provider(one), provider(whole), "{issuer} in {id}");
        }
        let arn = SamlProviderArn::new(Partition::Aws, id, "Partners".parse().unwrap());
        assert_eq!(one.saml_provider(&arn), whole.saml_provider(&arn), "{arn}");
    }
    assert_same_claims(one, whole);
    assert_same_rests(one, whole);
    for number in 0..4 {
        let key = key_id(number);
        let holder = |snapshot: &Snapshot| {
            let found = snapshot.holder_of_key(&key);
            found.map(|(principal, key)| (principal, key.clone()))
        };
        assert_eq!(holder(one), holder(whole), "{key}");
    }
}

fn assert_same_claims(one: &Snapshot, whole: &Snapshot) {
    let names: [(Named, &[&str]); 6] = [
        (Named::User, &NAMES),
        (Named::Role, &NAMES),
        (Named::Group, &GROUPS),
        (Named::Policy, &POLICIES),
        (Named::InstanceProfile, &PROFILES),
        (Named::Device, &DEVICES),
    ];
    for id in (0..2).map(account) {
        for (what, name) in names
            .iter()
            .flat_map(|(what, names)| names.iter().map(move |it| (*what, it)))
        {
            let is_taken = |snapshot: &Snapshot| snapshot.is_taken(id, what, name);
            assert_eq!(is_taken(one), is_taken(whole), "{what:?} {name} in {id}");
        }
    }
    let kinds = [
        UniqueIdKind::User,
        UniqueIdKind::Role,
        UniqueIdKind::Group,
        UniqueIdKind::ManagedPolicy,
        UniqueIdKind::InstanceProfile,
    ];
    for number in 0..4 {
        let ids = kinds.map(|kind| Claim::Id(id(kind, number)));
        for claim in ids.into_iter().chain([Claim::Key(key_id(number))]) {
            assert_eq!(one.has_claim(&claim), whole.has_claim(&claim), "{claim:?}");
        }
    }
}

fn assert_same_rests(one: &Snapshot, whole: &Snapshot) {
    for id in (0..2).map(account) {
        for policy in ATTACHED {
            let arn = policy.parse().unwrap();
            let usage = |it: &Snapshot| (it.attachments(id, &arn), it.boundaries(id, &arn));
            assert_eq!(usage(one), usage(whole), "{arn} in {id}");
        }
        for group in GROUPS {
            let name = group.parse().unwrap();
            assert_eq!(one.members(id, &name), whole.members(id, &name), "{group}");
        }
        for role in NAMES {
            let name = role.parse().unwrap();
            let is_in_profile = |snapshot: &Snapshot| snapshot.is_in_profile(id, &name);
            assert_eq!(is_in_profile(one), is_in_profile(whole), "{role}");
        }
        for device in DEVICES {
            let name = device.parse().unwrap();
            let user = |snapshot: &Snapshot| snapshot.user_of_device(id, &name).cloned();
            assert_eq!(user(one), user(whole), "{device}");
        }
        assert_eq!(one.devices_of_users(id), whole.devices_of_users(id));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_made_of_the_one_before_is_what_is_made_as_a_whole(
        sets in vec(vec(change(), 1..4), 1..24),
    ) {
        let mut snapshot = Snapshot::compile(1, Arc::new(beginning()), Partition::Aws);
        let mut valid = 0;
        for (changes, generation) in sets.into_iter().zip(2..) {
            let before = Arc::clone(snapshot.directory());
            let (after, touched) = before.after(changes.clone(), generation);
            let are_narrow = changes.iter().all(is_narrow);
            // A change of the format is about everything.
            let with_all = changes.into_iter().chain([Change::UseFormat(Format::FIRST)]);
            let (whole, everything) = before.after(with_all.collect(), generation);
            prop_assert_eq!(touched.narrow().is_some(), are_narrow);
            prop_assert!(everything.narrow().is_none());
            prop_assert_eq!(&after, &whole);

            let found = check_touched(&snapshot, &after, &touched);
            let all = check(&whole, Partition::Aws);
            prop_assert_eq!(found.is_empty(), all.is_empty(), "{:?} and {:?}", found, all);
            if found.is_empty() {
                valid += 1;
                let after = Arc::new(after);
                let next = snapshot.succeeded_by(generation, Arc::clone(&after), &touched);
                assert_same_indexes(&next, &Snapshot::compile(generation, after, Partition::Aws));
                snapshot = next;
            }
        }
        // Most sets of changes are good for something.
        prop_assume!(valid > 0);
    }
}
