//! Policies and requests over a small world, so that they often meet.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::scene::{Call, Key, Kind, Scene, Theirs, Who};

pub const HERE: &str = "123456789012";
pub const ABROAD: &str = "210987654321";
pub const ROLE_ID: &str = "AROAAAAAAAAAAAAAAAAAA";
pub const USER_ID: &str = "AIDAAAAAAAAAAAAAAAAAA";
pub const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/idp.example.com";

/// Numbers that look random and are the same for the same seed (SplitMix64).
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// Whether it is one of so many in a hundred.
    pub fn percent(&mut self, many: usize) -> bool {
        self.below(100) < many
    }

    pub fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    fn some<T: Clone>(&mut self, list: &[T], most: usize) -> Vec<T> {
        (0..=self.below(most)).map(|_| self.pick(list)).collect()
    }
}

/// A scalar, a list of one, or a list.
fn one_or_list(dice: &mut Dice, mut values: Vec<Value>) -> Value {
    if values.len() == 1 && dice.percent(60) {
        values.remove(0)
    } else {
        Value::from(values)
    }
}

const ACTIONS: &[&str] = &[
    "s3:GetObject",
    "S3:getobject",
    "s3:PutObject",
    "iam:GetUser",
];
const ACTION_PATTERNS: &[&str] = &[
    "*",
    "s3:*",
    "s3:Get*",
    "S3:GET?bject",
    "s3:*Object",
    "s3:*b*c*",
    "iam:*",
    "iam:GetUser",
    "s3:GetObject",
];
const TRUST_PATTERNS: &[&str] = &[
    "sts:*",
    "sts:AssumeRole",
    "sts:assumerole*",
    "sts:TagSession",
    "sts:Set*",
    "sts:?agSession",
];

const RESOURCES: &[&str] = &[
    "arn:aws:s3:::bucket/home/ada/file",
    "arn:aws:s3:::bucket/home/*/file",
    "arn:aws:s3:::bucket/a:b/c",
    "arn:aws:s3:::bucket/blue",
    "arn:aws:s3:::bucket/${aws:username}",
    "arn:aws:s3:::bucket/x?y",
    "arn:aws:s3:::bucket/aaab",
];
const RESOURCE_PATTERNS: &[&str] = &[
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::bucket/*",
    "arn:aws:s3:::bucket/home/${aws:username}/file",
    "arn:aws:s3:::bucket/home/${aws:username}/*",
    "arn:aws:s3:::bucket/${aws:PrincipalTag/team}",
    "arn:aws:s3:::bucket/${AWS:principaltag/TEAM, 'blue'}",
    "arn:aws:s3:::bucket/home/${*}/file",
    "arn:aws:s3:::bucket/x${?}y",
    "arn:aws:s3:::bucket/x?y",
    "arn:aws:s3:::bucket/*a*b",
    "arn:aws:s3:::bucket/a?a*",
    "arn:aws:s3:::bucket/${$}{aws:username}",
    "arn:*:s3:::bucket/?*c",
    "arn:aws:s3:::other",
    "arn:aws:s3:::bucket/home/*/file",
    "arn:aws:iam::*:role/*",
    "arn:aws:iam::123456789012:role/eng/Reader",
    "arn:aws:iam::*:role/Target",
];

