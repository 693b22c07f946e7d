//! The lies, and what comes of each.

use std::fmt;

use drvhost::Blame;

/// A lie that `lying-worker` tells.
#[derive(Debug)]
pub struct Lie {
    /// The name of its driver's file, without what all have in common.
    pub name: &'static str,
    /// What it is.
    pub tries: &'static str,
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
    /// When calls are queued, once all of them have come.
    Queue,
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

impl Stage {
    /// The test that tells the lies of this stage, in `lies.rs`.
    pub fn test(self) -> &'static str {
        match self {
            Self::Start => "before_it_starts",
            Self::SilentStart => "nothing_at_all",
            Self::Load => "instead_of_being_loaded",
            Self::Call => "in_a_call",
            Self::Queue => "in_a_queue_of_calls",
            Self::Ring => "in_the_ring",
            Self::Want => "when_it_wants_something",
            Self::Flood => "without_end",
            Self::Advance => "about_time",
            Self::Close => "when_it_closes",
            Self::End => "at_the_end_of_the_session",
        }
    }
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

impl fmt::Display for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWorker("") => f.write_str("there is no worker"),
            Self::NoWorker(why) => write!(f, "there is no worker: *{why}*"),
            Self::Died(why) => write!(f, "killed: *{why}*"),
            Self::Late(true) => f.write_str("killed at the deadline"),
            Self::Late(false) => f.write_str("late, at the deadline"),
            Self::Faulted(blame) => {
                write!(f, "believed: a fault, blamed on {}", format!("{blame:?}").to_lowercase())
            }
            Self::NotADriver => f.write_str("believed: the file is no driver"),
            Self::Answers(_) => f.write_str("harms nobody but its own driver, which is answered so"),
            Self::AnythingButHarm => f.write_str("killed, late or believed, by who is faster"),
        }
    }
}

use Then::{Answers, AnythingButHarm, Died, Faulted, Late, NoWorker, NotADriver};

