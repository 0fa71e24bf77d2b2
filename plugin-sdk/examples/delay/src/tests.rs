//! The delay against arithmetic.

use super::*;
use retake_sdk::TestHost;

retake_sdk::test_allocator!();

/// The echoes of one click on the left, at 100 ms.
fn echoes(host: &mut TestHost<Delay>) -> [Vec<f32>; 2] {
    host.assert_no_alloc().set("time", 100.0).set("mix", 100.0);
    let (mut left, mut right) = (vec![0.0; 20_000], vec![0.0; 20_000]);
    left[0] = 1.0;
    host.process(&mut [&mut left, &mut right]);
    [left, right]
}

/// Where the samples are that are not silent.
fn sounds(channel: &[f32]) -> Vec<(usize, f32)> {
    let loud = channel.iter().copied().enumerate().filter(|(_, x)| x.abs() > 1e-3);
    loud.map(|(frame, x)| (frame, (x * 1e3).round() / 1e3)).collect()
}

#[test]
fn echoes_come_at_their_time_with_falling_level() {
    let mut host = TestHost::<Delay>::new(48_000.0, 512);
    let [left, right] = echoes(&mut host);
    assert_eq!(sounds(&left), [(4_800, 1.0), (9_600, 0.5), (14_400, 0.25), (19_200, 0.125)]);
    assert!(right.iter().all(|&x| x == 0.0));
}

#[test]
fn ping_pong_changes_sides() {
    let mut host = TestHost::<Delay>::new(48_000.0, 512);
    let [left, right] = echoes(host.set("ping_pong", 1.0));
    assert_eq!(sounds(&left), [(4_800, 1.0), (14_400, 0.25)]);
    assert_eq!(sounds(&right), [(9_600, 0.5), (19_200, 0.125)]);
}

#[test]
fn the_tail_ends_60_db_down_and_a_reset_ends_it_at_once() {
    let mut host = TestHost::<Delay>::new(48_000.0, 512);
    echoes(&mut host);
    // 0.5^n = 0.001 after 9.97 echoes, and the first.
    assert_eq!(host.tail(), Tail::Frames(52_635));
    let (mut left, mut right) = (vec![0.0; 9_600], vec![0.0; 9_600]);
    host.reset().process(&mut [&mut left, &mut right]);
    assert!(left.iter().chain(&right).all(|&x| x == 0.0));
}