/// The values that keys have, by what they look like.
const TEXTS: &[&str] = &[
    "ada",
    "Ada",
    "blue",
    "bl*e",
    "*",
    "",
    "a:b",
    "ada/x",
    "aaab",
    "Straße",
    "STRASSE",
    "\u{212a}ate",
    "kate",
    "İ",
    "${aws:username}",
    "x?y",
];
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "1.0",
    "+1",
    "10",
    "9007199254740993",
    "9007199254740992",
    "-3",
    "-3.5",
    "0.000000000001",
    "01",
    "1e3",
    "x",
    "",
    "1.",
    ".5",
];
const DATES: &[&str] = &[
    "2026-11-21T09:41:07Z",
    "2026-11-21T10:41:07+01:00",
    "2026-11-21",
    "1795254067",
    "2026-11-21T09:41:08Z",
    "2026-11-21T09:41:07.5Z",
    "1795254068",
    "2026-02-01T00:00:00-08:00",
    "0",
    "soon",
    "",
];
const TRUTHS: &[&str] = &["true", "false", "True", "FALSE", "1", "yes"];
const BLOBS: &[&str] = &[
    "QmluYXJ5", "QmluYXJ=", "QmluYXI=", "", "QQ==", "QQ", "Qm lu",
];
const ADDRESSES: &[&str] = &[
    "203.0.113.7",
    "203.0.113.0",
    "198.51.100.1",
    "2001:db8::7",
    "::ffff:203.0.113.7",
    "2001:db8:1::7",
    "nowhere",
];
const RANGES: &[&str] = &[
    "203.0.113.0/24",
    "203.0.113.7",
    "203.0.113.7/32",
    "0.0.0.0/0",
    "2001:db8::/48",
    "::/0",
    "203.0.113.6/31",
    "2001:db8::7/128",
    "198.51.100.0/22",
];
const ARNS: &[&str] = &[
    "arn:aws:iam::123456789012:role/eng/Reader",
    "arn:aws:iam::123456789012:user/ada",
    "arn:aws:sns:eu-west-1:123456789012:topic:x",
    "arn:aws:sns:eu-west-1:210987654321:topic",
    "arn:aws:iam::123456789012",
    "no arn",
];
const ARN_PATTERNS: &[&str] = &[
    "arn:aws:iam::123456789012:role/*",
    "arn:aws:iam::*:role/eng/Reader",
    "arn:*:iam::123456789012:*",
    "arn:aws:sns:*:123456789012:topic*",
    "arn:aws:sns:*:*:topic",
    "arn:aws:sns:eu-west-?:*:topic:?",
    "arn:aws:iam::${aws:PrincipalTag/account}:role/*",
    "arn:aws:iam::123456789012:${aws:PrincipalTag/team, 'role'}/*",
    "${aws:PrincipalArn}",
    "arn:aws:sns:${aws:PrincipalTag/account}:123456789012:x",
];

/// Those that an author may write. What is no number can only be the value of a key.
const GOOD_NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "1.0",
    "+1",
    "10",
    "9007199254740993",
    "9007199254740992",
    "-3",
    "-3.5",
    "01",
];
const GOOD_DATES: &[&str] = &[
    "2026-11-21T09:41:07Z",
    "2026-11-21T10:41:07+01:00",
    "2026-11-21",
    "1795254067",
    "2026-11-21T09:41:07.5Z",
    "2026-02-01T00:00:00-08:00",
    "0",
];
const GOOD_TRUTHS: &[&str] = &["true", "false", "True", "FALSE"];
const GOOD_BLOBS: &[&str] = &["QmluYXJ5", "QmluYXI=", "", "QQ=="];

/// A family of operators: its names, the values of its keys and its operands.
struct Family {
    operators: &'static [&'static str],
    keys: &'static [&'static str],
    values: &'static [&'static str],
    operands: &'static [&'static [&'static str]],
}

const VARIABLES: &[&str] = &[
    "${aws:username}",
    "${aws:PrincipalTag/team}",
    "${aws:PrincipalTag/team, 'blue'}",
    "${x:text}*",
    "${x:number}",
    "${x:date}",
    "${x:range, '203.0.113.0/24'}",
    "a${*}",
    "${$}{aws:username}",
    "${aws:TagKeys}",
    "${x:Texts, 'blue'}",
    "bl${*}e",
];

/// Variables alone: what they stand for is read as its operator's type.
const TYPED: &[&str] = &[
    "${x:number}",
    "${x:number, '1'}",
    "${x:date}",
    "${x:date, '2026-11-21'}",
    "${aws:username}",
    "${x:Numbers}",
];

