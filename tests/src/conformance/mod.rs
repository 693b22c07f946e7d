//! The conformance suite: scripts that name the statement of the norm which they test, what plays them, and the table of all statements.
//!
//! A [`Script`] is played on a [`Platform`]: drvhost with its real workers, or Wine with its own winmm. Both run the same drivers, and what
//! counts is what these say that they got.

mod coverage;
mod drvhost_platform;
mod event;
mod pattern;
mod platform;
mod player;
mod script;
mod statements;
mod table;
mod values;
mod wine;

pub use coverage::{Test, tests};
pub use drvhost_platform::Drvhost;
pub use event::{Event, Received};
pub use platform::{Answer, Call, Entry, Platform, Process, Setting};
pub use player::play;
pub use script::{Script, Step, scripts};
pub use statements::{GROUPS, Group, Statement, Untested};
pub use table::{Table, WineColumn};
pub use wine::Wine;