/// A table of lies by stage: name, what it is, and what comes of it.
macro_rules! lies {
    ($($stage:ident { $($name:literal, $tries:literal => $then:expr;)* })*) => {
        pub const LIES: &[Lie] =
            &[$($(Lie { name: $name, tries: $tries, stage: Stage::$stage, then: $then },)*)*];
    };
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

lies! {
    Start {
        "exits-first", "ends before its first word" => NoWorker("exited with code 3 before it was ready");
        "answers-first", "answers a call with its first word" => FIRST;
        "not-started", "says why it cannot start, in characters that steer a terminal" => NoWorker("");
        "garbage-first", "begins with bytes that are no message" => NoWorker("could not be understood");
        "cut-first", "begins with a frame that goes on beyond what is in the ring" => NoWorker("impossible");
        "arena-at-null", "says that the arena lies at 0" => IMPOSSIBLE;
        "arena-at-the-end", "says that the arena lies at the end of all addresses" => IMPOSSIBLE;
        "arena-beyond-guests", "says that the arena lies where no guest memory is" => IMPOSSIBLE;
        "images-at-the-end", "says that images lie at the end of all addresses" => IMPOSSIBLE;
        "thousands-of-layers", "says that 5000 layers isolate it" => IMPOSSIBLE;
        "layers-that-steer-terminals", "names its layers in characters that steer a terminal" => TRUE;
    }
    SilentStart {
        "never-starts", "says nothing" => NoWorker("not ready after 10 s");
        "stops-first", "stops itself before its first word" => NoWorker("not ready after 10 s");
    }
    Load {
        "started-twice", "says again that it has started, instead of loading" => NOT_ASKED;
        "answered-instead-of-loaded", "answers a call instead of loading" => OTHER;
        "advanced-instead-of-loaded", "says that time has gone on instead of loading" => OTHER;
        "loaded-before-asked", "says that the driver is loaded before it is asked to" => NOT_ASKED;
        "loaded-nowhere", "says that the driver lies at the end of all addresses, its DriverProc at 0, and that a thousand imports are missing that steer a terminal" => TRUE;
        "faults-absurdly-at-load", "says that the entry point faulted, with a very long text at an impossible place" => Faulted(Blame::Driver);
        "unloadable-absurdly", "refuses the image with a very long text that steers a terminal" => NotADriver;
        "stops-at-load", "stops itself when it is to load" => Late(true);
        "exits-at-load", "ends when it is to load" => Died("exited with code 7");
    }
    Call {
        "answers-another-call", "answers a call that comes later" => NOT_ASKED;
        "answers-no-call", "answers the call with the number 0" => NOT_ASKED;
        "answers-twice", "answers a call twice" => NOT_ASKED;
        "answers-ahead", "answers the next call along with this one" => NOT_ASKED;
        "faults-ahead", "says along with an answer that the next call faulted" => NOT_ASKED;
        "wants-unasked", "wants something of the host along with an answer" => NOT_ASKED;
        "asks-unasked", "asks for a module handle along with an answer" => NOT_ASKED;
        "wants-two-at-once", "wants something before it was told what became of the last" => NOT_ASKED;
        "drops-a-call", "says that it has dropped a call that comes after no other" => OTHER;
        "loads-again", "says in a call that the driver is loaded" => OTHER;
        "starts-again", "says in a call that it has started" => NOT_ASKED;
        "was-never-started", "says in a call that it cannot start" => NOT_ASKED;
        "cannot-be-loaded-any-more", "says in a call that the driver refuses to be loaded" => OTHER;
        "advances-unasked", "says in a call that time has gone on, to the end of all time" => OTHER;
        "leaves-no-call", "says that a call between drivers has ended that never began" => Died("the end of no call");
        "enters-without-end", "says that drivers call each other, deeper than any stack" => Died("calls without end");
        "is-late-too-early", "says at once that it was interrupted at its deadline" => Late(false);
        "faults-absurdly", "says that drvhost is to blame for a fault, with a very long text at an impossible place" => Faulted(Blame::Bug);
        "never-answers", "never answers, and cannot be interrupted" => Late(true);
        "answers-too-late", "answers when its time is over" => Late(true);
        "stops-in-call", "stops itself in a call" => Late(true);
        "exits-in-call", "ends in a call" => Died("exited with code 9");
        "aborts-in-call", "aborts in a call, in a function whose name steers a terminal" => Died("aborted (SIGABRT)");
        "spoils-the-interrupt", "writes over the word in which the host names what is to be interrupted" => TRUE;
    }
    Queue {
        "answers-in-order", "tells the truth about three queued calls" => Answers(&[6, 5, 4, 1]);
        "answers-out-of-order", "answers the second queued call before the first" => NOT_ASKED;
        "answers-behind-the-queue", "answers a call behind the queued ones along with these" => NOT_ASKED;
        "drops-for-nothing", "drops queued calls although none has failed" => OTHER;
        "drops-another-call", "drops the queued call behind the one whose turn it is" => NOT_ASKED;
        "goes-on-after-a-fault", "answers queued calls behind one that faulted" => OTHER;
        "faults-again-after-a-fault", "says of queued calls behind one that faulted that they faulted, too" => OTHER;
        "never-drops", "says nothing of queued calls behind one that faulted" => Late(true);
        "never-answers-the-queue", "says nothing of queued calls but the first" => Late(true);
        "exits-in-the-queue", "ends when three calls are queued" => Died("exited with code 11");
    }
    Ring {
        "lap-jumps", "stamps a slot as if it had come around once more" => FORGED;
        "lap-goes-back", "stamps a slot as if it had come around less often than it has" => FORGED;
        "frame-too-long", "sends a frame that is a byte too long" => FORGED;
        "frame-without-end", "sends a frame that begins with a stamp for further slots" => FORGED;
        "frame-beyond-what-is-there", "sends a frame that is longer than what is in the ring" => FORGED;
        "frame-of-nothing", "sends an empty frame" => NO_MESSAGE;
        "message-cut", "sends the beginning of a message" => NO_MESSAGE;
        "text-that-is-none", "sends a text that is not UTF-8" => NO_MESSAGE;
        "frame-rewritten", "changes a frame's length all the time while the host reads it" => AnythingButHarm;
        "second-line-garbage", "sends what is no want on the line of its threads" => Died("broke the protocol of its second line");
    }
    Want {
        "wants-the-impossible", "reads, writes, lists, sets and plays with handles, places, lengths, names and formats that cannot be" => Answers(&[0, 0, 1]);
    }
    Flood {
        "opens-for-ever", "opens a driver without end whose name steers a terminal" => Late(true);
        "floods-threads", "says without end that it has threads" => Late(true);
        "floods-texts", "says texts without end" => Late(true);
        "floods-counts", "says without end how functions were called, with 8000 kinds of failures each" => Late(true);
        "floods-sound", "closes a stream without end that is not open" => Late(true);
        "wants-for-ever", "wants a file without end that is not granted" => Late(true);
        "asks-for-ever", "asks for a module handle without end" => Late(true);
        "second-line-flood", "floods the line of its threads, and answers calls as it should" => AnythingButHarm;
    }
    Advance {
        "time-goes-back", "says that it is earlier than it was to be" => TIME;
        "time-ends", "says that it is the end of all time" => TIME;
        "advances-another-time", "says that time has gone on for another request" => NOT_ASKED;
        "answers-instead-of-advancing", "answers a call when time is to go on" => OTHER;
        "streams-that-are-not", "says how far 700 streams are that are not open" => Answers(&[0, 0, 1]);
        "stream-without-end", "says 500 times that a stream has been played to the end of all time" => Answers(&[16, 16, 1]);
        "sound-from-nowhere", "plays on streams that are not open, backwards, and terabytes ahead" => Answers(&[0, 0, 1]);
    }
    Close {
        "refuses-to-close", "answers DRV_CLOSE with 0" => Answers(&[6, 6, 0]);
        "closes-another-call", "answers another call than DRV_CLOSE" => NOT_ASKED;
        "stops-at-close", "stops itself in DRV_CLOSE" => Late(true);
        "exits-at-free", "ends in DRV_FREE" => TRUE;
        "unloads-to-nonsense", "answers its unloading with what means nothing" => TRUE;
    }
    End {
        "ends-another-session", "answers another call than DRV_EXITSESSION" => Died("");
        "refuses-to-close", "answers DRV_CLOSE with 0" => Answers(&[]);
        "closes-another-call", "answers another call than DRV_CLOSE" => Answers(&[]);
        "stops-at-close", "stops itself in DRV_CLOSE" => Answers(&[]);
        "exits-at-free", "ends in DRV_FREE" => Answers(&[]);
    }
}
