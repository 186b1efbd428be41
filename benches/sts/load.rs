//! A load generator that costs little: one thread, prepared requests, answers read no further than
//! needed.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Outcome;

/// Connections, each of which sends its next request when it has the answer to the last one.
pub const CONNECTIONS: usize = 64;

/// Sends every request once, over [`CONNECTIONS`] connections, and says how long it took. An answer
/// that isn't `200 OK` is an error.
pub fn send_all(address: SocketAddr, requests: &[Vec<u8>]) -> Outcome<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let connections = try_join_all((0..CONNECTIONS).map(|_| Connection::open(address)));
        let connections = connections.await?;
        let next = Cell::new(0);
        let began = Instant::now();
        let sending = connections
            .into_iter()
            .map(|connection| send_from(connection, requests, &next));
        try_join_all(sending).await?;
        Ok(began.elapsed())
    })
}

/// Sends one request and gives the body of its answer.
pub fn ask(address: SocketAddr, request: &[u8]) -> Outcome<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let mut connection = Connection::open(address).await?;
        let body = connection.exchange(request).await?;
        Ok(connection.received.split_off(body))
    })
}

async fn send_from(
    mut connection: Connection,
    requests: &[Vec<u8>],
    next: &Cell<usize>,
) -> Outcome<()> {
    while let Some(request) = requests.get(next.get()) {
        next.set(next.get() + 1);
        connection.exchange(request).await?;
    }
    Ok(())
}

/// A connection to a server, and what was last received over it.
pub struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Outcome<Self> {
        Ok(Self {
            address,
            stream: connect(address).await?,
            received: Vec::with_capacity(8192),
        })
    }

    /// Sends a request and reads the whole answer; gives where its body begins.
    async fn exchange(&mut self, request: &[u8]) -> Outcome<usize> {
        let body = self.receive(request).await?;
        self.check()?;
        Ok(body)
    }

    /// Sends a request and reads the whole answer; gives its status. Where the server ends the connection with it,
    /// there is another one.
    pub async fn status(&mut self, request: &[u8]) -> Outcome<u16> {
        let body = self.receive(request).await?;
        let head = self.received.get(..body).unwrap_or_default();
        if memchr::memmem::find(head, b"\r\nconnection: close\r\n").is_some() {
            self.stream = connect(self.address).await?;
        }
        let status = self
            .received
            .get(9..12)
            .ok_or("an answer without a status")?;
        Ok(std::str::from_utf8(status)?.parse()?)
    }

    async fn receive(&mut self, request: &[u8]) -> Outcome<usize> {
        self.stream.write_all(request).await?;
        self.received.clear();
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err("the server closed the connection".into());
            }
            let Some(end) = memchr::memmem::find(&self.received, b"\r\n\r\n") else {
                continue;
            };
            let body = end + 4;
            if self.received.len() >= body + content_length(&self.received, end)? {
                return Ok(body);
            }
        }
    }

    fn check(&self) -> Outcome<()> {
        if self.received.starts_with(b"HTTP/1.1 200 ") {
            return Ok(());
        }
        let answer = String::from_utf8_lossy(&self.received);
        Err(format!("the server refused:\n{answer}").into())
    }
}

async fn connect(address: SocketAddr) -> Outcome<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn content_length(answer: &[u8], end: usize) -> Outcome<usize> {
    const NAME: &[u8] = b"\r\ncontent-length: ";
    let head = answer.get(..end).unwrap_or_default();
    let value = memchr::memmem::find(head, NAME).and_then(|at| head.get(at + NAME.len()..));
    let digits = value.and_then(|value| value.split(|byte| *byte == b'\r').next());
    let digits = std::str::from_utf8(digits.ok_or("an answer without a length")?)?;
    Ok(digits.parse()?)
}
