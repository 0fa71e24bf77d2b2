//! One protocol, told three times: for people in `PROTOCOL.md`, in the server's code, in the page's
//! types. A name that stands in one of them and not in the others fails here.
//!
//! Reads the three as text: the names are what all of them share.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it stands")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

type Names = BTreeSet<String>;

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All Rust sources below a folder, without their tests.
fn sources(dir: &Path, into: &mut String) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            let source = fs::read_to_string(&path).unwrap();
            into.push_str(source.split("#[cfg(test)]\nmod tests {").next().unwrap());
        }
    }
}

fn server() -> String {
    let mut all = String::new();
    for dir in ["../dev-server/src", "../dev-server/host/src"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir), &mut all);
    }
    all
}

/// What stands between two marks, the first of them found.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("nothing has {from:?}"));
    rest.split_once(to).map_or(rest, |(inside, _)| inside)
}

/// Everything between backticks.
fn ticked(text: &str) -> Names {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The first column of the first table of a section.
fn column(section: &str) -> Names {
    let rows = section.lines().skip_while(|line| !line.starts_with("|---"));
    let rows = rows.skip(1).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| ticked(row.split('|').nth(1).unwrap())).collect()
}

/// The members of an object as it is written in Rust's `json!`, in a type of the page or in prose: what
/// follows its first brace or a comma within it, and nothing that is deeper.
fn members(text: &str) -> Names {
    let (mut names, mut depth, mut is_key, mut name) = (Names::new(), 0, false, String::new());
    for c in text.chars() {
        let is_word = c.is_alphanumeric() || c == '_';
        if depth == 1 && is_key && is_word {
            name.push(c);
        } else if !name.is_empty() && c != '"' {
            names.insert(std::mem::take(&mut name));
            is_key = false;
        }
        match c {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth -= 1,
            _ => {}
        }
        if depth == 1 && (c == '{' || c == ',') {
            is_key = true;
        }
        if depth == 0 && !names.is_empty() {
            break;
        }
    }
    names
}

/// `PROTOCOL.md`'s fenced object without what is explained beside it.
fn fenced(section: &str) -> String {
    let block = between(section, "```\n", "```");
    let mut object = String::new();
    let mut open = 0_i32;
    for line in block.lines() {
        let indent = line.len() - line.trim_start().len();
        // Deep below a member stands the rest of its explanation, unless the object goes on there.
        if indent > 4 && open <= 1 {
            continue;
        }
        let code = line.trim_start().split("  ").next().unwrap();
        for c in code.chars() {
            open += i32::from(c == '{') - i32::from(c == '}');
        }
        object.push_str(code);
        object.push('\n');
    }
    object
}

/// A struct's fields.
fn fields(rust: &str, name: &str) -> Names {
    let body = between(rust, &format!("struct {name} {{"), "\n}");
    let lines = body.lines().map(|line| line.trim().trim_start_matches("pub "));
    let fields = lines.filter(|line| !line.starts_with("//") && !line.starts_with('#'));
    fields.filter_map(|line| line.split_once(':')).map(|(name, _)| name.to_owned()).collect()
}

/// The members of a type of the page, in either way of writing it.
fn jsdoc(types: &str, name: &str) -> Names {
    if let Some((_, rest)) = types.split_once(&format!("@typedef {{object}} {name}")) {
        let body = rest.split("*/").next().unwrap();
        return body.split("@property ").skip(1).map(property).collect();
    }
    let line = types
        .lines()
        .find(|line| {
            let name = format!("}} {name}");
            let found = line.find(&name).map(|at| &line[at + name.len()..]);
            line.contains("@typedef") && found.is_some_and(|rest| rest.starts_with([' ', '\n']))
        })
        .unwrap_or_else(|| panic!("no type {name}"));
    if let Some((_, words)) = line.split_once("Record<") {
        return words
            .split('>')
            .next()
            .unwrap()
            .split('"')
            .skip(1)
            .step_by(2)
            .map(Into::into)
            .collect();
    }
    members(&between(line, "@typedef {", "\n").replace('?', ""))
}

/// The name after a property's type.
fn property(text: &str) -> String {
    let mut depth = 0;
    let end = text.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth == 0
    });
    let name = text[end.unwrap() + 1..].trim_start().trim_start_matches('[');
    name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// All that follows a mark up to the next quote.
