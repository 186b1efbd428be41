//! Whose endpoint is asked, where an account has it, and how far its tokens reach.

use serde_json::{Value, json};

use crate::support::aws::{AwsKeys, Call, GET_CALLER_IDENTITY, Signing};
use crate::support::directory::{add_role, every_assume_action, in_account, trust};
use crate::support::http::Request;
use crate::support::http_node::{HttpNode, ROLE};
use crate::support::sts::assert_refused;
use crate::{
    BAHRAIN, Endpoint, GLOBAL, HONG_KONG, IRELAND, PARIS, ada, call, directory, session, signed,
    who, with_token,
};

/// What the account has, and what it doesn't want.
const SETTINGS: &str = "regions = ['ap-east-1']\ndeactivated_regions = ['eu-west-3']\n";

fn start(settings: &str) -> HttpNode {
    let node = HttpNode::start();
    node.apply(&directory(&node, settings));
    node
}

#[test]
fn a_token_of_the_global_endpoint_counts_in_no_region_that_was_switched_on() {
    let node = start(SETTINGS);
    let keys = session(&node, GLOBAL);
    for at in [GLOBAL, IRELAND, PARIS] {
        assert_eq!(who(&node, &keys, at).status, 200, "{}", at.region);
    }
    assert_refused(&who(&node, &keys, HONG_KONG), 403, "InvalidClientTokenId");
    let answer = with_token(&node, GLOBAL);
    let keys = AwsKeys::issued(&answer);
    assert_refused(&who(&node, &keys, HONG_KONG), 403, "InvalidClientTokenId");
}

#[test]
fn a_token_of_a_region_counts_in_every_region_that_the_account_has() {
    let node = start(SETTINGS);
    for from in [IRELAND, HONG_KONG] {
        let keys = session(&node, from);
        for at in [GLOBAL, IRELAND, HONG_KONG] {
            assert_eq!(who(&node, &keys, at).status, 200, "{}", at.region);
        }
        assert_refused(&who(&node, &keys, BAHRAIN), 403, "InvalidClientTokenId");
        let assumed = AwsKeys::issued(&with_token(&node, from));
        assert_eq!(who(&node, &assumed, HONG_KONG).status, 200);
    }
}

#[test]
fn an_account_may_have_the_global_endpoint_s_tokens_count_everywhere() {
    let node = start("regions = ['ap-east-1']\nglobal_endpoint_token_version = 2\n");
    let keys = session(&node, GLOBAL);
    assert_eq!(who(&node, &keys, HONG_KONG).status, 200);
    assert_refused(&who(&node, &keys, BAHRAIN), 403, "InvalidClientTokenId");
    // What was issued before goes on as it was issued.
    let node = start(SETTINGS);
    let keys = session(&node, GLOBAL);
    node.apply(&directory(
        &node,
        "regions = ['ap-east-1']\nglobal_endpoint_token_version = 2\n",
    ));
    assert_refused(&who(&node, &keys, HONG_KONG), 403, "InvalidClientTokenId");
    assert_eq!(
        who(&node, &session(&node, GLOBAL), HONG_KONG).status,
        200,
        "a token of afterwards"
    );
}

#[test]
fn a_region_that_the_account_doesn_t_have_knows_nobody_of_it() {
    let node = start(SETTINGS);
    assert_refused(&who(&node, &ada(), BAHRAIN), 403, "InvalidClientTokenId");
    assert_refused(&with_token(&node, BAHRAIN), 403, "RegionDisabledException");
    let keys = session(&node, HONG_KONG);
    node.apply(&directory(&node, ""));
    assert_refused(&who(&node, &keys, HONG_KONG), 403, "InvalidClientTokenId");
    assert_eq!(who(&node, &keys, IRELAND).status, 200);
}

