//! The survey under Wine: `wine/surveyor.c` runs the cases, from one to the one that ends the process.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::{Case, DRIVER, Survey, ended, raised};
use crate::conformance::Wine;
use crate::{Machine, driver};

/// How long a case may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);

impl Survey {
    /// Runs every case under Wine.
    ///
    /// # Panics
    /// When the driver does not load.
    #[must_use]
    pub fn under_wine(machine: Machine) -> Self {
        let wine = Wine::with_programs_for(machine);
        let mut survey = Self::default();
        while !survey.go_on(machine, &wine) {}
        survey
    }

    /// Runs those that have not run, up to one that ends the process; answers whether there are no more.
    fn go_on(&mut self, machine: Machine, wine: &Wine) -> bool {
        let mut command = wine.command("wine64");
        command.arg(driver(machine, "wine/surveyor").with_extension("exe"));
        command.arg(driver(machine, DRIVER)).arg(self.0.len().to_string());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("Wine starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let (mut running, mut begun) = (None, false);
        loop {
            let line = match lines.recv_timeout(PATIENCE) {
                Ok(line) => line,
                Err(error) => {
                    if error == RecvTimeoutError::Timeout {
                        // It may have ended by itself just now.
                        let _ = child.kill();
                    }
                    let code = child.wait().expect("it ends").code();
                    assert!(begun, "the survey driver does not load under Wine");
                    let Some(case) = running.take() else { return true };
                    let how = match code.and_then(|code| u32::try_from(code).ok()) {
                        Some(code) if error == RecvTimeoutError::Disconnected => ended("", code),
                        _ => "does not return".to_owned(),
                    };
                    self.0.push((case, how));
                    return false;
                }
            };
            begun = true;
            if let Some(name) = line.strip_prefix("> ") {
                running = Some(Case::read(name).unwrap_or_else(|| panic!("a case is called `{name}`")));
            } else if let Some(answers) = line.strip_prefix("= ") {
                self.0.extend(running.take().map(|case| (case, answers.trim().to_owned())));
            } else if let Some((code, answers)) =
                line.strip_prefix("! ").and_then(|line| line.split_once(' '))
            {
                let code = u32::from_str_radix(code, 16).expect("an exception has a code");
                self.0.extend(running.take().map(|case| (case, raised(answers.trim(), code))));
            }
        }
    }
}
