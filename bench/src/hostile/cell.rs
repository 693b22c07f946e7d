//! What came of one act in one host, in few words.

use drvhost::Machine;
use serde::Serialize;

use super::Kind;
use super::run::Run;
use crate::reach::{Act, Aim, Amount, Back};

/// What came of one act in one host.
#[derive(Debug, Clone, Serialize)]
pub struct Cell {
    /// Who opened the driver.
    pub host: Kind,
    /// The machine that the driver is for.
    pub machine: &'static str,
    /// Whether the driver got what it wanted.
    pub got: bool,
    /// What there was to be seen.
    pub seen: String,
    /// How long until the host had control back.
    pub seconds: Option<f64>,
    /// MiB that the host's processes used at most, as far as that was seen: every 20 ms.
    pub peak_mib: u64,
    /// How many threads they had at most, likewise.
    pub threads: usize,
}

impl Cell {
    /// Of a run.
    pub fn new(host: Kind, machine: Machine, act: &Act, run: &Run, got: bool) -> Self {
        let seen = seen(act, run, got);
        let Run { seconds, peak, threads, .. } = *run;
        Self {
            host,
            machine: if machine == Machine::X86_64 { "x86-64" } else { "i386" },
            got,
            seen,
            seconds,
            peak_mib: peak,
            threads,
        }
    }
}

fn seen(act: &Act, run: &Run, got: bool) -> String {
    let back = run.performed.back.as_ref();
    let how = match back {
        Some(Back::Answered(_)) => None,
        Some(Back::Faulted(text)) => Some(format!("the call ended: {}", short(text))),
        Some(Back::Late) => Some("the call was ended".to_owned()),
        Some(Back::Died(how)) => Some(format!("the driver's process ended: {how}")),
        None => None,
    };
    // Where the host does not go on, how a call ended says nothing.
    let how = run.ended.clone().or(how);
    match act.aim {
        Aim::Ended if got => how.unwrap_or_else(|| "the host does not go on".to_owned()),
        Aim::Ended => {
            let after =
                run.seconds.map_or_else(String::new, |seconds| format!("control back {}", time(seconds)));
            [Some(after), how, (!run.performed.again).then(|| "the driver answers no more".to_owned())]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join("; ")
        }
        Aim::Amount(amount) => {
            let answer = match back {
                Some(Back::Answered(answer)) => Some(amount_of(amount, *answer, run)),
                _ => None,
            };
            [answer, how].into_iter().flatten().collect::<Vec<_>>().join("; ")
        }
        _ if got => [act.done().to_owned()].into_iter().chain(how).collect::<Vec<_>>().join("; "),
        _ => how.unwrap_or_else(|| "refused".to_owned()),
    }
}

fn amount_of(amount: Amount, got: i64, run: &Run) -> String {
    match amount {
        Amount::Mebibytes => format!("got {got} MiB (peak {} MiB)", run.peak),
        Amount::Threads => format!("got {got}"),
    }
}

/// Rounded: what is shown must not differ from run to run without a reason.
fn time(seconds: f64) -> String {
    if seconds < 1.0 { "in less than 1 s".to_owned() } else { format!("after {seconds:.0} s") }
}

/// What a fault says, without where it was and who says so.
fn short(text: &str) -> &str {
    let text = text.rsplit("emulator trap: ").next().unwrap_or(text);
    let text = text.rsplit("Win32 stub: ").next().unwrap_or(text);
    [" at 0x", " at eip="].into_iter().fold(text, |text, place| text.split(place).next().unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_said_in_few_words() {
        let trap = "ud-emulator: oxideav-vfw emulator trap: privileged opcode \"far call\" at eip=0x69d0";
        assert_eq!(short(trap), "privileged opcode \"far call\"");
        assert_eq!(short("access violation: cannot write at 0x0"), "access violation: cannot write");
        assert_eq!(short("system call 2, which is not allowed"), "system call 2, which is not allowed");
    }

    #[test]
    fn times_are_rounded() {
        assert_eq!([time(0.3), time(4.96)], ["in less than 1 s", "after 5 s"]);
    }
}
