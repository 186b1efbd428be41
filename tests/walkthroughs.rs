//! The pages of `docs/walkthroughs`, as they stand there: each is typed into a shell of its own, with the real
//! AWS command line, against a fresh `rolegate serve`; and again against two over a fresh Redis, where the calls
//! of IAM go to one node and those of STS to the other.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "walkthroughs/gateway.rs"]
mod gateway;
#[path = "walkthroughs/page.rs"]
mod page;
#[path = "support/redis.rs"]
mod servers;
mod support;
#[path = "tools/mod.rs"]
mod tools;

use std::path::{Path, PathBuf};

use gateway::{Gateway, House};
use page::blocks;

/// Two tests of each page.
macro_rules! pages {
    ($($name:ident: $page:literal,)+) => {
        const PAGES: &[&str] = &[$($page),+];
        $(mod $name {
            use super::{House, prints_what_it_shows};

            #[test]
            fn at_one_node() {
                prints_what_it_shows($page, House::OneNode);
            }

            #[test]
            fn at_two_nodes_over_redis() {
                prints_what_it_shows($page, House::TwoNodes);
            }
        })+
    };
}

pages! {
    assume_role: "assume-role.md",
    cross_account: "cross-account.md",
    decode: "decode.md",
    expired_keys: "expired-keys.md",
    external_id: "external-id.md",
    federated: "federated.md",
    federation_token: "federation-token.md",
    iam_users: "iam-users.md",
    mfa: "mfa.md",
    profiles: "profiles.md",
    regions: "regions.md",
    revoke_sessions: "revoke-sessions.md",
    role_chaining: "role-chaining.md",
    service_role: "service-role.md",
    session_length: "session-length.md",
    session_policy: "session-policy.md",
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/walkthroughs")
}

fn text_of(page: &str) -> String {
    std::fs::read_to_string(folder().join(page)).unwrap()
}

#[track_caller]
fn prints_what_it_shows(page: &str, house: House) {
    let blocks = blocks(&text_of(page));
    assert!(!blocks.is_empty(), "{page}");
    let gateway = Gateway::of(page, house);
    for (block, printed) in blocks.iter().zip(gateway.typed(&blocks)) {
        assert!(
            block.shows(&printed),
            "{page}\n{}",
            block.complaint(&printed)
        );
    }
    if let (House::TwoNodes, [iam, sts]) = (house, gateway.asked()) {
        assert!(!iam.contains(&"sts"), "{page}: {iam:?} at the node for IAM");
        assert_eq!(sts, ["sts"], "{page}");
    }
}

#[test]
fn every_page_is_listed_and_typed() {
    let list = text_of("README.md");
    let entries = std::fs::read_dir(folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut pages: Vec<_> = names
        .filter(|name| {
            Path::new(name).extension().is_some_and(|it| it == "md") && name != "README.md"
        })
        .collect();
    pages.sort();
    assert_eq!(pages, PAGES);
    for page in pages {
        assert!(list.contains(&format!("({page})")), "the list lacks {page}");
    }
}
