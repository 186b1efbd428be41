//! A connection that sends exact bytes and reads what comes back, never longer than a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::{PATIENCE, Response};

/// A connection that sends what it is given.
pub struct RawConnection {
    stream: TcpStream,
    /// What was read and belongs to no response yet.
    pending: Vec<u8>,
}

/// Why no response came.
#[derive(Debug)]
pub enum NoResponse {
    /// The deadline passed.
    TimedOut,
    /// The other side closed or reset before a whole response.
    Closed,
    /// What came is no HTTP/1.1 response.
    Malformed(String),
}

impl RawConnection {
    pub fn open(address: SocketAddr) -> Self {
        Self::try_open(address).unwrap()
    }

    /// As [`Self::open`], where the other side may be gone.
    pub fn try_open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            pending: Vec::new(),
        })
    }

    /// Sends these bytes; an error means that the other side has closed.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The same connection, to send by while somebody else reads.
    pub fn sender(&self) -> TcpStream {
        self.stream.try_clone().unwrap()
    }

    /// Says that nothing more will be sent.
    pub fn finish_sending(&mut self) {
        // Where the other side was first, there is nothing left to say.
        drop(self.stream.shutdown(Shutdown::Write));
    }

    /// Sends these bytes and returns the next response.
    pub fn exchange(&mut self, bytes: &[u8], within: Duration) -> Result<Response, NoResponse> {
        self.send(bytes).map_err(|_| NoResponse::Closed)?;
        self.read_response(within)
    }

    /// The next response, read to its end.
    pub fn read_response(&mut self, within: Duration) -> Result<Response, NoResponse> {
        let deadline = Instant::now() + within;
        let (status, headers) = self.read_head(deadline)?;
        let mut response = Response {
            status,
            headers,
            body: Vec::new(),
        };
        response.body = self.read_body(&response, deadline)?;
        Ok(response)
    }

    /// All that comes until the other side closes, and whether it did before the deadline.
    pub fn read_until_closed(&mut self, within: Duration) -> (Vec<u8>, bool) {
        let deadline = Instant::now() + within;
        let ended = loop {
            match self.read_more(deadline) {
                Ok(()) => {}
                Err(NoResponse::Closed) => break true,
                Err(NoResponse::TimedOut | NoResponse::Malformed(_)) => break false,
            }
        };
        (std::mem::take(&mut self.pending), ended)
    }

    /// The status and the headers of the next response.
    pub(super) fn read_head(
        &mut self,
        deadline: Instant,
    ) -> Result<(u16, Vec<(String, String)>), NoResponse> {
        let end = loop {
            if let Some(end) = position(&self.pending, b"\r\n\r\n") {
                break end;
            }
            self.read_more(deadline)?;
        };
        let head: Vec<u8> = self.pending.drain(..end + 4).collect();
        let head = String::from_utf8_lossy(&head[..end]).into_owned();
        parsed_head(&head).ok_or(NoResponse::Malformed(head))
    }

    fn read_body(&mut self, response: &Response, deadline: Instant) -> Result<Vec<u8>, NoResponse> {
        if matches!(response.status, 100..=199 | 204 | 304) {
            return Ok(Vec::new());
        }
        if response.header("transfer-encoding").is_some() {
            return self.read_chunks(deadline);
        }
        if let Some(length) = response.header("content-length") {
            let length = length.parse();
            let length = length.map_err(|_| NoResponse::Malformed("Content-Length".into()))?;
            return self.read_exactly(length, deadline);
        }
        loop {
            match self.read_more(deadline) {
                Ok(()) => {}
                Err(NoResponse::Closed) => return Ok(std::mem::take(&mut self.pending)),
                Err(error) => return Err(error),
            }
        }
    }

    fn read_chunks(&mut self, deadline: Instant) -> Result<Vec<u8>, NoResponse> {
        let mut body = Vec::new();
        loop {
            let line = self.read_line(deadline)?;
            let size = usize::from_str_radix(line.split(';').next().unwrap_or_default(), 16);
            let size = size.map_err(|_| NoResponse::Malformed(line))?;
            body.extend(self.read_exactly(size, deadline)?);
            self.read_line(deadline)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn read_line(&mut self, deadline: Instant) -> Result<String, NoResponse> {
        let end = loop {
            if let Some(end) = position(&self.pending, b"\r\n") {
                break end;
            }
            self.read_more(deadline)?;
        };
        let line: Vec<u8> = self.pending.drain(..end + 2).collect();
        Ok(String::from_utf8_lossy(&line[..end]).into_owned())
    }

    fn read_exactly(&mut self, length: usize, deadline: Instant) -> Result<Vec<u8>, NoResponse> {
        while self.pending.len() < length {
            self.read_more(deadline)?;
        }
        Ok(self.pending.drain(..length).collect())
    }

    fn read_more(&mut self, deadline: Instant) -> Result<(), NoResponse> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(NoResponse::TimedOut);
        }
        self.stream.set_read_timeout(Some(left)).unwrap();
        let mut buffer = [0; 16_384];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(NoResponse::Closed),
            Ok(read) => {
                self.pending.extend_from_slice(&buffer[..read]);
                Ok(())
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => Err(NoResponse::TimedOut),
                ErrorKind::Interrupted => Ok(()),
                _ => Err(NoResponse::Closed),
            },
        }
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}

fn parsed_head(head: &str) -> Option<(u16, Vec<(String, String)>)> {
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?;
    let status = status.split(' ').next()?.parse().ok()?;
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    });
    Some((status, headers.collect::<Option<_>>()?))
}

/// Sends these bytes on a connection of their own and returns the first response.
pub fn exchange(
    address: SocketAddr,
    bytes: &[u8],
    within: Duration,
) -> Result<Response, NoResponse> {
    RawConnection::open(address).exchange(bytes, within)
}
