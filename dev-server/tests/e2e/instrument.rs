//! The page's instruments at the end of the whole chain: virtual microphone, engine, taps, analysis,
//! socket, canvas. Known signals, numbers as a person reads them – or saves them, where a picture has
//! more than can be read.

use std::time::Duration;

use serde_json::json;

use crate::{
    browser::Browser,
    line::Line,
    page::at_the_page,
    server::{Server, tmp},
    signal::{pink, sine, sweep},
    wav::Wav,
};

pub(crate) const RATE: u32 = 48_000;
/// The spectrum's bins lie evenly, by ratio, from 20 Hz to half of the rate.
const BIN: f64 = 1_200.0;

/// The ratio of two frequencies, in bins.
fn bins(ratio: f64) -> f64 {
    511.0 * ratio.ln() / BIN.ln()
}

/// The example at −6 dB hears these channels over and over, or once.
pub(crate) fn at_the_instruments(
    name: &str,
    keys: &str,
    rows: Vec<Vec<f32>>,
    gain: &str,
) -> (Server, Line, Browser) {
    let path = tmp("instrument").join(format!("{name}.wav"));
    Wav::new(RATE, rows).write(&path);
    let microphone = format!("virtual:{keys}file={}", path.display());
    let words = ["run", "example-plugin", "--input", &microphone, "--output", "virtual"];
    at_the_page(&[&words[..], &["--set", gain]].concat())
}

/// Shows this view alone.
fn choose(browser: &mut Browser, view: &str) {
    browser.click(&format!("[data-view={view}]"));
    browser.until_seen(&format!("[data-plot={view}]"));
}

/// Takes another setting of the view that is shown.
fn set(browser: &mut Browser, control: &str, value: &str) {
    browser.eval(&format!(
        "((control) => {{ control.value = '{value}'; control.dispatchEvent(new Event('change')); }})\
         (document.querySelector('[data-control=\"{control}\"]'))"
    ));
}

/// What the view's CSV button saves: a row per line, without its head; an empty field is no number.
fn saved(browser: &mut Browser, view: &str) -> Vec<Vec<f64>> {
    let text = browser.eval(&format!(
        "new Promise((done) => {{
           const [make, click] = [URL.createObjectURL, HTMLAnchorElement.prototype.click];
           HTMLAnchorElement.prototype.click = () => {{}};
           URL.createObjectURL = (blob) => (blob.text().then(done), '');
           [...document.querySelectorAll('[data-plot={view}] button')].find((b) => b.textContent === 'CSV').click();
           [URL.createObjectURL, HTMLAnchorElement.prototype.click] = [make, click];
         }})"
    ));
    let field = |field: &str| field.parse().unwrap_or(f64::NAN);
    let lines = text.as_str().unwrap().lines().skip(1);
    lines.map(|line| line.split(',').map(field).collect()).collect()
}

/// Waits until the view says this of itself.
fn until_said(browser: &mut Browser, view: &str, words: &str) {
    let label = format!("document.querySelector('[data-plot={view}] canvas')?.ariaLabel");
    browser.until(&format!("{label}?.includes({})", json!(words)));
}

/// The row with the highest value in this column.
fn highest(rows: &[Vec<f64>], column: usize) -> &Vec<f64> {
    rows.iter().max_by(|a, b| a[column].total_cmp(&b[column])).unwrap()
}

/// The number that an element shows, in a browser's own minus.
pub(crate) fn number(browser: &mut Browser, selector: &str) -> Option<f64> {
    let text = browser.text(selector).replace('\u{2212}', "-");
    let number = text.trim().trim_start_matches('+');
    number.split(|c: char| !(c.is_ascii_digit() || "-.".contains(c))).next()?.parse().ok()
}

