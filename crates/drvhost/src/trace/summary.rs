//! What a trace says, in short.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Outcome, ShimRecord};
use crate::error::Error;

/// What happened in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The file names of the drivers that were called.
    pub drivers: BTreeSet<String>,
    /// The messages that they got, those that took the longest first.
    pub messages: Vec<MessageUse>,
    /// The functions that they called, those that took the longest first.
    pub shims: Vec<ShimUse>,
    /// The functions that they called and that are not supplied, the most called first.
    pub unresolved: Vec<Missing>,
    /// The calls that failed, the most frequent first.
    pub refusals: Vec<Refusal>,
    /// What drivers wanted of files and registry and may not do, the most frequent first.
    pub refused: Vec<Refused>,
}

/// How a message was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MessageUse {
    /// The message, by name where it has one.
    pub message: String,
    /// How often it was sent.
    pub count: u64,
    /// How long all of them took, in microseconds.
    pub total_us: u64,
    /// How long one of them took: half of them took less.
    pub median_us: u64,
    /// How many were answered.
    pub answered: u64,
    /// How many were not answered in time.
    pub late: u64,
    /// How many ended with a fault.
    pub faulted: u64,
    /// How many ended with their worker.
    pub died: u64,
}

/// How a function was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShimUse {
    /// `library!function`.
    pub name: String,
    /// How often.
    pub calls: u64,
    /// How long all of that took, in nanoseconds, what was called from inside it included.
    pub total_ns: u64,
    /// How many of the calls failed.
    pub failures: u64,
}

/// A function that was called and is not supplied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// `library!function`.
    pub name: String,
    /// How often.
    pub calls: u64,
    /// The file names of the drivers in whose workers it was called: of these it was one, or a library beside one.
    pub drivers: BTreeSet<String>,
}

/// How a function failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// `library!function`.
    pub name: String,
    /// The last error that it set, or the status that it answered.
    pub error: u32,
    /// How often.
    pub calls: u64,
}

/// Something that a driver may not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// What it wanted, such as `write a file`.
    pub what: String,
    /// The file, as the driver names it, or the key.
    pub path: String,
    /// How often.
    pub count: u64,
}

/// A line of a trace: what of it counts here.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line {
    Call {
        worker: u32,
        driver: String,
        message: Option<String>,
        number: u32,
        elapsed_us: u64,
        outcome: Outcome,
    },
    Device {
        worker: u32,
        driver: String,
        entry: String,
        message: Option<String>,
        number: u32,
        elapsed_us: u64,
        outcome: Outcome,
    },
    Shims {
        worker: u32,
        driver: String,
        shims: Vec<ShimRecord>,
    },
    Refused {
        what: String,
        path: String,
    },
    /// What later versions may write down.
    #[serde(other)]
    Other,
}

/// How a function was called, of all lines together.
#[derive(Debug, Default)]
struct Sum {
    supplied: bool,
    calls: u64,
    ns: u64,
    failures: BTreeMap<u32, u64>,
    /// In which workers it was called.
    workers: BTreeSet<u32>,
}

/// How a message was answered, and how long each time took.
#[derive(Debug, Default)]
struct Answers {
    message: MessageUse,
    times: Vec<u64>,
}

impl Answers {
    fn count(&mut self, elapsed_us: u64, outcome: Outcome) {
        let message = &mut self.message;
        message.count += 1;
        message.total_us = message.total_us.saturating_add(elapsed_us);
        *match outcome {
            Outcome::Answered => &mut message.answered,
            Outcome::Late => &mut message.late,
            Outcome::Faulted => &mut message.faulted,
            Outcome::Died => &mut message.died,
        } += 1;
        self.times.push(elapsed_us);
    }

    fn named(mut self, name: String) -> MessageUse {
        self.times.sort_unstable();
        let median_us = self.times.get(self.times.len() / 2).copied().unwrap_or(0);
        MessageUse { message: name, median_us, ..self.message }
    }
}

