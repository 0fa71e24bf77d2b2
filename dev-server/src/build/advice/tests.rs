use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use super::{log::Log, *};
use crate::build::child::Line;

const OURS: &str = "rustc --crate-name tiny --crate-type cdylib --emit=dep-info,link -C opt-level=3 \
    -C codegen-units=256 -C debuginfo=line-tables-only --check-cfg 'cfg(feature, values())' \
    --out-dir '/a target/deps' -C incremental=/i";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Lines that came 100 ms after each other.
fn lines(texts: &[&str]) -> Vec<Line> {
    let line = |(n, text): (u64, &&str)| Line {
        at: SystemTime::UNIX_EPOCH + ms(100 * n),
        text: (*text).to_owned(),
    };
    (0..).zip(texts).map(line).collect()
}

fn flags(more: &str) -> Flags {
    let line = format!("     Running `{OURS}{more}`");
    Log::read(&lines(&[&line]), "tiny").compiled.unwrap().flags
}

/// A second of compiling with the flags of our profile, and more.
fn slow(more: &str) -> Facts {
    Facts { rustc: ms(1_000), flags: flags(more), ..Facts::default() }
}

#[test]
fn flags_are_read_as_rustc_reads_them() {
    let flags = flags(" -Ccodegen-units=4 --codegen=link_arg=-fuse-ld=bfd");
    assert_eq!((flags.get("codegen-units"), flags.count("codegen-units")), (Some("4"), 2));
    assert_eq!((flags.get("incremental"), flags.out_dir()), (Some("/i"), Some("/a target/deps")));
    assert_eq!(flags.linker_choice().as_deref(), Some("-C link-arg=-fuse-ld=bfd"));
    assert_eq!(flags.get("lto"), None);
}

#[test]
fn our_own_profile_gets_no_advice_and_a_fast_build_gets_none_at_all() {
    assert_eq!(of_flags(&slow(""), "tiny"), []);
    assert_eq!(of_flags(&Facts { rustc: ms(299), ..slow(" -C codegen-units=1") }, "tiny"), []);
}

#[test]
fn a_costly_flag_is_named_with_its_place() {
    let found = |more: &str| {
        let [advice] = &of_flags(&slow(more), "tiny")[..] else { panic!("{more}") };
        assert_eq!(advice.costs_ms, None, "nobody measured it");
        (advice.what, advice.message.clone())
    };
    let (what, message) = found(" -C codegen-units=1");
    assert_eq!(what, "codegen_units");
    assert!(message.starts_with("`codegen-units=1`") && message.contains("RUSTFLAGS"), "{message}");
    assert_eq!(found(" -C lto=fat").0, "lto");
    assert!(found(" -C linker-plugin-lto").1.starts_with("`linker-plugin-lto` "));
    assert_eq!(found(" -g").0, "debuginfo");
    assert_eq!(of_flags(&slow(" -C lto=off"), "tiny"), []);

    let overridden = OURS.replace("codegen-units=256", "codegen-units=1");
    let line = format!("     Running `{}`", overridden.replace(" -C incremental=/i", ""));
    let flags = Log::read(&lines(&[&line]), "tiny").compiled.unwrap().flags;
    let [units, incremental] = &of_flags(&Facts { flags, ..slow("") }, "tiny")[..] else {
        panic!("two")
    };
    assert!(units.message.contains("`[profile.release.package.tiny]`"), "{}", units.message);
    assert_eq!(incremental.what, "incremental");
}

#[test]
fn a_slow_link_names_its_linker_and_a_faster_one_that_is_there() {
    let link = |linker, installed: &[Linker], more: &str| {
        let installed = installed.to_vec();
        let facts = Facts { link: Some(ms(400)), linker: Some(linker), installed, ..slow(more) };
        of_linker(&facts).map(|advice| (advice.message, advice.costs_ms))
    };
    let (message, costs) = link(Linker::Gnu, &[Linker::Lld, Linker::Mold], "").unwrap();
    assert_eq!(costs, Some(400.0));
    let expected =
        "linking took 400 of 1000 ms, with GNU ld; mold is installed: `-C link-arg=-fuse-ld=mold`";
    assert!(message.starts_with(expected), "{message}");
    let (message, _) = link(Linker::Gnu, &[], " -C link-arg=-fuse-ld=bfd").unwrap();
    assert!(message.contains("`-C link-arg=-fuse-ld=bfd` chose it"), "{message}");
    assert!(link(Linker::Gnu, &[], "").unwrap().0.contains("none of lld, mold and wild"));
    // Nothing better is there.
    assert_eq!(link(Linker::Lld, &[Linker::Lld], ""), None);
    assert_eq!(link(Linker::Wild, &[Linker::Mold], ""), None);
}

#[test]
fn a_short_link_is_no_reason() {
    let with = |link| Facts { link: Some(ms(link)), linker: Some(Linker::Gnu), ..slow("") };
    assert!(of_linker(&with(250)).is_some());
    assert_eq!(of_linker(&with(249)), None);
    let short = Facts { rustc: ms(300), ..with(149) };
    assert_eq!(of_linker(&short), None);
}

