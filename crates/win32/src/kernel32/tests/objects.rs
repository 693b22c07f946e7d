//! Objects with names, handles, locks and lists, as one thread sees them.

use guest::{FaultKind, Mode};

use super::MINUS_ONE;
use crate::testing::{Guest, alone};

#[test]
fn objects_and_locks_answer_32_bit_code_as_documented() {
    alone(|| objects_and_locks(Mode::I386));
}

#[test]
fn objects_and_locks_answer_64_bit_code_as_documented() {
    alone(|| objects_and_locks(Mode::X86_64));
}

fn objects_and_locks(mode: Mode) {
    let mut guest = Guest::new(mode);
    names(&mut guest);
    handles(&mut guest);
    timers(&mut guest);
    slim_locks(&mut guest);
    once(&mut guest);
    lists(&mut guest);
    threads(&mut guest);
    procedures(&mut guest);
}

fn names(guest: &mut Guest) {
    let (name, wide) = (guest.put(b"turn\0"), guest.wide(r"Local\turn"));
    let first = guest.call("CreateEventA", &[0, 0, 0, name]);
    assert_eq!(guest.last_error(), 0);
    let second = guest.call("CreateEventW", &[0, 1, 1, wide]);
    assert_eq!(guest.last_error(), 183);
    assert!(second != 0 && second != first);
    // The object is the first one: it resets itself, and was not signalled.
    assert_eq!(guest.call("WaitForSingleObject", &[first, 0]), 258);
    assert_eq!(guest.call("SetEvent", &[second]), 1);
    assert_eq!(guest.call("WaitForSingleObject", &[first, 0]), 0);
    assert_eq!(guest.call("WaitForSingleObject", &[second, 0]), 258);
    assert_eq!((guest.call("CreateMutexA", &[0, 0, name]), guest.last_error()), (0, 6));
    assert_eq!((guest.call("OpenMutexA", &[0, 0, name]), guest.last_error()), (0, 6));
    let third = guest.call("OpenEventA", &[0, 0, name]);
    assert!(third != 0);
    for handle in [first, second, third] {
        assert_eq!(guest.call("CloseHandle", &[handle]), 1);
    }
    // The last handle has taken the object along.
    assert_eq!((guest.call("OpenEventA", &[0, 0, name]), guest.last_error()), (0, 2));
    assert_eq!((guest.call("OpenEventA", &[0, 0, 0]), guest.last_error()), (0, 87));
    let global = guest.put(b"Global\\turn\0");
    let (own, other) =
        (guest.call("CreateEventA", &[0, 0, 0, name]), guest.call("CreateEventA", &[0, 0, 0, global]));
    assert_eq!((guest.last_error(), own != 0, other != 0), (0, true, true));
    let (bad, long) = (guest.put(b"a\\b\0"), guest.put(&[b'x'; 300]));
    assert_eq!((guest.call("CreateSemaphoreA", &[0, 0, 1, bad]), guest.last_error()), (0, 3));
    assert_eq!((guest.call("CreateSemaphoreA", &[0, 0, 1, long]), guest.last_error()), (0, 206));
    let set = guest.call("CreateEventExW", &[0, 0, 3, 0]);
    assert_eq!([0; 2].map(|_| guest.call("WaitForSingleObject", &[set, 0])), [0, 0]);
    let owned = guest.call("CreateMutexExA", &[0, 0, 1, 0]);
    assert_eq!(guest.call("ReleaseMutex", &[owned]), 1);
}

