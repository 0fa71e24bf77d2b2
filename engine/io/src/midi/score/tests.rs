use super::*;

/// A file of these tracks (without their ends) and that division.
pub(crate) fn file(format: u8, division: u16, tracks: &[&[u8]]) -> Vec<u8> {
    let [high, low] = division.to_be_bytes();
    let n_tracks = u8::try_from(tracks.len()).unwrap();
    let mut bytes = b"MThd\0\0\0\x06\0".to_vec();
    bytes.extend([format, 0, n_tracks, high, low]);
    for track in tracks {
        let whole = [track, &b"\0\xff\x2f\0"[..]].concat();
        bytes.extend(b"MTrk");
        bytes.extend(u32::try_from(whole.len()).unwrap().to_be_bytes());
        bytes.extend(whole);
    }
    bytes
}

fn note(key: u8, on: bool) -> EventBody {
    let velocity = if on { 1.0 } else { 0.0 };
    EventBody::Note(Note { key, channel: 0, velocity, on })
}

fn times(score: &Score) -> Vec<(f64, EventBody)> {
    score.events.iter().map(|event| (event.seconds, event.body)).collect()
}

#[test]
fn tracks_are_merged_and_tempi_change_between_ticks() {
    // Quarter = 96 ticks. 120 bpm, from tick 96 on 60 bpm, set by a track without notes.
    let tempi = b"\0\xff\x51\x03\x07\xa1\x20\x60\xff\x51\x03\x0f\x42\x40";
    let notes = b"\x30\x90\x3c\x7f\x60\x80\x3c\x00";
    let control = b"\x60\xb0\x01\x40";
    let score = Score::parse(&file(1, 96, &[tempi, notes, control])).unwrap();
    let expected = [
        (0.25, note(60, true)),
        (0.5, EventBody::Midi([0xb0, 1, 64])),
        // Half a quarter at 0.5 s, half a quarter at 1 s.
        (1.0, note(60, false)),
    ];
    assert_eq!(times(&score), expected);
    assert_eq!(score.tempo_bpm, Some(120.0));
}

#[test]
fn time_code_has_ticks_of_one_length() {
    // −25 frames a second, 40 ticks a frame: 1 ms. The tempo changes nothing.
    let track = b"\0\xff\x51\x03\x0f\x42\x40\x64\x90\x3c\x7f\x64\x90\x3c\0";
    let score = Score::parse(&file(0, 0xe728, &[track])).unwrap();
    let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
    assert!(near(score.events[0].seconds, 0.1) && near(score.events[1].seconds, 0.2));
    // 29.97 frames a second, 1 tick a frame.
    let drop = Score::parse(&file(0, 0xe301, &[b"\x1e\x90\x3c\x7f\0\x90\x3c\0"])).unwrap();
    assert!(near(drop.events[0].seconds, 1.001), "{}", drop.events[0].seconds);
}

#[test]
fn every_note_ends_with_the_last_track() {
    let first = b"\0\x90\x3c\x7f\0\x40\x7f\x30\x80\x40\0";
    let second = b"\x60\xb0\x07\x00\x60\xff\x01\x00";
    let score = Score::parse(&file(1, 96, &[first, second])).unwrap();
    assert_eq!(times(&score).last(), Some(&(1.0, note(60, false))));
    let begun = score.events.iter().filter(|e| matches!(e.body, EventBody::Note(n) if n.on));
    let ended = score.events.iter().filter(|e| matches!(e.body, EventBody::Note(n) if !n.on));
    assert_eq!((begun.count(), ended.count()), (2, 2));
    assert!((score.seconds() - 1.0).abs() < 1e-12);
}

#[test]
fn what_breaks_off_is_refused_at_every_byte() {
    let whole = file(1, 96, &[b"\0\x90\x3c\x7f\x60\x80\x3c\0", b"\0\xb0\x01\x40"]);
    assert!(Score::parse(&whole).is_ok());
    for length in 0..whole.len() {
        assert!(Score::parse(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
    }
    let says = |bytes: &[u8]| Score::parse(bytes).unwrap_err();
    assert!(says(&whole[..whole.len() - 3]).contains("breaks off in track 2"));
    assert!(says(b"RIFF....WAVEfmt ").contains("no MIDI file"));
    assert!(says(b"\x7fELF").contains("no MIDI file"));
    assert!(says(&file(2, 96, &[b"", b""])).contains("format 2"));
    assert!(says(&file(0, 0x8000, &[b""])).contains("time code"));
    // A byte that is no event: what follows would be left out.
    assert!(says(&file(0, 96, &[b"\0\xf4\0\x90\x3c\x7f"])).contains("damaged"));
}

#[test]
fn a_riff_file_is_opened() {
    let inside = file(0, 96, &[b"\x60\x90\x3c\x7f\0\x80\x3c\0"]);
    let length = u32::try_from(inside.len()).unwrap();
    let riff = |inside: &[u8]| {
        let sizes = [(length + 12).to_le_bytes(), length.to_le_bytes()];
        [b"RIFF", &sizes[0], &b"RMIDdata"[..], &sizes[1], inside].concat()
    };
    assert_eq!(Score::parse(&riff(&inside)), Score::parse(&inside));
    assert!(Score::parse(&riff(&inside[..30])).is_err());
}

#[test]
fn any_bytes_are_a_score_or_a_sentence() {
    proptest::proptest!(|(track: Vec<u8>, division: u16, format in 0_u8..4)| {
        if let Ok(score) = Score::parse(&file(format, division, &[&track])) {
            assert!(score.events.iter().all(|event| event.seconds.is_finite()));
            assert!(score.events.is_sorted_by(|a, b| a.seconds <= b.seconds));
        }
        let _ = Score::parse(&track);
    });
}
