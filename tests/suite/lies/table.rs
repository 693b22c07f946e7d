//! The lies, and what comes of each.

use drvhost::Blame;

/// A lie that `lying-worker` tells.
#[derive(Debug)]
pub struct Lie {
    /// The name of its driver's file, without what all have in common.
    pub name: &'static str,
    pub stage: Stage,
    /// What comes of it.
    pub then: Then,
}

/// When a lie is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Instead of the first word, at once.
    Start,
    /// Instead of the first word, by saying nothing.
    SilentStart,
    /// When the driver is to be loaded.
    Load,
    /// When it is called.
    Call,
    /// The same in the ring itself.
    Ring,
    /// The same, by asking the host for something.
    Want,
    /// The same, as often as there is room for it.
    Flood,
    /// When time is to go on.
    Advance,
    /// When an instance is closed.
    Close,
    /// When the session ends.
    End,
}

/// What comes of a lie. Whatever it is, nobody else notices, and the worker is gone when its driver is closed.
#[derive(Debug, Clone, Copy)]
pub enum Then {
    /// There is no worker, for a reason with this in it. No driver was in it yet, so the host is to blame.
    NoWorker(&'static str),
    /// The worker is killed, or has ended, for a reason with this in it.
    Died(&'static str),
    /// The call ends at its deadline; whether the worker is killed for that.
    Late(bool),
    /// The call ends as the worker says.
    Faulted(Blame),
    /// The driver is none.
    NotADriver,
    /// It hurts nobody but the worker's own driver: what two messages and DRV_CLOSE are answered.
    Answers(&'static [i64]),
    /// What comes of it depends on who is faster.
    AnythingButHarm,
}

use Stage::{Advance, Call, Close, End, Flood, Load, Ring, SilentStart, Start, Want};
use Then::{Answers, AnythingButHarm, Died, Faulted, Late, NoWorker, NotADriver};

const fn lie(name: &'static str, stage: Stage, then: Then) -> Lie {
    Lie { name, stage, then }
}

const NOT_ASKED: Then = Died("answered a question that was not asked");
const OTHER: Then = Died("answered another question");
const FIRST: Then = NoWorker("first word");
const IMPOSSIBLE: Then = NoWorker("it cannot be as it says");
const FORGED: Then = Died("ring index or frame length is impossible");
const NO_MESSAGE: Then = Died("a message could not be understood");
const TIME: Then = Died("said a time that cannot be");

/// Nothing but the truth.
const TRUE: Then = Answers(&[6, 6, 1]);

pub const LIES: &[Lie] = &[
    lie("exits-first", Start, NoWorker("exited with code 3 before it was ready")),
    lie("answers-first", Start, FIRST),
    lie("not-started", Start, NoWorker("")),
    lie("garbage-first", Start, NoWorker("could not be understood")),
    lie("cut-first", Start, NoWorker("impossible")),
    lie("arena-at-null", Start, IMPOSSIBLE),
    lie("arena-at-the-end", Start, IMPOSSIBLE),
    lie("arena-beyond-guests", Start, IMPOSSIBLE),
    lie("images-at-the-end", Start, IMPOSSIBLE),
    lie("thousands-of-layers", Start, IMPOSSIBLE),
    lie("layers-that-steer-terminals", Start, TRUE),
    lie("never-starts", SilentStart, NoWorker("not ready after 10 s")),
    lie("stops-first", SilentStart, NoWorker("not ready after 10 s")),
    lie("started-twice", Load, NOT_ASKED),
    lie("answered-instead-of-loaded", Load, OTHER),
    lie("advanced-instead-of-loaded", Load, OTHER),
    lie("loaded-before-asked", Load, NOT_ASKED),
    lie("loaded-nowhere", Load, TRUE),
    lie("faults-absurdly-at-load", Load, Faulted(Blame::Driver)),
    lie("unloadable-absurdly", Load, NotADriver),
    lie("stops-at-load", Load, Late(true)),
    lie("exits-at-load", Load, Died("exited with code 7")),
    lie("answers-another-call", Call, NOT_ASKED),
    lie("answers-no-call", Call, NOT_ASKED),
    lie("answers-twice", Call, NOT_ASKED),
    lie("answers-ahead", Call, NOT_ASKED),
    lie("faults-ahead", Call, NOT_ASKED),
    lie("wants-unasked", Call, NOT_ASKED),
    lie("asks-unasked", Call, NOT_ASKED),
    lie("wants-two-at-once", Call, NOT_ASKED),
    lie("loads-again", Call, OTHER),
    lie("starts-again", Call, NOT_ASKED),
    lie("was-never-started", Call, NOT_ASKED),
    lie("cannot-be-loaded-any-more", Call, OTHER),
    lie("advances-unasked", Call, OTHER),
    lie("leaves-no-call", Call, Died("the end of no call")),
    lie("enters-without-end", Call, Died("calls without end")),
    lie("is-late-too-early", Call, Late(false)),
    lie("faults-absurdly", Call, Faulted(Blame::Bug)),
    lie("never-answers", Call, Late(true)),
    lie("answers-too-late", Call, Late(true)),
    lie("stops-in-call", Call, Late(true)),
    lie("exits-in-call", Call, Died("exited with code 9")),
    lie("aborts-in-call", Call, Died("aborted (SIGABRT)")),
    lie("spoils-the-interrupt", Call, TRUE),
    lie("tail-jumps", Ring, FORGED),
    lie("tail-goes-back", Ring, FORGED),
    lie("frame-too-long", Ring, FORGED),
    lie("frame-without-end", Ring, FORGED),
    lie("frame-beyond-the-tail", Ring, FORGED),
    lie("frame-of-nothing", Ring, NO_MESSAGE),
    lie("message-cut", Ring, NO_MESSAGE),
    lie("text-that-is-none", Ring, NO_MESSAGE),
    lie("frame-rewritten", Ring, AnythingButHarm),
    lie("second-line-garbage", Ring, Died("broke the protocol of its second line")),
    lie("wants-the-impossible", Want, Answers(&[0, 0, 1])),
    lie("opens-for-ever", Flood, Late(true)),
    lie("floods-threads", Flood, Late(true)),
    lie("floods-texts", Flood, Late(true)),
    lie("floods-counts", Flood, Late(true)),
    lie("floods-sound", Flood, Late(true)),
    lie("wants-for-ever", Flood, Late(true)),
    lie("asks-for-ever", Flood, Late(true)),
    lie("second-line-flood", Flood, TRUE),
    lie("time-goes-back", Advance, TIME),
    lie("time-ends", Advance, TIME),
    lie("advances-another-time", Advance, NOT_ASKED),
    lie("answers-instead-of-advancing", Advance, OTHER),
    lie("streams-that-are-not", Advance, Answers(&[0, 0, 1])),
    lie("stream-without-end", Advance, Answers(&[16, 16, 1])),
    lie("sound-from-nowhere", Advance, Answers(&[0, 0, 1])),
    lie("refuses-to-close", Close, Answers(&[6, 6, 0])),
    lie("closes-another-call", Close, NOT_ASKED),
    lie("stops-at-close", Close, Late(true)),
    lie("exits-at-free", Close, TRUE),
    lie("unloads-to-nonsense", Close, TRUE),
    lie("ends-another-session", End, Died("")),
    lie("refuses-to-close", End, Answers(&[])),
    lie("closes-another-call", End, Answers(&[])),
    lie("stops-at-close", End, Answers(&[])),
    lie("exits-at-free", End, Answers(&[])),
];
