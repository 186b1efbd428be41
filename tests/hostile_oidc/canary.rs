//! A listener that nobody may connect to.

use std::io::ErrorKind;
use std::net::TcpListener;

/// Listens on a free loopback port and answers nobody.
pub struct Canary(TcpListener);

impl Canary {
    pub fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    /// `127.0.0.1:PORT`.
    pub fn authority(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    pub fn port(&self) -> String {
        self.0.local_addr().unwrap().port().to_string()
    }

    /// Whether anybody connected since the last look.
    pub fn was_touched(&self) -> bool {
        match self.0.accept() {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                false
            }
        }
    }
}
