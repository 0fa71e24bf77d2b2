//! What is freed goes back to the system, whatever was freed before.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, hint::black_box};

/// Memory of this process in KiB.
fn resident_kib() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn large_pieces_are_given_back_after_larger_ones_too() {
    retake_host::give_back_large();
    let before = resident_kib();
    for megabytes in [16, 8, 4, 2] {
        drop(black_box(vec![1_u8; megabytes << 20]));
        let more = resident_kib() - before;
        assert!(more < 1_024, "{more} KiB more after {megabytes} MiB were freed");
    }
}
