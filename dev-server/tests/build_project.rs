//! What a command line means, and what each wrong one is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of `#[test]`")]

#[path = "build_support/tiny.rs"]
mod tiny;

use std::fs;
use std::path::PathBuf;

use retake::project::{Project, ProjectError};
use tiny::{MANIFEST, Tiny, code};

/// A virtual workspace with members of these names; those in `plain` have no cdylib.
fn workspace(plugins: &[&str], plain: &[&str]) -> Tiny {
    let tiny = Tiny::empty();
    tiny.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n");
    for name in plugins {
        tiny.write(&format!("crates/{name}/Cargo.toml"), &MANIFEST.replace("tiny", name));
        tiny.write(&format!("crates/{name}/src/lib.rs"), &code(1));
    }
    for name in plain {
        let manifest = MANIFEST.replace("tiny", name).replace("cdylib", "lib");
        tiny.write(&format!("crates/{name}/Cargo.toml"), &manifest);
        tiny.write(&format!("crates/{name}/src/lib.rs"), "");
    }
    tiny
}

fn refused(tiny: &Tiny) -> ProjectError {
    let error = tiny.find().unwrap_err();
    assert!(error.is_usage(), "{error}");
    error
}

#[test]
fn a_crate_is_found_with_its_path_dependencies() {
    let tiny = Tiny::new();
    tiny.write("../near/Cargo.toml", &MANIFEST.replace("tiny", "near").replace("cdylib", "lib"));
    tiny.write("../near/src/lib.rs", "");
    let far = "\n[dependencies]\nfar = { path = \"../far\" }\n";
    tiny.write(
        "../near/Cargo.toml",
        &(fs::read_to_string(tiny.path("../near/Cargo.toml")).unwrap() + far),
    );
    tiny.write("../far/Cargo.toml", &MANIFEST.replace("tiny", "far").replace("cdylib", "lib"));
    tiny.write("../far/src/lib.rs", "");
    tiny.write(
        "Cargo.toml",
        &(MANIFEST.to_owned() + "\n[dependencies]\nnear = { path = \"../near\" }\n"),
    );
    let package = tiny.package();
    assert_eq!((package.name.as_str(), package.target.as_str()), ("tiny", "tiny"));
    let root = tiny.root.path().canonicalize().unwrap();
    assert_eq!(package.roots, ["a crate", "far", "near"].map(|dir| root.join(dir)));
    assert!(!tiny.path("Cargo.lock").exists(), "asking writes nothing");
}

#[test]
fn a_virtual_workspace_gives_its_only_cdylib() {
    let tiny = workspace(&["gain"], &["dsp"]);
    assert_eq!(tiny.package().name, "gain");
    let mut request = tiny.request();
    request.path = None;
    request.working_dir = tiny.path("crates/gain/src");
    let Project::Cargo(package) = Project::find(&request).unwrap() else { panic!() };
    assert_eq!(package.name, "gain", "found upwards, as cargo does");
}

#[test]
fn several_cdylibs_need_a_choice() {
    let tiny = workspace(&["echo", "gain"], &["dsp"]);
    assert!(refused(&tiny).to_string().contains("-p: echo, gain"));
    let mut request = tiny.request();
    request.package = Some("gain".into());
    let Project::Cargo(package) = Project::find(&request).unwrap() else { panic!() };
    assert_eq!(package.name, "gain");

    request.package = Some("gian".into());
    let error = Project::find(&request).unwrap_err();
    assert!(error.to_string().contains("did you mean `gain`?"), "{error}");
    assert!(error.to_string().contains("echo, gain"), "{error}");

    request.package = Some("dsp".into());
    assert!(matches!(Project::find(&request), Err(ProjectError::NoCdylib { .. })));
}

#[test]
fn a_crate_without_a_cdylib_is_told_the_two_lines() {
    let tiny = Tiny::new();
    tiny.write("Cargo.toml", &MANIFEST.replace("cdylib", "lib"));
    let error = refused(&tiny).to_string();
    assert!(error.contains("[lib]\ncrate-type = [\"cdylib\"]\n"), "{error}");
    assert!(error.contains("package `tiny`"), "{error}");
}

#[test]
fn what_is_no_crate_is_named() {
    let tiny = Tiny::empty();
    assert!(matches!(refused(&tiny), ProjectError::NotACrate { .. }));
    tiny.write("file.txt", "");
    let with = |path: &str| {
        let mut request = tiny.request();
        request.path = Some(path.into());
        Project::find(&request)
    };
    assert!(matches!(with("a crate/file.txt"), Err(ProjectError::NotALibrary { .. })));
    let missing = with("no such").unwrap_err().to_string();
    assert!(missing.contains("no such` does not exist"), "{missing}");
    tiny.write("ready.so", "");
    assert!(matches!(with("a crate/ready.so"), Ok(Project::Library(_))));
}

#[test]
fn the_working_directory_comes_before_the_example() {
    let tiny = Tiny::empty();
    let mut request = tiny.request();
    request.path = None;
    request.working_dir = tiny.dir();
    tiny.write("example-plugin/Cargo.toml", &MANIFEST.replace("tiny", "example"));
    tiny.write("example-plugin/src/lib.rs", "");
    let Project::Cargo(package) = Project::find(&request).unwrap() else { panic!() };
    assert_eq!(package.name, "example");
    // A workspace is no crate, unless one of its packages is asked for.
    tiny.write("Cargo.toml", "[workspace]\nmembers = [\"example-plugin\", \"other\"]\n");
    tiny.write("other/Cargo.toml", &MANIFEST.replace("tiny", "other"));
    tiny.write("other/src/lib.rs", "");
    let Project::Cargo(package) = Project::find(&request).unwrap() else { panic!() };
    assert_eq!(package.name, "example");
    request.package = Some("other".into());
    let Project::Cargo(package) = Project::find(&request).unwrap() else { panic!() };
    assert_eq!(package.name, "other");
    request.package = None;
    fs::remove_dir_all(tiny.path("other")).unwrap();
    tiny.write("Cargo.toml", MANIFEST);
    tiny.write("src/lib.rs", "");
    let Project::Cargo(package) = Project::find(&request).unwrap() else { panic!() };
    assert_eq!(package.name, "tiny");
}

#[test]
fn a_broken_manifest_is_no_usage_error() {
    let tiny = Tiny::empty();
    tiny.write("Cargo.toml", "[package\n");
    let error = tiny.find().unwrap_err();
    assert!(!error.is_usage());
    assert!(error.to_string().contains("Cargo.toml"), "{error}");
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let tiny = Tiny::new();
    let mut request = tiny.request();
    request.watch = Some(PathBuf::from("."));
    assert!(matches!(Project::find(&request), Err(ProjectError::WatchWithoutBuild)));
    request.build = Some("make".into());
    assert!(matches!(Project::find(&request), Err(ProjectError::NotALibrary { .. })));
    request.path = Some(PathBuf::from("not/yet.so"));
    assert!(matches!(Project::find(&request), Ok(Project::Command(_))));
    request.watch = Some(PathBuf::from("nowhere"));
    assert!(matches!(Project::find(&request), Err(ProjectError::WatchDirMissing { .. })));
    request.path = None;
    assert!(matches!(Project::find(&request), Err(ProjectError::BuildWithoutPath)));
}
