use super::assert_named;
use crate::directory::testing::{
    CONNECTION_FILE, LINK_FILE, PROVIDER_FILE, READER_FILE, READER_TRUST, RULE_FILE, directory_of,
    edited, files, with, without,
};
use crate::directory::{DirectoryFiles, Problem, check, write};
use crate::domain::Partition;

const PROVIDER: &str = "accounts/482011739056/oidc-providers/idp.example.com";

fn problems_of(files: &DirectoryFiles) -> Vec<Problem> {
    check(&directory_of(files), Partition::Aws)
}

#[test]
fn a_valid_directory_has_no_problem() {
    assert_eq!(problems_of(&files()), []);
}

#[test]
fn a_domain_is_claimed_by_one_connection() {
    let claiming = |domain: &str| {
        let connection =
            files()[CONNECTION_FILE].replace("[oidc]", &format!("domains = ['{domain}']\n[oidc]"));
        let mut files = with("connections/customers.toml", &connection);
        files.insert(
            CONNECTION_FILE.to_owned(),
            connection.replace(domain, "Meridale.example."),
        );
        problems_of(&files)
    };
    let why = "domains: meridale.example is a domain of the connection customers already; take it out of one";
    assert_named(&claiming("meridale.EXAMPLE"), "connections/workforce", why);
    assert_eq!(claiming("ext.meridale.example"), []);
}

#[test]
fn a_link_names_a_connection_that_is_there() {
    let problems = problems_of(&edited(
        LINK_FILE,
        "connection = 'workforce'",
        "connection = 'customers'",
    ));
    assert_named(
        &problems,
        "links/workforce",
        "there is no connection customers",
    );
}

#[test]
fn a_link_names_providers_that_are_there() {
    let problems = problems_of(&edited(LINK_FILE, "482011739056", "310957264483"));
    let why = "there is no provider arn:aws:iam::310957264483:oidc-provider/idp.example.com";
    assert_named(&problems, "links/workforce", why);
}

#[test]
fn a_link_s_provider_is_of_the_partition() {
    let directory = directory_of(&files());
    let problems = check(&directory, Partition::AwsCn);
    assert_named(
        &problems,
        "links/workforce",
        "there is no provider arn:aws:iam",
    );
}

#[test]
fn a_connection_speaks_as_a_provider_of_its_own_issuer_only() {
    let problems = problems_of(&edited(
        CONNECTION_FILE,
        "idp.example.com",
        "other.example.com",
    ));
    assert_named(
        &problems,
        "links/workforce",
        "the connection workforce has https://other.example.com",
    );
}

#[test]
fn an_issuer_with_a_slash_at_its_end_is_another_one() {
    let problems = problems_of(&edited(
        CONNECTION_FILE,
        "idp.example.com",
        "idp.example.com/",
    ));
    assert_named(&problems, "links/workforce", "they must be the same");
}

#[test]
fn a_connection_speaks_as_one_provider_in_an_account() {
    let mut files = files();
    let second = "accounts/482011739056/oidc-providers/second.toml";
    files.insert(
        second.into(),
        "url = 'https://two.example.com'\nclient_ids = ['x']\n".into(),
    );
    let link = files.get_mut(LINK_FILE).unwrap();
    *link = link.replace(
        "123456789012:oidc-provider/idp",
        "482011739056:oidc-provider/two",
    );
    let problems = problems_of(&files);
    assert_named(
        &problems,
        "links/workforce",
        "account 482011739056 is named twice",
    );
}

#[test]
fn two_providers_of_an_account_have_different_arns() {
    let plain = "accounts/482011739056/oidc-providers/plain.toml";
    let problems = problems_of(&with(
        plain,
        "url = 'http://idp.example.com'\nclient_ids = ['x']\n",
    ));
    assert_named(&problems, PROVIDER, "this url with the other scheme");
}

#[test]
fn a_provider_lists_at_most_a_hundred_audiences() {
    let list = |count: usize| {
        let ids: Vec<String> = (0..count).map(|id| format!("'client-{id}'")).collect();
        edited(PROVIDER_FILE, "'sts'", &ids.join(", "))
    };
    for count in [0, 100] {
        assert_eq!(problems_of(&list(count)), []);
    }
    assert_named(
        &problems_of(&list(101)),
        PROVIDER,
        "client_ids must list at most 100",
    );
}

