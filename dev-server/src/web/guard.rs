//! Who may come in: exact Host, exact Origin, the token. Pure; decides before anything is done.
//!
//! A page of another site can make the browser send requests here. It cannot choose the Host of a
//! name that points elsewhere (rebinding), not forge its Origin, and not read the token; each of
//! the three is checked on every request, and a refusal does not say which one failed.

use hyper::header::{CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::{Request, Uri};

use super::Token;

/// A request that passed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Admitted<'a> {
    /// The Host it came to, one of the allowed ones.
    pub(crate) host: &'a str,
    /// It came with the token in its URL.
    pub(crate) by_url: bool,
}

#[derive(Debug)]
pub(crate) struct Guard {
    hosts: [String; 3],
    cookie: String,
    token: Token,
}

impl Guard {
    pub(crate) fn new(port: u16, token: Token) -> Self {
        // Browsers leave out the default port of http.
        let suffix = if port == 80 { String::new() } else { format!(":{port}") };
        let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}{suffix}"));
        Self { hosts, cookie: format!("retake-{port}"), token }
    }

    /// Name and value of the cookie and its attributes, as sent to a client that brought the token.
    pub(crate) fn set_cookie(&self) -> String {
        let (name, token) = (&self.cookie, self.token.as_str());
        format!("{name}={token}; HttpOnly; SameSite=Strict; Path=/")
    }

    /// `None` = refused.
    pub(crate) fn admit<B>(&self, request: &Request<B>) -> Option<Admitted<'_>> {
        let host = self.host(request.uri(), request.headers())?;
        if !origin_fits(request.headers(), host) {
            return None;
        }
        let by_url = self.token_in_url(request.uri());
        (by_url || self.token_in_cookie(request.headers())).then_some(Admitted { host, by_url })
    }

    fn host(&self, uri: &Uri, headers: &HeaderMap) -> Option<&str> {
        // `GET http://elsewhere/` names a second host; only proxies are asked like that.
        if uri.authority().is_some() {
            return None;
        }
        let given = single(headers, &HOST)?;
        self.hosts.iter().find(|host| host.as_bytes() == given).map(String::as_str)
    }

    /// Only where the terminal and scripts use it: everything else goes by the cookie.
    fn token_in_url(&self, uri: &Uri) -> bool {
        let given = uri.query().and_then(|q| q.split('&').find_map(|p| p.strip_prefix("token=")));
        matches!(uri.path(), "/" | "/ws" | "/push" | "/source")
            && given.is_some_and(|given| self.token.matches(given.as_bytes()))
    }

    fn token_in_cookie(&self, headers: &HeaderMap) -> bool {
        let pairs = headers
            .get_all(COOKIE)
            .into_iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii));
        let values = pairs.filter_map(|pair| {
            pair.strip_prefix(self.cookie.as_bytes()).and_then(|rest| rest.strip_prefix(b"="))
        });
        // Every one is compared: a cookie of the same name set by another local server does no harm.
        values.fold(false, |found, value| found | self.token.matches(value))
    }
}

/// Whether an admitted request with an effect comes from a script of this page: with an Origin (which
/// was compared), the browser's own word for it, and a body that no form of another site can send.
pub(crate) fn is_of_own_page(headers: &HeaderMap) -> bool {
    is_from_own_page(headers) && single(headers, &CONTENT_TYPE) == Some(b"application/json")
}

/// The same of a body that may be anything.
pub(crate) fn is_from_own_page(headers: &HeaderMap) -> bool {
    let site = HeaderName::from_static("sec-fetch-site");
    headers.contains_key(ORIGIN) && single(headers, &site) == Some(b"same-origin")
}

/// No Origin is fine (a navigation, a script on this machine); one that is there must be this page's.
fn origin_fits(headers: &HeaderMap, host: &str) -> bool {
    if !headers.contains_key(ORIGIN) {
        return true;
    }
    single(headers, &ORIGIN).and_then(|origin| origin.strip_prefix(b"http://"))
        == Some(host.as_bytes())
}