const FAMILIES: &[Family] = &[
    Family {
        operators: &[
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ],
        keys: &[
            "aws:username",
            "aws:PrincipalTag/team",
            "x:text",
            "aws:TagKeys",
            "x:Texts",
        ],
        values: TEXTS,
        operands: &[
            TEXTS,
            TEXTS,
            VARIABLES,
            &["*", "a*", "?da", "bl\u{2a}e", "*a*b", "KATE", "b?u?"],
        ],
    },
    Family {
        operators: &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        keys: &["x:number", "x:Numbers"],
        values: NUMBERS,
        operands: &[GOOD_NUMBERS, GOOD_NUMBERS, TYPED],
    },
    Family {
        operators: &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        keys: &["x:date", "x:Dates"],
        values: DATES,
        operands: &[GOOD_DATES, GOOD_DATES, TYPED],
    },
    Family {
        operators: &["Bool"],
        keys: &["x:truth", "x:Truths"],
        values: TRUTHS,
        operands: &[GOOD_TRUTHS, &["${x:truth}"]],
    },
    Family {
        operators: &["BinaryEquals"],
        keys: &["x:blob", "x:Blobs"],
        values: BLOBS,
        operands: &[GOOD_BLOBS, &["${x:blob}"]],
    },
    Family {
        operators: &["IpAddress", "NotIpAddress"],
        keys: &["aws:SourceIp", "x:Addresses"],
        values: ADDRESSES,
        operands: &[
            RANGES,
            RANGES,
            &["${x:range}", "${x:range, '203.0.113.0/24'}"],
        ],
    },
    Family {
        operators: &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
        keys: &["aws:PrincipalArn", "x:Arns"],
        values: ARNS,
        operands: &[ARN_PATTERNS],
    },
];

/// Other keys that variables have.
const MORE_KEYS: &[(&str, &[&str])] = &[
    ("x:range", &["203.0.113.0/24", "nowhere", "2001:db8::/32"]),
    ("aws:PrincipalTag/account", &["123456789012", "*", "21*"]),
];

/// Whether a key has many values is a matter of the key: these begin so.
fn is_many(key: &str) -> bool {
    key == "aws:TagKeys"
        || key
            .strip_prefix("x:")
            .is_some_and(|name| name.starts_with(char::is_uppercase))
}

pub fn keys(dice: &mut Dice) -> BTreeMap<String, Key> {
    let mut all = BTreeMap::new();
    let known = FAMILIES
        .iter()
        .flat_map(|family| family.keys.iter().map(|key| (*key, family.values)));
    for (key, values) in known.chain(MORE_KEYS.iter().copied()) {
        if dice.percent(35) {
            continue;
        }
        let value = match (dice.percent(4), is_many(key)) {
            (true, _) => Key::Unreadable,
            (false, true) if dice.percent(10) => Key::Many(Vec::new()),
            (false, true) => Key::Many(
                dice.some(values, 3)
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
            ),
            (false, false) => Key::One(dice.pick(values).to_owned()),
        };
        all.insert(key.to_owned(), value);
    }
    all
}

fn condition(dice: &mut Dice) -> Value {
    let mut operators = Map::new();
    for _ in 0..=dice.below(2) {
        if dice.percent(12) {
            let family = &FAMILIES[dice.below(FAMILIES.len())];
            let wanted = dice.pick(&["true", "false"]);
            operators.insert("Null".to_owned(), json!({dice.pick(family.keys): wanted}));
            continue;
        }
        let family = &FAMILIES[dice.below(FAMILIES.len())];
        let operator = dice.pick(family.operators);
        let of_set = dice.pick(&["", "", "", "ForAllValues:", "ForAnyValue:"]);
        let if_exists = dice.pick(&["", "", "IfExists"]);
        let key = dice.pick(family.keys);
        let key = if dice.percent(15) {
            key.to_uppercase()
        } else {
            key.to_owned()
        };
        let operands = dice.pick(family.operands);
        let values = dice
            .some(operands, 3)
            .into_iter()
            .map(Value::from)
            .collect();
        let values = one_or_list(dice, values);
        operators.insert([of_set, operator, if_exists].concat(), json!({key: values}));
    }
    Value::from(operators)
}

fn principals(dice: &mut Dice, who: &Who) -> Value {
    if dice.percent(12) {
        return json!("*");
    }
    let Who {
        partition,
        account,
        path,
        name,
        session,
        ..
    } = who;
    let mut named = vec![
        (*account).to_owned(),
        format!("arn:{partition}:iam::{account}:root"),
        format!("arn:{partition}:iam::{account}:user{path}{name}"),
        format!("arn:{partition}:iam::{account}:role{path}{name}"),
        format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}"),
        format!("arn:{partition}:sts::{account}:federated-user/{name}"),
        ROLE_ID.to_owned(),
        USER_ID.to_owned(),
        format!("arn:{partition}:iam::{account}:user/{name}"),
        format!("arn:{partition}:iam::{account}:role/{name}"),
        "arn:aws:sts::123456789012:assumed-role/Reader/other".to_owned(),
        format!("arn:{partition}:sts::{account}:assumed-role/Other/{session}"),
        ABROAD.to_owned(),
        HERE.to_owned(),
    ];
    if dice.percent(30) {
        named.push("*".to_owned());
    }
    let values = dice.some(&named, 4).into_iter().map(Value::from).collect();
    let mut principals = Map::new();
    principals.insert("AWS".to_owned(), one_or_list(dice, values));
    if dice.percent(30) {
        let service = dice.pick(&["ec2.amazonaws.com", "lambda.amazonaws.com"]);
        principals.insert("Service".to_owned(), json!(service));
    }
    if dice.percent(30) {
        let provider = dice.pick(&[PROVIDER, "accounts.google.com"]);
        principals.insert("Federated".to_owned(), json!([provider]));
    }
    if dice.percent(30) {
        principals.remove("AWS");
    }
    if principals.is_empty() {
        return json!({"AWS": *account});
    }
    Value::from(principals)
}

