//! Real-time priority, for threads that must be in time where sound is heard as it is made.

use std::io;

use crate::check;

/// What threads have that make sound: less than JACK's own (5 unless it is told otherwise), and more than everything that has no such priority.
const PRIORITY: libc::c_int = 4;

/// Gives the calling thread real-time priority, and none of the threads and processes that it starts.
///
/// # Errors
/// The system's: it is for those only whom RLIMIT_RTPRIO allows it.
pub fn prefer_this_thread() -> io::Result<()> {
    prefer(0)
}

/// Threads of one priority take turns.
fn prefer(thread: libc::pid_t) -> io::Result<()> {
    let parameter = libc::sched_param { sched_priority: PRIORITY };
    // SAFETY: the parameter lives until the call returns, and the kernel only reads it.
    check(unsafe {
        libc::sched_setscheduler(thread, libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, &raw const parameter)
    })
    .map(drop)
}

/// Gives all threads that a process has now real-time priority. A worker has bounded how long they may compute (`isolate::limits`). The process must not have been waited for.
pub(crate) fn prefer_process(process: libc::pid_t) -> io::Result<()> {
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let name = thread?.file_name();
        let thread = name.to_str().and_then(|name| name.parse().ok());
        prefer(thread.ok_or(io::ErrorKind::InvalidData)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in the file of a thread's: policy and priority are the 41st and the 40th field (proc_pid_stat(5)).
    fn policy_of(stat: &str) -> (i32, i32) {
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        (fields[38].parse().unwrap(), fields[37].parse().unwrap())
    }

    #[test]
    fn a_thread_is_preferred_where_that_is_allowed_and_what_it_starts_is_not() {
        std::thread::spawn(|| {
            let own = || policy_of(&std::fs::read_to_string("/proc/thread-self/stat").unwrap());
            if prefer_this_thread().is_ok() {
                assert_eq!(own(), (libc::SCHED_RR, PRIORITY));
                assert_eq!(std::thread::spawn(own).join().unwrap(), (libc::SCHED_OTHER, 0));
            } else {
                assert_eq!(own(), (libc::SCHED_OTHER, 0));
            }
        })
        .join()
        .unwrap();
    }
}