#[test]
fn nothing_is_issued_where_sts_is_deactivated() {
    let node = start(SETTINGS);
    let take = [
        ("Action", "AssumeRole"),
        ("RoleArn", "arn:aws:iam::123456789012:role/Open"),
        ("RoleSessionName", "ada"),
    ];
    let mut files = directory(&node, SETTINGS);
    let everybody: Value = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "AWS": "123456789012" }, "Action": "sts:AssumeRole",
    }});
    add_role(&mut files, "Open", &json!({}), &everybody);
    node.apply(&files);
    let federate = [("Action", "GetFederationToken"), ("Name", "helper")];
    for parameters in [&take[..], &[("Action", "GetSessionToken")], &federate] {
        let answer = call(&node, &ada(), PARIS, parameters);
        assert_refused(&answer, 403, "RegionDisabledException");
        assert!(
            answer
                .text()
                .contains("STS is not activated in this region for account:123456789012."),
            "{}",
            answer.text()
        );
        assert_eq!(call(&node, &ada(), IRELAND, parameters).status, 200);
    }
    assert_refused(&with_token(&node, PARIS), 403, "RegionDisabledException");
    assert_eq!(who(&node, &ada(), PARIS).status, 200);
}

#[test]
fn whoever_may_not_assume_a_role_is_not_told_where_its_account_is() {
    let node = start(SETTINGS);
    let take = [
        ("Action", "AssumeRole"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "ada"),
    ];
    assert_refused(&call(&node, &ada(), PARIS, &take), 403, "AccessDenied");
}

#[test]
fn a_region_s_endpoint_is_signed_for_by_its_own_name() {
    let node = start(SETTINGS);
    for (path, region) in [
        (IRELAND.path, "us-east-1"),
        (IRELAND.path, "eu-west-3"),
        (HONG_KONG.path, "eu-west-1"),
        (GLOBAL.path, "eu-west-1"),
        ("/sts", "ap-east-1"),
    ] {
        let answer = who(&node, &ada(), Endpoint { path, region });
        assert_refused(&answer, 403, "SignatureDoesNotMatch");
        assert!(
            answer
                .text()
                .contains("Credential should be scoped to a valid region"),
            "{}",
            answer.text()
        );
    }
    let with_slash = Endpoint {
        path: "/regions/eu-west-1/sts/",
        ..IRELAND
    };
    assert_eq!(who(&node, &ada(), with_slash).status, 200);
}

#[test]
fn another_region_in_the_path_is_another_request() {
    let node = start(SETTINGS);
    let signed_for = Endpoint {
        path: IRELAND.path,
        region: HONG_KONG.region,
    };
    let mut call = signed(&node, &ada(), signed_for, GET_CALLER_IDENTITY);
    HONG_KONG.path.clone_into(&mut call.target);
    assert_refused(&call.send(node.address), 403, "SignatureDoesNotMatch");
    let mut call = signed(&node, &ada(), IRELAND, GET_CALLER_IDENTITY);
    GLOBAL.path.clone_into(&mut call.target);
    assert_refused(&call.send(node.address), 403, "SignatureDoesNotMatch");
}

#[test]
fn a_region_that_there_is_not_has_no_endpoint() {
    let node = start(SETTINGS);
    for path in [
        "/regions/eu-west-9/sts",
        "/regions/cn-north-1/sts",
        "/regions/EU-WEST-1/sts",
        "/regions/eu-west-1%00/sts",
        "/regions/eu-west-1./sts",
        "/regions/../sts",
    ] {
        let at = Endpoint {
            path: "/",
            region: "eu-west-1",
        };
        let mut call = signed(&node, &ada(), at, GET_CALLER_IDENTITY);
        path.clone_into(&mut call.target);
        assert_refused(&call.send(node.address), 404, "InvalidEndpoint");
    }
    for path in [
        "/regions//sts",
        "/regions/eu-west-1/sts/x",
        "/regions/eu-west-1",
    ] {
        let answer = Request::post_form(node.address, path, &[("Action", "GetCallerIdentity")]);
        assert_eq!(answer.send().status, 404, "{path}");
    }
}