impl Summary {
    /// Reads a trace.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, or is no trace.
    pub fn of(trace: &Path) -> Result<Self, Error> {
        let failed = |source| Error::File { file: trace.to_owned(), source };
        Self::read(BufReader::new(File::open(trace).map_err(failed)?)).map_err(failed)
    }

    fn read(trace: impl BufRead) -> io::Result<Self> {
        // Which drivers each worker has; a line about functions names the first of them.
        let mut workers: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
        let mut drivers = BTreeSet::new();
        let mut messages: BTreeMap<String, Answers> = BTreeMap::new();
        let mut shims: BTreeMap<String, Sum> = BTreeMap::new();
        let mut refused: BTreeMap<(String, String), u64> = BTreeMap::new();
        for (number, line) in (1..).zip(trace.lines()) {
            let no_trace = |why: &dyn std::fmt::Display| {
                io::Error::new(io::ErrorKind::InvalidData, format!("line {number} is not of a trace: {why}"))
            };
            // What is no text is no trace either.
            let line = line.map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData => no_trace(&error),
                _ => error,
            })?;
            match serde_json::from_str(&line).map_err(|error| no_trace(&error))? {
                Line::Call { worker, driver, message, number, elapsed_us, outcome } => {
                    workers.entry(worker).or_default().insert(driver.clone());
                    drivers.insert(driver);
                    let name = message.unwrap_or_else(|| format!("{number:#x}"));
                    messages.entry(name).or_default().count(elapsed_us, outcome);
                }
                Line::Device { worker, driver, entry, message, number, elapsed_us, outcome } => {
                    workers.entry(worker).or_default().insert(driver.clone());
                    drivers.insert(driver);
                    let name = message.unwrap_or_else(|| format!("{entry} {number:#x}"));
                    messages.entry(name).or_default().count(elapsed_us, outcome);
                }
                Line::Shims { worker, driver, shims: called } => {
                    workers.entry(worker).or_default().insert(driver);
                    called.into_iter().for_each(|shim| add(&mut shims, worker, shim));
                }
                Line::Refused { what, path } => *refused.entry((what, path)).or_default() += 1,
                Line::Other => {}
            }
        }
        let mut summary = Self { drivers, ..Self::default() };
        summary.messages = messages.into_iter().map(|(name, answers)| answers.named(name)).collect();
        summary.messages.sort_by_key(|message| std::cmp::Reverse(message.total_us));
        summary.tell(shims, &workers);
        let refused = refused.into_iter().map(|((what, path), count)| Refused { what, path, count });
        summary.refused = refused.collect();
        summary.refused.sort_by_key(|refused| std::cmp::Reverse(refused.count));
        Ok(summary)
    }

    /// Whether a driver with this file name was called in the run, or at least loaded as far as to call what is not supplied.
    #[must_use]
    pub fn is_of(&self, driver: &str) -> bool {
        self.drivers.contains(driver)
            || self.unresolved.iter().any(|missing| missing.drivers.contains(driver))
    }

    fn tell(&mut self, shims: BTreeMap<String, Sum>, workers: &BTreeMap<u32, BTreeSet<String>>) {
        for (name, Sum { supplied, calls, ns, failures, workers: callers }) in shims {
            if !supplied {
                let drivers = callers.iter().filter_map(|worker| workers.get(worker)).flatten().cloned();
                self.unresolved.push(Missing { name, calls, drivers: drivers.collect() });
                continue;
            }
            let refusal = |(&error, &calls): (&u32, &u64)| Refusal { name: name.clone(), error, calls };
            self.refusals.extend(failures.iter().map(refusal));
            let failures = failures.values().fold(0, |sum: u64, calls| sum.saturating_add(*calls));
            self.shims.push(ShimUse { name, calls, total_ns: ns, failures });
        }
        self.shims.sort_by_key(|shim| std::cmp::Reverse(shim.total_ns));
        self.unresolved.sort_by_key(|called| std::cmp::Reverse(called.calls));
        self.refusals.sort_by_key(|refusal| std::cmp::Reverse(refusal.calls));
    }
}

