//! A server as a process of its own, whose CPU time can be read.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Outcome;

/// Threads that serve requests, in each of the two servers.
pub const WORKERS: usize = 2;
/// The unit of the times in `/proc/PID/stat` (proc(5)): Linux shows a hundredth of a second to all
/// programs, whatever it counts in itself.
const TICK: Duration = Duration::from_millis(10);

/// A running server; it ends when this is dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts this program again as `kind` and waits until it listens.
    pub fn start(kind: &str, folder: &Path, variables: &[(&str, &str)]) -> Outcome<Self> {
        Self::start_on(None, kind, folder, variables)
    }

    /// The same, on this processor alone.
    pub fn start_on(
        processor: Option<usize>,
        kind: &str,
        folder: &Path,
        variables: &[(&str, &str)],
    ) -> Outcome<Self> {
        let program = std::env::current_exe()?;
        let mut command = match processor {
            None => Command::new(program),
            Some(processor) => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", &processor.to_string()]);
                command.arg(program);
                command
            }
        };
        let mut child = command
            .args(["--server", kind])
            .arg(folder)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("the server has no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().parse();
        let address = address.map_err(|_| format!("the server {kind} did not start"))?;
        Ok(Self { child, address })
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The memory that it holds, in MiB.
    pub fn memory(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kib.ok_or("/proc/PID/status")?.trim().parse::<f64>()? / 1024.0)
    }

    /// The CPU time that all its threads have used, in user and kernel mode.
    pub fn cpu(&self) -> Outcome<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The second field is the program's name in brackets and may hold anything.
        let (_, fields) = stat.rsplit_once(") ").ok_or("/proc/PID/stat")?;
        let mut times = fields.split(' ').skip(11).map(str::parse::<u32>);
        let (user, system) = (times.next(), times.next());
        let (user, system) = user.zip(system).ok_or("/proc/PID/stat")?;
        Ok(TICK * (user? + system?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input tells the server to stop.
        drop(self.child.stdin.take());
        let _ended = self.child.wait();
    }
}

/// In the server: says where it listens, and waits until it shall stop.
pub async fn listening(address: SocketAddr) -> Outcome<()> {
    crate::report::say(&address.to_string())?;
    let end_of_input = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(end_of_input).await??;
    Ok(())
}

/// In the server: the runtime that a node runs on.
pub fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}
