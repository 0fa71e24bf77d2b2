//! Who gets in: Host, Origin, token; and what the page's answers carry.

use std::io::Write;
use std::time::Duration;

use retake::web::Limits;

use crate::client::{Client, connect, http, http_with, rest};
use crate::rig::{PAGE, Rig, answering};

const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// Sends a request that is right but for `wrong`, as a page and as a WebSocket.
fn refusals(rig: &Rig, wrong: &[(&str, &str)]) -> Vec<String> {
    let paths = [
        "GET /",
        "GET /take.wav?seconds=1",
        "GET /app/main.js",
        "GET /nothing",
        "HEAD /nothing",
        "POST /",
        "GET /ws",
    ];
    let answers = paths.iter().map(|path| {
        let headers = [wrong, &UPGRADE].concat();
        let headers = if path.ends_with("/ws") { &headers } else { wrong };
        let answer = http(rig, path, headers);
        if path.starts_with("HEAD") { answer + rest_of_page(rig).as_str() } else { answer }
    });
    answers.collect()
}

/// The body that a HEAD leaves out.
fn rest_of_page(rig: &Rig) -> String {
    let answer = http(rig, "GET /", &[("Host", &rig.host())]);
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn whatever_is_wrong_the_refusal_is_the_same_403() {
    let rig = Rig::new();
    let (host, cookie) = (rig.host(), rig.cookie());
    let (host, cookie) = (host.as_str(), cookie.as_str());
    let own = format!("http://{host}");
    let other = format!("http://localhost:{}", rig.port());
    let wrong_token = format!("retake-{}={}", rig.port(), "0".repeat(64));
    let mut all = Vec::new();
    for wrong in [
        &[("Host", host)][..],
        &[("Host", host), ("Origin", &own)],
        &[("Host", host), ("Cookie", &wrong_token)],
        &[("Cookie", cookie)],
        &[("Host", "evil.example"), ("Cookie", cookie)],
        &[("Host", "127.0.0.1"), ("Cookie", cookie)],
        &[("Host", host), ("Host", host), ("Cookie", cookie)],
        &[("Host", host), ("Origin", "http://evil.example"), ("Cookie", cookie)],
        &[("Host", host), ("Origin", &other), ("Cookie", cookie)],
        &[("Host", host), ("Origin", "null"), ("Cookie", cookie)],
    ] {
        all.extend(refusals(&rig, wrong));
    }
    assert_eq!(all.len(), 70);
    let first = &all[0];
    assert!(first.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{first}");
    assert!(first.contains("Open the URL from the terminal"), "{first}");
    assert!(!first.contains(rig.token.as_str()), "{first}");
    for answer in &all {
        assert_eq!(answer, first);
    }
}

/// One `POST /open`, as this page's own script sends it but for `changed` (`""` = left out).
fn click(rig: &Rig, changed: &[(&str, &str)], body: &str) -> String {
    let (host, cookie, length) = (rig.host(), rig.cookie(), body.len().to_string());
    let origin = format!("http://{host}");
    let own = [
        ("Host", host.as_str()),
        ("Cookie", &cookie),
        ("Origin", &origin),
        ("Sec-Fetch-Site", "same-origin"),
        ("Content-Type", "application/json"),
        ("Content-Length", &length),
    ];
    let as_changed = |(name, value)| {
        let change = changed.iter().find(|(changed, _)| *changed == name);
        (name, change.map_or(value, |(_, value)| *value))
    };
    let headers: Vec<_> = own.map(as_changed).into_iter().filter(|(_, v)| !v.is_empty()).collect();
    http_with(rig, "POST /open", &headers, body)
}

#[test]
fn the_take_is_saved_for_whoever_is_in() {
    let rig = Rig::new();
    let (host, cookie) = (rig.host(), rig.cookie());
    let get = |path: &str| http(&rig, path, &[("Host", &host), ("Cookie", &cookie)]);
    let saved = get("GET /take.wav?seconds=1.5");
    assert!(saved.starts_with("HTTP/1.1 200 OK\r\n") && saved.ends_with("\r\n\r\nRIFF"), "{saved}");
    for head in
        ["content-type: audio/wav", "content-disposition: attachment; filename=\"take.wav\""]
    {
        assert!(saved.contains(head), "{head} in {saved}");
    }
    for (query, why) in [
        ("", "this takes ?seconds=N"),
        ("?seconds=", "this takes ?seconds=N"),
        ("?seconds=inf", "this takes ?seconds=N"),
        ("?seconds=3", "more than the 2 s that are kept"),
    ] {
        let refused = get(&format!("GET /take.wav{query}"));
        assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
        assert!(refused.ends_with(&format!("{{\"error\":\"{why}\"}}")), "{refused}");
    }
    // By its URL a token opens the page and the socket, and nothing else.
    let by_url = format!("GET /take.wav?seconds=1&token={}", rig.token.as_str());
    assert!(http(&rig, &by_url, &[("Host", &host)]).starts_with("HTTP/1.1 403 "));
    assert!(get("POST /take.wav?seconds=1").starts_with("HTTP/1.1 405 "));
}

#[test]
fn a_place_in_the_source_is_opened_for_the_page_alone() {
    let rig = Rig::new();
    let place = r#"{"file":"src/lib.rs","line":7}"#;
    let opened = click(&rig, &[], place);
    assert!(opened.starts_with("HTTP/1.1 200 OK\r\n"), "{opened}");
    let refused = http(&rig, "GET /", &[("Host", &rig.host())]);
    let elsewhere = format!("http://localhost:{}", rig.port());
    for wrong in [
        [("Cookie", "")],
        [("Host", "evil.example")],
        [("Origin", "")],
        [("Origin", "null")],
        [("Origin", "http://evil.example")],
        [("Origin", &elsewhere)],
        [("Sec-Fetch-Site", "")],
        [("Sec-Fetch-Site", "same-site")],
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "none")],
        [("Content-Type", "")],
        [("Content-Type", "text/plain")],
    ] {
        assert_eq!(click(&rig, &wrong, place), refused, "{wrong:?}");
    }
    let by_url = format!("POST /open?token={}", rig.token.as_str());
    assert_eq!(http(&rig, &by_url, &[("Host", &rig.host())]), refused);
    let cookie = [("Host", rig.host()), ("Cookie", rig.cookie())];
    let cookie = cookie.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert!(http(&rig, "GET /open", &cookie).starts_with("HTTP/1.1 404"));
}

