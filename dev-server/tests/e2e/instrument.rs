//! The page's instruments at the end of the whole chain: virtual microphone, engine, taps, analysis,
//! socket, canvas. Known signals, numbers as a person reads them.

use std::time::Duration;

use crate::{
    browser::Browser,
    line::Line,
    page::at_the_page,
    server::{Server, tmp},
    signal::sine,
    wav::Wav,
};

/// The example at −6 dB hears these two channels of a second, over and over.
fn at_the_instruments(name: &str, left: Vec<f32>, right: Vec<f32>) -> (Server, Line, Browser) {
    let path = tmp("instrument").join(format!("{name}.wav"));
    Wav::new(48_000, vec![left, right]).write(&path);
    let microphone = format!("virtual:file={}", path.display());
    let words = ["run", "example-plugin", "--input", &microphone, "--output", "virtual"];
    at_the_page(&[&words[..], &["--set", "gain=-6"]].concat())
}

/// The number that an element shows, in a browser's own minus.
fn number(browser: &mut Browser, selector: &str) -> Option<f64> {
    let text = browser.text(selector).replace('\u{2212}', "-");
    let number = text.trim().trim_start_matches('+');
    number.split(|c: char| !(c.is_ascii_digit() || "-.".contains(c))).next()?.parse().ok()
}

/// Waits until an element shows a number near this one, and sees that it stays.
fn assert_reads(browser: &mut Browser, selector: &str, wanted: f64, tolerance: f64) {
    let (mut steady, mut last) = (0, None);
    for _ in 0..200 {
        last = number(browser, selector);
        let is_near = last.is_some_and(|is| (is - wanted).abs() <= tolerance);
        steady = if is_near { steady + 1 } else { 0 };
        if steady == 5 {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{selector} shows {last:?}, not {wanted} ± {tolerance}");
}

fn loudness(end: &str, reading: &str) -> String {
    format!("[data-loudness={end}-{reading}]")
}

/// A stereo sine of 997 Hz at −23 dBFS is −23 LUFS (EBU Tech 3341, case 1), and 6 dB less behind
/// the plugin.
#[test]
fn a_sine_reads_its_loudness_its_true_peak_and_its_frequency() {
    let tone = || sine(48_000, 997.0, 10_f64.powf(-23.0 / 20.0), 48_000);
    let (_server, _line, mut browser) = at_the_instruments("sine", tone(), tone());
    for reading in ["momentary", "shortTerm", "integrated"] {
        assert_reads(&mut browser, &loudness("input", reading), -23.0, 0.1);
        assert_reads(&mut browser, &loudness("output", reading), -29.0, 0.1);
    }
    // The first sound began in the middle of a period: a step, whose true peak is higher.
    browser.click("#reset-loudness");
    for (end, level) in [("input", -23.0), ("output", -29.0)] {
        assert_reads(&mut browser, &loudness(end, "truePeak"), level, 0.2);
    }
    let said = "document.querySelector('#views canvas')?.ariaLabel ?? ''";
    browser.until(&format!("({said}).includes('loudest at')"));
    let words = browser.eval(said).as_str().unwrap().replace('\u{2212}', "-");
    println!("{words}");
    let after = |before: &str| -> f64 {
        let rest = words.split(before).nth(1).unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    // Half of one of 512 bins between 20 Hz and 24 kHz is 0.7 %.
    assert!((after("loudest at ") / 0.997 - 1.0).abs() < 0.007, "{words}");
    assert!((after("kHz, ") + 29.0).abs() < 0.1, "{words}");
    browser.assert_clean();
}

#[test]
fn an_inverted_channel_and_a_lone_one_are_seen() {
    let tone = sine(48_000, 440.0, 0.25, 48_000);
    let inverted: Vec<f32> = tone.iter().map(|x| -x).collect();
    let (server, line, mut browser) = at_the_instruments("inverted", tone.clone(), inverted);
    for end in ["input", "output"] {
        let correlation = format!("document.querySelector('[data-stereo={end}-correlation]')");
        browser.until(&format!("Math.abs(Number({correlation}?.ariaValueNow) + 1) <= 0.02"));
    }
    drop((server, line, browser));
    let (_server, _line, mut browser) = at_the_instruments("lone", tone, vec![0.0; 48_000]);
    let balance = "document.querySelector('[data-stereo=output-balance]')";
    browser.until(&format!("Math.abs(Number({balance}?.ariaValueNow) + 1) <= 0.02"));
    browser.assert_clean();
}