/// What a policy is to its holder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Caller,
    Role,
    Resource,
}

fn statement(dice: &mut Dice, of: Of, who: &Who, is_sts: bool) -> Value {
    let mut statement = Map::new();
    let is_deny = dice.percent(18);
    statement.insert(
        "Effect".to_owned(),
        json!(if is_deny { "Deny" } else { "Allow" }),
    );
    if of != Of::Caller {
        let element = if is_deny && dice.percent(40) {
            "NotPrincipal"
        } else {
            "Principal"
        };
        statement.insert(element.to_owned(), principals(dice, who));
    }
    let patterns = match (of, is_sts) {
        (Of::Role, _) => TRUST_PATTERNS,
        (_, true) if dice.percent(80) => TRUST_PATTERNS,
        _ => ACTION_PATTERNS,
    };
    let element = if dice.percent(15) {
        "NotAction"
    } else {
        "Action"
    };
    let actions = dice
        .some(patterns, 2)
        .into_iter()
        .map(Value::from)
        .collect();
    statement.insert(element.to_owned(), one_or_list(dice, actions));
    if of != Of::Role {
        let element = if dice.percent(15) {
            "NotResource"
        } else {
            "Resource"
        };
        let mut resources: Vec<Value> = dice
            .some(RESOURCE_PATTERNS, 2)
            .into_iter()
            .map(Value::from)
            .collect();
        if dice.percent(40) {
            resources = vec![json!("*")];
        }
        statement.insert(element.to_owned(), one_or_list(dice, resources));
    }
    if dice.percent(45) {
        statement.insert("Condition".to_owned(), condition(dice));
    }
    Value::from(statement)
}

fn document(dice: &mut Dice, of: Of, who: &Who, is_sts: bool) -> Value {
    let mut statements: Vec<Value> = (0..=dice.below(3))
        .map(|_| statement(dice, of, who, is_sts))
        .collect();
    for (index, statement) in statements.iter_mut().enumerate() {
        if dice.percent(40) {
            statement["Sid"] = json!(dice.pick(&[format!("S{index}"), String::new()]));
        }
    }
    let mut document = Map::new();
    if dice.percent(85) {
        document.insert("Version".to_owned(), json!("2012-10-17"));
    } else if dice.percent(50) {
        document.insert("Version".to_owned(), json!("2008-10-17"));
    }
    let statements = one_or_list(dice, statements);
    document.insert("Statement".to_owned(), statements);
    Value::from(document)
}

pub fn who(dice: &mut Dice) -> Who {
    let kind = dice.pick(&[
        Kind::User,
        Kind::User,
        Kind::User,
        Kind::Session,
        Kind::Session,
        Kind::Session,
        Kind::Session,
        Kind::FederatedUser,
        Kind::FederatedUser,
        Kind::Root,
        Kind::Service,
        Kind::Provider,
        Kind::Anonymous,
    ]);
    let (path, name, id, session) = match kind {
        Kind::User => (dice.pick(&["/", "/eng/"]), "ada", USER_ID, ""),
        Kind::Session => (dice.pick(&["/", "/eng/"]), "Reader", ROLE_ID, "ines"),
        Kind::Service => ("/", "ec2.amazonaws.com", "", ""),
        Kind::Provider => ("/", PROVIDER, "", ""),
        Kind::Root | Kind::FederatedUser | Kind::Anonymous => ("/", "ada", "", ""),
    };
    let session = if session.is_empty() { "ines" } else { session };
    Who {
        kind,
        partition: "aws",
        account: HERE,
        path,
        name,
        id,
        session,
    }
}

