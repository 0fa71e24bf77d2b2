//! `retake render`: as long as the input, as late as nothing, the same core.

use crate::{
    server::{Ended, retake, tmp},
    signal::noise,
    wav::Wav,
};

/// Renders `input` with these further words; nothing is served, so there is no port.
fn render(name: &str, input: &Wav, words: &[&str]) -> (Wav, Ended) {
    let (from, to) = (tmp("render").join(format!("{name}-in.wav")), tmp("render").join(name));
    input.write(&from);
    let mut command = retake();
    command.arg("render").arg("--input").arg(&from).arg("--output").arg(&to);
    command.args(words).args(["--json", "example-plugin"]);
    let ended = crate::server::Server::spawn(command).end().succeeded();
    (Wav::read(&to), ended)
}

#[test]
fn a_file_comes_out_as_long_and_as_early_as_it_went_in() {
    for (rate, n_channels) in [(44_100, 2), (48_000, 1)] {
        let rows = (0..n_channels).map(|c| noise(7 + c, 0.5, 50_021)).collect();
        let input = Wav::new(rate, rows);
        let (out, ended) = render("whole.wav", &input, &["--set", "gain=-6", "--tail", "0.5"]);
        assert_eq!((out.rate, out.channels.len()), (rate, input.channels.len()));
        assert_eq!(out.frames(), 50_021 + rate as usize / 2);
        let gain = 10_f32.powf(-6.0 / 20.0);
        for (got, wanted) in out.channels.iter().zip(&input.channels) {
            let wanted = wanted.iter().copied().chain(std::iter::repeat(0.0));
            assert!(got.iter().zip(wanted).all(|(y, x)| (y - x * gain).abs() <= 1e-6));
        }
        let names: Vec<_> = ended.events.iter().map(|event| &event["event"]).collect();
        assert!(!names.iter().any(|name| *name == "listening"), "nobody is served: {names:?}");
    }
}

#[test]
fn a_change_comes_at_its_time_of_the_input() {
    let input = Wav::new(48_000, vec![vec![0.5; 48_000]; 2]);
    let (out, _) = render("change.wav", &input, &["--at", "0.5:gain=-6"]);
    let row = &out.channels[0];
    assert!(row[..24_000].iter().all(|x| (x - 0.5).abs() < 1e-9), "not before its time");
    assert!(row[24_001] < 0.5, "at its time");
    // The example's smoothing takes 15 ms.
    let settled = 0.5 * 10_f32.powf(-6.0 / 20.0);
    assert!(row[24_721..].iter().all(|x| (x - settled).abs() < 1e-6));
}
