//! A real Chromium, driven over its `DevTools` protocol: what a person at the page would do and see.
//!
//! One browser process with a profile of its own and one tab; killed by its id when dropped. Whatever
//! the page complains about (console errors, exceptions, refused resources) is collected.

use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

/// Longest wait for anything on the page; builds are part of it.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often the page is looked at while waiting.
const LOOK: Duration = Duration::from_millis(25);

/// The names under which distributions install the browser.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
const QUIET: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
    // Modules of a page that is opened from disk.
    "--allow-file-access-from-files",
    "--remote-debugging-port=0",
    "about:blank",
];

/// One tab.
pub(crate) struct Browser {
    child: Child,
    /// Removed after the process has ended.
    _profile: TempDir,
    tools: WebSocket<TcpStream>,
    /// The tab's id, and that of the line to it.
    tab: Value,
    session: Value,
    calls: u64,
    complaints: Vec<String>,
    /// Messages of the page's WebSocket, in and out, since they were asked for.
    n_frames: usize,
    /// The engine's clock of each snapshot among them.
    clocks: Vec<f64>,
}

impl Browser {
    /// A tab at this address.
    pub(crate) fn open(url: &str) -> Self {
        Self::open_with(url, &[])
    }

    /// A tab at this address, in a browser with more words on its command line.
    pub(crate) fn open_with(url: &str, words: &[&str]) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let (child, address) = launch(profile.path(), words);
        let stream = TcpStream::connect(host_of(&address)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (tools, _) = client(address.as_str(), stream).expect("DevTools answer");
        let mut this = Self {
            child,
            _profile: profile,
            tools,
            tab: Value::Null,
            session: Value::Null,
            calls: 0,
            complaints: Vec::new(),
            n_frames: 0,
            clocks: Vec::new(),
        };
        this.tab =
            this.call("Target.createTarget", &json!({ "url": "about:blank" }))["targetId"].take();
        let attach = json!({ "targetId": this.tab, "flatten": true });
        this.session = this.call("Target.attachToTarget", &attach)["sessionId"].take();
        for domain in ["Runtime", "Log", "Page"] {
            this.call(&format!("{domain}.enable"), &json!({}));
        }
        this.resize(1280, 800);
        this.call("Page.navigate", &json!({ "url": url }));
        this
    }

