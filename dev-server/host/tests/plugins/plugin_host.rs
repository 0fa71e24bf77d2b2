//! The tests' stand-in for `retake plugin-host`.

#[cfg(target_os = "linux")]
#[path = "plugin_host/ffi.rs"]
mod ffi;

fn main() {
    #[cfg(target_os = "linux")]
    {
        let _ = retake_host::audit::enable();
        retake_host::plugin_host_main();
    }
}
