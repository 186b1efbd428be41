//! STS at the endpoints of regions, and what is asked there alone: tokens for others, and sessions of other
//! accounts' roots.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;
#[path = "../tools/mod.rs"]
mod tools;

mod outbound;
mod regions;
mod root;

use rolegate::directory::DirectoryFiles;
use serde_json::json;

use support::aws::{AwsKeys, Call, GET_CALLER_IDENTITY, Signing};
use support::directory::in_account;
use support::http::{Request, Response};
use support::http_node::{HttpNode, ROLE};

/// A user with a key, who may do everything of STS.
const ADA: &str = "arn:aws:iam::123456789012:user/ada";
const KEY: &str = "AKIAQYLPMN5HADAAAAAA";
const SECRET: &str = "a-secret-of-ada-that-stands-in-no-log";
const GLOBAL: Endpoint = Endpoint {
    path: "/",
    region: "us-east-1",
};
const IRELAND: Endpoint = Endpoint {
    path: "/regions/eu-west-1/sts",
    region: "eu-west-1",
};
const PARIS: Endpoint = Endpoint {
    path: "/regions/eu-west-3/sts",
    region: "eu-west-3",
};
const HONG_KONG: Endpoint = Endpoint {
    path: "/regions/ap-east-1/sts",
    region: "ap-east-1",
};
const BAHRAIN: Endpoint = Endpoint {
    path: "/regions/me-south-1/sts",
    region: "me-south-1",
};

#[derive(Clone, Copy)]
struct Endpoint {
    path: &'static str,
    region: &'static str,
}

fn ada() -> AwsKeys {
    AwsKeys {
        id: KEY.to_owned(),
        secret: SECRET.to_owned(),
        token: None,
    }
}

fn directory(node: &HttpNode, settings: &str) -> DirectoryFiles {
    let mut files = node.directory();
    files
        .get_mut(&in_account("account.toml"))
        .unwrap()
        .push_str(settings);
    let user = format!("[[access_keys]]\nid = '{KEY}'\nsecret = '{SECRET}'\n");
    files.insert(in_account("users/ada.toml"), user);
    let may = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sts:*", "Resource": "*",
    }});
    files.insert(in_account("users/ada.policies/sts.json"), may.to_string());
    files
}

fn form(parameters: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Version", "2011-06-15");
    form.extend_pairs(parameters).finish()
}

/// A call to this endpoint, which is signed for its region.
fn signed(node: &HttpNode, keys: &AwsKeys, at: Endpoint, form: &str) -> Call {
    let mut call = Call::post(node.address, form);
    at.path.clone_into(&mut call.target);
    let signing = Signing {
        region: at.region,
        ..Signing::at(node.now())
    };
    call.signed(keys, &signing)
}

fn call(node: &HttpNode, keys: &AwsKeys, at: Endpoint, parameters: &[(&str, &str)]) -> Response {
    signed(node, keys, at, &form(parameters)).send(node.address)
}

/// Who signed, asked at this endpoint.
fn who(node: &HttpNode, keys: &AwsKeys, at: Endpoint) -> Response {
    signed(node, keys, at, GET_CALLER_IDENTITY).send(node.address)
}

/// A session of ada's own.
fn session(node: &HttpNode, at: Endpoint) -> AwsKeys {
    let answer = call(node, &ada(), at, &[("Action", "GetSessionToken")]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    AwsKeys::issued(&answer)
}

/// `AssumeRoleWithWebIdentity`, which nobody signs.
fn with_token(node: &HttpNode, at: Endpoint) -> Response {
    let token = node.id_token("ines");
    let fields = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "ines"),
        ("WebIdentityToken", &token),
    ];
    Request::post_form(node.address, at.path, &fields).send()
}
