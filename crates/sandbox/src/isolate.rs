//! Taking away from the calling process what a driver must never have.
//!
//! Every layer is a function of its own, holds alone, and answers a [`Layer`] that says whether it is in place and, where it is
//! not, why the system would not give it. [`leave`] and [`confine`] apply all of them in the only order that works.

use std::io;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus, Scope,
};

use crate::check;
use crate::memory::memory;
use crate::speculation::speculation;
use crate::terms::Terms;

/// One layer of isolation and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// `namespaces`, `privileges`, `landlock`, `descriptors`, `limits`, `memory`, `speculation`, `seccomp` or `addresses`.
    pub name: &'static str,
    /// Whether it is in place, whole or in part.
    pub active: bool,
    /// What it covers here, or why it is missing.
    pub detail: String,
}

impl Layer {
    /// A layer from the outcome of putting it in place.
    pub fn from_outcome(name: &'static str, outcome: io::Result<impl Into<String>>) -> Self {
        match outcome {
            Ok(detail) => Self { name, active: true, detail: detail.into() },
            Err(error) => Self { name, active: false, detail: error.to_string() },
        }
    }
}

/// The user and group that owns nothing; a worker started by root becomes it where there is no user namespace.
const NOBODY: u32 = 65_534;

/// Address space of a worker: 4 GiB that guest memory may be reserved in, and room for the worker itself.
const ADDRESS_SPACE: u64 = 6 << 30;

/// What a worker may use of each countable thing, and why.
const LIMITS: &[(libc::__rlimit_resource_t, u64, &str)] = &[
    (libc::RLIMIT_CORE, 0, "a core file would hold the user's media"),
    (libc::RLIMIT_FSIZE, 0, "a worker writes no file"),
    (libc::RLIMIT_NPROC, 0, "a worker starts no process and no further thread"),
    (libc::RLIMIT_MEMLOCK, 0, "a worker pins no memory"),
    (libc::RLIMIT_MSGQUEUE, 0, "a worker uses no message queue"),
    (libc::RLIMIT_AS, ADDRESS_SPACE, "all memory is reserved before driver code runs"),
    (libc::RLIMIT_NOFILE, 0, "a worker opens nothing; set last because Landlock's rule set is a descriptor"),
];

/// How long a thread of a worker's that has real-time priority (`priority.rs`) may compute without a pause, in microseconds, before the kernel ends the worker: others
/// could have nothing of a processor meanwhile. It is longer than drivers usually have for a message, so it ends those only that nobody waits for.
const LONGEST_COMPUTING: u64 = 10_000_000;

/// Applies to the calling process, which must have one thread only, all layers that are the same whatever it is going to do: it keeps the descriptors and the memory
/// that it has, and what can be had through these. `host` is the process that started it; when that one ends this one is killed.
///
/// Layers that the system does not offer are reported, not fatal: the others hold without them.
///
/// # Errors
/// When a layer that every supported kernel has cannot be put in place, or when the host is gone already.
pub fn leave(host: u32) -> io::Result<Vec<Layer>> {
    // As nobody from here on, whoever started it: a user name space of root's would still be root to the outside.
    // Where that is not possible the next layers hold all the same.
    let _ = leave_root(CAP_SYS_ADMIN);
    let namespaces = Layer::from_outcome("namespaces", namespaces());
    let privileges = Layer::from_outcome("privileges", Ok(privileges()?));
    let landlock = Layer::from_outcome("landlock", landlock());
    die_with(host)?;
    let speculation = Layer::from_outcome("speculation", speculation());
    Ok(vec![namespaces, privileges, landlock, speculation])
}

/// In a copy of a process that has [left](leave) everything: what a copy does not get, or shares with the one that it is a copy of and its other copies. `left` is what
/// came of `leave`.
///
/// # Errors
/// As [`leave`].
pub fn follow(host: u32, left: &mut [Layer]) -> io::Result<()> {
    // Scoped to the outside of the process that asks, with its copies: another rule set sets each apart.
    let apart = Layer::from_outcome("landlock", landlock());
    left.iter_mut().filter(|layer| layer.name == apart.name).for_each(|layer| layer.clone_from(&apart));
    die_with(host)
}

