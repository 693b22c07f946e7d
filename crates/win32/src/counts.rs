//! Which shims the guest has called, how often, for how long, and with what failures: for the trace.
//!
//! A call has *failed* when the shim ended in [`fail`](crate::kernel32::error::fail) with a code other than ERROR_SUCCESS. Only calls that leave guest
//! code are seen: what a 32-bit guest has as guest code of its own (`memcpy`, `floor`) is not.

use std::collections::BTreeMap;
use std::time::Instant;

use wire::{ShimCalls, ToHost};

use crate::process::Process;

/// About how many bytes of a message go to counts.
const ROOM: usize = wire::ring::LONGEST / 4;

/// What has been counted and the host has not been told.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Whether every call is counted, and not only those of what is not supplied.
    pub all: bool,
    /// By index of the thunk.
    calls: BTreeMap<u32, Count>,
    /// What the shim that runs has failed with.
    failed: Option<u32>,
}

#[derive(Debug, Default)]
struct Count {
    calls: u64,
    nanoseconds: u64,
    /// How often with which code.
    failures: BTreeMap<u32, u64>,
}

/// A call that has begun.
pub(crate) struct Begun {
    at: Instant,
    /// What the shim around it has failed with.
    outer: Option<u32>,
}

impl Counts {
    /// Notes how the shim that runs fails.
    pub fn fail(&mut self, code: u32) {
        self.failed = (code != 0).then_some(code);
    }

    /// A call begins; `None` when it is not counted.
    pub fn begin(&mut self) -> Option<Begun> {
        self.all.then(|| Begun { at: Instant::now(), outer: self.failed.take() })
    }

    /// A call has ended.
    pub fn end(&mut self, index: u32, begun: Option<Begun>) {
        let Some(Begun { at, outer }) = begun else { return };
        let count = self.calls.entry(index).or_default();
        count.calls += 1;
        count.nanoseconds = count.nanoseconds.saturating_add(nanoseconds(at));
        if let Some(code) = std::mem::replace(&mut self.failed, outer) {
            *count.failures.entry(code).or_default() += 1;
        }
    }

    /// A function was called that is not supplied.
    pub fn missing(&mut self, index: u32) {
        self.calls.entry(index).or_default().calls += 1;
    }
}

fn nanoseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

impl Process {
    /// Tells the host what was counted since it was told last. What does not go through now, goes with the next.
    pub(crate) fn tell_counts(&mut self) {
        while !self.counts.calls.is_empty() {
            let mut room = ROOM;
            let mut told = Vec::new();
            for (&index, count) in &self.counts.calls {
                let Some(entry) = self.entries.get(index as usize) else { continue };
                let name = wire::short(entry.full_name());
                // A number takes ten bytes at most.
                let size = name.len() + 40 + 15 * count.failures.len();
                if size > room && !told.is_empty() {
                    break;
                }
                room = room.saturating_sub(size);
                let failures = count.failures.iter().map(|(&code, &calls)| (code, calls)).collect();
                let supplied = entry.shim.is_some();
                let calls = ShimCalls { name, supplied, calls: count.calls, ns: count.nanoseconds, failures };
                told.push((index, calls));
            }
            let Some(&(last, _)) = told.last() else { break };
            let calls = told.into_iter().map(|(_, calls)| calls).collect();
            if self.link.say(&ToHost::Shims(calls)).is_err() {
                return;
            }
            self.counts.calls = self.counts.calls.split_off(&(last + 1));
        }
    }
}