#[test]
fn a_page_gone_wild_opens_a_few_places_only_and_is_told() {
    let rig = Rig::new();
    let place = r#"{"file":"src/lib.rs","line":7}"#;
    let answers: Vec<_> = (0..20).map(|_| click(&rig, &[], place)).collect();
    let opened = answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 200 OK")).count();
    let refused = answers.iter().find(|answer| answer.starts_with("HTTP/1.1 429 ")).unwrap();
    assert!((5..20).contains(&opened), "{opened}");
    assert!(refused.contains("too many places were opened at once"), "{refused}");
    // What is not this page's is not told how many there were.
    assert!(click(&rig, &[("Cookie", "")], place).starts_with("HTTP/1.1 403 "));
}

#[test]
fn a_place_that_cannot_be_opened_says_why() {
    let limits = Limits { opens_per_second: 100, ..Limits::default() };
    let rig = Rig::with(limits, answering);
    let long = format!(r#"{{"file":"{}","line":7}}"#, "x".repeat(9_000));
    for (body, status, why) in [
        (r#"{"file":"src/lib.rs","line":8}"#, "501 Not Implemented", "no editor is known\n"),
        (r#"{"file":"../lib.rs","line":7}"#, "404 Not Found", "no such file"),
        (r#"{"file":"src/lib.rs","line":-1}"#, "400 Bad Request", "this takes"),
        (r#"{"file":"src/lib.rs","line":7,"editor":"sh"}"#, "400 Bad Request", "this takes"),
        ("", "400 Bad Request", "this takes"),
        (&long, "400 Bad Request", "this takes"),
    ] {
        let answer = click(&rig, &[], body);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{body}: {answer}");
        assert!(answer.contains(why), "{body}: {answer}");
        assert!(answer.contains("\r\nx-content-type-options: nosniff\r\n"), "{answer}");
    }
}

#[test]
fn the_terminals_url_becomes_a_cookie_and_a_clean_address() {
    let rig = Rig::new();
    let host = rig.host();
    let path = rig.server.url.strip_prefix(&format!("http://{host}")).unwrap();
    let answer = http(&rig, &format!("GET {path}"), &[("Host", &host)]);
    assert!(answer.starts_with("HTTP/1.1 303 See Other\r\n"), "{answer}");
    assert!(answer.contains("\r\nlocation: /\r\n"), "{answer}");
    let cookie = format!("\r\nset-cookie: {}; HttpOnly; SameSite=Strict; Path=/\r\n", rig.cookie());
    assert!(answer.contains(&cookie), "{answer}");

    let with_cookie = [("Host", host.as_str()), ("Cookie", &rig.cookie())];
    let page = http(&rig, "GET /", &with_cookie);
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.ends_with(&format!("\r\n\r\n{PAGE}")), "{page}");
    assert!(!page.contains("set-cookie"), "{page}");
}

#[test]
fn pages_carry_the_headers_that_fence_them() {
    let rig = Rig::new();
    let host = rig.host();
    let cookie = rig.cookie();
    let headers = [("Host", host.as_str()), ("Cookie", cookie.as_str())];
    for (start, status) in [
        ("GET /", "200 OK"),
        ("GET /app/main.js", "200 OK"),
        ("GET /nothing", "404 Not Found"),
        ("GET /../Cargo.toml", "404 Not Found"),
        ("GET /ws", "400 Bad Request"),
        ("POST /", "405 Method Not Allowed"),
        ("OPTIONS /ws", "405 Method Not Allowed"),
    ] {
        let answer = http(&rig, start, &headers);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{start}: {answer}");
        for line in [
            "cross-origin-resource-policy: same-origin".to_owned(),
            "x-content-type-options: nosniff".to_owned(),
            "referrer-policy: no-referrer".to_owned(),
            "cache-control: no-store".to_owned(),
            format!(
                "content-security-policy: default-src 'self'; connect-src 'self' ws://{host}; \
                 frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
            ),
        ] {
            assert!(answer.contains(&format!("\r\n{line}\r\n")), "{start}: no {line}: {answer}");
        }
        assert!(!answer.to_lowercase().contains("access-control"), "{answer}");
    }
    let script = http(&rig, "GET /app/main.js", &headers);
    assert!(script.contains("\r\ncontent-type: text/javascript\r\n"), "{script}");
    let head = http(&rig, "HEAD /", &headers);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
}

#[test]
fn a_socket_opens_by_cookie_from_the_page_and_by_url_from_a_script() {
    let rig = Rig::new();
    for name in ["127.0.0.1", "localhost", "[::1]"] {
        let host = format!("{name}:{}", rig.port());
        let origin = format!("http://{host}");
        let headers = [("Host", host.as_str()), ("Origin", &origin), ("Cookie", &rig.cookie())];
        let mut page = Client::open(&rig, &rig.server.ws, &headers).ok().unwrap();
        assert!(page.call("status", &serde_json::json!({}))["result"].is_object());
    }
    let mut script = Client::new(&rig);
    assert!(script.call("status", &serde_json::json!({}))["result"].is_object());

    assert_eq!(Client::open(&rig, &rig.server.ws, &[]).err(), Some(403));
    let url = format!("{}?token={}", rig.server.ws, rig.token.as_str());
    assert_eq!(Client::open(&rig, &url, &[("Origin", "null")]).err(), Some(403));
}

#[test]
fn a_handshake_that_stops_half_way_is_dropped() {
    // The time for a whole answer is out of the way: only the header's own limit is left.
    let limits = Limits {
        handshake: Duration::from_millis(200),
        answer: Duration::from_hours(1),
        ..Limits::default()
    };
    let rig = Rig::with(limits, answering);
    for start in ["", "GET /ws?token=", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: re"] {
        let mut stream = connect(rig.port());
        stream.write_all(start.as_bytes()).unwrap();
        // Returns only because the server hangs up.
        let said = rest(&mut stream);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    }
    Client::new(&rig);
}

#[test]
fn an_endless_header_is_cut_off() {
    let rig = Rig::new();
    let mut stream = connect(rig.port());
    let line = format!("X-Filler: {}\r\n", "x".repeat(1000));
    let mut sent = stream.write_all(b"GET / HTTP/1.1\r\n").is_ok();
    let mut n_lines = 0;
    while sent && n_lines < 100_000 {
        sent = stream.write_all(line.as_bytes()).is_ok();
        n_lines += 1;
    }
    assert!(n_lines < 100_000, "the server took 100 MB of header");
}