/// The value of a header that must not come twice.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).into_iter();
    let first = values.next()?;
    values.next().is_none().then(|| first.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    const ALLOWED: [&str; 3] = ["127.0.0.1:9630", "localhost:9630", "[::1]:9630"];

    fn guard() -> (Guard, Token) {
        let token = Token::random().unwrap();
        (Guard::new(9630, token.clone()), token)
    }

    /// Everything right but for what the test is about.
    fn admits(guard: &Guard, token: &Token, host: &[u8], origin: Option<&[u8]>) -> bool {
        let Ok(host) = HeaderValue::from_bytes(host) else {
            return false;
        };
        let mut request = Request::get(format!("/ws?token={}", token.as_str())).body(()).unwrap();
        request.headers_mut().insert(HOST, host);
        if let Some(origin) = origin {
            let Ok(origin) = HeaderValue::from_bytes(origin) else {
                return false;
            };
            request.headers_mut().insert(ORIGIN, origin);
        }
        guard.admit(&request).is_some()
    }

    #[test]
    fn the_exact_lists_pass() {
        let (guard, token) = guard();
        for host in ALLOWED {
            assert!(admits(&guard, &token, host.as_bytes(), None), "{host}");
            let origin = format!("http://{host}");
            assert!(admits(&guard, &token, host.as_bytes(), Some(origin.as_bytes())), "{host}");
        }
    }

    #[test]
    fn near_misses_do_not() {
        let (guard, token) = guard();
        for host in [
            "",
            "127.0.0.1",
            "127.0.0.1:963",
            "127.0.0.1:96300",
            "LOCALHOST:9630",
            "localhost.:9630",
            "::1:9630",
            "0.0.0.0:9630",
            "evil.example:9630",
            "127.0.0.1:9630.evil.example",
            "localhost:9630 ",
            "user@localhost:9630",
            "127.0.0.1:9630,evil.example",
        ] {
            assert!(!admits(&guard, &token, host.as_bytes(), None), "{host}");
        }
        for origin in [
            "",
            "null",
            "http://127.0.0.1",
            "https://127.0.0.1:9630",
            "http://localhost:9630",
            "http://127.0.0.1:9630/",
            "http://127.0.0.1:9630.evil.example",
            "HTTP://127.0.0.1:9630",
            "file://",
            "http://127.0.0.1:9631",
        ] {
            assert!(
                !admits(&guard, &token, b"127.0.0.1:9630", Some(origin.as_bytes())),
                "{origin}"
            );
        }
    }

    #[test]
    fn a_header_that_comes_twice_is_refused() {
        let (guard, token) = guard();
        let uri = format!("/?token={}", token.as_str());
        let request = |host: &[&str], origin: &[&str]| {
            let mut request = Request::get(&uri);
            for host in host {
                request = request.header(HOST, *host);
            }
            for origin in origin {
                request = request.header(ORIGIN, *origin);
            }
            request.body(()).unwrap()
        };
        let (host, origin) = (ALLOWED[0], "http://127.0.0.1:9630");
        assert!(guard.admit(&request(&[host], &[origin])).is_some());
        assert!(guard.admit(&request(&[host, host], &[])).is_none());
        assert!(guard.admit(&request(&[], &[])).is_none());
        assert!(guard.admit(&request(&[host], &[origin, origin])).is_none());
    }

    #[test]
    fn the_token_is_needed_and_must_be_whole() {
        let (guard, token) = guard();
        let ask = |uri: &str, cookies: &[String]| {
            let mut request = Request::get(uri).header(HOST, ALLOWED[0]);
            for cookie in cookies {
                request = request.header(COOKIE, cookie);
            }
            guard.admit(&request.body(()).unwrap()).map(|admitted| admitted.by_url)
        };
        let hex = token.as_str();
        assert_eq!(ask("/", &[]), None);
        assert_eq!(ask("/?token=", &[]), None);
        assert_eq!(ask(&format!("/?token={}", &hex[1..]), &[]), None);
        assert_eq!(ask(&format!("/?a=b&token={hex}"), &[]), Some(true));
        assert_eq!(ask(&format!("/app.js?token={hex}"), &[]), None);
        assert_eq!(ask("/app.js", &[format!("retake-9630={hex}")]), Some(false));
        assert_eq!(ask("/", &[format!("a=b;  retake-9630={hex} ; c=d")]), Some(false));
        assert_eq!(ask("/", &[format!("retake-9630=00; retake-9630={hex}")]), Some(false));
        assert_eq!(ask("/", &[format!("retake-9630={hex}; retake-9630=00")]), Some(false));
        assert_eq!(ask("/", &["a=b".into(), format!("retake-9630={hex}")]), Some(false));
        assert_eq!(ask("/", &[format!("retake-9631={hex}")]), None);
        assert_eq!(ask("/", &[format!("xretake-9630={hex}")]), None);
        assert_eq!(ask("/", &[format!("retake-9630={hex}0")]), None);
        assert_eq!(ask("http://evil.example/", &[format!("retake-9630={hex}")]), None);
    }

    /// Texts like the allowed ones, and bytes like nothing.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..64),
            "(http://)?(127\\.0\\.0\\.1|localhost|\\[::1\\]|null)?(:[0-9]{0,5})?[/ ,.@a-z]{0,3}"
                .prop_map(String::into_bytes),
        ]
    }

    proptest! {
        #[test]
        fn any_host_but_the_three_is_refused(host in hostile()) {
            let (guard, token) = guard();
            let expected = ALLOWED.iter().any(|allowed| allowed.as_bytes() == host);
            prop_assert_eq!(admits(&guard, &token, &host, None), expected);
        }

        #[test]
        fn any_origin_but_the_own_is_refused(origin in hostile(), host in 0..3usize) {
            let (guard, token) = guard();
            let expected = format!("http://{}", ALLOWED[host]).into_bytes() == origin;
            let admitted = admits(&guard, &token, ALLOWED[host].as_bytes(), Some(&origin));
            prop_assert_eq!(admitted, expected);
        }

        #[test]
        fn any_cookie_but_the_own_is_refused(cookie in hostile()) {
            let (guard, _) = guard();
            let Ok(cookie) = HeaderValue::from_bytes(&cookie) else { return Ok(()) };
            let request = Request::get("/").header(HOST, ALLOWED[0]).header(COOKIE, cookie);
            prop_assert!(guard.admit(&request.body(()).unwrap()).is_none());
        }
    }
}