#[test]
fn the_crates_own_code_counts_without_its_link_and_not_in_a_first_build() {
    let with = |link, n_before| {
        let units = Some(Units { n_new: 3, n_before });
        of_code(&Facts { link: Some(ms(link)), units, n_lines: 40, ..slow("") })
    };
    let advice = with(300, 7).unwrap();
    assert_eq!((advice.what, advice.costs_ms), ("own_code", Some(700.0)));
    assert!(advice.message.contains("40 lines took 700 ms"), "{}", advice.message);
    assert!(advice.message.contains("3 of 10 codegen units"), "{}", advice.message);
    assert_eq!(with(301, 7), None);
    assert_eq!(with(300, 0), None);
}

#[test]
fn what_was_built_again_without_an_edit_has_cargos_reason() {
    let running = format!("     Running `{OURS}`");
    let all = lines(&[
        "       Fresh unicode-ident v1.0.27",
        "       Dirty dep v0.1.0 (/a/dep): the file `missing` is missing",
        "   Compiling dep v0.1.0 (/a/dep)",
        "       Dirty tiny v0.1.0 (/a/tiny): the file `src/lib.rs` has changed (1.2s, 1s after last build at 0.2s)",
        "       Dirty other v0.1.0 (/a/other): the dependency `dep` was rebuilt",
        &running,
    ]);
    let rebuilt = Log::read(&all, "tiny").rebuilt.unwrap();
    assert_eq!((&rebuilt.names[..], rebuilt.took), (&["dep".into(), "other".into()][..], ms(400)));
    let facts = Facts { rebuilt: Some(rebuilt), ..Facts::default() };
    let advice = of_rebuilt(&facts).unwrap();
    assert_eq!((advice.what, advice.costs_ms), ("rebuilt", Some(400.0)));
    let expected = "`dep` and `other` were compiled again though not edited; cargo's reason, at `dep`: the file `missing` is missing";
    assert_eq!(advice.message, expected);
    // An edit, and what depends on it.
    let edit = lines(&[all[3].text.as_str(), all[4].text.as_str(), &running]);
    assert_eq!(Log::read(&edit, "tiny").rebuilt, None);
}

#[test]
fn a_command_that_builds_with_the_release_profile_is_read() {
    let advice = |command: &str, took| {
        let dir = PathBuf::from("/");
        let (working_dir, watch_dir, library) = (dir.clone(), dir.clone(), dir);
        let command = command.to_owned();
        of_command(&CommandProject { command, working_dir, watch_dir, library }, took)
    };
    assert_eq!(advice("cargo build --release -p x", ms(300))[0].what, "release");
    assert_eq!(advice("cargo build --profile release", ms(300)).len(), 1);
    assert!(advice("cargo build --release", ms(299)).is_empty());
    assert!(advice("cargo build", ms(900)).is_empty());
    assert!(advice("make --release", ms(900)).is_empty());
}

/// An ELF file with these sections and nothing else.
fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut names = vec![0];
    let mut body = Vec::new();
    let mut headers = vec![[0_u64; 8]];
    let mut add = |name: &str, bytes: &[u8], body: &mut Vec<u8>| {
        let at = names.len() as u64;
        names.extend([name.as_bytes(), b"\0"].concat());
        headers.push([at, 0, 0, 64 + body.len() as u64, bytes.len() as u64, 0, 0, 0]);
        body.extend(bytes);
    };
    for (name, bytes) in sections {
        add(name, bytes, &mut body);
    }
    add(".shstrtab", &[], &mut body);
    let (n, last) = (headers.len(), headers.len() - 1);
    headers[last][4] = names.len() as u64;
    body.extend(&names);
    let mut file = b"\x7fELF\x02\x01".to_vec();
    file.resize(64, 0);
    file[40..48].copy_from_slice(&(64 + body.len() as u64).to_le_bytes());
    for (at, number) in [(58, 64), (60, n), (62, last)] {
        file[at..at + 2].copy_from_slice(&u16::try_from(number).unwrap().to_le_bytes());
    }
    file.extend(body);
    file.extend(headers.iter().flatten().flat_map(|word| word.to_le_bytes()));
    file
}

#[test]
fn a_linker_is_known_by_its_mark() {
    let made = |comment: &[u8]| linker::of(&elf(&[(".text", b"mold 1"), (".comment", comment)]));
    assert_eq!(made(b"rustc version 1.95\0Linker: LLD 22.1\0GCC: 12"), Some(Linker::Lld));
    assert_eq!(made(b"mold 2.30.0 (compatible with GNU ld)\0"), Some(Linker::Mold));
    assert_eq!(made(b"Linker: Wild version 0.5\0"), Some(Linker::Wild));
    assert_eq!(made(b"GCC: (GNU) 14\0"), Some(Linker::Gnu));
    assert_eq!(linker::of(&elf(&[(".note.gnu.gold-version", b"g")])), Some(Linker::Gold));
    assert_eq!(linker::of(b"MZ\0\0"), None);
}

#[test]
fn a_cut_file_is_no_panic() {
    let whole = elf(&[(".comment", b"Linker: LLD 22\0")]);
    for cut in 0..whole.len() {
        linker::of(&whole[..cut]);
    }
}