/// Applies the other layers but the system-call filter, when the process has mapped all that it was given: no descriptor survives. `terms` say how much of memory
/// and of a processor it can have. `threads` makes the threads that it is going to have: when it runs they begin with all layers that a thread has of its
/// own.
///
/// # Errors
/// When one of them cannot be put in place.
pub fn confine(terms: Terms, threads: impl FnOnce() -> io::Result<()>) -> io::Result<Vec<Layer>> {
    threads()?;
    let memory = Layer::from_outcome("memory", memory(terms.memory));
    descriptors()?;
    limits()?;
    terms.seconds().map_or(Ok(()), processor_time)?;
    let whole = |name, detail: &str| Layer { name, active: true, detail: detail.to_owned() };
    Ok(vec![
        whole("descriptors", "none inherited"),
        whole("limits", "no file, process, core or lock"),
        memory,
    ])
}

/// Leaves the system's name spaces: no file system but an empty read-only one, no network, no shared IPC.
///
/// # Errors
/// Where the system does not let the caller make them.
pub fn namespaces() -> io::Result<String> {
    let others = libc::CLONE_NEWNS
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    // SAFETY: unshare takes flags only; the caller has one thread (contract of `leave`), as CLONE_NEWUSER demands.
    let user = check(unsafe { libc::unshare(others | libc::CLONE_NEWUSER) });
    if let Err(error) = &user {
        // SAFETY: as above.
        check(unsafe { libc::unshare(others) })
            .map_err(|_| io::Error::new(error.kind(), format!("unshare: {error}")))?;
    }
    empty_root().map_err(|error| io::Error::new(error.kind(), format!("an empty root: {error}")))?;
    let user = if user.is_ok() { "user, " } else { "" };
    Ok(format!("{user}mount, network, IPC, UTS, cgroup; empty root"))
}

/// Replaces the root by an empty read-only tmpfs and lets go of the old one.
fn empty_root() -> io::Result<()> {
    let none = std::ptr::null();
    // SAFETY (each call below): every pointer is to a NUL-terminated literal or null where the manual page allows it.
    unsafe {
        // SAFETY: as said above. Private, so that nothing that happens here shows in the parent's mount table.
        check(libc::mount(none, c"/".as_ptr(), none, libc::MS_REC | libc::MS_PRIVATE, none.cast()))?;
        let flags = libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
        let options = c"size=4k,nr_inodes=1,mode=555";
        check(libc::mount(
            c"none".as_ptr(),
            c"/tmp".as_ptr(),
            c"tmpfs".as_ptr(),
            flags,
            options.as_ptr().cast(),
        ))?;
        check(libc::chdir(c"/tmp".as_ptr()))?;
        // The same directory twice stacks the old root under the new one; detaching takes the top one off.
        let here = c".".as_ptr();
        let pivoted = libc::syscall(libc::SYS_pivot_root, here, here);
        check(libc::c_int::try_from(pivoted).unwrap_or(-1))?;
        check(libc::umount2(here, libc::MNT_DETACH))?;
        check(libc::chdir(c"/".as_ptr()))?;
    }
    Ok(())
}

/// The one capability that making name spaces takes (`linux/capability.h`: bit 21).
const CAP_SYS_ADMIN: u32 = 1 << 21;

/// Makes root nobody, left with the capabilities `keep` and no others; does nothing for other users.
fn leave_root(keep: u32) -> io::Result<()> {
    // SAFETY: these calls take integers or null only and change this process's credentials.
    unsafe {
        if libc::geteuid() != 0 {
            return Ok(());
        }
        check(libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0))?;
        check(libc::setgroups(0, std::ptr::null()))?;
        check(libc::setresgid(NOBODY, NOBODY, NOBODY))?;
        check(libc::setresuid(NOBODY, NOBODY, NOBODY))?;
    }
    set_capabilities(keep & permitted()?)
}

/// The header of capget(2) and capset(2): version 3, this process. Two sets of {effective, permitted, inheritable} go with it.
const CAPABILITY_HEADER: [u32; 2] = [0x2008_0522, 0];

/// The permitted capabilities, of the first 32.
fn permitted() -> io::Result<u32> {
    let mut sets = [0_u32; 6];
    // SAFETY: header and sets have the sizes that version 3 states and outlive the call.
    let result = unsafe { libc::syscall(libc::SYS_capget, CAPABILITY_HEADER.as_ptr(), sets.as_mut_ptr()) };
    check(libc::c_int::try_from(result).unwrap_or(-1)).map(|_| sets[1])
}

