//! `retake new`.

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

use crate::folder::{BRIEFLY, Folder, TARGET};

/// Makes a crate, runs its own test with exactly the versions that it came with, and plays it.
fn is_made_and_tested(template: &str) {
    let folder = Folder::new();
    let name = format!("my-{template}");
    let made = folder.retake(".", &["new", &name, "--template", template]).succeeded();
    made.says(&["Created", &name, &format!("cd {name}"), "cargo test"]);
    let lock = folder.read(&format!("{name}/Cargo.lock"));
    folder
        .run(&name, "cargo", &["test", "--locked", "--offline"])
        .succeeded()
        .says(&["test result: ok. 1 passed"]);
    folder.run(&name, "cargo", &["build", "--locked", "--offline"]).succeeded();
    let library = format!("{TARGET}/debug/{DLL_PREFIX}my_{template}{DLL_SUFFIX}");
    let played = folder.retake(&name, &[&["run", &library], &BRIEFLY[..]].concat()).succeeded();
    played.says(&[r#""event":"reloaded""#, &format!("org.example.{name}")]);
    // Nothing but what the crate needs, so that its first build leaves the file alone.
    assert_eq!(folder.read(&format!("{name}/Cargo.lock")), lock);
    let n_packages = lock.matches("[[package]]").count();
    assert!(n_packages <= 25, "{n_packages} packages");
}

#[test]
fn an_effect_builds_and_tests_offline() {
    is_made_and_tested("effect");
}

#[test]
fn a_synth_builds_and_tests_offline() {
    is_made_and_tested("synth");
}

#[test]
fn an_analyzer_builds_and_tests_offline() {
    is_made_and_tested("analyzer");
}

#[test]
fn a_c_plugin_builds_and_tests_offline() {
    let folder = Folder::new();
    let made = folder.retake(".", &["new", "in-c", "--template", "c"]).succeeded();
    made.says(&["retake run in-c.clap --build ./build.sh --watch src", "./test.sh"]);
    let tested = folder.run("in-c", "./test.sh", &[]).succeeded();
    tested.says(&["ok: and is a ramp of 15 ms", "ok: a cut state is refused"]);
    assert!(!tested.text.contains("warning"), "{}", tested.text);
}

#[test]
fn a_folder_that_is_not_empty_stays_as_it_is() {
    let folder = Folder::new();
    folder.write("taken/precious", "bytes");
    folder.write("file", "bytes");
    let before = folder.everything();
    folder.retake(".", &["new", "taken"]).failed(2, &["taken` is a folder that is not empty"]);
    folder.retake(".", &["new", "file"]).failed(2, &["file` is there already"]);
    assert!(folder.everything() == before, "something changed");
}

#[test]
fn an_empty_folder_is_filled_and_open_to_others_as_any_new_one() {
    let folder = Folder::new();
    fs::create_dir(folder.path("empty")).unwrap();
    fs::create_dir(folder.path("other")).unwrap();
    folder.retake(".", &["new", "empty", "--template", "c"]).succeeded();
    assert!(folder.path("empty/src/plugin.c").is_file());
    let mode = |file: &str| fs::metadata(folder.path(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("empty"), mode("other"));
    assert_eq!(mode("empty/build.sh") & 0o100, 0o100);
}

#[test]
fn a_failure_leaves_nothing_behind() {
    let folder = Folder::new();
    folder.write("not-the-sdk/Cargo.toml", "[package]\nname = \"other\"\n");
    let before = folder.everything();
    let failures: [(&[&str], &str); 3] = [
        (&["new", "my plugin"], "a letter first; try `my-plugin`"),
        (&["new", "x", "--template", "vst"], "[possible values: effect, synth, analyzer, c]"),
        (&["new", "x", "--sdk", "not-the-sdk"], "--sdk `not-the-sdk` is not Retake's SDK"),
    ];
    for (args, words) in failures {
        folder.retake(".", args).failed(2, &[words]);
        assert!(folder.everything() == before, "something changed");
    }
}

#[test]
fn a_failure_in_the_middle_of_writing_leaves_nothing_behind() {
    let folder = Folder::new();
    folder.write("sdk/Cargo.toml", "[package]\nname = \"retake-sdk\"\n");
    // A lock file that is there and cannot be read, whoever asks.
    symlink("/proc/self/mem", folder.path("sdk/Cargo.lock")).unwrap();
    let names = || {
        let mut names: Vec<_> = fs::read_dir(folder.path("."))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    folder.retake(".", &["new", "x", "--sdk", "sdk"]).failed(1, &["cannot write Cargo.lock"]);
    assert_eq!(names(), ["sdk"]);
}

#[test]
fn inside_a_workspace_the_crate_stands_alone() {
    let folder = Folder::new();
    folder.write("Cargo.toml", "[workspace]\nmembers = []\n");
    fs::create_dir(folder.path("plugins")).unwrap();
    folder.retake("plugins", &["new", "guest"]).succeeded();
    assert!(folder.read("plugins/guest/Cargo.toml").contains("\n[workspace]\n"));
    folder.run("plugins/guest", "cargo", &["metadata", "--locked", "--offline"]).succeeded();
}