fn handles(guest: &mut Guest) {
    let (own, out) = (guest.call("GetCurrentProcess", &[]), guest.pointers(&[0]));
    let event = guest.call("CreateEventA", &[0, 1, 0, 0]);
    assert_eq!(guest.call("DuplicateHandle", &[own, event, own, out, 0, 0, 2]), 1);
    let twin = guest.pointer(out);
    assert_eq!((guest.call("CloseHandle", &[event]), guest.call("SetEvent", &[twin])), (1, 1));
    assert_eq!(guest.call("DuplicateHandle", &[own, twin, own, 0, 0, 0, 1]), 1);
    assert_eq!((guest.call("SetEvent", &[twin]), guest.last_error()), (0, 6));
    assert_eq!((guest.call("DuplicateHandle", &[own, twin, own, out, 0, 0, 2]), guest.last_error()), (0, 6));
    let thread = guest.call("GetCurrentThread", &[]);
    assert_eq!(guest.call("DuplicateHandle", &[own, thread, own, out, 0, 0, 2]), 1);
    let thread = guest.pointer(out);
    assert_eq!(guest.call("GetThreadId", &[thread]), guest.call("GetCurrentThreadId", &[]));
    assert_eq!(guest.call("WaitForSingleObject", &[thread, 0]), 258);

    let events = [0; 2].map(|_| guest.call("CreateEventA", &[0, 0, 0, 0]));
    assert_eq!(guest.call("SignalObjectAndWait", &[events[0], events[1], 1, 0]), 258);
    assert_eq!(guest.call("SignalObjectAndWait", &[events[1], events[0], 1, 0]), 0);
    let mutex = guest.call("CreateMutexA", &[0, 0, 0]);
    assert_eq!(
        (guest.call("SignalObjectAndWait", &[mutex, events[0], 1, 0]), guest.last_error()),
        (MINUS_ONE, 288)
    );
    assert_eq!(
        (guest.call("SignalObjectAndWait", &[out, events[0], 1, 0]), guest.last_error()),
        (MINUS_ONE, 6)
    );
    let both = guest.pointers(&[events[0], events[1]]);
    assert_eq!(guest.call("WaitForMultipleObjectsEx", &[2, both, 0, 0, 1]), 1);
    // Nobody waits, so nothing happens.
    assert_eq!(guest.call("PulseEvent", &[events[0]]), 1);
    assert_eq!(guest.call("WaitForSingleObjectEx", &[events[0], 0, 0]), 258);
}

fn timers(guest: &mut Guest) {
    let timer = guest.call("CreateWaitableTimerA", &[0, 0, 0]);
    let soon = guest.put(&(-20_000_i64).to_le_bytes());
    assert_eq!(guest.call("WaitForSingleObject", &[timer, 0]), 258);
    assert_eq!(guest.call("SetWaitableTimer", &[timer, soon, 0, 0, 0, 0]), 1);
    assert_eq!(guest.call("WaitForSingleObject", &[timer, MINUS_ONE]), 0);
    assert_eq!(guest.call("WaitForSingleObject", &[timer, 5]), 258);
    assert_eq!(guest.call("SetWaitableTimer", &[timer, soon, 1, 0, 0, 0]), 1);
    assert_eq!([0; 3].map(|_| guest.call("WaitForSingleObject", &[timer, MINUS_ONE])), [0; 3]);
    // In 1601.
    let past = guest.put(&1_u64.to_le_bytes());
    assert_eq!(guest.call("SetWaitableTimer", &[timer, past, 0, 0, 0, 0]), 1);
    assert_eq!(guest.call("CancelWaitableTimer", &[timer]), 1);
    assert_eq!(guest.call("WaitForSingleObject", &[timer, 0]), 258);
    assert_eq!(
        (guest.call("SetWaitableTimer", &[timer, soon, MINUS_ONE, 0, 0, 0]), guest.last_error()),
        (0, 87)
    );
    assert_eq!((guest.call("CancelWaitableTimer", &[0]), guest.last_error()), (0, 6));
}

fn slim_locks(guest: &mut Guest) {
    let lock = guest.pointers(&[0]);
    let taken = |guest: &mut Guest| {
        ["TryAcquireSRWLockShared", "TryAcquireSRWLockExclusive"].map(|name| guest.call(name, &[lock]))
    };
    guest.call("AcquireSRWLockExclusive", &[lock]);
    assert_eq!(taken(guest), [0, 0]);
    guest.call("ReleaseSRWLockExclusive", &[lock]);
    guest.call("AcquireSRWLockShared", &[lock]);
    assert_eq!(taken(guest), [1, 0]);
    let variable = guest.pointers(&[0]);
    assert_eq!(
        (guest.call("SleepConditionVariableSRW", &[variable, lock, 1, 1]), guest.last_error()),
        (0, 1460)
    );
    guest.call("ReleaseSRWLockShared", &[lock]);
    guest.call("ReleaseSRWLockShared", &[lock]);
    assert_eq!(guest.pointer(lock), 0);
    for name in ["ReleaseSRWLockShared", "ReleaseSRWLockExclusive"] {
        assert_eq!(guest.fault(name, &[lock]), FaultKind::Raised { code: 0xc000_0264 });
    }
    guest.call("WakeConditionVariable", &[variable]);
    guest.call("WakeAllConditionVariable", &[variable]);
}

