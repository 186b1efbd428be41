//! What IAM changes at one node holds at another at once, and nothing of it is lost where many change it.

use std::collections::BTreeSet;
use std::sync::Barrier;

use super::House;
use super::support::aws::{AwsKeys, Call, Signing};
use super::support::http::Response;
use super::support::node::Node;
use super::support::sts::element;

/// So many change the directory at once.
const WRITERS: usize = 50;

/// The administrator's call of IAM.
fn iam(node: &Node, form: &str) -> Response {
    let signing = Signing {
        service: "iam",
        ..Signing::at(node.now())
    };
    let form = ["Version=2010-05-08&", form].concat();
    let call = Call::post(node.address, &form);
    call.signed(&AwsKeys::admin(), &signing).send(node.address)
}

fn users(node: &Node) -> BTreeSet<String> {
    let listed = iam(node, "Action=ListUsers&MaxItems=1000");
    assert_eq!(listed.status, 200, "{}", listed.text());
    let text = listed.text();
    let names = text.split("<UserName>").skip(1);
    let names = names.map(|rest| rest.split("</UserName>").next().unwrap().to_owned());
    names.collect()
}

/// What each of the writers, who ask both nodes in turn, is answered.
fn all_at_once(house: &House, form: impl Fn(usize) -> String + Sync) -> Vec<Response> {
    let barrier = Barrier::new(WRITERS);
    std::thread::scope(|scope| {
        let (barrier, form) = (&barrier, &form);
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let node: &Node = if writer % 2 == 0 {
                    &house.one
                } else {
                    &house.other
                };
                scope.spawn(move || {
                    barrier.wait();
                    iam(node, &form(writer))
                })
            })
            .collect();
        writers.into_iter().map(|it| it.join().unwrap()).collect()
    })
}

#[test]
fn of_fifty_writers_at_two_nodes_none_is_lost() {
    let house = House::new();
    let made = |writer| format!("Action=CreateUser&UserName=user{writer}");
    let answers = all_at_once(&house, made);
    let mut expected = BTreeSet::new();
    for (writer, answer) in answers.iter().enumerate() {
        if answer.status == 200 {
            expected.insert(format!("user{writer}"));
        } else {
            // Who was passed by others again and again is told, and nothing came of it.
            assert_eq!(element(answer, "Code"), "ConcurrentModification");
        }
    }
    assert!(expected.len() > WRITERS / 2, "{}", expected.len());
    assert_eq!(users(&house.one), expected);
    assert_eq!(users(&house.other), expected);
}

#[test]
fn of_fifty_who_make_the_same_user_at_two_nodes_one_does() {
    let house = House::new();
    let answers = all_at_once(&house, |_| "Action=CreateUser&UserName=ana".to_owned());
    let made: Vec<_> = answers.iter().filter(|it| it.status == 200).collect();
    assert_eq!(made.len(), 1);
    for answer in answers.iter().filter(|it| it.status != 200) {
        let code = element(answer, "Code");
        let codes = ["EntityAlreadyExists", "ConcurrentModification"];
        assert!(codes.contains(&code.as_str()), "{}", answer.text());
    }
    let id = element(made[0], "UserId");
    for node in [&*house.one, &house.other] {
        let found = iam(node, "Action=GetUser&UserName=ana");
        assert_eq!(element(&found, "UserId"), id);
    }
}

#[test]
fn what_is_written_at_one_node_is_read_at_the_other_at_once() {
    let house = House::new();
    for number in 0..20 {
        let name = format!("UserName=user{number}");
        let (one, other): (&Node, &Node) = match number % 2 {
            0 => (&house.one, &house.other),
            _ => (&house.other, &house.one),
        };
        assert_eq!(iam(one, &format!("Action=CreateUser&{name}")).status, 200);
        assert_eq!(iam(other, &format!("Action=GetUser&{name}")).status, 200);
        assert_eq!(iam(other, &format!("Action=DeleteUser&{name}")).status, 200);
        assert_eq!(iam(one, &format!("Action=GetUser&{name}")).status, 404);
    }
}
