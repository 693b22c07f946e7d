//! `drvhost synth`: a driver as a live instrument.

use std::io::IsTerminal;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use drvhost::{Builder, Error, Report};
use live::{Ended, Happened, Live, Playing, Settings, Status, System};
use serde::Serialize;
use service::Change;

use crate::args::{Global, RequireSandbox, Synth, Through};
use crate::commands;
use crate::commands::run::{describe, watch_signals};
use crate::commands::sound_system;
use crate::failure::{Exit, Failure};
use crate::output;

/// How often is looked for signals.
const LOOK: Duration = Duration::from_millis(50);
/// How often is said how it goes, where something has changed.
const SAY: Duration = Duration::from_secs(1);

pub fn run(global: &Global, synth: &Synth, own: Option<&dyn System>) -> Result<Exit, Failure> {
    // Watched from before the open, so that the driver is never held without a way to end the session.
    let ended = watch_signals()?;
    let settings = Settings {
        builder: commands::builder(global)?.grant(&synth.grants())?,
        driver: commands::registry(global)?.resolve_argument(&synth.driver)?,
        device: synth.device,
        name: synth.name.clone(),
        latency: synth.latency,
        pcm: synth.pcm.clone(),
        connect: synth.connect,
        policy: synth.policy.into(),
    };
    let live = sound_system::start(settings, synth.system, own)?;
    let shutdown = follow_logind(&live);
    let mut teller = Teller::new(global);
    teller.happened(&Happened::Playing(live.playing().clone()));
    let within = play(&live, &ended, &shutdown, &mut teller);
    // What has happened last.
    while let Some(happened) = live.wait(Duration::ZERO) {
        teller.happened(&happened);
    }
    let Ended { report, status, gone, error } = live.end(within);
    if let Some(gone) = &gone {
        teller.aside(&format!("host: {gone}"));
    }
    teller.ended(&report, &status);
    if let Some(error) = error {
        return Err(error.into());
    }
    Ok(match (report.all_answered(), gone) {
        (false, _) => Exit::Driver,
        (true, Some(_)) => Exit::Host,
        (true, None) => Exit::Done,
    })
}

/// A unit that was written, as JSON.
#[derive(Serialize)]
struct Installed<'a> {
    files: [String; 1],
    commands: &'a [String],
}

pub fn install_unit(global: &Global, synth: &Synth) -> Result<Exit, Failure> {
    let driver = commands::registry(global)?.resolve_argument(&synth.driver)?;
    let name = synth.name.clone().unwrap_or_else(|| live::name_of(&driver));
    // A file is found from anywhere by its whole path.
    let named = if driver.alias.is_some() {
        synth.driver.clone()
    } else {
        let path = driver.path.canonicalize().unwrap_or_else(|_| driver.path.clone());
        let text = driver.text.as_ref().map_or_else(String::new, |text| format!(" {text}"));
        format!("{}{text}", path.display())
    };
    if named
        .split_once(' ')
        .is_some_and(|(file, _)| driver.alias.is_none() && !std::path::Path::new(file).is_file())
    {
        let source = std::io::Error::other("its path has a space in it; `drvhost install` gives it an alias");
        return Err(Error::File { file: driver.path, source }.into());
    }
    let latency = format!("{}ms", synth.latency.as_secs_f64() * 1000.0);
    let deadline = format!("{}ms", global.deadline.as_millis());
    let device = synth.device.to_string();
    let mut arguments =
        vec!["synth", "--driver", &named, "--device", &device, "--name", &name, "--latency", &latency];
    // At login, JACK's server may not be there yet, which must not lead elsewhere.
    match synth.system {
        Through::Alsa => arguments.extend(["--system", "alsa", "--pcm", &synth.pcm]),
        Through::Auto | Through::Jack => arguments.extend(["--system", "jack"]),
    }
    if synth.connect {
        arguments.push("--connect");
    }
    arguments.extend(["--deadline", &deadline]);
    let memory = format!("{}M", global.memory >> 20);
    if global.memory != Builder::MOST_MEMORY {
        arguments.extend(["--memory", &memory]);
    }
    if global.require_sandbox == RequireSandbox::Full {
        arguments.extend(["--require-sandbox", "full"]);
    }
    let processor_time = format!("{}ms", global.processor_time.as_millis());
    if !global.processor_time.is_zero() {
        arguments.extend(["--processor-time", &processor_time]);
    }
    let machine = global.machine.and_then(|machine| machine.to_possible_value());
    if let Some(machine) = &machine {
        arguments.extend(["--machine", machine.get_name()]);
    }
    let mut arguments: Vec<_> = arguments.into_iter().map(str::to_owned).collect();
    for folder in &synth.allow_read {
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        arguments.extend(["--allow-read".to_owned(), folder.display().to_string()]);
    }
    let failed = |source| Error::File { file: "the unit".into(), source };
    let live::unit::Installed { file, commands } = live::unit::install(&name, &arguments).map_err(failed)?;
    let file = file.display().to_string();
    if global.json {
        output::json(&Installed { files: [file], commands: &commands })?;
    } else {
        output::text(&format!("{file}\nnow run:\n  {}", commands.join("\n  ")))?;
    }
    Ok(Exit::Done)
}