fn quoted_after(text: &str, mark: &str) -> Names {
    text.split(mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

fn without(mut names: Names, left_out: &[&str]) -> Names {
    names.retain(|name| !left_out.contains(&name.as_str()));
    names
}

#[track_caller]
fn assert_same(what: &str, told: &Names, others: &[(&str, Names)]) {
    assert!(!told.is_empty(), "{what}: PROTOCOL.md says nothing");
    for (other, names) in others {
        let missing: Vec<_> = told.difference(names).collect();
        let untold: Vec<_> = names.difference(told).collect();
        assert!(
            missing.is_empty() && untold.is_empty(),
            "{what}: {other} lacks {missing:?}, PROTOCOL.md lacks {untold:?}"
        );
    }
}

#[test]
fn the_methods_are_those_that_the_server_reads() {
    let (protocol, rust) = (text("PROTOCOL.md"), server());
    let told = column(between(&protocol, "## Requests\n", "\n## "));
    let arms = between(&rust, "match envelope.method.as_str() {", "unknown =>");
    let read: Names = arms
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" =>"))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_same("methods", &told, &[("the server", read)]);
    let mut page = text("static/app.js");
    page.push_str(&text("static/components/presets.js"));
    let asked =
        ["request(\"", "ask(\"", "step(\"", "wish(\""].map(|mark| quoted_after(&page, mark));
    let unknown: Vec<_> = asked.iter().flatten().filter(|name| !told.contains(*name)).collect();
    assert!(unknown.is_empty() && asked.iter().all(|names| !names.is_empty()), "{unknown:?}");
}

#[test]
fn the_notifications_are_those_that_the_server_sends_and_the_page_hears() {
    let (protocol, rust, page) = (text("PROTOCOL.md"), server(), text("static/app.js"));
    let told = column(between(&protocol, "## Notifications\n", "\n## "));
    let heard = members(between(&page, "const notifications = ", "};"));
    assert_same(
        "notifications",
        &told,
        &[("the server", quoted_after(&rust, ".notify(\"")), ("the page", heard)],
    );
}

#[test]
fn the_events_are_those_that_the_server_tells() {
    let (protocol, rust, model) = (text("PROTOCOL.md"), server(), text("static/lib/model.js"));
    let row = between(&protocol, "| `event` | ", "exactly as");
    let told = without(ticked(row), &["event", "t", "frame", ", its ", ", "]);
    let mut sent = quoted_after(&rust, ".event(\"");
    sent.extend(quoted_after(&rust, ".tell(\""));
    assert_same("events", &told, &[("the server", sent)]);
    let folded = members(between(&model, "const EVENTS = ", "\n};"));
    let unknown: Vec<_> = folded.difference(&told).collect();
    assert!(unknown.is_empty() && !folded.is_empty(), "the page waits for {unknown:?}");
}

