//! Tests that need an environment of their own: a test must not change its process's, so it runs
//! again in a child process that has one.
#![allow(dead_code, reason = "each test crate uses its part")]
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

const HOME_KEY: &str = "RETAKE_TEST_HOME";

/// Two daemons at once would measure each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `test` in a child process whose home and runtime directory are private; `name` is the
/// test's own full name.
pub(crate) fn in_private_home(name: &str, test: impl FnOnce()) {
    if std::env::var_os(HOME_KEY).is_some() {
        return test();
    }
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let home = tempfile::tempdir().unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--include-ignored"])
        .env(HOME_KEY, home.path())
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env("JACK_DEFAULT_SERVER", format!("retake-{}", std::process::id()))
        .env_remove("PULSE_SERVER")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{name} failed in its private home");
}

/// The private home of this process.
pub(crate) fn home() -> PathBuf {
    std::env::var_os(HOME_KEY).expect("inside in_private_home").into()
}
