//! The system-call filter: what a worker may still ask of the kernel, rule by rule, and why.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// One allowed system call.
#[derive(Debug)]
pub struct Rule {
    /// Its number on x86-64.
    pub number: libc::c_long,
    /// Its name, for people.
    pub name: &'static str,
    /// What its arguments must be, all of it at once.
    pub arguments: &'static [Argument],
    /// Who needs it, and why nothing less would do.
    pub reason: &'static str,
}

/// What a rule asks of one argument.
#[derive(Debug, Clone, Copy)]
pub enum Argument {
    /// Argument `.0`, as 32 bits without the bits of `.1`, is one of `.2`.
    Masked(u8, u32, &'static [u32]),
    /// Argument `.0`, as 64 bits, is in one of `.1`.
    Within(u8, &'static [std::ops::Range<u64>]),
}

/// The end of the addresses that guest memory may have: 32-bit pointers reach no further.
pub const GUEST_END: u64 = 1 << 32;

/// Where images may lie that come while driver code runs.
pub const BROUGHT: std::ops::Range<u64> = 0x2c00_0000..0x3400_0000;

/// Where the guest's own data may lie: images, and those that come later with the heap behind them. Code that no image has is elsewhere.
pub const DATA: [std::ops::Range<u64>; 2] = [0x40_0000..0x2000_0000, BROUGHT.start..0x6400_0000];

/// All addresses that guest memory may have.
const GUEST: &[std::ops::Range<u64>] = std::slice::from_ref(&(0..GUEST_END));

/// Private and shared, realtime and monotonic forms of one futex operation.
const FUTEX_FLAGS: u32 = (libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME).cast_unsigned();

/// What is allowed once driver code runs.
pub const RUNNING: &[Rule] = &[
    Rule {
        number: libc::SYS_futex,
        name: "futex",
        arguments: &[Argument::Masked(
            1,
            FUTEX_FLAGS,
            &[libc::FUTEX_WAIT.cast_unsigned(), libc::FUTEX_WAKE.cast_unsigned()],
        )],
        reason: "the ring's both ends sleep and wake with it; Rust's unwinding takes a lock with the private form",
    },
    Rule {
        number: libc::SYS_rt_sigreturn,
        name: "rt_sigreturn",
        arguments: &[],
        reason: "the end of the signal handler that turns a fault or a missed deadline into a value",
    },
    Rule {
        number: libc::SYS_clock_gettime,
        name: "clock_gettime",
        arguments: &[Argument::Masked(
            0,
            0,
            &[libc::CLOCK_REALTIME.cast_unsigned(), libc::CLOCK_MONOTONIC.cast_unsigned()],
        )],
        reason: "GetTickCount and its kin, where the vDSO falls back to the call because the clock source is not the TSC",
    },
    Rule {
        number: libc::SYS_restart_syscall,
        name: "restart_syscall",
        arguments: &[],
        reason: "a sleep with a time limit that was stopped (suspend, SIGSTOP) goes on with it; it can resume nothing else",
    },
    Rule {
        number: libc::SYS_mprotect,
        name: "mprotect",
        arguments: &[Argument::Within(0, &DATA), Argument::Masked(2, !libc::PROT_EXEC.cast_unsigned(), &[0])],
        reason: "VirtualProtect, and the data of a driver that another driver opens; it can take the right to run away, and never give it",
    },
];

/// What is allowed besides, while the image is put in place and before any of its code runs.
pub const LOADING: &[Rule] = &[
    Rule {
        number: libc::SYS_mprotect,
        name: "mprotect",
        arguments: &[Argument::Within(0, GUEST)],
        reason: "gives each section of the mapped image its own protection",
    },
    Rule {
        number: libc::SYS_prctl,
        name: "prctl",
        arguments: &[Argument::Masked(0, 0, &[libc::PR_SET_NO_NEW_PRIVS.cast_unsigned()])],
        reason: "seccompiler sets it again when the next stage is installed",
    },
    Rule {
        number: libc::SYS_seccomp,
        name: "seccomp",
        arguments: &[Argument::Masked(0, 0, &[libc::SECCOMP_SET_MODE_FILTER])],
        reason: "installs the next stage, which can only take more away",
    },
];

/// How far a worker has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The image may be mapped; none of its code has run.
    Loading,
    /// Driver code runs.
    Running,
}

/// Why a filter is not in place.
#[derive(Debug, thiserror::Error)]
#[error("the system-call filter for stage {stage:?} could not be {what}: {why}")]
pub struct FilterError {
    stage: Stage,
    what: &'static str,
    why: String,
}

/// A compiled filter. Compile before [installing](Self::install) an earlier stage: compiling allocates.
#[derive(Debug)]
pub struct Filter {
    stage: Stage,
    program: BpfProgram,
}

impl Filter {
    /// Compiles the filter of a stage.
    ///
    /// # Errors
    /// Only if the rules above contradict the filter compiler, which a test would show.
    pub fn compile(stage: Stage) -> Result<Self, FilterError> {
        let program = compile(stage).map_err(|error| FilterError {
            stage,
            what: "compiled",
            why: error.to_string(),
        })?;
        Ok(Self { stage, program })
    }

