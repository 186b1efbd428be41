//! A way to a server that a test can spoil: nothing passes, or everything passes late.
//!
//! ```text
//! client ─ reads ─> (when it came, bytes) ─ waits for the time and the switch ─> server, and back alike
//! ```

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use super::servers::free_port;

/// A closed way looks so often whether it is open again.
const LOOK: Duration = Duration::from_millis(5);

/// The way; connections end when it is dropped.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    switch: Arc<Switch>,
}

#[derive(Default)]
struct Switch {
    is_over: AtomicBool,
    stalls: AtomicBool,
    delay_millis: AtomicU64,
}

impl Proxy {
    /// A way to this port of loopback.
    pub(crate) fn to(port: u16) -> Self {
        let own = free_port();
        let listener = TcpListener::bind(("127.0.0.1", own)).unwrap();
        let switch = Arc::new(Switch::default());
        let shared = Arc::clone(&switch);
        let server = SocketAddr::from(([127, 0, 0, 1], port));
        spawn(move || lead(&listener, server, &shared));
        Self { port: own, switch }
    }

    /// Lets nothing pass until [`Self::open`]; nobody is told.
    pub(crate) fn stall(&self) {
        self.switch.stalls.store(true, Ordering::SeqCst);
    }

    /// Lets everything pass so much later, either way.
    pub(crate) fn delay(&self, each_way: Duration) {
        let millis = u64::try_from(each_way.as_millis()).unwrap();
        self.switch.delay_millis.store(millis, Ordering::SeqCst);
    }

    /// Lets everything pass at once, also what waited.
    pub(crate) fn open(&self) {
        self.switch.stalls.store(false, Ordering::SeqCst);
        self.switch.delay_millis.store(0, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.switch.is_over.store(true, Ordering::SeqCst);
        // The listener wakes up once more.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

/// Leads whoever connects to the server, until the way ends.
fn lead(listener: &TcpListener, server: SocketAddr, switch: &Arc<Switch>) {
    for client in listener.incoming() {
        if switch.is_over.load(Ordering::SeqCst) {
            return;
        }
        if let (Ok(client), Ok(server)) = (client, TcpStream::connect(server)) {
            connect(client, server, switch);
        }
    }
}

fn connect(client: TcpStream, server: TcpStream, switch: &Arc<Switch>) {
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
    }
    let there = (client.try_clone().unwrap(), server.try_clone().unwrap());
    pass(there, Arc::clone(switch));
    pass((server, client), Arc::clone(switch));
}

fn pass((from, to): (TcpStream, TcpStream), switch: Arc<Switch>) {
    let (sender, receiver) = channel();
    spawn(move || read(from, &sender));
    spawn(move || write(to, &receiver, &switch));
}

fn read(mut from: TcpStream, into: &Sender<(Instant, Vec<u8>)>) {
    let mut buffer = [0; 16_384];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if into
            .send((Instant::now(), buffer[..count].to_vec()))
            .is_err()
        {
            return;
        }
    }
}

fn write(mut to: TcpStream, from: &Receiver<(Instant, Vec<u8>)>, switch: &Switch) {
    while let Ok((came, bytes)) = from.recv() {
        while !switch.is_over.load(Ordering::SeqCst) && switch.holds(came) {
            sleep(LOOK);
        }
        if switch.is_over.load(Ordering::SeqCst) || to.write_all(&bytes).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Both));
}

impl Switch {
    /// Whether what came then must still wait.
    fn holds(&self, came: Instant) -> bool {
        let delay = Duration::from_millis(self.delay_millis.load(Ordering::SeqCst));
        self.stalls.load(Ordering::SeqCst) || came.elapsed() < delay
    }
}