/// Has logind wait for the driver, which is told when the computer sleeps and wakes up; answers what receives the time that there is when it shuts down.
fn follow_logind(live: &Live) -> Receiver<Duration> {
    let (shuts_down, shutdown) = mpsc::channel();
    let teller = live.teller();
    let followed = service::follow_logind(move |change| match change {
        Change::Power(change, within) => teller.power(change, within),
        Change::ShutDown(within) => {
            // Logind waits until this process has ended.
            while shuts_down.send(within).is_ok() {
                std::thread::sleep(within);
            }
        }
    });
    if let Err(error) = followed {
        tracing::warn!(%error, "nobody says when the computer sleeps or shuts down");
    }
    shutdown
}

/// Plays until a signal, until the computer shuts down, or until it ends by itself; answers how long the end may take, if that is bounded.
fn play(
    live: &Live,
    ended: &Receiver<()>,
    shutdown: &Receiver<Duration>,
    teller: &mut Teller,
) -> Option<Duration> {
    let mut said = Instant::now();
    while ended.try_recv().is_err() && !live.is_over() {
        if let Ok(within) = shutdown.try_recv() {
            return Some(within);
        }
        if let Some(happened) = live.wait(LOOK) {
            teller.happened(&happened);
        }
        if said.elapsed() >= SAY {
            said = Instant::now();
            teller.status(live.status());
        }
    }
    None
}

/// Tells people or programs how it goes.
struct Teller {
    json: bool,
    /// Whether one line is written over and over.
    terminal: bool,
    last: Option<Status>,
    /// Whether there is such a line now.
    line: bool,
}

/// A line of JSON.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'a> {
    Status(&'a Status),
    Ended { status: &'a Status, report: &'a Report },
}

impl Teller {
    fn new(global: &Global) -> Self {
        let terminal = !global.json && std::io::stderr().is_terminal();
        Self { json: global.json, terminal, last: None, line: false }
    }

    /// The instrument goes on, and the driver is told in the end, even if nobody reads this.
    fn say(&mut self, json: &impl Serialize, text: &str) {
        self.clear();
        let _closed = if self.json { output::json(json) } else { output::text(text) };
    }