pub fn scene(dice: &mut Dice) -> Scene {
    let who = who(dice);
    let is_trust = dice.percent(40);
    let owner = (
        if dice.percent(3) { "aws-cn" } else { "aws" },
        if dice.percent(30) { ABROAD } else { HERE },
    );
    // Names in principals must be names: those who have none borrow the user's.
    let mut named = who.clone();
    if matches!(who.kind, Kind::Service | Kind::Provider) {
        named.name = "ada";
    }
    let documents = |dice: &mut Dice, least: usize| -> Vec<Value> {
        (0..least + dice.below(3))
            .map(|_| document(dice, Of::Caller, &named, is_trust))
            .collect()
    };
    let identity = documents(dice, 0);
    let boundary = dice
        .percent(25)
        .then(|| document(dice, Of::Caller, &named, is_trust));
    let session = dice.percent(35).then(|| documents(dice, 0));
    let theirs = if is_trust {
        Theirs::Trust(document(dice, Of::Role, &named, true))
    } else if dice.percent(50) {
        Theirs::Policy(document(dice, Of::Resource, &named, false))
    } else {
        Theirs::Nothing
    };
    let (action, resource) = if is_trust {
        let name = dice.pick(&["Target", "Target", "eng/Reader"]);
        let action = dice.pick(&["sts:AssumeRole", "sts:TagSession"]);
        (
            action,
            format!("arn:{}:iam::{}:role/{name}", owner.0, owner.1),
        )
    } else {
        (dice.pick(ACTIONS), dice.pick(RESOURCES).to_owned())
    };
    let keys = keys(dice);
    Scene {
        who,
        identity,
        boundary,
        session,
        theirs,
        owner,
        action: action.to_owned(),
        resource,
        keys,
    }
}

const TAGS: &[&str] = &["Team", "team", "Cost", "Star"];

fn tags(dice: &mut Dice) -> Vec<(&'static str, &'static str, bool)> {
    let mut all: Vec<(&str, &str, bool)> = Vec::new();
    for _ in 0..dice.below(3) {
        let key = dice.pick(TAGS);
        if all.iter().all(|tag| !tag.0.eq_ignore_ascii_case(key)) {
            all.push((key, dice.pick(&["blue", "red"]), dice.percent(50)));
        }
    }
    all
}

pub fn call(dice: &mut Dice) -> Call {
    let mut scene = loop {
        let scene = scene(dice);
        if matches!(scene.theirs, Theirs::Trust(_)) {
            break scene;
        }
    };
    scene.action = "sts:AssumeRole".to_owned();
    // Conditions on what the call itself makes of the keys.
    if let Theirs::Trust(document) = &mut scene.theirs
        && dice.percent(40)
        && let Some(statement) = document["Statement"]
            .as_array_mut()
            .and_then(|it| it.first_mut())
    {
        statement["Condition"] = dice.pick(&[
            json!({"StringEquals": {"aws:RequestTag/team": "blue"}}),
            json!({"StringEquals": {"aws:ResourceTag/Team": "blue"}}),
            json!({"ForAllValues:StringEqualsIgnoreCase": {"aws:TagKeys": ["team", "cost"]}}),
            json!({"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "Team"}}),
            json!({"StringLike": {"sts:SourceIdentity": "i*"}}),
            json!({"StringNotEqualsIfExists": {"sts:SourceIdentity": "bob"}}),
            json!({"Null": {"sts:SourceIdentity": "true"}}),
            json!({"StringEquals": {"sts:RoleSessionName": "next"}}),
        ]);
    }
    if dice.percent(50) {
        scene
            .identity
            .push(json!({"Statement": {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}}));
    }
    if dice.percent(30) {
        scene.keys.insert(
            "aws:ResourceTag/Team".to_owned(),
            Key::One("red".to_owned()),
        );
    }
    Call {
        scene,
        is_temporary: dice.percent(60),
        session_tags: tags(dice),
        session_source: dice.pick(&[None, None, Some("ines"), Some("bob")]),
        tags: tags(dice),
        source: dice.pick(&[None, None, None, Some("ines"), Some("bob")]),
        seconds: dice.pick(&[900, 3600, 3600, 3601, 7200, 7201]),
        longest: dice.pick(&[3600, 7200, 43_200]),
    }
}