    /// Installs the filter on all threads of the process, for good. A call that no rule allows then raises SIGSYS, which a worker
    /// reports as a fault of the driver; a 32-bit or x32 call kills the process.
    ///
    /// # Errors
    /// The kernel's, for example when it was built without seccomp.
    pub fn install(&self) -> Result<(), FilterError> {
        seccompiler::apply_filter_all_threads(&self.program).map_err(|error| FilterError {
            stage: self.stage,
            what: "installed",
            why: error.to_string(),
        })
    }
}

fn compile(stage: Stage) -> Result<BpfProgram, seccompiler::BackendError> {
    let extra = if stage == Stage::Loading { LOADING } else { &[] };
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for rule in RUNNING.iter().chain(extra) {
        let alternatives = rules.entry(rule.number).or_default();
        for conditions in alternatives_of(rule.arguments)? {
            // A rule without conditions allows the call however it is made, and that is what an empty list means.
            if !conditions.is_empty() {
                alternatives.push(SeccompRule::new(conditions)?);
            }
        }
    }
    SeccompFilter::new(rules, SeccompAction::Trap, SeccompAction::Allow, TargetArch::x86_64)?.try_into()
}

/// The ways to meet what a rule asks of all arguments.
fn alternatives_of(arguments: &[Argument]) -> Result<Vec<Vec<SeccompCondition>>, seccompiler::BackendError> {
    let condition = SeccompCondition::new;
    let mut ways = vec![vec![]];
    for &argument in arguments {
        let choices = match argument {
            Argument::Masked(index, ignored, values) => values
                .iter()
                .map(|&value| {
                    let op = SeccompCmpOp::MaskedEq(u64::from(!ignored));
                    Ok(vec![condition(index, SeccompCmpArgLen::Dword, op, u64::from(value))?])
                })
                .collect::<Result<Vec<_>, seccompiler::BackendError>>()?,
            Argument::Within(index, ranges) => ranges
                .iter()
                .map(|range| {
                    Ok(vec![
                        condition(index, SeccompCmpArgLen::Qword, SeccompCmpOp::Ge, range.start)?,
                        condition(index, SeccompCmpArgLen::Qword, SeccompCmpOp::Lt, range.end)?,
                    ])
                })
                .collect::<Result<Vec<_>, seccompiler::BackendError>>()?,
        };
        ways = ways
            .iter()
            .flat_map(|way| choices.iter().map(move |choice| [way.as_slice(), choice].concat()))
            .collect();
    }
    Ok(ways)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_stages_compile() {
        assert!(!Filter::compile(Stage::Running).unwrap().program.is_empty());
        assert!(
            Filter::compile(Stage::Loading).unwrap().program.len()
                > Filter::compile(Stage::Running).unwrap().program.len()
        );
    }

    #[test]
    fn no_stage_lists_a_call_twice() {
        for stage in [RUNNING, LOADING] {
            let mut numbers: Vec<_> = stage.iter().map(|rule| rule.number).collect();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), stage.len());
        }
    }

    #[test]
    fn all_that_a_rule_asks_must_be_met_at_once() {
        let two = Argument::Masked(1, 0, &[7, 8]);
        assert_eq!(alternatives_of(&[]).unwrap(), [vec![]]);
        let ways = alternatives_of(&[two, Argument::Within(0, GUEST)]).unwrap();
        assert_eq!(ways.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3]);
    }
}
