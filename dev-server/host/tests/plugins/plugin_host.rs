//! The tests' stand-in for `retake plugin-host`.

fn main() {
    #[cfg(target_os = "linux")]
    retake_host::plugin_host_main();
}
