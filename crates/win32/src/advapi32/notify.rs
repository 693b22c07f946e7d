//! Telling of changes to keys. The host counts them, and it is asked from time to time.

use std::time::Duration;

use guest::Stop;

use super::done;
use super::path::Path;
use super::registry::KEY_NOTIFY;
use crate::abi::{Handle, LStatus};
use crate::kernel32::error::{
    ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, ERROR_SUCCESS,
};
use crate::kernel32::handles::Object;
use crate::kernel32::sync::SetEvent;
use crate::kernel32::thread::start_system;
use crate::process::Process;

/// How often the host is asked. Settings change by what people do.
const EVERY: Duration = Duration::from_millis(100);

/// How many events may wait at a time; each is a question to the host every time.
const MOST: usize = 64;

/// The events that wait for changes, and whether there is a thread that looks for them.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    waiting: Vec<Watch>,
    watched: bool,
}

/// An event that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Watch {
    key: Handle,
    path: Path,
    tree: bool,
    event: Handle,
    /// How often the key had changed when the wait began.
    seen: u64,
}

/// RegNotifyChangeKeyValue: tells of one change. Which kind of change that is (`filter`) is not told apart, and a change of the user's file by
/// somebody else counts as one of every key. A wait for an event does not end with the thread that began it.
pub fn RegNotifyChangeKeyValue(
    process: &mut Process,
    key: Handle,
    tree: i32,
    filter: u32,
    event: Handle,
    asynchronous: i32,
) -> Result<LStatus, Stop> {
    const REG_LEGAL_CHANGE_FILTER: u32 = 0x1000_000f;
    if filter == 0 || filter & !REG_LEGAL_CHANGE_FILTER != 0 {
        return Ok(LStatus(ERROR_INVALID_PARAMETER));
    }
    let path = done!(Ok(process.key_with(key, KEY_NOTIFY)));
    let tree = tree != 0;
    let seen = done!(process.key_changes(&path, tree));
    if asynchronous == 0 {
        // The end of the handle ends the wait as well.
        while process.key(key).is_ok_and(|open| open.path == path) {
            process.pause(EVERY)?;
            if done!(process.key_changes(&path, tree)) != seen {
                break;
            }
        }
        return Ok(LStatus(ERROR_SUCCESS));
    }
    if !matches!(process.kernel32.handles.get(event), Some(Object::Event { .. })) {
        return Ok(LStatus(ERROR_INVALID_HANDLE));
    }
    if process.watches.waiting.len() >= MOST {
        return Ok(LStatus(ERROR_NOT_ENOUGH_MEMORY));
    }
    if !process.watches.watched {
        process.tell_of_threads()?;
        if !start_system(process, watch) {
            return Ok(LStatus(ERROR_NOT_ENOUGH_MEMORY));
        }
        process.watches.watched = true;
    }
    process.watches.waiting.push(Watch { key, path, tree, event, seen });
    Ok(LStatus(ERROR_SUCCESS))
}

/// What the thread does that looks for changes: it ends when nobody waits for any.
fn watch(process: &mut Process) {
    while !process.watches.waiting.is_empty() {
        if process.pause(EVERY).is_err() {
            break;
        }
        for watch in process.watches.waiting.clone() {
            match process.key_changes(&watch.path, watch.tree) {
                Ok(Ok(now)) if now == watch.seen => {}
                // Nobody will tell of a change when the host does not.
                Ok(_) => signal(process, |other| *other == watch),
                Err(_) => {
                    process.watches.waiting.clear();
                    break;
                }
            }
        }
    }
    process.watches.watched = false;
}

/// A key's handle is closed: that counts as a change for those that wait through it.
pub(super) fn closed(process: &mut Process, key: Handle) {
    signal(process, |watch| watch.key == key);
}

/// Ends waits by their events.
fn signal(process: &mut Process, ends: impl Fn(&Watch) -> bool) {
    let ended: Vec<Watch> = process.watches.waiting.extract_if(.., |watch| ends(watch)).collect();
    for watch in ended {
        SetEvent(process, watch.event);
    }
}