#[test]
fn the_sections_have_the_same_numbers_and_names() {
    let (protocol, rust, page) = (text("PROTOCOL.md"), server(), text("static/lib/sections.js"));
    let (types, table) = (&page, between(&protocol, "| kind | payload |\n|---|---|\n", "\n\n"));
    let told: Names =
        table.lines().map(|row| row.split('|').nth(1).unwrap().trim().to_owned()).collect();
    let kinds = between(&rust, "enum Kind {", "}").to_lowercase();
    let written =
        kinds.lines().filter_map(|line| line.trim().trim_end_matches(',').split_once(" = "));
    let written = written.map(|(name, n)| format!("{n} {name}")).collect();
    let read = between(&page, "const KINDS = {", "\n};")
        .lines()
        .filter_map(|line| {
            let (n, rest) = line.trim().split_once(": (into")?;
            Some(format!("{n} {}", between(rest, "into.", " =")))
        })
        .collect();
    assert_same("sections", &told, &[("the server", written), ("the page", read)]);
    let names = told.iter().map(|kind| kind.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_same("sections", &names, &[("the page's type", jsdoc(types, "Sections"))]);
}

#[test]
fn a_status_has_the_same_members_everywhere() {
    let (protocol, rust, types) = (text("PROTOCOL.md"), server(), text("static/lib/types.js"));
    let block = fenced(between(&protocol, "### `status`\n", "\n### "));
    let written = |function: &str| {
        members(between(between(&rust, function, "\n    }\n"), "json!(", "\n        })"))
    };
    let status = between(&rust, "fn status(&self) -> Value {", "\n    }\n");
    assert_same(
        "status",
        &members(&block),
        &[
            ("the server", written("fn status(&self) -> Value {")),
            ("the page", jsdoc(&types, "Status")),
        ],
    );
    let inner =
        |name: &str| members(&between(&block, &format!("\n{name}: "), "\n\n").replace('…', ","));
    let load = members(between(status, "\"load\": ", "\n"));
    assert_same(
        "load",
        &inner("load"),
        &[("the server", load), ("the page", jsdoc(&types, "Load"))],
    );
    assert_same(
        "counters",
        &inner("counters"),
        &[
            ("the server", written("pub fn counters(&self) -> Value {")),
            ("the page", jsdoc(&types, "Counters")),
        ],
    );
    assert_same(
        "plugin_faults",
        &inner("plugin_faults"),
        &[
            ("the server", fields(&rust, "FaultCounts")),
            ("the page", jsdoc(&types, "PluginFaults")),
        ],
    );
}

#[test]
fn a_parameter_has_the_same_members_everywhere() {
    let (protocol, rust, types) = (text("PROTOCOL.md"), server(), text("static/lib/types.js"));
    let told = members(between(&protocol, "### `params`\n\nA list of `", "`"));
    assert_same(
        "params",
        &told,
        &[("the server", fields(&rust, "ParamInfo")), ("the page", jsdoc(&types, "ParamInfo"))],
    );
}

#[test]
fn the_views_have_the_same_members_everywhere() {
    let (protocol, rust) = (text("PROTOCOL.md"), server());
    let page = text("static/lib/subscriptions.js");
    let block = fenced(between(&protocol, "### `subscribe`\n", "\n### "));
    assert_same(
        "views",
        &members(&block),
        &[("the server", fields(&rust, "Views")), ("the page", jsdoc(&page, "Part"))],
    );
    for (view, server) in [("stereo", "Stereo"), ("spectrum", "Spectrum"), ("scope", "Scope")] {
        let told = members(between(&block, &format!("{view}: "), "\n"));
        let views = &rust[rust.find("struct Views {").unwrap()..];
        let mut others = vec![("the server", fields(views, server))];
        if view == "scope" {
            others.push(("the page", jsdoc(&page, "ScopePart")));
        }
        assert_same(view, &told, &others);
    }
}

#[test]
fn what_the_pages_are_told_has_the_same_members_everywhere() {
    let (protocol, rust, types) = (text("PROTOCOL.md"), server(), text("static/lib/types.js"));
    let told = |method: &str| {
        let notifications = between(&protocol, "\n## Notifications\n", "\n## ");
        let object = between(notifications, &format!("\n| `{method}` | `"), "`");
        members(&object.replace(": \"plugin\"", ""))
    };
    let sent = |variable: &str| {
        let object = between(&rust, &format!("let {variable} = json!("), ");");
        members(object)
    };
    let heard = |name: &str| jsdoc(&types, name);
    assert_same(
        "param",
        &told("param"),
        &[("the server", sent("param")), ("the page", heard("ParamEcho"))],
    );
    assert_same(
        "state",
        &told("state"),
        &[("the server", sent("state")), ("the page", heard("StateNote"))],
    );
    assert_same("note", &told("note"), &[("the server", sent("note"))]);
    let note = without(told("note"), &["frame", "from"]);
    assert_same("note", &note, &[("the page", heard("Note"))]);
    // The page adds the time when it makes a line of an event.
    assert_same("log", &told("log"), &[("the page", without(heard("LogNote"), &["t"]))]);
}

/// The object that is built around this line.
fn json_with<'a>(rust: &'a str, line: &str) -> &'a str {
    let at = rust.find(line).unwrap_or_else(|| panic!("nothing has {line:?}"));
    &rust[rust[..at].rfind("json!(").unwrap() + "json!(".len()..]
}

#[test]
fn reports_have_the_same_members_everywhere() {
    let (protocol, rust, types) = (text("PROTOCOL.md"), server(), text("static/lib/types.js"));
    let told = |before: &str| members(between(&protocol, before, "`"));
    let sent = |line: &str| members(json_with(&rust, line));
    let heard = |name: &str| without(jsdoc(&types, name), &["t"]);
    // A session adds how often it happens.
    let mut audited = sent("\"stack\": finding.stack");
    assert!(rust.contains("shown[\"per_second\"] = "));
    audited.insert("per_second".to_owned());
    for (what, before, server, page) in [
        ("source", "\n`source ", sent("\"missed_frames\": "), "Source"),
        ("input", "\nAn input is `", sent("\"reseeds\": drift"), "LiveInput"),
        ("bus", "\n`bus ", sent("\"solo\": "), "Bus"),
        ("take", "\n`take ", sent("\"max_seconds\": "), "Take"),
        ("looping", "`looping`: `null`, or `", sent("\"source\": looping.source"), "Looping"),
        ("waveform", "\n`waveform` gives `", sent("\"resolution\": "), "WaveformReply"),
        ("fault", "\n`fault ", sent("\"kind\": fault.kind"), "Fault"),
        ("reload_failed", "\n`reload_failed ", sent("\"reason\": refusal.reason"), "ReloadFailed"),
        ("findings", "`findings` is a list of `", fields(&rust, "VetFinding"), "Finding"),
        ("stack", "`stack` is a list of `", fields(&rust, "StackFrame"), "StackFrame"),
        ("audit", "all places so far, each `", audited, "AuditFinding"),
        ("advice", "`reloaded.advice` = `[", fields(&rust, "Advice"), "Advice"),
        ("guard", "\n`guard ", sent("\"message\": message, \"n\": n"), "GuardNote"),
        ("isolation", "\n  isolation: ", sent("\"mode\": \"in-process\""), "Isolation"),
    ] {
        assert_same(what, &told(before), &[("the server", server), ("the page", heard(page))]);
    }
}