    fn aside(&mut self, text: &str) {
        self.clear();
        output::aside(&format!("drvhost: {text}"));
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.line) {
            eprint!("\r\x1b[K");
        }
    }

    fn happened(&mut self, happened: &Happened) {
        match happened {
            Happened::Playing(playing) => self.say(happened, &introduce(playing)),
            _ if self.json => self.say(happened, ""),
            Happened::Failed { driver, error, again_in_ms } => self.aside(&format!(
                "driver: {error}; silence, and {driver} is opened again in {again_in_ms} ms"
            )),
            Happened::Refused { error } => {
                self.aside(&format!("driver: {error}; going on, and further refusals are only counted"));
            }
        }
    }

    fn status(&mut self, status: Status) {
        let changed = self.last.as_ref().is_none_or(|last| counts(last) != counts(&status));
        if self.json && changed {
            self.say(&Line::Status(&status), "");
        } else if self.terminal {
            self.line = true;
            eprint!("\r\x1b[K{}", describe_status(&status));
        } else if changed && self.last.as_ref().map_or(0, trouble) < trouble(&status) {
            self.aside(&describe_status(&status));
        }
        self.last = Some(status);
    }

    fn ended(&mut self, report: &Report, status: &Status) {
        let text = format!("{}\n{}", describe_status(status), describe(report));
        self.say(&Line::Ended { status, report }, &text);
    }
}

/// What is worth a line when it changes.
fn counts(status: &Status) -> (bool, [u64; 6]) {
    let Status { messages, underruns, overruns, unheard, refused, xruns, .. } = *status;
    (status.playing, [messages, underruns, overruns, unheard, refused, xruns])
}

/// How much went wrong.
fn trouble(status: &Status) -> u64 {
    status.underruns + status.overruns + status.xruns
}

fn introduce(playing: &Playing) -> String {
    let Playing { midi, sound, driver, device, rate, latency_ms, driver_rate, driver_latency_ms, .. } =
        playing;
    let (system, sound) = (playing.system.to_uppercase(), sound.join(" and "));
    let own = match (driver_rate, driver_latency_ms) {
        (Some(driver_rate), Some(own)) => format!("plays at {driver_rate} Hz, {own} ms ahead by itself"),
        _ => "has opened no sound device so far".to_owned(),
    };
    let priority = match playing.real_time {
        true => "",
        false => {
            "\nwithout real-time priority, because RLIMIT_RTPRIO does not allow it (`ulimit -r`): sound may be late when others compute"
        }
    };
    let held =
        playing.system_latency_ms.map_or_else(String::new, |held| format!(" and {held:.1} ms of its own"));
    format!(
        "ready: {midi} is `{device}` of {driver}, heard from {sound}\n\
         {system} plays at {rate} Hz, {latency_ms:.1} ms{held} behind the driver, which {own}{priority}"
    )
}

fn describe_status(status: &Status) -> String {
    let Status { playing, messages, underruns, missing_ms, overruns, unheard, refused, xruns, .. } = status;
    let state = if *playing { "playing" } else { "silent" };
    let mut text = format!("{state}: {messages} messages, {underruns} underruns");
    let mut add = |what: String| text.push_str(&what);
    if *underruns > 0 {
        add(format!(" ({missing_ms:.1} ms of sound)"));
    }
    add(format!(", {overruns} overruns, {xruns} xruns"));
    for (count, what) in [(refused, "refused by the driver"), (unheard, "not heard because it was not open")]
    {
        if *count > 0 {
            add(format!(", {count} {what}"));
        }
    }
    if let Some(reserve) = status.reserve_ms {
        add(format!(", {reserve:.1} ms in reserve"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_in_words() {
        let mut status = Status {
            playing: true,
            messages: 5,
            underruns: 0,
            missing_ms: 0.0,
            overruns: 0,
            unheard: 0,
            refused: 0,
            xruns: 0,
            reserve_ms: None,
        };
        assert_eq!(describe_status(&status), "playing: 5 messages, 0 underruns, 0 overruns, 0 xruns");
        (status.underruns, status.missing_ms, status.unheard, status.playing) = (2, 10.66, 3, false);
        status.reserve_ms = Some(12.34);
        assert_eq!(
            describe_status(&status),
            "silent: 5 messages, 2 underruns (10.7 ms of sound), 0 overruns, 0 xruns, \
             3 not heard because it was not open, 12.3 ms in reserve"
        );
    }
}