/// Waits until an element shows a number near this one, and sees that it stays.
pub(crate) fn assert_reads(browser: &mut Browser, selector: &str, wanted: f64, tolerance: f64) {
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

pub(crate) fn loudness(end: &str, reading: &str) -> String {
    format!("[data-loudness={end}-{reading}]")
}

/// A stereo sine of 997 Hz at −23 dBFS is −23 LUFS (EBU Tech 3341, case 1), and 6 dB less behind
/// the plugin.
#[test]
fn a_sine_reads_its_loudness_its_level_and_its_frequency() {
    let tone = sine(RATE, 997.0, 10_f64.powf(-23.0 / 20.0), 48_000);
    let (_server, mut line, mut browser) =
        at_the_instruments("sine", "", vec![tone.clone(), tone], "gain=-6");
    for reading in ["momentary", "shortTerm", "integrated"] {
        assert_reads(&mut browser, &loudness("input", reading), -23.0, 0.1);
        assert_reads(&mut browser, &loudness("output", reading), -29.0, 0.1);
    }
    // The first sound began in the middle of a period: a step, whose true peak is higher.
    line.call("reset_loudness", &json!({}));
    browser.click("#reset-meters");
    for (end, level) in [("input", -23.0), ("output", -29.0)] {
        assert_reads(&mut browser, &loudness(end, "truePeak"), level, 0.2);
        assert_reads(&mut browser, &format!("[data-peak-max={end}-1]"), level, 0.1);
        assert_reads(&mut browser, &format!("[data-true-peak={end}-1]"), level, 0.2);
        assert_reads(&mut browser, &format!("[data-rms={end}-1]"), level - 3.01, 0.1);
    }
    a_spectrum_of_one_line(&mut browser);
    a_straight_spectrogram(&mut browser);
    a_wave_that_stands(&mut browser);
    choose(&mut browser, "goniometer");
    until_said(&mut browser, "goniometer", "output correlation +1.00, balance 0.00");
    assert!(points(&mut browser).iter().all(|p| p[0] - p[1] == 0.0 && p[2] - p[3] == 0.0));
    browser.assert_clean();
}

/// The dots of the goniometer: left and right of the input, then of the output.
fn points(browser: &mut Browser) -> Vec<Vec<f64>> {
    for _ in 0..100 {
        let rows = saved(browser, "goniometer");
        if rows.len() >= 100 {
            return rows;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the goniometer has no dots");
}

fn a_spectrum_of_one_line(browser: &mut Browser) {
    choose(browser, "spectrum");
    until_said(browser, "spectrum", ", \u{2212}29.0 dBFS");
    let rows = saved(browser, "spectrum");
    for (column, level) in [(1, -23.0), (2, -29.0)] {
        let line = highest(&rows, column);
        assert!(bins(line[0] / 997.0).abs() <= 0.5, "{line:?}");
        assert!((line[column] - level).abs() <= 0.1 && (line[3] + 6.0).abs() <= 0.1, "{line:?}");
    }
}

fn a_straight_spectrogram(browser: &mut Browser) {
    choose(browser, "spectrogram");
    until_said(browser, "spectrogram", ", \u{2212}29.0 dBFS");
    std::thread::sleep(Duration::from_millis(500));
    let columns = saved(browser, "spectrogram");
    let heard: Vec<_> = columns.iter().filter(|column| column[1].is_finite()).collect();
    assert!(heard.len() >= 10, "{} columns of sound", heard.len());
    for column in heard {
        let levels = column[1..].iter().enumerate();
        let (bin, level) = levels.max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
        assert!((bin as f64 - bins(997.0 / 20.0)).abs() <= 0.5, "bin {bin}");
        assert!((level + 29.0).abs() <= 0.1, "{level} dBFS");
    }
}

fn a_wave_that_stands(browser: &mut Browser) {
    choose(browser, "scope");
    until_said(browser, "scope", "triggered, output peak \u{2212}29.0 dBFS");
    let rows = saved(browser, "scope");
    let trigger = rows.iter().position(|row| row[1] >= 0.0).unwrap();
    assert!(rows[trigger - 1][3] < 0.0 && rows[trigger][3] >= 0.0, "it rises through zero");
    for (column, level) in [(2, -23.0), (3, -29.0)] {
        let peak = rows.iter().fold(0.0_f64, |peak, row| peak.max(row[column].abs()));
        assert!((20.0 * peak.log10() - level).abs() <= 0.1, "{peak}");
    }
}

#[test]
fn an_inverted_channel_and_a_lone_one_are_seen() {
    let tone = sine(RATE, 440.0, 0.25, 48_000);
    let inverted: Vec<f32> = tone.iter().map(|x| -x).collect();
    let rows = vec![tone.clone(), inverted];
    let (server, line, mut browser) = at_the_instruments("inverted", "", rows, "gain=-6");
    for end in ["input", "output"] {
        let correlation = format!("document.querySelector('[data-stereo={end}-correlation]')");
        browser.until(&format!("Math.abs(Number({correlation}?.ariaValueNow) + 1) <= 0.02"));
    }
    choose(&mut browser, "goniometer");
    until_said(&mut browser, "goniometer", "output correlation \u{2212}1.00, balance 0.00");
    assert!(points(&mut browser).iter().all(|p| p[0] + p[1] == 0.0 && p[2] + p[3] == 0.0));
    drop((server, line, browser));
    let rows = vec![tone, vec![0.0; 48_000]];
    let (_server, _line, mut browser) = at_the_instruments("lone", "", rows, "gain=-6");
    let balance = "document.querySelector('[data-stereo=output-balance]')";
    browser.until(&format!("Math.abs(Number({balance}?.ariaValueNow) + 1) <= 0.02"));
    browser.assert_clean();
}

/// Four octaves in eight seconds: a straight line in the spectrogram, and the plugin's −6 dB wherever
/// there is sound.
#[test]
fn a_sweep_is_a_straight_line_and_its_transfer_is_the_plugins() {
    const OCTAVES_PER_SECOND: f64 = 0.5;
    let row = sweep(RATE, 500.0, 8_000.0, 0.25, 8 * 48_000);
    let (_server, _line, mut browser) =
        at_the_instruments("sweep", "", vec![row.clone(), row], "gain=-6");
    browser.until_seen("[data-plot=spectrum]");
    let mut n_compared = 0;
    for _ in 0..8 {
        std::thread::sleep(Duration::from_millis(250));
        let rows = saved(&mut browser, "spectrum");
        for row in rows.iter().filter(|row| row[1] > -60.0) {
            assert!((row[3] + 6.0).abs() <= 0.1, "{row:?}");
            n_compared += 1;
        }
    }
    assert!(n_compared >= 24, "{n_compared} bins with sound");
    choose(&mut browser, "spectrogram");
    // A whole sweep is in the picture.
    std::thread::sleep(Duration::from_secs(9));
    let columns = saved(&mut browser, "spectrogram");
    let loudest = |column: &Vec<f64>| {
        let levels = column[1..].iter().enumerate().filter(|(_, level)| level.is_finite());
        let (bin, _) = levels.max_by(|a, b| a.1.total_cmp(b.1))?;
        Some((column[0], bin as f64))
    };
    let ridge: Vec<(f64, f64)> = columns.iter().filter_map(loudest).collect();
    let step = bins(2_f64.powf(OCTAVES_PER_SECOND));
    let way = bins(16.0);
    // Where each column would have begun. A page that draws seldom fills several columns at once: a
    // column is two thirds of a bin. Around the jump back to the start the window holds both ends.
    let starts: Vec<f64> =
        ridge.iter().map(|(at, bin)| (bin - step * at).rem_euclid(way)).collect();
    let off = |start: f64, from: f64| {
        let off = (start - from).rem_euclid(way);
        off.min(way - off)
    };
    let straight = |from: f64| starts.iter().filter(|start| off(**start, from) <= 2.0).count();
    let most = starts.iter().map(|from| straight(*from)).max().unwrap();
    println!("{most} of {} columns on one line, within two bins", ridge.len());
    assert!(ridge.len() >= 300 && most * 100 >= ridge.len() * 95);
    browser.assert_clean();
}

/// Mean levels of the input over many pictures: (frequency, dB).
fn mean_levels(browser: &mut Browser, range: (f64, f64)) -> Vec<(f64, f64)> {
    const PICTURES: usize = 24;
    const HOLE: f64 = -90.0;
    let mut sums: Vec<(f64, f64)> = Vec::new();
    for _ in 0..PICTURES {
        std::thread::sleep(Duration::from_millis(200));
        let rows = saved(browser, "spectrum");
        sums.resize(rows.len(), (0.0, 0.0));
        for (sum, row) in sums.iter_mut().zip(&rows) {
            // Noise has a hole now and then, and nothing is the difference of two holes.
            assert!(row[1] < HOLE || (row[3] + 6.0).abs() <= 0.1, "{row:?}");
            *sum = (row[0], sum.1 + 10_f64.powf(row[1] / 10.0) / PICTURES as f64);
        }
    }
    let inside = sums.into_iter().filter(|(hz, _)| (range.0..range.1).contains(hz));
    inside.map(|(hz, power)| (hz, 10.0 * power.log10())).collect()
}

/// The best line through levels over octaves: dB per octave, and the largest distance from it.
fn line_through(levels: &[(f64, f64)]) -> (f64, f64) {
    let n = levels.len() as f64;
    let mean = |of: &dyn Fn(f64, f64) -> f64| {
        levels.iter().map(|(hz, level)| of(hz.log2(), *level)).sum::<f64>() / n
    };
    let (x, y) = (mean(&|x, _| x), mean(&|_, y| y));
    let slope = mean(&|at, level| (at - x) * (level - y)) / mean(&|at, _| (at - x).powi(2));
    let off = |(hz, level): &(f64, f64)| (level - y - slope * (hz.log2() - x)).abs();
    (slope, levels.iter().map(off).fold(0.0, f64::max))
}

/// The same power in each octave: a level line in bands, −3 dB per octave in lines.
#[test]
fn pink_noise_is_level_in_bands_and_falls_in_lines() {
    let row = pink(RATE, 0.05, 10 * 48_000);
    let (_server, _line, mut browser) =
        at_the_instruments("pink", "", vec![row.clone(), row], "gain=-6");
    browser.until_seen("[data-plot=spectrum]");
    set(&mut browser, "FFT size", "16384");
    set(&mut browser, "Smoothing", "third");
    std::thread::sleep(Duration::from_millis(500));
    let (slope, off) = line_through(&mean_levels(&mut browser, (200.0, 10_000.0)));
    println!("in bands {slope:.2} dB per octave, at most {off:.2} dB off");
    assert!(slope.abs() <= 0.2 && off <= 1.5);
    // Lines that are wider than the bins: none of them is the highest of many.
    set(&mut browser, "FFT size", "512");
    set(&mut browser, "Smoothing", "none");
    std::thread::sleep(Duration::from_millis(500));
    let (slope, off) = line_through(&mean_levels(&mut browser, (500.0, 5_000.0)));
    println!("in lines {slope:.2} dB per octave, at most {off:.2} dB off");
    assert!((slope + 3.01).abs() <= 0.5 && off <= 3.0);
    browser.assert_clean();
}

/// A thousand clicks of one sample, 200 a second, at every place in a block. The left ones are above
/// full scale: the page counts each.
#[test]
fn a_thousand_clicks_of_one_sample_are_all_seen() {
    const EVERY: usize = 240;
    let click = |peak: f32| {
        // Until the page is there.
        let mut row = vec![0.0; 8 * 48_000];
        for i in 0..1_000 {
            let at = row.len() + i * 7 % EVERY;
            row.resize(row.len() + EVERY, 0.0);
            row[at] = if i % 2 == 0 { peak } else { -peak };
        }
        row
    };
    let rows = vec![click(1.1), click(0.9)];
    let (_server, _line, mut browser) = at_the_instruments("clicks", "once,", rows, "gain=0");
    let lamp = |end: &str, count: &str| {
        format!(
            "document.querySelector('[data-clip={end}]').title.startsWith({})",
            json!(format!("{count} samples above"))
        )
    };
    browser.until("document.querySelector('[data-clip=output-1]')?.title");
    for end in ["input-0", "output-0"] {
        assert_eq!(browser.eval(&lamp(end, "0")), true, "nothing was played yet");
    }
    browser.until("document.querySelector('[data-clip=output-0]').title.startsWith('1\u{202f}')");
    std::thread::sleep(Duration::from_secs(1));
    for (channel, count, peak) in [(0, "1\u{202f}000", 0.83), (1, "0", -0.92)] {
        for end in ["input", "output"] {
            let end = format!("{end}-{channel}");
            assert_eq!(browser.eval(&lamp(&end, count)), true, "{end}");
            assert_reads(&mut browser, &format!("[data-peak-max={end}]"), peak, 0.1);
        }
    }
    browser.assert_clean();
}
