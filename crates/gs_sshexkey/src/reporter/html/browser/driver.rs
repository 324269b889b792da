//! Headless Chromium, driven by ChromeDriver: as much of WebDriver (W3C) as the tests need.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The key of an element in JSON (WebDriver, 12.2).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// The Tab key and the Enter key (WebDriver, 17.4.2).
pub(super) const TAB: &str = "\u{e004}";
pub(super) const ENTER: &str = "\u{e007}";
/// So long is waited for anything.
const PATIENCE: Duration = Duration::from_secs(240);

/// A browser with one empty window. It ends with this value, whatever becomes of the test.
pub(super) struct Browser {
    driver: Child,
    agent: ureq::Agent,
    /// Address of the session.
    session: String,
    /// The window, as the events of the browser name it.
    window: String,
    /// The browser's first process, once it runs.
    process: Option<Pid>,
    folder: TempDir,
}

impl Browser {
    /// Starts one.
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed (Debian: chromium-driver)");
        let config = ureq::Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(2 * PATIENCE))
            .build();
        // From here on the process ends with the value.
        let (session, window) = (String::new(), String::new());
        let agent = config.new_agent();
        let mut browser = Self { driver, agent, session, window, process: None, folder };
        let port = browser.port();
        browser.session = format!("http://127.0.0.1:{port}/session");
        let answer = browser.post("", &browser.capabilities());
        let process = answer["capabilities"]["goog:processID"].as_i64();
        browser.process = process.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        browser.session = format!("{}/{}", browser.session, answer["sessionId"].as_str().unwrap());
        browser.window = browser.get("/window").as_str().unwrap().to_owned();
        browser.leave_the_first_page();
        browser
    }

    /// The first page is the browser's own, full of scripts; what it asks for and says is no matter of ours.
    fn leave_the_first_page(&self) {
        self.post("/url", &json!({ "url": "about:blank" }));
        self.requests();
        self.console();
    }

    /// The port that the driver chose: it says so when it listens.
    fn port(&mut self) -> u16 {
        let lines = BufReader::new(self.driver.stdout.take().unwrap()).lines();
        let mut said = lines.map_while(Result::ok).filter(|line| line.contains("started successfully"));
        let line = said.next().expect("chromedriver starts");
        line.trim_end_matches('.').rsplit(' ').next().unwrap().parse().unwrap()
    }

    fn capabilities(&self) -> Value {
        let profile = format!("--user-data-dir={}", self.folder.path().join("profile").display());
        json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--window-size=1280,900", profile
            ] },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" }
        } } })
    }

    fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Value> {
        let uri = format!("{}{path}", self.session);
        let request = ureq::http::Request::builder().method(method).uri(uri);
        let request = request.header("content-type", "application/json");
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut response = self.agent.run(request.body(body).unwrap()).unwrap();
        let text = response.body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
        let mut answer: Value = serde_json::from_str(&text).unwrap();
        let value = answer["value"].take();
        if response.status().is_success() { Ok(value) } else { Err(value) }
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        self.request("POST", path, Some(body)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        self.request("GET", path, None).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Opens a page; `fragment` is what follows the address, with its `#`.
    #[track_caller]
    pub(super) fn open(&self, page: &str, fragment: &str) {
        let path = self.folder.path().join("page.html");
        std::fs::write(&path, page).unwrap();
        // Another fragment alone would not load it anew.
        self.post("/url", &json!({ "url": "about:blank" }));
        self.post("/url", &json!({ "url": format!("file://{}{fragment}", path.display()) }));
        // On a busy machine the driver may take the blank page's end for that of this one.
        self.wait_for("return location.protocol + document.readyState", &json!("file:complete"));
    }

    /// What a function body returns in the page.
    #[track_caller]
    pub(super) fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The same, as a text.
    #[track_caller]
    pub(super) fn text(&self, script: &str) -> String {
        self.run(script).as_str().unwrap_or_default().to_owned()
    }

    /// The same, as a number.
    #[track_caller]
    pub(super) fn number(&self, script: &str) -> usize {
        let value = self.run(script);
        usize::try_from(value.as_u64().unwrap_or_else(|| panic!("{script}: {value}"))).unwrap()
    }

    /// Waits until a script says what is wanted.
    #[track_caller]
    pub(super) fn wait_for(&self, script: &str, wanted: &Value) {
        let began = Instant::now();
        loop {
            let found = self.run(script);
            if found == *wanted {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{script}: {found} instead of {wanted}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[track_caller]
    fn element(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        format!("/element/{}", found[ELEMENT].as_str().unwrap())
    }

    /// Clicks as a person would: it fails if the element cannot be seen.
    #[track_caller]
    pub(super) fn click(&self, selector: &str) {
        self.post(&format!("{}/click", self.element(selector)), &json!({}));
    }

    /// Types into an element.
    #[track_caller]
    pub(super) fn type_into(&self, selector: &str, text: &str) {
        self.post(&format!("{}/value", self.element(selector)), &json!({ "text": text }));
    }

    /// Presses and lets go keys, wherever the focus is.
    #[track_caller]
    pub(super) fn press(&self, keys: &str) {
        let strokes = keys.chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|what| json!({ "type": what, "value": key.to_string() }))
        });
        let actions: Vec<Value> = strokes.collect();
        self.post("/actions", &json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] }));
    }

    /// Moves the pointer to a place in the window.
    #[track_caller]
    pub(super) fn point_at(&self, x: usize, y: usize) {
        let moved = json!({ "type": "pointerMove", "duration": 0, "x": x, "y": y });
        self.post(
            "/actions",
            &json!({ "actions": [{ "type": "pointer", "id": "mouse", "actions": [moved] }] }),
        );
    }

    /// How an element is presented to assistive technology: its role and its name.
    #[track_caller]
    pub(super) fn spoken(&self, selector: &str) -> (String, String) {
        let element = self.element(selector);
        let of = |what: &str| self.get(&format!("{element}/{what}")).as_str().unwrap().to_owned();
        (of("computedrole"), of("computedlabel"))
    }

    /// A command of the Chrome DevTools Protocol.
    #[track_caller]
    pub(super) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// A picture of the window: a PNG file in base64.
    #[track_caller]
    pub(super) fn screenshot(&self) -> String {
        self.get("/screenshot").as_str().unwrap().to_owned()
    }

    /// What the console got since the last time: errors, warnings and everything else.
    #[track_caller]
    pub(super) fn console(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" }));
        log.as_array().unwrap().iter().map(Value::to_string).collect()
    }

    /// The addresses that pages in our window asked for since the last time; not those of the browser's own pages, whose
    /// first one is late at times, and not what the browser does elsewhere.
    #[track_caller]
    pub(super) fn requests(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "performance" }));
        let events = log.as_array().unwrap().iter();
        let events = events.map(|e| serde_json::from_str::<Value>(e["message"].as_str().unwrap()).unwrap());
        events
            .filter(|event| event["webview"] == *self.window)
            .filter(|event| event["message"]["method"] == "Network.requestWillBeSent")
            .filter(|event| !is_own(event["message"]["params"]["documentURL"].as_str().unwrap_or_default()))
            .map(|event| event["message"]["params"]["request"]["url"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Whether a document is the browser's own. No other page can lead there.
fn is_own(document: &str) -> bool {
    ["chrome://", "chrome-untrusted://"].iter().any(|scheme| document.starts_with(scheme))
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser with the session, but not with itself.
        let ended = self.agent.delete(&self.session).call().is_ok_and(|answer| answer.status().is_success());
        if let (false, Some(process)) = (ended, self.process) {
            let _ = kill_process(process, Signal::KILL);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
