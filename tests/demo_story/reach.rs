//! Who reaches the demo's provider, which gives proofs to anybody: this machine, and nobody else.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// The addresses on which sockets listen for connections, of the family that a file of the kernel has:
/// the address in hexadecimal digits, by inode.
fn listening(table: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(table).unwrap();
    let rows = text.lines().skip(1).filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let is_listening = columns[3] == "0A";
        is_listening.then(|| (columns[9].to_owned(), columns[1].to_owned()))
    });
    rows.collect()
}

/// The sockets that a process has open.
fn sockets_of(process: u32) -> BTreeSet<String> {
    let links = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let links = links.filter_map(|link| std::fs::read_link(link.unwrap().path()).ok());
    let names = links.filter_map(|link| {
        let name = link.to_str()?;
        Some(name.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
    });
    names.collect()
}

#[test]
fn the_demo_listens_on_loopback_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rolegate"))
        .args(["demo", "--port", "0", "--provider-port", "0"])
        .env_clear()
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    while !printed.contains("Ctrl-C") {
        assert!(output.read_line(&mut printed).unwrap() > 0, "{printed}");
    }
    let own = sockets_of(child.id());
    let all = [listening("/proc/net/tcp"), listening("/proc/net/tcp6")].concat();
    let listening: Vec<_> = all
        .iter()
        .filter(|(socket, _)| own.contains(socket))
        .map(|(_, address)| address.split(':').next().unwrap())
        .collect();
    // Asking whether the gateway is ready looks at its administrators, which is nothing to warn of.
    let gateway = printed.split_once("Open ").unwrap().1.trim_start();
    let gateway = gateway.split_whitespace().next().unwrap();
    let address = gateway.strip_prefix("http://").unwrap().parse().unwrap();
    let ready = crate::support::http::Request::get(address, "/readyz").send();
    child.kill().unwrap();
    let told = child.wait_with_output().unwrap().stderr;
    // 127.0.0.1, as the kernel writes it.
    assert!(listening.len() >= 2, "{all:?}");
    assert!(
        listening.iter().all(|it| *it == "0100007F"),
        "{listening:?}"
    );
    assert_eq!(ready.status, 200, "{}", ready.text());
    assert!(
        !ready.text().contains("first administrator"),
        "{}",
        ready.text()
    );
    assert_eq!(String::from_utf8(told).unwrap(), "");
}

/// `serve` has no way to it: the program's other commands know nothing of this one's address.
#[test]
fn a_gateway_that_serves_has_no_page_of_the_demo_s() {
    let node = crate::support::node::Node::start(crate::support::node::Settings::default());
    for target in [
        "/demo/token",
        "/demo/saml-response",
        "/demo/publish-keys",
        "/authorize/choose",
    ] {
        let answer = crate::support::http::Request::get(node.address, target).send();
        assert_eq!(answer.status, 404, "{target}");
    }
}
