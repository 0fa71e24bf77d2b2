//! What the host owes a plugin that asks: every wish is served, and control hears of it.

use retake_host::News;

use crate::rig::{Block, FORMAT, Rig};

/// Runs two blocks and gives the first news that `pick` wants.
fn hears<T>(kind: &str, pick: impl FnMut(News) -> Option<T>) -> T {
    let rig = Rig::raw(kind);
    let mut activated = rig.activated();
    let mut block = Block::new(2, 2);
    block.run(&mut *activated.processor, 64, &[]);
    block.run(&mut *activated.processor, 64, &[]);
    rig.wait(pick)
}

#[expect(clippy::needless_pass_by_value, reason = "what `Rig::wait` hands out")]
fn restart(news: News) -> Option<&'static str> {
    match news {
        News::RestartWanted { why } => Some(why),
        _ => None,
    }
}

#[test]
fn a_callback_is_served_before_the_second_of_two_messages() {
    let rig = Rig::raw("plain");
    let mut activated = rig.activated();
    Block::new(2, 2).run(&mut *activated.processor, 64, &[]);
    rig.thread.param_text(1, 1.0, 1);
    rig.thread.param_text(1, 1.0, 2);
    let mut order = Vec::new();
    rig.wait(|news| {
        match news {
            News::Log { message, .. } if message == "on main thread" => order.push(0),
            News::ParamText { tag, .. } => order.push(tag),
            _ => {}
        }
        order.contains(&2).then_some(())
    });
    let at = |what| order.iter().position(|n| *n == what);
    assert!(at(0).is_some() && at(0) < at(2), "{order:?}");
}

#[test]
fn a_restart_is_asked_for_and_can_be_done_without_loading_anew() {
    let rig = Rig::raw("wants_restart");
    let mut activated = rig.activated();
    let mut block = Block::new(2, 2);
    block.run(&mut *activated.processor, 64, &[]);
    assert_eq!(rig.wait(restart), "the plugin asks for it");
    rig.thread.reactivate(activated.processor, FORMAT);
    let mut again = rig.activated();
    block.run(&mut *again.processor, 64, &[]);
    block.assert_gain(1.0, 64);
}

#[test]
fn changed_ports_want_a_restart_and_changed_names_do_not() {
    assert_eq!(hears("changes_ports", restart), "the plugin's audio ports changed");
    assert_eq!(hears("changes_note_ports", restart), "the plugin's note ports changed");
    let ports = hears("renames_ports", |news| match news {
        News::PortsChanged(ports) => Some(ports),
        News::RestartWanted { why } => panic!("{why}"),
        _ => None,
    });
    assert_eq!(ports.outputs[0].name, "Renamed");
}

#[test]
fn a_dirty_state_and_another_latency_are_told() {
    let mut heard = (false, false);
    hears("dirty", |news| {
        heard.0 |= matches!(news, News::StateDirty);
        heard.1 |= matches!(news, News::LatencyChanged);
        (heard == (true, true)).then_some(())
    });
}

#[test]
fn a_timer_ticks_and_goes_on_ticking() {
    let rig = Rig::raw("timer");
    let _activated = rig.activated();
    let mut n_ticks = 0;
    rig.wait(|news| {
        n_ticks += u32::from(matches!(news, News::Log { message, .. } if message == "tick"));
        (n_ticks == 3).then_some(())
    });
}

#[test]
fn a_tail_is_told_at_first_and_when_it_changes() {
    let rig = Rig::raw("tail");
    let mut activated = rig.activated();
    assert_eq!(activated.tail_frames, Some(480));
    let mut block = Block::new(2, 2);
    block.run(&mut *activated.processor, 64, &[]);
    block.run(&mut *activated.processor, 64, &[]);
    let frames = rig.wait(|news| match news {
        News::TailChanged { frames } => Some(frames),
        _ => None,
    });
    assert_eq!(frames, None);
}
