//! The `retake` command.

use std::process::ExitCode;

use clap::Parser;
use retake::{
    app, audit, bundle,
    cli::{Cli, Command, Run},
    latency, listing, memory, new, render,
};

fn main() -> ExitCode {
    retake_host::give_back_large();
    let audit_lack = retake_host::audit::enable().err();
    let cli = Cli::parse();
    match cli.command {
        None => app::run(Run { audit_lack, ..cli.run }),
        Some(Command::Run(run)) => app::run(Run { audit_lack, ..*run }),
        Some(Command::Render(args)) => render::render(*args),
        Some(Command::Presets(args)) => memory::print_presets(&args),
        Some(Command::New(args)) => new::new(&args),
        Some(Command::Bundle(args)) => bundle::bundle(args),
        Some(Command::Audit(args)) => audit::audit(&args),
        Some(Command::Latency(args)) => latency::latency(&args),
        Some(Command::Devices { json }) => listing::print(json),
        #[cfg(target_os = "linux")]
        Some(Command::PluginHost { .. }) => retake_host::plugin_host_main(),
    }
}