fn once(guest: &mut Guest) {
    let (once, pending, context) = (guest.pointers(&[0]), guest.put(&[0; 4]), guest.pointers(&[0]));
    assert_eq!(
        (guest.call("InitOnceBeginInitialize", &[once, 1, pending, context]), guest.last_error()),
        (0, 31)
    );
    assert_eq!(guest.call("InitOnceBeginInitialize", &[once, 0, pending, context]), 1);
    assert_eq!(guest.u32(pending), 1);
    assert_eq!((guest.call("InitOnceComplete", &[once, 2, 0]), guest.last_error()), (0, 31));
    assert_eq!(guest.call("InitOnceComplete", &[once, 4, 0]), 1);
    assert_eq!(guest.call("InitOnceBeginInitialize", &[once, 0, pending, context]), 1);
    assert_eq!((guest.u32(pending), guest.call("InitOnceComplete", &[once, 0, 0x40])), (1, 1));
    assert_eq!(guest.call("InitOnceBeginInitialize", &[once, 1, pending, context]), 1);
    assert_eq!((guest.u32(pending), guest.pointer(context)), (0, 0x40));
    assert_eq!(guest.call("InitOnceExecuteOnce", &[once, 16, 0, context]), 1);
    assert_eq!(guest.pointer(context), 0x40);
    // Two may do it at the same time, and the first that is done has done it.
    guest.call("InitOnceInitialize", &[once]);
    let begun = [0; 2].map(|_| guest.call("InitOnceBeginInitialize", &[once, 2, pending, context]));
    assert_eq!((begun, guest.u32(pending)), ([1, 1], 1));
    assert_eq!(guest.call("InitOnceComplete", &[once, 2, 0x80]), 1);
    assert_eq!((guest.call("InitOnceComplete", &[once, 2, 0x90]), guest.last_error()), (0, 31));
    assert_eq!(
        (guest.call("InitOnceExecuteOnce", &[once, 16, 0, context]), guest.pointer(context)),
        (1, 0x80)
    );
}

fn lists(guest: &mut Guest) {
    let room = guest.put(&[0x55; 96]).next_multiple_of(16);
    let (head, entries) = (room, [room + 16, room + 32, room + 48]);
    guest.call("InitializeSListHead", &[head]);
    let before = entries.map(|entry| guest.call("InterlockedPushEntrySList", &[head, entry]));
    assert_eq!(before, [0, entries[0], entries[1]]);
    assert_eq!(guest.call("QueryDepthSList", &[head]), 3);
    let low = u64::from_le_bytes(guest.bytes(head));
    let expected = guest.pick(entries[2] | 3 << 32 | 3 << 48, 3 | 3 << 16);
    assert_eq!((low, guest.call("RtlFirstEntrySList", &[head])), (expected, entries[2]));
    assert_eq!(guest.call("InterlockedPopEntrySList", &[head]), entries[2]);
    assert_eq!(guest.call("InterlockedFlushSList", &[head]), entries[1]);
    assert_eq!((guest.pointer(entries[1]), guest.call("QueryDepthSList", &[head])), (entries[0], 0));
    assert_eq!(
        ["InterlockedPopEntrySList", "InterlockedFlushSList"].map(|name| guest.call(name, &[head])),
        [0, 0]
    );
}

