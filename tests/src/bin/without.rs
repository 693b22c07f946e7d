//! `without WHAT[,WHAT...] PROGRAM ARGUMENT...` becomes a program that lacks something, as computers and containers do:
//!
//! - `ldt`: there is no `modify_ldt`, as under the filter that containers usually have;
//! - `userns`: nobody but root makes namespaces, as where user namespaces are switched off;
//! - `landlock`: the kernel has no Landlock;
//! - `prspec`: the kernel knows nothing of speculation, as before 4.17;
//! - `root`: it runs as an ordinary user, who has no account, no groups and no home.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::process::Command;

use drvhost_tests::ORDINARY_USER;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let lacking = arguments.next().and_then(|lacking| lacking.into_string().ok()).ok_or("without what?")?;
    let program = arguments.next().ok_or("which program?")?;
    let mut command = Command::new(program);
    command.args(arguments);
    for what in lacking.split(',').filter(|what| !what.is_empty()) {
        match what {
            "ldt" => refuse(&[libc::SYS_modify_ldt], &[], libc::EPERM)?,
            "userns" => {
                let flag = u64::from(libc::CLONE_NEWUSER.cast_unsigned());
                let makes_one = SeccompCmpOp::MaskedEq(flag);
                let makes_one = SeccompCondition::new(0, SeccompCmpArgLen::Qword, makes_one, flag)?;
                refuse(&[libc::SYS_unshare, libc::SYS_clone], &[makes_one], libc::EPERM)?;
                // Its flags lie in memory, where a filter does not look; whoever calls it then calls clone.
                refuse(&[libc::SYS_clone3], &[], libc::ENOSYS)?;
            }
            "landlock" => refuse(&[libc::SYS_landlock_create_ruleset], &[], libc::ENOSYS)?,
            "prspec" => refuse(&[libc::SYS_prctl], &[asks_of_speculation()?], libc::EINVAL)?,
            "root" => {
                command.uid(ORDINARY_USER).gid(ORDINARY_USER);
            }
            other => return Err(format!("`{other}` cannot be taken away").into()),
        }
    }
    Err(command.exec().into())
}

/// The argument of prctl that asks.
fn asks_of_speculation() -> Result<SeccompCondition, BackendError> {
    let asks = u64::from(libc::PR_GET_SPECULATION_CTRL.unsigned_abs());
    SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, asks)
}

/// Has system calls fail with `error`, those only whose arguments meet the conditions.
fn refuse(
    calls: &[libc::c_long],
    conditions: &[SeccompCondition],
    error: i32,
) -> Result<(), Box<dyn std::error::Error>> {
    let rules = match conditions {
        [] => Vec::new(),
        _ => vec![SeccompRule::new(conditions.to_vec())?],
    };
    let refused: BTreeMap<_, _> = calls.iter().map(|&call| (call, rules.clone())).collect();
    let denied = SeccompAction::Errno(error.unsigned_abs());
    let filter = SeccompFilter::new(refused, SeccompAction::Allow, denied, TargetArch::x86_64)?;
    let filter: Result<BpfProgram, BackendError> = filter.try_into();
    Ok(seccompiler::apply_filter(&filter?)?)
}
