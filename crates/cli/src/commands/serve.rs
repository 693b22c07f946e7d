//! `drvhost serve`: the service on D-Bus.

use drvhost::{Policy, Sound, Trace};
use live::{Program, System};
use serde::Serialize;
use service::Settings;

use crate::args::{Global, Quirk, RequireSandbox};
use crate::commands;
use crate::commands::sound_system::is_jack;
use crate::failure::{Exit, Failure};
use crate::output;

pub fn run(
    global: &Global,
    system: bool,
    policy: Policy,
    sound: Sound,
    own: Option<&'static dyn System>,
) -> Result<Exit, Failure> {
    // Instruments, which only a user's service has, play through JACK. Without that all else can be done.
    let jack = own.filter(|&own| is_jack(own));
    if !system && jack.is_none() && Program::JACK.is_there() {
        return Err(Program::JACK.take_over().into());
    }
    if global.require_sandbox == RequireSandbox::Full {
        // At once, rather than each client at its first open.
        commands::session(global)?.host()?.check(global.require_sandbox.into())?;
    }
    let settings = Settings {
        system,
        registry: commands::known_anyway(global)?,
        store: commands::store(),
        deadline: commands::deadline(global),
        processor_time: commands::processor_time(global),
        trace: global.trace.as_deref().map_or_else(|| Ok(Trace::none()), Trace::to_file)?,
        hidden_instance: global.quirk.contains(&Quirk::HiddenInstance),
        threads: global.quirk.contains(&Quirk::Threads),
        require: global.require_sandbox.into(),
        memory: global.memory,
        policy,
        sound,
        dialogs: global.dialogs.into(),
        fixed_addresses: global.fixed_addresses,
        state: service::state_directory()?,
        instruments: jack,
    };
    let report = service::serve(settings)?;
    commands::session::print(global, &report)?;
    Ok(if report.report().all_answered() { Exit::Done } else { Exit::Driver })
}

/// What was installed, as JSON.
#[derive(Serialize)]
struct Installed {
    files: Vec<String>,
    commands: &'static [&'static str],
}

pub fn install_units(global: &Global, system: bool) -> Result<Exit, Failure> {
    let service::Installed { files, commands } = service::install(system)?;
    let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    if global.json {
        output::json(&Installed { files, commands })?;
    } else {
        let written = files.join("\n");
        output::text(&format!("{written}\nnow run:\n  {}", commands.join("\n  ")))?;
    }
    Ok(Exit::Done)
}
