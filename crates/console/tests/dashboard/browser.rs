//! A real Chromium, driven over its DevTools protocol.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

use crate::stage::PATIENCE;

/// Without network but loopback, without anything of the user's.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
];
/// How long the page is given between two looks at it.
const LOOK: Duration = Duration::from_millis(20);

/// The browser that `make test` has found or got, or one that is installed. None: there is none here, and it could not be had.
fn program() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("ROSCIUS_BROWSER") {
        return Some(path.into()).filter(|path: &PathBuf| !path.as_os_str().is_empty());
    }
    let folders = std::env::var_os("PATH")?;
    let installed =
        std::env::split_paths(&folders).flat_map(|folder| ["chromium", "google-chrome"].map(|it| folder.join(it)));
    let unpacked = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.tools/chromium/run");
    installed.chain([unpacked]).find(|path| path.is_file())
}

fn connect(port: u16, path: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    tungstenite::client(format!("ws://127.0.0.1:{port}{path}"), stream).unwrap().0
}

/// A browser with one empty page.
pub struct Browser {
    _group: Group,
    socket: WebSocket<TcpStream>,
    next: u64,
    /// What the page has complained about.
    pub complaints: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// Starts one. None, said aloud, where there is none.
    pub fn start() -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("SKIPPED: there is no Chromium here; `crates/console/tests/dashboard/get-browser` gets one");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new(&program);
        command.args(FLAGS).arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        // What it leaves behind goes with the profile.
        command.env("TMPDIR", profile.path());
        // It starts others, which are ended with it.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut group =
            Group(command.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", program.display())));
        let since = Instant::now();
        // Where it listens, and the path there of the browser as a whole.
        let (port, path) = loop {
            let text = std::fs::read_to_string(profile.path().join("DevToolsActivePort")).unwrap_or_default();
            if let Some((port, path)) = text.split_once('\n').filter(|(_, path)| !path.is_empty()) {
                break (port.parse::<u16>().unwrap(), path.trim().to_owned());
            }
            assert!(group.0.try_wait().unwrap().is_none(), "Chromium has ended");
            assert!(since.elapsed() < PATIENCE, "Chromium does not start");
            std::thread::sleep(LOOK);
        };
        let whole = connect(port, &path);
        let mut browser = Self { _group: group, socket: whole, next: 0, complaints: Vec::new(), _profile: profile };
        let page = loop {
            let targets = browser.call("Target.getTargets", json!({}));
            if let Some(page) = targets["targetInfos"].as_array().unwrap().iter().find(|it| it["type"] == "page") {
                break page["targetId"].as_str().unwrap().to_owned();
            }
            assert!(since.elapsed() < PATIENCE, "Chromium has no page");
        };
        browser.socket = connect(port, &format!("/devtools/page/{page}"));
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Calls a method of the DevTools protocol.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let call = json!({ "id": id, "method": method, "params": parameters });
        self.socket.send(Message::text(call.to_string())).unwrap();
        loop {
            let message = match self.socket.read() {
                Ok(Message::Text(text)) => serde_json::from_str::<Value>(&text).unwrap(),
                Ok(_) => continue,
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    panic!("Chromium does not answer to {method}")
                }
                Err(error) => panic!("{method}: {error}"),
            };
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.note(&message);
        }
    }

    fn note(&mut self, message: &Value) {
        let parameters = &message["params"];
        match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.complaints.push(parameters["exceptionDetails"].to_string()),
            Some("Log.entryAdded") if parameters["entry"]["level"] == "error" => {
                self.complaints.push(parameters["entry"]["text"].to_string());
            }
            _ => {}
        }
    }

    /// Goes somewhere.
    pub fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
    }

    /// Sets the size of the window in pixels, and whether the user likes it dark.
    pub fn look_like(&mut self, width: u32, height: u32, dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// What an expression in the page is.
    pub fn eval(&mut self, expression: &str) -> Value {
        let result = self.call(
            "Runtime.evaluate",
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true }),
        );
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Waits until an expression in the page is true. A page that is not there yet is waited for too.
    pub fn until(&mut self, expression: &str) {
        let since = Instant::now();
        let look = format!("(() => {{ try {{ return Boolean({expression}); }} catch {{ return false; }} }})()");
        while self.eval(&look) != Value::Bool(true) {
            if since.elapsed() > PATIENCE {
                let text = self.eval("document.body.innerText");
                panic!("never: {expression}\n{}\n{:?}", text.as_str().unwrap_or_default(), self.complaints);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Clicks with the mouse on the first thing that this selector finds.
    pub fn click(&mut self, selector: &str) {
        let place = self.eval(&format!(
            "(() => {{ const it = document.querySelector({}); it.scrollIntoView({{ block: 'center' }}); \
             const box = it.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()",
            json!(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Types where the cursor is.
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// A picture of the page, as PNG.
    pub fn picture(&mut self, whole: bool) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": whole }));
        STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }
}

/// The browser with all that it has started. They end with this, whatever becomes of the test.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.0.wait();
    }
}