#[test]
fn a_provider_lists_at_most_five_thumbprints() {
    let list = |count: usize| {
        let thumbprints: Vec<String> = (0..count).map(|it| format!("'{it:040}'")).collect();
        let line = format!("\nthumbprints = [{}]", thumbprints.join(", "));
        edited(PROVIDER_FILE, "['sts']", &format!("['sts']{line}"))
    };
    assert_eq!(problems_of(&list(5)), []);
    let problems = problems_of(&list(6));
    assert_named(&problems, PROVIDER, "thumbprints must list at most 5");
}

#[test]
fn two_roles_of_an_account_differ_in_more_than_case() {
    let mut files = files();
    let trust = files[READER_TRUST].clone();
    files.insert(
        "accounts/482011739056/roles/READER.toml".into(),
        String::new(),
    );
    files.insert(
        "accounts/482011739056/roles/READER.trust.json".into(),
        trust,
    );
    let at = "accounts/482011739056/roles/Reader";
    assert_named(
        &problems_of(&files),
        at,
        "differs in upper and lower case only",
    );
}

#[test]
fn a_role_s_maximum_is_an_hour_at_least() {
    let at = "accounts/482011739056/roles/Reader";
    assert_eq!(problems_of(&edited(READER_FILE, "7200", "3600")), []);
    let problems = problems_of(&edited(READER_FILE, "7200", "3599"));
    assert_named(&problems, at, "3600 to 43200 seconds");
}

#[test]
fn a_description_has_a_thousand_characters_at_most() {
    let described = |count: usize| edited(READER_FILE, "Reads", &"é".repeat(count));
    assert_eq!(problems_of(&described(1000)), []);
    let at = "accounts/482011739056/roles/Reader";
    assert_named(
        &problems_of(&described(1001)),
        at,
        "at most 1000 characters",
    );
}

#[test]
fn a_unique_id_belongs_to_one_role() {
    let mut exported = write(&directory_of(&files()), Partition::Aws).unwrap();
    let reader = exported[READER_FILE].clone();
    let id = reader
        .lines()
        .find(|line| line.starts_with("unique_id"))
        .unwrap();
    let admin = exported
        .get_mut("accounts/123456789012/roles/Admin.toml")
        .unwrap();
    let own = admin
        .lines()
        .find(|line| line.starts_with("unique_id"))
        .unwrap()
        .to_owned();
    *admin = admin.replace(&own, id);
    let at = "accounts/482011739056/roles/Reader";
    let why = "accounts/123456789012/roles/Admin has the same unique_id";
    assert_named(&problems_of(&exported), at, why);
}

#[test]
fn a_user_s_unique_id_is_no_role_s() {
    let files = edited(
        READER_FILE,
        "path",
        "unique_id = 'AIDAABCDEFGHIJKLMNOPQ'\npath",
    );
    let at = "accounts/482011739056/roles/Reader";
    assert_named(&problems_of(&files), at, "must begin with AROA");
}

#[test]
fn a_rule_names_connections_that_are_there() {
    let mut files = without(LINK_FILE);
    files.remove(CONNECTION_FILE);
    assert_named(
        &problems_of(&files),
        "rules/readers",
        "there is no connection workforce",
    );
}

#[test]
fn a_rule_s_failing_test_is_told_with_what_came_instead() {
    let files = edited(RULE_FILE, "groups = ['readers']", "groups = ['writers']");
    let why = "tests[0] (A reader reads): expected arn:aws:iam::482011739056:role/engineering/Reader, but the rule gives no role";
    assert_named(&problems_of(&files), "rules/readers", why);
}

#[test]
fn a_rule_s_test_of_nobody_is_told() {
    let files = edited(RULE_FILE, "sub = 'ines', ", "sub = '', ");
    assert_named(
        &problems_of(&files),
        "rules/readers",
        "the sample can't be a person",
    );
}
