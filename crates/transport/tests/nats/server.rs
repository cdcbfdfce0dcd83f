//! A NATS server for one test.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use roscius_transport::nats::NatsAddress;

/// A server with a folder of its own, which asks for a password.
pub struct Server {
    child: Child,
    pub port: u16,
    folder: PathBuf,
    asks: bool,
}

impl Server {
    pub fn new() -> Self {
        Self::start(true)
    }

    /// One that lets in anybody.
    pub fn open() -> Self {
        Self::start(false)
    }

    fn start(asks: bool) -> Self {
        loop {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let folder = std::env::temp_dir().join(format!("nats-{}-{port}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            // Somebody else may have taken the port meanwhile.
            if let Some(child) = run(port, &folder, asks) {
                return Self { child, port, folder, asks };
            }
        }
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// At the same port, with what it had written down.
    pub fn start_again(&mut self) {
        self.child = run(self.port, &self.folder, self.asks).expect("the port is free");
    }

    pub fn address(&self) -> NatsAddress {
        let user = if self.asks { "somebody:secret@" } else { "" };
        format!("nats://{user}127.0.0.1:{}/site", self.port).parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn run(port: u16, folder: &std::path::Path, asks: bool) -> Option<Child> {
    let mut command = Command::new(program());
    command.args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--jetstream", "--store_dir"]).arg(folder);
    if asks {
        command.args(["--user", "somebody", "--pass", "secret"]);
    }
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    if !lines.any(|line| line.is_ok_and(|line| line.contains("Server is ready"))) {
        let _ = child.wait();
        return None;
    }
    // It would wait if nobody read what it says.
    std::thread::spawn(move || lines.for_each(drop));
    Some(child)
}

/// The program, which `make .nats/nats-server` brings.
fn program() -> PathBuf {
    let named = std::env::var_os("ROSCIUS_NATS_SERVER").map(PathBuf::from);
    let here = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.nats/nats-server"));
    let program = named.unwrap_or_else(here);
    assert!(program.exists(), "no NATS server at {}: make .nats/nats-server", program.display());
    program
}
