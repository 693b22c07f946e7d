//! What was measured on.

use std::fmt;
use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, run};

/// What was measured on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many of them there are.
    pub processors: usize,
    /// The kernel's name and version.
    pub kernel: String,
    /// Memory in MiB.
    pub memory: u64,
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let (cpuinfo, meminfo) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
        Self {
            processor: field(&cpuinfo, "model name").unwrap_or("unknown").to_owned(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
            memory: kibibytes(&meminfo, "MemTotal").unwrap_or(0) / 1024,
        }
    }
}

impl Machine {
    /// Whether numbers of one can be compared with numbers of the other.
    pub fn is_like(&self, other: &Self) -> bool {
        (&self.processor, self.processors) == (&other.processor, other.processors)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, processors, kernel, memory } = self;
        write!(f, "{processor}, {processors} processors, {memory} MiB, {kernel}")
    }
}

/// The day, in UTC, as 2000-12-31.
pub fn today() -> Result<String, Failure> {
    Ok(run(Command::new("date").args(["-u", "+%F"]))?.trim().to_owned())
}

/// How many processes wanted a processor during the last minute, on average.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0.0)
}

/// The value of the first line `name : value`, as many files under `/proc` have them.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let of_line = |line: &'a str| line.split_once(':').filter(|(key, _)| key.trim() == name);
    text.lines().find_map(of_line).map(|(_, value)| value.trim())
}

/// The number of a line `name: number kB`.
pub fn kibibytes(text: &str, name: &str) -> Option<u64> {
    field(text, name)?.strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_files_are_found() {
        let text =
            "processor\t: 0\nmodel name\t: A Processor: fast\nPss:               1234 kB\nPss_Anon: 5 kB\n";
        assert_eq!(field(text, "model name"), Some("A Processor: fast"));
        assert_eq!(kibibytes(text, "Pss"), Some(1234));
        assert_eq!(kibibytes(text, "processor"), None);
        assert_eq!(kibibytes(text, "Rss"), None);
    }

    #[test]
    fn this_machine_has_something_to_measure_with() {
        let machine = Machine::this();
        assert!(machine.processors > 0 && machine.memory > 0 && machine.kernel.starts_with("Linux "));
    }
}