/// The host says it, too: in whatever case, and with the port that the node is known by.
#[test]
fn a_region_is_told_by_the_host_that_was_asked() {
    let node = start(SETTINGS);
    let port = node.address.port();
    let by_host = |host: &str, path: &'static str, region| {
        let mut call = Call::post(node.address, GET_CALLER_IDENTITY);
        path.clone_into(&mut call.target);
        call.set_header("host", Some(host));
        let signing = Signing {
            region,
            ..Signing::at(node.now())
        };
        call.signed(&ada(), &signing).send(node.address)
    };
    for (host, region) in [
        (format!("sts.eu-west-1.localhost:{port}"), "eu-west-1"),
        (format!("sts.ap-east-1.localhost:{port}"), "ap-east-1"),
        (format!("STS.ap-EAST-1.Localhost:{port}"), "ap-east-1"),
    ] {
        assert_eq!(by_host(&host, "/", region).status, 200, "{host}");
    }
    let ireland = format!("sts.eu-west-1.localhost:{port}");
    assert_refused(
        &by_host(&ireland, "/", "us-east-1"),
        403,
        "SignatureDoesNotMatch",
    );
    let both = by_host(&ireland, IRELAND.path, "eu-west-1");
    assert_eq!(both.status, 200, "{}", both.text());
    let two = by_host(&ireland, HONG_KONG.path, "ap-east-1");
    assert_refused(&two, 404, "InvalidEndpoint");
    for host in [
        format!("sts.eu-west-9.localhost:{port}"),
        format!("sts.eu-west-1.localhost.:{port}"),
        "sts.eu-west-1.localhost".to_owned(),
        format!("sts.eu-west-1.127.0.0.1:{port}"),
        format!("sts.eu-west-1.evil.example:{port}"),
    ] {
        assert_refused(&by_host(&host, "/", "eu-west-1"), 421, "InvalidHost");
    }
    let portal = Request::get(node.address, "/sign-in").with_header("host", &ireland);
    assert_eq!(portal.send().status, 421);
}

#[test]
fn policies_see_the_region_of_the_endpoint() {
    let node = HttpNode::start();
    let mut files = directory(&node, SETTINGS);
    let issuer = node.provider.issuer();
    let mut only = trust(&[&issuer], &every_assume_action(), &json!({}));
    only["Statement"][0]["Condition"] =
        json!({ "StringEquals": { "aws:RequestedRegion": "eu-west-1" } });
    add_role(&mut files, "Reader", &json!({}), &only);
    let may = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sts:GetFederationToken", "Resource": "*",
        "Condition": { "StringEquals": { "aws:RequestedRegion": "eu-west-1" } },
    }});
    files.insert(in_account("users/ada.policies/sts.json"), may.to_string());
    node.apply(&files);
    assert_eq!(with_token(&node, IRELAND).status, 200);
    assert_refused(&with_token(&node, GLOBAL), 403, "AccessDenied");
    let federate = [("Action", "GetFederationToken"), ("Name", "helper")];
    assert_eq!(call(&node, &ada(), IRELAND, &federate).status, 200);
    assert_refused(&call(&node, &ada(), GLOBAL, &federate), 403, "AccessDenied");
}

#[test]
fn an_account_says_only_what_can_be() {
    let node = start("");
    for (settings, problem) in [
        ("regions = ['eu-west-1']\n", "region to switch on"),
        ("regions = ['ap-east-9']\n", "region to switch on"),
        (
            "deactivated_regions = ['us-east-1']\n",
            "region to deactivate",
        ),
        (
            "deactivated_regions = ['ap-east-1']\n",
            "region to deactivate",
        ),
        ("global_endpoint_token_version = 3\n", "token version"),
    ] {
        let answer = node.try_apply(&directory(&node, settings));
        assert_eq!(answer.status, 422, "{settings}: {}", answer.text());
        assert!(answer.text().contains(problem), "{}", answer.text());
    }
}
