//! Any other build system: the user's command line, run by the shell.

use std::process::Command;

use super::child::Output;
use super::{BuildOutcome, Built, Diagnostic, Level, advice};
use crate::project::CommandProject;

/// How much of a failed command's error text is kept: its end says why it failed.
const TAIL_LINES: usize = 50;

/// `sh -c COMMAND`.
pub(super) fn command(project: &CommandProject) -> Command {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut command = Command::new(shell);
    command.args([flag, &project.command]).current_dir(&project.working_dir);
    command
}

/// Reads what a command that ran to its end left behind.
pub(super) fn outcome(project: &CommandProject, output: &Output) -> BuildOutcome {
    // Compilers write to stderr, but some build tools collect it and print it to stdout.
    let mut diagnostics: Vec<_> = [&output.stderr, &output.stdout]
        .into_iter()
        .flat_map(|text| text.lines())
        .filter_map(Diagnostic::from_line)
        .collect();
    let exit = output.status.code();
    if !output.status.success() {
        if diagnostics.iter().all(|diagnostic| diagnostic.level != Level::Error) {
            let failed = format!("`{}` failed ({})", project.command, output.status);
            diagnostics.push(Diagnostic::from_text(&tail(&output.stderr), &failed));
        }
        return BuildOutcome::Failed { exit, diagnostics };
    }
    if !project.library.exists() {
        let (command, library) = (&project.command, project.library.display());
        diagnostics.push(Diagnostic::error(format!(
            "`{command}` succeeded, but `{library}` does not exist; PATH must be what it makes"
        )));
        return BuildOutcome::Failed { exit, diagnostics };
    }
    let built = Built::new(project.library.clone());
    let took = output.ended.duration_since(output.began).unwrap_or_default();
    let advice = advice::of_command(project, took);
    BuildOutcome::Built(Built { warnings: diagnostics, advice, ..built })
}

fn tail(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}