/// Sets the effective and permitted capabilities, of the first 32, and takes all others away.
fn set_capabilities(kept: u32) -> io::Result<()> {
    let sets = [kept, kept, 0, 0, 0, 0];
    // SAFETY: header and sets have the sizes that version 3 states and outlive the call, which reads them only.
    let result = unsafe { libc::syscall(libc::SYS_capset, CAPABILITY_HEADER.as_ptr(), sets.as_ptr()) };
    check(libc::c_int::try_from(result).unwrap_or(-1)).map(|_| ())
}

/// Gives up every capability for good; root becomes nobody, where there is a nobody to become.
///
/// # Errors
/// The kernel's.
pub fn privileges() -> io::Result<String> {
    // SAFETY: an integer option.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    let left = leave_root(0);
    set_capabilities(0)?;
    // SAFETY: an integer option; not dumpable means no process of the same user may attach to this one or read its memory.
    check(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) })?;
    // Root of a user name space in which no other user is mapped can become nobody else.
    Ok(if left.is_ok() { "none" } else { "no capabilities; still root of its user name space" }.to_owned())
}

/// Denies every file, every TCP port, and every signal or abstract socket to the outside (Landlock without a single rule that allows).
///
/// # Errors
/// When the kernel has no Landlock, or does not enforce it.
pub fn landlock() -> io::Result<String> {
    let abi = ABI::V6;
    let restrict = || {
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))?
            .handle_access(AccessNet::from_all(abi))?
            .scope(Scope::from_all(abi))?
            .create()?
            .restrict_self()
    };
    let status = restrict().map_err(io::Error::other)?;
    match status.ruleset {
        RulesetStatus::FullyEnforced => Ok("files, TCP, signals and abstract sockets".to_owned()),
        RulesetStatus::PartiallyEnforced => {
            Ok("files, and what else this kernel's version covers".to_owned())
        }
        RulesetStatus::NotEnforced => {
            Err(io::Error::other("the kernel has no Landlock, or it is switched off"))
        }
    }
}

/// Has the kernel kill this process when the thread of `host` that started it ends.
///
/// # Errors
/// When that has happened already.
pub fn die_with(host: u32) -> io::Result<()> {
    // After every change of credentials, because those clear the setting.
    // SAFETY: an integer option.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) })?;
    if std::os::unix::process::parent_id() == host {
        Ok(())
    } else {
        Err(io::Error::other("the process that started this worker is gone"))
    }
}

/// Closes every descriptor.
///
/// # Errors
/// The kernel's.
pub fn descriptors() -> io::Result<()> {
    // SAFETY: closes descriptors; nothing in a worker owns one any more (contract of `confine`).
    let result = unsafe { libc::syscall(libc::SYS_close_range, 0_u32, u32::MAX, 0_u32) };
    check(libc::c_int::try_from(result).unwrap_or(-1)).map(|_| ())
}

/// Sets every resource limit of a worker, hard.
///
/// # Errors
/// The kernel's.
pub fn limits() -> io::Result<()> {
    let mut computing = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limit is live and of the type that the call writes.
    check(unsafe { libc::getrlimit(libc::RLIMIT_RTTIME, &raw mut computing) })?;
    // Whoever has started this may have less already, and no limit can be raised.
    computing.rlim_max = computing.rlim_max.min(LONGEST_COMPUTING);
    computing.rlim_cur = computing.rlim_max;
    // SAFETY: as below.
    check(unsafe { libc::setrlimit(libc::RLIMIT_RTTIME, &raw const computing) })?;
    for &(resource, value, _reason) in LIMITS {
        let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
        // SAFETY: `limit` is live and of the type that the call reads.
        check(unsafe { libc::setrlimit(resource, &raw const limit) })?;
    }
    Ok(())
}

/// Has the kernel end the calling process when it has used so many seconds of processor time, all its threads together.
///
/// # Errors
/// The kernel's.
fn processor_time(seconds: u64) -> io::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limit is live and of the type that the call writes.
    check(unsafe { libc::getrlimit(libc::RLIMIT_CPU, &raw mut limit) })?;
    // The first limit's signal says why the process ends, which is what it does by default; the second one kills.
    limit.rlim_max = limit.rlim_max.min(seconds.saturating_add(1));
    limit.rlim_cur = limit.rlim_max.min(seconds);
    // SAFETY: the limit is live and of the type that the call reads.
    check(unsafe { libc::setrlimit(libc::RLIMIT_CPU, &raw const limit) }).map(drop)
}
