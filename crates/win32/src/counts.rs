//! Which shims the guest has called, how often, for how long, and with what failures: for the trace.
//!
//! Whether a call has *failed*, the type of its answer says ([`Answer::failure`]): a status by itself, everything else by the code that the shim ended
//! in [`fail`](crate::kernel32::error::fail) with. Only calls that leave guest code are seen, so while everything is counted, a 32-bit guest gets
//! the shims and not the native functions that it would call instead (`memcpy`, `floor`).

use std::collections::BTreeMap;
use std::time::Instant;

use wire::{ShimCalls, ToHost};

use crate::abi::Answer;
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

    /// Notes whether the shim that runs has failed, by what it answers.
    pub fn answered(&mut self, answer: &impl Answer) {
        self.failed = answer.failure(self.failed);
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

#[cfg(test)]
mod tests {
    use guest::Mode;
    use guest::layout::Region;

    use crate::testing::{Guest, alone};

    /// How often a function was called since it was looked for last, and with which codes it has failed.
    fn counted(guest: &mut Guest, name: &str) -> (u64, Vec<u32>) {
        let index = guest.process.entries.iter().position(|entry| entry.full_name() == name).unwrap();
        let count = guest.process.counts.calls.remove(&u32::try_from(index).unwrap()).unwrap_or_default();
        (count.calls, count.failures.into_keys().collect())
    }

    fn types_say_what_has_failed(guest: &mut Guest) {
        let user = guest.pick(0x8000_0001, 0xffff_ffff_8000_0001);
        let (name, other, out) = (guest.put(b"a\0"), guest.put(b"b\0"), guest.put(&[0; 16]));
        let nothing = guest.minus_one();
        for (function, arguments, code) in [
            // LSTATUS: what is answered.
            ("advapi32.dll!RegOpenKeyExA", &[user, name, 0, 0x2_0019, out][..], Some(5)),
            ("advapi32.dll!RegQueryValueExA", &[0x123, name, 0, 0, 0, 0], Some(6)),
            ("advapi32.dll!RegCloseKey", &[user], None),
            // MMRESULT and MCIERROR: likewise, but not numbers that are none.
            ("winmm.dll!timeBeginPeriod", &[0], Some(97)),
            ("winmm.dll!timeBeginPeriod", &[1], None),
            ("winmm.dll!waveOutClose", &[0x123], Some(5)),
            ("winmm.dll!mciSendCommandA", &[0, 1, 0, 0], Some(257)),
            ("winmm.dll!midiOutGetNumDevs", &[], None),
            // HRESULT: what is negative; S_FALSE is 1.
            ("url.dll!TranslateURLA", &[0, 0, 0], Some(0x8007_0057)),
            ("url.dll!TranslateURLA", &[name, 0, out], None),
            // BOOL: with a last error.
            ("kernel32.dll!CloseHandle", &[0x123], Some(6)),
            ("user32.dll!PeekMessageA", &[out, 0, 0, 0, 0], None),
            // HANDLE: the last error of the second one tells that there is one of this name.
            ("kernel32.dll!CreateMutexA", &[0, 0, name], None),
            ("kernel32.dll!CreateMutexA", &[0, 0, name], None),
            ("kernel32.dll!OpenMutexA", &[0x10_0000, 0, other], Some(2)),
            // Numbers and addresses: with a last error; no zero is a failure by itself.
            ("kernel32.dll!GetModuleHandleA", &[name], Some(126)),
            ("kernel32.dll!SetFilePointer", &[nothing, 0, 0, 0], Some(6)),
            ("kernel32.dll!lstrlenA", &[out], None),
        ] {
            let (_, called) = function.split_once('!').unwrap();
            guest.call(called, arguments);
            assert_eq!(counted(guest, function), (1, Vec::from_iter(code)), "{function} {arguments:x?}");
        }
    }

    fn shortcuts_are_not_taken(guest: &mut Guest) {
        let text = guest.put(b"text\0");
        let natives = guest.process.machine.memory.layout()[Region::Natives].clone();
        assert!(!natives.contains(&guest.address("strlen")));
        assert_eq!((guest.call("strlen", &[text]), guest.call("strlen", &[text])), (4, 4));
        assert_eq!(counted(guest, "msvcrt.dll!strlen"), (2, vec![]));
        if guest.mode() == Mode::X86_64 {
            return;
        }
        // What no shim does stays guest code, and so does what takes registers; that calls what is counted.
        for native in ["_ftol", "_except_handler3", "_CIsqrt", "_CIsin", "RtlUnwind"] {
            assert!(natives.contains(&guest.address(native)), "{native}");
        }
        let one = guest.address("_CIsqrt");
        guest.process.counts.all = false;
        assert_ne!(guest.address("_CIsqrt"), one);
        let (native, shim) = (guest.address("rand"), guest.address("srand"));
        guest.process.counts.all = true;
        assert!(natives.contains(&native) && natives.contains(&shim));
        // Both have one generator.
        guest.process.call(shim, &[7]).unwrap();
        let first = guest.call("rand", &[]);
        guest.call("srand", &[7]);
        assert_eq!(guest.process.call(native, &[]).unwrap(), first);
    }

    fn all(mode: Mode) {
        let mut guest = Guest::new(mode);
        guest.process.counts.all = true;
        types_say_what_has_failed(&mut guest);
        shortcuts_are_not_taken(&mut guest);
    }

    #[test]
    fn failures_of_32_bit_calls_are_counted_by_type() {
        alone(|| all(Mode::I386));
    }

    #[test]
    fn failures_of_64_bit_calls_are_counted_by_type() {
        alone(|| all(Mode::X86_64));
    }
}
