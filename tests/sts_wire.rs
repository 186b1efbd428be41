//! What STS sends, byte by byte: AWS's codes, texts, statuses and envelopes for every refusal that
//! the two operations know.

#[cfg(test)]
mod support;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::support::aws::{ADMIN_KEY, AwsKeys, Call, GET_CALLER_IDENTITY as IDENTITY, Signing};
    use super::support::directory::STS_CLIENT;
    use super::support::gateway::{Gateway, READER, STRANGER, UNTAGGED};
    use super::support::http::{Request, Response};
    use super::support::keys::{SigningKey, sign_claims};
    use super::support::sts::{Changes, assume_role, element, find_element};

    const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
    const FAULT: &str = "http://webservices.amazon.com/AWSFault/2005-15-09";
    const ARN_PATTERN: &str =
        r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+";
    const POLICY_PATTERN: &str = r"[\u0009\u000A\u000D\u0020-\u00FF]+";
    const NOT_AUTHORIZED: &str = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
    const INVALID_TOKEN: &str = "The security token included in the request is invalid";

    fn call(gateway: &Gateway, changes: Changes<'_>) -> Response {
        call_with(gateway, &gateway.token("ines"), changes)
    }

    fn call_with(gateway: &Gateway, token: &str, changes: Changes<'_>) -> Response {
        assume_role(gateway.address, READER, token, changes)
    }

    /// A form posted to STS.
    fn form(gateway: &Gateway, body: &str) -> Call {
        Call::post(gateway.address, body)
    }

    /// The form, signed by the administrator.
    fn signed(gateway: &Gateway, body: &str) -> Call {
        form(gateway, body).signed(&AwsKeys::admin(), &Signing::at(gateway.now()))
    }

    /// Status, code and text of a refusal, whose envelope is AWS's.
    fn refused(answer: &Response, namespace: &str) -> (u16, String, Option<String>) {
        let id = answer.header("x-amzn-requestid").unwrap();
        assert_eq!(answer.header("content-type"), Some("text/xml"));
        assert_eq!(answer.header("x-amz-sts-extended-request-id"), Some(id));
        let (code, message) = (element(answer, "Code"), find_element(answer, "Message"));
        let raw = answer.text();
        let raw_message = raw
            .split_once("<Message>")
            .map(|(_, rest)| rest.split_once("</Message>").unwrap().0);
        let message_line = raw_message.map_or_else(String::new, |message| {
            format!("    <Message>{message}</Message>\n")
        });
        assert_eq!(
            raw,
            format!(
                "<ErrorResponse xmlns=\"{namespace}\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>{code}</Code>\n{message_line}  </Error>\n  <RequestId>{id}</RequestId>\n</ErrorResponse>\n"
            )
        );
        (answer.status, code, message)
    }

    fn assert_refused(answer: &Response, status: u16, code: &str, message: &str) {
        let expected = (status, code.to_owned(), Some(message.to_owned()));
        assert_eq!(refused(answer, STS), expected);
    }

    fn broken(value: &str, field: &str, rule: &str) -> String {
        format!("Value '{value}' at '{field}' failed to satisfy constraint: {rule}")
    }

    fn pattern(pattern: &str) -> String {
        format!("Member must satisfy regular expression pattern: {pattern}")
    }

    #[test]
    fn a_session_is_given_in_awss_envelope() {
        let gateway = Gateway::start();
        let answer = call(&gateway, &[]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let id = answer.header("x-amzn-requestid").unwrap().to_owned();
        let keys = AwsKeys::issued(&answer);
        let token = element(&answer, "SessionToken");
        let role_id = element(&answer, "AssumedRoleId");
        let expiration = element(&answer, "Expiration");
        let issuer = gateway.provider.issuer();
        assert_eq!(
            answer.text(),
            format!(
                "<AssumeRoleWithWebIdentityResponse xmlns=\"{STS}\">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>ines</SubjectFromWebIdentityToken>
    <Audience>sts-client</Audience>
    <AssumedRoleUser>
      <AssumedRoleId>{role_id}</AssumedRoleId>
      <Arn>arn:aws:sts::123456789012:assumed-role/Reader/ines</Arn>
    </AssumedRoleUser>
    <Provider>{issuer}</Provider>
    <Credentials>
      <AccessKeyId>{key}</AccessKeyId>
      <SecretAccessKey>{secret}</SecretAccessKey>
      <SessionToken>{token}</SessionToken>
      <Expiration>{expiration}</Expiration>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata>
    <RequestId>{id}</RequestId>
  </ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>
",
                key = keys.id,
                secret = keys.secret,
            )
        );
        assert!(role_id.starts_with("AROA") && role_id.ends_with(":ines"));
        assert!(keys.id.starts_with("ASIA"));
        assert_eq!(keys.secret.len(), 40);
    }

    #[test]
    fn a_caller_is_told_in_awss_envelope() {
        let gateway = Gateway::start();
        let answer = call(&gateway, &[]);
        let role_id = element(&answer, "AssumedRoleId");
        let keys = AwsKeys::issued(&answer);
        let answer = gateway.who(&keys);
        let id = answer.header("x-amzn-requestid").unwrap();
        assert_eq!(
            answer.text(),
            format!(
                "<GetCallerIdentityResponse xmlns=\"{STS}\">
  <GetCallerIdentityResult>
    <Arn>arn:aws:sts::123456789012:assumed-role/Reader/ines</Arn>
    <UserId>{role_id}</UserId>
    <Account>123456789012</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>{id}</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
"
            )
        );
    }

    /// Each call is refused for exactly these broken constraints.
    fn assert_broken(gateway: &Gateway, table: &[(Changes<'_>, &[String])]) {
        for (changes, broken) in table {
            let noun = if broken.len() == 1 { "error" } else { "errors" };
            let (count, list) = (broken.len(), broken.join("; "));
            let expected = format!("{count} validation {noun} detected: {list}");
            assert_refused(&call(gateway, changes), 400, "ValidationError", &expected);
        }
    }

    fn at_least(value: &str, field: &str, least: usize) -> String {
        let rule = format!("Member must have length greater than or equal to {least}");
        broken(value, field, &rule)
    }

    fn at_most(value: &str, field: &str, most: usize) -> String {
        let rule = format!("Member must have length less than or equal to {most}");
        broken(value, field, &rule)
    }

    #[test]
    fn every_missing_parameter_is_told_in_awss_words() {
        let null = |field: &str| {
            format!("Value null at '{field}' failed to satisfy constraint: Member must not be null")
        };
        let names = ["RoleArn", "RoleSessionName", "WebIdentityToken"].map(|name| (name, None));
        let fields = ["roleArn", "roleSessionName", "webIdentityToken"].map(null);
        let table: [(Changes<'_>, &[String]); 2] = [(&names[..1], &fields[..1]), (&names, &fields)];
        assert_broken(&Gateway::start(), &table);
    }

    #[test]
    fn a_role_that_breaks_its_constraints_is_told_in_awss_words() {
        let (short, astral) = ("arn:aws:iam::1", "arn:aws:iam::123456789012:role/\u{1f600}");
        let no_characters = broken("", "roleArn", &pattern(ARN_PATTERN));
        let table: [(Changes<'_>, &[String]); 3] = [
            (
                &[("RoleArn", Some(short))],
                &[at_least(short, "roleArn", 20)],
            ),
            (
                &[("RoleArn", Some(""))],
                &[no_characters, at_least("", "roleArn", 20)],
            ),
            (
                &[("RoleArn", Some(astral))],
                &[broken(astral, "roleArn", &pattern(ARN_PATTERN))],
            ),
        ];
        assert_broken(&Gateway::start(), &table);
    }

    #[test]
    fn a_name_or_token_that_breaks_its_constraints_is_told_in_awss_words() {
        let (name, long) = ("roleSessionName", &*"n".repeat(65));
        let no_word = broken("/", name, &pattern(r"[\w+=,.@-]*"));
        let table: [(Changes<'_>, &[String]); 5] = [
            (&[("RoleSessionName", Some("i"))], &[at_least("i", name, 2)]),
            (
                &[("RoleSessionName", Some(long))],
                &[at_most(long, name, 64)],
            ),
            (
                &[("RoleSessionName", Some("/"))],
                &[no_word, at_least("/", name, 2)],
            ),
            (
                &[("WebIdentityToken", Some("a.b"))],
                &[at_least("a.b", "webIdentityToken", 4).replace("Value 'a.b' at", "Value at")],
            ),
            (
                &[("ProviderId", Some("abc"))],
                &[at_least("abc", "providerId", 4)],
            ),
        ];
        assert_broken(&Gateway::start(), &table);
    }

    #[test]
    fn a_policy_that_breaks_its_constraints_is_told_in_awss_words() {
        let (long, shown) = (&*"p".repeat(2049), &*"p".repeat(256));
        let unusable = |value| broken(value, "policy", &pattern(POLICY_PATTERN));
        let table: [(Changes<'_>, &[String]); 3] = [
            (
                &[("Policy", Some(""))],
                &[unusable(""), at_least("", "policy", 1)],
            ),
            (&[("Policy", Some("\u{100}"))], &[unusable("\u{100}")]),
            (&[("Policy", Some(long))], &[at_most(shown, "policy", 2048)]),
        ];
        assert_broken(&Gateway::start(), &table);
    }

    #[test]
    fn a_duration_out_of_bounds_is_told_in_awss_words_beside_what_else_is_broken() {
        let field = "durationSeconds";
        let little = "Member must have value greater than or equal to 900";
        let much = "Member must have value less than or equal to 43200";
        let both = [
            ("RoleSessionName", Some("i")),
            ("DurationSeconds", Some("43201")),
        ];
        let table: [(Changes<'_>, &[String]); 2] = [
            (
                &[("DurationSeconds", Some("899"))],
                &[broken("899", field, little)],
            ),
            (
                &both,
                &[
                    at_least("i", "roleSessionName", 2),
                    broken("43201", field, much),
                ],
            ),
        ];
        assert_broken(&Gateway::start(), &table);
    }

    #[test]
    fn a_duration_that_is_no_whole_number_is_malformed_input_without_a_text() {
        let gateway = Gateway::start();
        for text in ["an hour", "3600.0", "3600 ", "2147483648", "0x384", "9e2"] {
            let answer = call(&gateway, &[("DurationSeconds", Some(text))]);
            let expected = (400, "MalformedInput".to_owned(), None);
            assert_eq!(refused(&answer, STS), expected, "{text}");
        }
        let answer = call(&gateway, &[("DurationSeconds", Some(""))]);
        assert_refused(
            &answer,
            400,
            "MalformedInput",
            "missing value for decimal type",
        );
    }

    #[test]
    fn a_duration_may_have_a_sign_and_leading_zeros() {
        let gateway = Gateway::start();
        for text in ["900", "+900", "0900"] {
            let before = gateway.now();
            let answer = call(&gateway, &[("DurationSeconds", Some(text))]);
            let expiration: rolegate::domain::UnixTime =
                element(&answer, "Expiration").parse().unwrap();
            let lifetime = expiration.seconds() - before;
            assert!((900..=960).contains(&lifetime), "{text}: {lifetime}");
        }
    }

    #[test]
    fn an_unknown_operation_is_refused_in_the_fault_namespace() {
        let gateway = Gateway::start();
        for (body, text) in [
            (
                "Action=NoSuchAction&Version=2011-06-15",
                "Could not find operation NoSuchAction for version 2011-06-15",
            ),
            (
                "Action=NoSuchAction",
                "Could not find operation NoSuchAction for version NO_VERSION_SPECIFIED",
            ),
            (
                "Action=GetCallerIdentity&Version=",
                "Could not find operation GetCallerIdentity for version ",
            ),
            (
                "Action=GetCallerIdentity&Version=2010-05-09",
                "Could not find operation GetCallerIdentity for version 2010-05-09",
            ),
            (
                "Action=getcalleridentity&Version=2011-06-15",
                "Could not find operation getcalleridentity for version 2011-06-15",
            ),
        ] {
            let posted = form(&gateway, body).send(gateway.address);
            let got = Request::get(gateway.address, &format!("/?{body}")).send();
            for answer in [posted, got] {
                let expected = (400, "InvalidAction".to_owned(), Some(text.to_owned()));
                assert_eq!(refused(&answer, FAULT), expected, "{body}");
            }
        }
    }

    #[test]
    fn a_request_that_names_no_operation_is_refused() {
        let gateway = Gateway::start();
        let plain = Call {
            headers: Vec::new(),
            ..form(&gateway, IDENTITY)
        };
        let without_type = plain.send(gateway.address);
        let without_action = form(&gateway, "Version=2011-06-15").send(gateway.address);
        for answer in [without_type, without_action] {
            let (status, code, _) = refused(&answer, FAULT);
            assert_eq!((status, code.as_str()), (400, "MissingAction"));
        }
    }

    #[test]
    fn parameters_that_two_readers_could_read_differently_are_refused() {
        let gateway = Gateway::start();
        let repeated = format!("{IDENTITY}&Action=GetCallerIdentity");
        let answer = form(&gateway, &repeated).send(gateway.address);
        assert_eq!(refused(&answer, FAULT).1, "InvalidParameterCombination");
        let split = Call {
            target: "/?Action=GetCallerIdentity".to_owned(),
            ..form(&gateway, "Version=2011-06-15")
        };
        let answer = split.send(gateway.address);
        assert_eq!(refused(&answer, FAULT).1, "InvalidParameterCombination");
    }

    #[test]
    fn unknown_parameters_and_a_charset_are_taken() {
        let gateway = Gateway::start();
        let body = format!("{IDENTITY}&Unknown=1");
        let mut request = form(&gateway, &body);
        let with_charset = "application/x-www-form-urlencoded; charset=utf-8";
        request.set_header("content-type", Some(with_charset));
        let answer = request
            .signed(&AwsKeys::admin(), &Signing::at(gateway.now()))
            .send(gateway.address);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    #[test]
    fn what_can_not_be_a_role_is_invalid() {
        let gateway = Gateway::start();
        for arn in [
            "aaaaaaaaaaaaaaaaaaaa",
            "arn:a:::xxxxxxxxxxxxx",
            "arn:a:a::aaaaaaaaaa:",
        ] {
            let answer = call(&gateway, &[("RoleArn", Some(arn))]);
            assert_refused(
                &answer,
                400,
                "ValidationError",
                &format!("{arn} is invalid"),
            );
        }
    }

    #[test]
    fn an_arn_of_something_else_is_answered_as_an_unknown_role() {
        let gateway = Gateway::start();
        let user = ("RoleArn", Some("arn:aws:iam::123456789012:user/ines"));
        let told = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
        assert_refused(&call(&gateway, &[user]), 403, "AccessDenied", told);
    }

    #[test]
    fn an_unknown_role_is_answered_as_one_that_does_not_trust_the_caller() {
        let gateway = Gateway::start();
        let body = |role: &str| {
            let answer = call(&gateway, &[("RoleArn", Some(role))]);
            assert_refused(&answer, 403, "AccessDenied", NOT_AUTHORIZED);
            let id = answer.header("x-amzn-requestid").unwrap().to_owned();
            let names = answer.headers.iter().map(|(name, _)| name.clone());
            let names: std::collections::BTreeSet<String> = names.collect();
            (answer.text().replace(&id, ""), names)
        };
        let untrusted = body(STRANGER);
        assert_eq!(body("arn:aws:iam::123456789012:role/NoSuchRole"), untrusted);
        assert_eq!(body("arn:aws:iam::123456789012:role/Reader"), untrusted);
        assert_eq!(
            body("arn:aws:iam::123456789012:role/team/reader"),
            untrusted
        );
    }

    #[test]
    fn the_roles_maximum_is_told_only_to_who_may_assume_it() {
        let gateway = Gateway::start();
        let call = |role, seconds| {
            let changes = [("RoleArn", Some(role)), ("DurationSeconds", Some(seconds))];
            call(&gateway, &changes)
        };
        assert_refused(
            &call(READER, "7201"),
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        );
        assert_refused(&call(STRANGER, "3601"), 403, "AccessDenied", NOT_AUTHORIZED);
        assert_eq!(call(READER, "7200").status, 200);
    }

    #[test]
    fn tags_and_source_identities_need_a_permission_of_their_own() {
        let gateway = Gateway::start();
        let tags =
            json!({ "https://aws.amazon.com/tags": { "principal_tags": { "Team": ["A"] } } });
        let source = json!({ "https://aws.amazon.com/source_identity": "ines" });
        for (claims, text) in [
            (tags, "Not authorized to perform sts:TagSession"),
            (source, "Not authorized to perform sts:SetSourceIdentity"),
        ] {
            let token = gateway.token_with("ines", &claims);
            let answer = call_with(&gateway, &token, &[("RoleArn", Some(UNTAGGED))]);
            assert_refused(&answer, 403, "AccessDenied", text);
            assert_eq!(call_with(&gateway, &token, &[]).status, 200);
        }
    }

    #[test]
    fn a_token_is_refused_in_awss_words() {
        let gateway = Gateway::start();
        let (issued, expired) = (gateway.now() - 7200, gateway.now() - 3600);
        let too_old = gateway.now() - 90_000;
        let time = |seconds| rolegate::domain::UnixTime::from_seconds(seconds).to_string();
        let table: [(Value, &str, String); 7] = [
            (
                json!({ "iss": "https://elsewhere.example" }),
                "InvalidIdentityToken",
                "No OpenIDConnect provider found in your account for https://elsewhere.example"
                    .to_owned(),
            ),
            (
                json!({ "aud": "somebody-else" }),
                "InvalidIdentityToken",
                "Incorrect token audience".to_owned(),
            ),
            (
                json!({ "azp": "somebody-else" }),
                "InvalidIdentityToken",
                "Incorrect token audience".to_owned(),
            ),
            (
                json!({ "aud": null }),
                "InvalidIdentityToken",
                "Missing a required claim: aud".to_owned(),
            ),
            (
                json!({ "sub": null }),
                "InvalidIdentityToken",
                "Missing a required claim: sub".to_owned(),
            ),
            (
                json!({ "iat": issued, "exp": expired }),
                "ExpiredTokenException",
                format!("must be before the expiration date/time {}", time(expired)),
            ),
            (
                json!({ "iat": too_old }),
                "ExpiredTokenException",
                "Token too old: 9000".to_owned(),
            ),
        ];
        for (claims, code, text) in table {
            let token = gateway.token_with("ines", &claims);
            let (status, told, message) = refused(&call_with(&gateway, &token, &[]), STS);
            assert_eq!((status, told.as_str()), (400, code), "{claims} {message:?}");
            let message = message.unwrap();
            assert!(message.contains(&text), "{claims}: {message}");
        }
    }

    #[test]
    fn a_token_of_an_unknown_key_is_refused_and_one_whose_provider_is_silent_may_be_retried() {
        const NO_KEY: &str = "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements";
        let gateway = Gateway::start();
        let other = SigningKey::ec_p256("k2");
        let claims = gateway.provider.claims("ines", STS_CLIENT, gateway.now());
        let forged = sign_claims(&claims, &other);
        let answer = call_with(&gateway, &forged, &[]);
        assert_refused(&answer, 400, "InvalidIdentityToken", NO_KEY);
        let answer = call_with(&gateway, &gateway.unreachable_token(), &[]);
        assert_refused(&answer, 400, "IDPCommunicationError", NO_KEY);
    }

    #[test]
    fn a_session_policy_is_read_strictly() {
        let gateway = Gateway::start();
        for (policy, expected) in [
            ("{", "Syntax errors in policy. (write the policy as JSON"),
            ("{}", "Syntax errors in policy. (add the element Statement)"),
            (
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*"}]}"#,
                "Policy statement must contain actions. (statement 1: add the element Action)",
            ),
        ] {
            let answer = call(&gateway, &[("Policy", Some(policy))]);
            let (status, code, message) = refused(&answer, STS);
            assert_eq!((status, code.as_str()), (400, "MalformedPolicyDocument"));
            assert!(message.unwrap().starts_with(expected), "{policy}");
        }
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
        let answer = call(&gateway, &[("Policy", Some(policy))]);
        let packed: u32 = element(&answer, "PackedPolicySize").parse().unwrap();
        assert!((1..=100).contains(&packed));
    }

    #[test]
    fn a_session_that_does_not_fit_into_its_token_is_refused() {
        let gateway = Gateway::start();
        let tags: Value = (0..20)
            .map(|number| (format!("Key{number}"), json!(["v".repeat(250)])))
            .collect();
        let claims = json!({ "https://aws.amazon.com/tags": { "principal_tags": tags } });
        let token = gateway.token_with("ines", &claims);
        let (status, code, message) = refused(&call_with(&gateway, &token, &[]), STS);
        assert_eq!((status, code.as_str()), (400, "PackedPolicyTooLarge"));
        let message = message.unwrap();
        let percent = message
            .strip_prefix("Packed policy consumes ")
            .and_then(|rest| rest.strip_suffix("% of allotted space, please use smaller policy."));
        assert!(percent.unwrap().parse::<u32>().unwrap() > 100, "{message}");
    }

    #[test]
    fn kinds_of_call_that_are_not_there_are_not_passed_over() {
        let gateway = Gateway::start();
        for (provider, code) in [
            ("accounts.google.com", "ValidationError"),
            ("WWW.amazon.com", "ValidationError"),
            ("www.amazon.com", "InvalidIdentityToken"),
        ] {
            let answer = call(&gateway, &[("ProviderId", Some(provider))]);
            assert_eq!(refused(&answer, STS).1, code, "{provider}");
        }
        let unknown = Some("arn:aws:iam::aws:policy/NobodyMadeIt");
        let policy = call(&gateway, &[("PolicyArns.member.1.arn", unknown)]);
        assert_eq!(refused(&policy, STS).1, "MalformedPolicyDocument");
    }

    #[test]
    fn a_signature_is_refused_in_awss_words() {
        let gateway = Gateway::start();
        let keys = AwsKeys::issued(&call(&gateway, &[]));
        let with_id = |id: &str| AwsKeys {
            id: id.to_owned(),
            ..keys.clone()
        };
        let with_token = |token: Option<&str>| AwsKeys {
            token: token.map(str::to_owned),
            ..keys.clone()
        };
        let unknown = AwsKeys {
            token: None,
            ..with_id("AKIARZPUZDIKGB2VALC5")
        };
        let wrong_secret = AwsKeys {
            secret: "wrong".to_owned(),
            ..keys.clone()
        };
        let sts = Signing::at(gateway.now());
        let region = |region| Signing {
            region,
            ..sts.clone()
        };
        let service = Signing {
            service: "iam",
            ..sts.clone()
        };
        let answer = |keys: &AwsKeys, signing: &Signing| {
            let signed = form(&gateway, IDENTITY).signed(keys, signing);
            signed.send(gateway.address)
        };
        for other in [
            unknown,
            with_token(None),
            with_token(Some("AQAB")),
            with_id("ASIARZPUZDIKGB2VALC4"),
            with_id(ADMIN_KEY),
        ] {
            let refused = answer(&other, &sts);
            assert_refused(&refused, 403, "InvalidClientTokenId", INVALID_TOKEN);
        }
        let (no_region, no_service) = (
            "Credential should be scoped to a valid region.",
            "Credential should be scoped to correct service: 'sts'. ",
        );
        for (refused, text) in [
            (answer(&wrong_secret, &sts), MISMATCH),
            (answer(&keys, &region("mars-north-1")), no_region),
            (answer(&keys, &service), no_service),
        ] {
            assert_refused(&refused, 403, "SignatureDoesNotMatch", text);
        }
        let answer = answer(&keys, &region("eu-central-1"));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    #[test]
    fn a_signature_out_of_its_time_is_told_the_servers() {
        let gateway = Gateway::start();
        for (skew, start, end) in [
            (-1200, "Signature expired: ", " - 15 min.)"),
            (1200, "Signature not yet current: ", " + 15 min.)"),
        ] {
            let signing = Signing::at(gateway.now() + skew);
            let answer = form(&gateway, IDENTITY)
                .signed(&AwsKeys::admin(), &signing)
                .send(gateway.address);
            let (status, code, message) = refused(&answer, STS);
            assert_eq!((status, code.as_str()), (403, "SignatureDoesNotMatch"));
            let message = message.unwrap();
            assert!(
                message.starts_with(start) && message.ends_with(end),
                "{message}"
            );
        }
    }

    #[test]
    fn a_signature_with_a_part_missing_is_incomplete() {
        let gateway = Gateway::start();
        let scope = "AKIARZPUZDIKGB2VALC4/20261121/us-east-1/sts/aws4_request";
        let date = "20261121T094107Z";
        for (authorization, date, text) in [
            (
                "AWS4-HMAC-SHA256 Credential".to_owned(),
                Some(date),
                "A part of the Authorization header is not a valid key=value pair (missing equal-sign).",
            ),
            (
                "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00".to_owned(),
                Some(date),
                "Authorization header requires 'Credential' parameter.",
            ),
            (
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host"),
                Some(date),
                "Authorization header requires 'Signature' parameter.",
            ),
            (
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"),
                None,
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            ),
            (
                "AWS4-HMAC-SHA256 Credential=AKIA, SignedHeaders=host, Signature=00".to_owned(),
                Some(date),
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
            ),
        ] {
            let request = form(&gateway, IDENTITY).request(gateway.address);
            let request = request.with_header("authorization", &authorization);
            let request = date.map_or(request.clone(), |date| {
                request.with_header("x-amz-date", date)
            });
            assert_refused(&request.send(), 400, "IncompleteSignature", text);
        }
    }

    #[test]
    fn a_request_without_a_signature_has_no_token() {
        let gateway = Gateway::start();
        let answer = form(&gateway, IDENTITY).send(gateway.address);
        let text = "Request is missing Authentication Token";
        assert_refused(&answer, 403, "MissingAuthenticationToken", text);
    }

    #[test]
    fn a_body_that_was_altered_does_not_match_its_signature() {
        let gateway = Gateway::start();
        let signed = signed(&gateway, IDENTITY).request(gateway.address);
        let altered = signed.with_body(format!("{IDENTITY}&a=b"));
        assert_refused(&altered.send(), 403, "SignatureDoesNotMatch", MISMATCH);
    }

    #[test]
    fn who_accepts_json_gets_json() {
        let gateway = Gateway::start();
        let request = signed(&gateway, IDENTITY)
            .request(gateway.address)
            .with_header("accept", "application/json");
        let answer = request.send();
        let id = answer.header("x-amzn-requestid").unwrap();
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let identity = &answer.json()["GetCallerIdentityResponse"]["GetCallerIdentityResult"];
        assert_eq!(
            answer.json(),
            json!({ "GetCallerIdentityResponse": {
                "GetCallerIdentityResult": {
                    "Account": "123456789012",
                    "Arn": "arn:aws:iam::123456789012:user/admin",
                    "UserId": identity["UserId"],
                },
                "ResponseMetadata": { "RequestId": id },
            }})
        );
        assert!(identity["UserId"].as_str().unwrap().starts_with("AIDA"));
    }

    #[test]
    fn times_are_numbers_in_json() {
        let gateway = Gateway::start();
        let token = gateway.token("ines");
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", READER),
            ("RoleSessionName", "ines"),
            ("WebIdentityToken", &token),
        ];
        let request = Request::post_form(gateway.address, "/", &fields);
        let answer = request.with_header("accept", "application/json").send();
        let result =
            &answer.json()["AssumeRoleWithWebIdentityResponse"]["AssumeRoleWithWebIdentityResult"];
        let expiration = result["Credentials"]["Expiration"].as_i64().unwrap();
        assert!(
            (3590..=3660).contains(&(expiration - gateway.now())),
            "{expiration}"
        );
    }

    #[test]
    fn a_refusal_in_json_has_code_message_and_type() {
        let gateway = Gateway::start();
        let request = form(&gateway, IDENTITY).request(gateway.address);
        let answer = request.with_header("accept", "application/json").send();
        let id = answer.header("x-amzn-requestid").unwrap();
        let expected = json!({
            "Error": {
                "Code": "MissingAuthenticationToken",
                "Message": "Request is missing Authentication Token",
                "Type": "Sender",
            },
            "RequestId": id,
        });
        assert_eq!((answer.status, answer.json()), (403, expected));
    }

    #[test]
    fn pages_of_other_origins_may_call_sts_without_credentials() {
        let gateway = Gateway::start();
        for path in ["/", "/sts", "/sts/"] {
            let request = Request::new(gateway.address, "OPTIONS", path)
                .with_header("origin", "https://app.example")
                .with_header("access-control-request-method", "POST");
            let answer = request.send();
            assert_eq!(answer.status, 204, "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
            assert_eq!(
                answer.header("access-control-allow-methods"),
                Some("GET, POST")
            );
            assert_eq!(
                answer.header("access-control-allow-headers"),
                Some("Authorization, *")
            );
            assert_eq!(answer.header("access-control-allow-credentials"), None);
        }
        let refused = form(&gateway, IDENTITY).send(gateway.address);
        for answer in [call(&gateway, &[]), refused] {
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
            assert_eq!(answer.header("access-control-allow-credentials"), None);
        }
    }

    #[test]
    fn a_preflight_for_a_host_that_is_not_served_is_refused() {
        let gateway = Gateway::start();
        let request = Request::new(gateway.address, "OPTIONS", "/sts");
        let answer = request.with_header("host", "elsewhere.example").send();
        assert_eq!(answer.status, 421);
        assert_eq!(answer.header("access-control-allow-methods"), None);
    }

    #[test]
    fn pages_of_other_origins_may_read_nothing_of_the_portal_and_the_admin_api() {
        let gateway = Gateway::start();
        for (method, path) in [
            ("GET", "/"),
            ("GET", "/roles"),
            ("POST", "/credentials"),
            ("OPTIONS", "/credentials"),
            ("OPTIONS", "/sign-in"),
            ("GET", "/admin/v1/directory"),
            ("OPTIONS", "/admin/v1/directory"),
            ("GET", "/no-such-page"),
        ] {
            let request = Request::new(gateway.address, method, path);
            let answer = request.with_header("origin", "https://app.example").send();
            let shared = answer
                .headers
                .iter()
                .find(|(name, _)| name.to_ascii_lowercase().starts_with("access-control-"));
            assert_eq!(shared, None, "{method} {path}");
        }
    }
}