    /// The page's size in its own pixels.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &size);
    }

    /// The page's theme, `dark` or `light`.
    pub(crate) fn theme(&mut self, name: &str) {
        self.prefer(&[("prefers-color-scheme", name)]);
    }

    /// What the person told the system to prefer: media features and their values.
    pub(crate) fn prefer(&mut self, wishes: &[(&str, &str)]) {
        let feature = |(name, value): &(_, _)| json!({ "name": name, "value": value });
        let features: Vec<_> = wishes.iter().map(feature).collect();
        self.call("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// The value of an expression in the page.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", &params);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    /// The text of an element; empty while there is none.
    pub(crate) fn text(&mut self, selector: &str) -> String {
        let expression = format!("document.querySelector({})?.textContent ?? ''", json!(selector));
        self.eval(&expression).as_str().unwrap().to_owned()
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&mut self, expression: &str) {
        let until = Instant::now() + PATIENCE;
        while self.eval(&format!("Boolean({expression})")) != true {
            if Instant::now() > until {
                let page = self.eval("document.body.innerText");
                panic!("never: {expression}\n{page}\n{:#?}", self.complaints);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until an element shows exactly this text.
    pub(crate) fn until_text(&mut self, selector: &str, text: &str) {
        let [selector, text] = [selector, text].map(|s| json!(s));
        self.until(&format!("document.querySelector({selector})?.textContent === {text}"));
    }

    /// Waits until there is such an element, and it is to be seen.
    pub(crate) fn until_seen(&mut self, selector: &str) {
        self.until(&format!("document.querySelector({})?.checkVisibility()", json!(selector)));
    }

    /// Waits until there is no such element to be seen.
    pub(crate) fn until_gone(&mut self, selector: &str) {
        self.until(&format!("!document.querySelector({})?.checkVisibility()", json!(selector)));
    }

    /// A click of the mouse on the middle of an element, whatever lies there.
    pub(crate) fn click(&mut self, selector: &str) {
        self.eval(&format!(
            "document.querySelector({})?.scrollIntoView({{ block: 'center' }})",
            json!(selector)
        ));
        let middle = format!(
            "(({{ left, top, width, height }}) => [left + width / 2, top + height / 2])\
             (document.querySelector({}).getBoundingClientRect())",
            json!(selector)
        );
        let at = self.eval(&middle);
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({ "type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &event);
        }
    }

    /// A key pressed and released where the focus is; a name of the DOM such as `ArrowDown`.
    /// What the browser itself does with it (the Tab key, a button's Enter) it does too.
    pub(crate) fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            " " => (32, " "),
            "ArrowLeft" => (37, ""),
            "ArrowRight" => (39, ""),
            _ => (0, ""),
        };
        for kind in ["keyDown", "keyUp"] {
            let event =
                json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// Another tab in front of it.
    pub(crate) fn hide(&mut self) {
        let session = self.session.take();
        self.call("Target.createTarget", &json!({ "url": "about:blank" }));
        self.session = session;
    }

    /// In front again.
    pub(crate) fn show(&mut self) {
        let session = self.session.take();
        let tab = json!({ "targetId": self.tab });
        self.call("Target.activateTarget", &tab);
        self.session = session;
    }

    /// Counts what goes over the page's WebSocket from now on.
    pub(crate) fn listen(&mut self) {
        self.call("Network.enable", &json!({}));
    }

    /// How many messages went over the page's WebSocket, in and out, since this was asked last.
    pub(crate) fn frames_of_line(&mut self) -> usize {
        self.eval("0");
        std::mem::take(&mut self.n_frames)
    }

    /// The engine's clock of each snapshot that came since this was asked last.
    pub(crate) fn clocks(&mut self) -> Vec<f64> {
        self.eval("0");
        std::mem::take(&mut self.clocks)
    }

    /// What is seen now, as a PNG file.
    pub(crate) fn screenshot(&mut self, path: &Path) {
        let shot = self.call("Page.captureScreenshot", &json!({ "format": "png" }));
        std::fs::write(path, from_base64(shot["data"].as_str().unwrap())).unwrap();
    }

    /// What is seen now in a part of the page, as a PNG in base 64.
    pub(crate) fn picture(&mut self, clip: &Value) -> String {
        let params = json!({ "format": "png", "clip": clip });
        self.call("Page.captureScreenshot", &params)["data"].as_str().unwrap().to_owned()
    }

    /// Everything complained about so far.
    pub(crate) fn complaints(&mut self) -> &[String] {
        // One more round trip: what was on its way has arrived.
        self.eval("0");
        &self.complaints
    }

    /// The console of this tab is clean.
    pub(crate) fn assert_clean(&mut self) {
        assert!(self.complaints().is_empty(), "{:#?}", self.complaints);
    }

    /// Any command to the tab.
    pub(crate) fn command(&mut self, method: &str, params: &Value) -> Value {
        self.call(method, params)
    }

    /// One command and its answer; what is told meanwhile is looked at for complaints.
    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_null() {
            message["sessionId"] = self.session.clone();
        }
        self.tools.send(Message::text(message.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.tools.read().unwrap() else {
                continue;
            };
            let mut told: Value = serde_json::from_str(&text).unwrap();
            if told["id"] == id {
                assert!(told.get("error").is_none(), "{method}: {told}");
                return told["result"].take();
            }
            self.complaints.extend(complaint(&told));
            self.n_frames += usize::from(is_frame(&told));
            self.clocks.extend(clock(&told));
        }
    }
}

impl Drop for Browser {
    /// Asked politely it takes its own children along, which would go on writing into the profile.
    fn drop(&mut self) {
        let close = json!({ "id": self.calls + 1, "method": "Browser.close" });
        let _ = self.tools.send(Message::text(close.to_string()));
        let until = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the browser; its process and the address of its `DevTools`.
fn launch(profile: &Path, words: &[&str]) -> (Child, String) {
    let start = |name: &&str| {
        Command::new(name)
            .args(words)
            .args(QUIET)
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .ok()
    };
    let mut child = NAMES.iter().find_map(start).expect("a Chromium; ./setup.sh --dev installs it");
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("DevTools listening on ").map(str::to_owned))
        .expect("the browser tells where its DevTools are");
    // It goes on writing: a full pipe would stop it.
    std::thread::spawn(move || lines.for_each(drop));
    (child, address)
}

fn host_of(url: &str) -> &str {
    let rest = url.strip_prefix("ws://").unwrap();
    rest.split('/').next().unwrap()
}

/// A message of a WebSocket: text or binary.
fn is_frame(told: &Value) -> bool {
    let method = told["method"].as_str().unwrap_or_default();
    let opcode = &told["params"]["response"]["opcode"];
    method.starts_with("Network.webSocketFrame") && (opcode == 1 || opcode == 2)
}

/// The engine's clock in a snapshot.
fn clock(told: &Value) -> Option<f64> {
    let response = &told["params"]["response"];
    if told["method"] != "Network.webSocketFrameReceived" || response["opcode"] != 2 {
        return None;
    }
    let bytes = from_base64(response["payloadData"].as_str()?);
    Some(f64::from_le_bytes(bytes.get(8..16)?.try_into().ok()?))
}

/// What the browser would show red or yellow in its console.
fn complaint(told: &Value) -> Option<String> {
    let params = &told["params"];
    let is_bad = |level: &Value| {
        let level = level.as_str().unwrap_or_default();
        ["error", "warning", "assert"].contains(&level)
    };
    match told["method"].as_str()? {
        "Runtime.exceptionThrown" => Some(params["exceptionDetails"].to_string()),
        "Runtime.consoleAPICalled" if is_bad(&params["type"]) => Some(params["args"].to_string()),
        "Log.entryAdded" if is_bad(&params["entry"]["level"]) => Some(params["entry"].to_string()),
        _ => None,
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let (mut bytes, mut bits, mut n_bits) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes().take_while(|byte| *byte != b'=') {
        bits = bits << 6 | u32::from(digit(byte));
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push((bits >> n_bits & 0xff) as u8);
        }
    }
    bytes
}