fn add(shims: &mut BTreeMap<String, Sum>, worker: u32, shim: ShimRecord) {
    let sum = shims.entry(shim.name).or_default();
    sum.workers.insert(worker);
    sum.supplied = shim.supplied;
    sum.calls = sum.calls.saturating_add(shim.calls);
    sum.ns = sum.ns.saturating_add(shim.elapsed_ns);
    for failures in shim.failures {
        let calls = sum.failures.entry(failures.error).or_default();
        *calls = calls.saturating_add(failures.calls);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(message: &str, us: u64, outcome: &str) -> String {
        format!(
            r#"{{"kind":"call","seq":1,"worker":1,"driver":"a.dll","message":{message},"number":28672,"elapsed_us":{us},"outcome":"{outcome}"}}"#
        )
    }

    fn shims(shims: &str) -> String {
        format!(r#"{{"kind":"shims","t_us":5,"worker":1,"driver":"a.dll","shims":[{shims}]}}"#)
    }

    fn shim(name: &str, supplied: bool, calls: u64, failures: &str) -> String {
        let ns = calls * 100;
        format!(
            r#"{{"name":"{name}","supplied":{supplied},"calls":{calls},"elapsed_ns":{ns},"failures":[{failures}]}}"#
        )
    }

    #[test]
    fn what_took_the_longest_comes_first() {
        let failure = r#"{"error":2,"calls":1}"#;
        let lines = [
            call(r#""DRV_OPEN""#, 10, "answered"),
            shims(&[shim("a!seldom", true, 2, failure), shim("b!often", true, 50, "")].join(",")),
            shims(&[shim("a!seldom", true, 1, failure), shim("c!absent", false, 1, "")].join(",")),
            call("null", 30, "answered"),
            call("null", 900, "faulted"),
            call("null", 40, "answered"),
            r#"{"kind":"weather","sunny":true}"#.to_owned(),
            r#"{"kind":"refused","t_us":1,"worker":1,"driver":"a.dll","what":"write a file","path":"C:/a"}"#
                .to_owned(),
        ];
        let summary = Summary::read(lines.join("\n").as_bytes()).unwrap();
        assert_eq!(summary.drivers.into_iter().collect::<Vec<_>>(), ["a.dll"]);
        let messages: Vec<_> =
            summary.messages.iter().map(|m| (m.message.as_str(), m.count, m.median_us)).collect();
        assert_eq!(messages, [("0x7000", 3, 40), ("DRV_OPEN", 1, 10)]);
        assert_eq!((summary.messages[0].answered, summary.messages[0].faulted), (2, 1));
        let called: Vec<_> = summary.shims.iter().map(|s| (s.name.as_str(), s.calls, s.failures)).collect();
        assert_eq!(called, [("b!often", 50, 0), ("a!seldom", 3, 2)]);
        let drivers = BTreeSet::from(["a.dll".to_owned()]);
        assert_eq!(summary.unresolved, [Missing { name: "c!absent".into(), calls: 1, drivers }]);
        let refused = Refused { what: "write a file".into(), path: "C:/a".into(), count: 1 };
        assert_eq!(summary.refused, [refused]);
        assert_eq!(summary.refusals, [Refusal { name: "a!seldom".into(), error: 2, calls: 2 }]);
    }

    #[test]
    fn what_is_no_trace_is_named_with_its_line() {
        for (text, line) in [("{}", 1), ("no json", 1), ("[1]", 1), ("\u{0}", 1)] {
            let error = Summary::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(&format!("line {line} is not of a trace")), "{error}");
        }
        let later = format!("{}\n{{\"kind\":\"call\"}}", call("null", 1, "late"));
        let error = Summary::read(later.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("line 2 "), "{error}");
        Summary::read([0xff_u8, 0xfe].as_slice()).unwrap_err();
        assert_eq!(Summary::read("".as_bytes()).unwrap(), Summary::default());
    }
}
