//! A NATS server for one test.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use roscius_transport::nats::NatsAddress;

/// A server with a folder of its own, which asks for a password unless its configuration says something else.
pub struct Server {
    child: Child,
    pub port: u16,
    pub folder: PathBuf,
    arguments: Vec<String>,
    user: &'static str,
}

const ASKS: [&str; 4] = ["--user", "somebody", "--pass", "secret"];
const SOMEBODY: &str = "somebody:secret@";

impl Server {
    pub fn new() -> Self {
        Self::with(&ASKS, SOMEBODY, "")
    }

    /// One that lets in anybody.
    pub fn open() -> Self {
        Self::with(&[], "", "")
    }

    /// One that has this in its configuration.
    pub fn configured(configuration: &str) -> Self {
        Self::with(&[], SOMEBODY, configuration)
    }

    /// One with these arguments that also asks for a password.
    pub fn with_arguments(arguments: &[&str]) -> Self {
        Self::with(&[&ASKS[..], arguments].concat(), SOMEBODY, "")
    }

    /// One that has this in its configuration, and keeps nothing.
    pub fn without_jetstream(configuration: &str) -> Self {
        Self::begin(&[], SOMEBODY, configuration)
    }

    fn with(arguments: &[&str], user: &'static str, configuration: &str) -> Self {
        Self::begin(&[&["--jetstream"], arguments].concat(), user, configuration)
    }

    fn begin(arguments: &[&str], user: &'static str, configuration: &str) -> Self {
        loop {
            let port = free_port();
            let folder = std::env::temp_dir().join(format!("nats-{}-{port}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            let file = folder.join("configuration");
            std::fs::write(&file, configuration).unwrap();
            let own = ["--config", file.to_str().unwrap()];
            let arguments: Vec<String> = own.iter().chain(arguments).map(ToString::to_string).collect();
            // Somebody else may have taken the port meanwhile.
            if let Some(child) = run(port, &folder, &arguments) {
                return Self { child, port, folder, arguments, user };
            }
        }
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// At the same port, with what it had written down.
    pub fn start_again(&mut self) {
        self.child = run(self.port, &self.folder, &self.arguments).expect("the port is free");
    }

    pub fn address(&self) -> NatsAddress {
        format!("nats://{}127.0.0.1:{}/site", self.user, self.port).parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A port that nobody has, for now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn run(port: u16, folder: &Path, arguments: &[String]) -> Option<Child> {
    let mut command = Command::new(program());
    command.args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--store_dir"]).arg(folder);
    let mut child = command.args(arguments).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    let mut is_ready = false;
    while !is_ready && let Some(Ok(line)) = lines.next() {
        is_ready = line.contains("Server is ready");
        said.push(line);
    }
    if !is_ready {
        let _ = child.wait();
        assert!(said.iter().any(|line| line.contains("address already in use")), "{said:?}");
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
