//! `retake bundle`.

use std::fs;

use crate::folder::Folder;

#[test]
fn a_bundle_is_made_by_the_users_profile_and_survives_a_broken_build() {
    let folder = Folder::new();
    folder.retake(".", &["new", "boxed"]).succeeded();
    let first = folder.retake("boxed", &["bundle", "--out", "../out"]).succeeded();
    first.says(&["Plugin Boxed 0.1.0 (org.example.boxed)", "Bundled", "/out/boxed.clap (", "KiB"]);
    let names: Vec<_> =
        fs::read_dir(folder.path("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["boxed.clap"]);
    // The release profile of the template strips symbols; ours keeps them.
    let bundled = || fs::read(folder.path("out/boxed.clap")).unwrap();
    let library = bundled();
    let holds = |needle: &[u8]| library.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"clap_entry") && !holds(b".symtab"));

    let source = folder.read("boxed/src/lib.rs");
    folder.write("boxed/src/lib.rs", "fn broken(");
    let broken = ["error: ", "`boxed` does not build; no bundle was touched"];
    folder.retake(".", &["bundle", "boxed", "--out", "out"]).failed(1, &broken);
    assert!(bundled() == library, "it changed");

    // It builds, but a host could not load it: the old one stays as well.
    folder.write("boxed/src/lib.rs", &source.replace("export_plugin!(Tremolo);", ""));
    folder.retake(".", &["bundle", "boxed", "--out", "out"]).failed(1, &["no `clap_entry`"]);
    assert!(bundled() == library, "it changed");
    assert_eq!(fs::read_dir(folder.path("out")).unwrap().count(), 1);
}

#[test]
fn what_is_no_crate_is_refused() {
    let folder = Folder::new();
    folder.write("made.clap", "");
    folder.retake(".", &["bundle", "made.clap"]).failed(2, &["is built already"]);
    folder.retake(".", &["bundle"]).failed(2, &["no Cargo.toml in"]);
    folder.retake(".", &["bundle", "missing"]).failed(2, &["missing` does not exist"]);
}