/// Any function of one argument can be such a procedure.
fn procedures(guest: &mut Guest) {
    const WAIT_IO_COMPLETION: u64 = 0xc0;
    const WAIT_TIMEOUT: u64 = 258;
    guest.process.machine.make_pool().unwrap();
    let [set, never, begun] = [0; 3].map(|_| guest.call("CreateEventA", &[0, 1, 0, 0]));
    let (own, set_event) = (guest.call("GetCurrentThread", &[]), guest.address("SetEvent"));
    let is_set = |guest: &mut Guest, event| guest.call("WaitForSingleObject", &[event, 0]) == 0;
    let events = guest.pointers(&[never, never]);
    let waits: [(&str, &[u64]); 5] = [
        ("SleepEx", &[60_000, 1]),
        ("WaitForSingleObjectEx", &[never, 60_000, 1]),
        ("WaitForMultipleObjectsEx", &[1, events, 0, 60_000, 1]),
        ("SignalObjectAndWait", &[begun, never, 60_000, 1]),
        ("MsgWaitForMultipleObjectsEx", &[1, events, 60_000, 0xff, 2]),
    ];
    for (wait, arguments) in waits {
        assert_eq!(guest.call("QueueUserAPC", &[set_event, own, set]), 1);
        assert_eq!(guest.call("WaitForSingleObjectEx", &[never, 0, 0]), WAIT_TIMEOUT);
        assert!(!is_set(guest, set), "only an alertable wait calls it");
        assert_eq!((guest.call(wait, arguments), is_set(guest, set)), (WAIT_IO_COMPLETION, true), "{wait}");
        guest.call("ResetEvent", &[set]);
    }
    assert_eq!(guest.call("SleepEx", &[0, 1]), 0, "none is left");
    assert_eq!((guest.call("QueueUserAPC", &[set_event, set, 0]), guest.last_error()), (0, 6));
    // A thread that has not begun calls it before anything else.
    let thread = guest.call("CreateThread", &[0, 0, set_event, begun, 4, 0]);
    guest.call("ResetEvent", &[begun]);
    assert_eq!(guest.call("QueueUserAPC", &[set_event, thread, set]), 1);
    assert_eq!(guest.call("ResumeThread", &[thread]), 1);
    assert_eq!(guest.call("WaitForSingleObject", &[thread, 60_000]), 0);
    assert!(is_set(guest, set) && is_set(guest, begun));
    assert_eq!((guest.call("QueueUserAPC", &[set_event, thread, set]), guest.last_error()), (0, 31));
}

fn threads(guest: &mut Guest) {
    let own = guest.call("GetCurrentThread", &[]);
    assert_eq!((guest.call("SetThreadPriority", &[own, 2]), guest.call("GetThreadPriority", &[own])), (1, 2));
    assert_eq!((guest.call("SetThreadPriority", &[own, 7]), guest.last_error()), (0, 87));
    assert_eq!((guest.call("GetThreadPriority", &[0]), guest.last_error()), (0x7fff_ffff, 6));
    assert_eq!(guest.call("SetThreadAffinityMask", &[own, 1]), 1);
    assert_eq!((guest.call("SetThreadAffinityMask", &[own, 2]), guest.last_error()), (0, 87));
    assert_eq!((guest.call("SetThreadAffinityMask", &[own, 0]), guest.last_error()), (0, 87));
    assert_eq!(guest.call("SetThreadIdealProcessor", &[own, 64]), 0);
    assert_eq!((guest.call("SetThreadIdealProcessor", &[own, 1]), guest.last_error()), (MINUS_ONE, 87));
    let out = guest.put(&[0x55; 32]);
    assert_eq!((guest.call("GetThreadGroupAffinity", &[own, out]), guest.pointer(out)), (1, 1));
    assert_eq!(guest.u32(out + guest.pick(12, 16)), 0x5555_5555);
    assert_eq!(guest.call("GetThreadTimes", &[own, out, out + 8, out + 16, out + 24]), 1);
    let begun = u64::from_le_bytes(guest.bytes(out));
    assert!(begun > 0 && guest.bytes::<24>(out + 8) == [0; 24]);
    let id = guest.call("GetCurrentThreadId", &[]);
    let handle = guest.call("OpenThread", &[0, 0, id]);
    assert_eq!(guest.call("GetThreadId", &[handle]), id);
    assert_eq!((guest.call("OpenThread", &[0, 0, 7]), guest.last_error()), (0, 87));
    assert_eq!((guest.call("TerminateThread", &[own, 1]), guest.last_error()), (0, 5));
    assert_eq!((guest.call("SuspendThread", &[0]), guest.last_error()), (MINUS_ONE, 6));
    let section = guest.put(&[0; 48]);
    guest.call("InitializeCriticalSectionAndSpinCount", &[section, 4000]);
    assert_eq!(guest.call("SetCriticalSectionSpinCount", &[section, 7]), 4000);
    assert_eq!(guest.pointer(section + guest.pick(20, 32)), 7);
}
