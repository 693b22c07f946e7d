//! Hosts Windows installable drivers, each in a sandboxed worker process, and gives every one of them its whole life: from DRV_LOAD to
//! DRV_EXITSESSION.
//!
//! This crate is the trusted side. It never runs a byte of a driver and believes nothing that comes back from a worker.
//!
//! ```no_run
//! use drvhost::{Policy, Session};
//!
//! # fn main() -> Result<(), drvhost::Error> {
//! let session = Session::builder().start()?;
//! let hdrvr = session.open_driver("vidc.cvid", None, 0)?;
//! let answer = session.send(hdrvr, mmsystem::DRV_QUERYCONFIGURE, 0, 0)?;
//! println!("{answer}");
//! let report = session.end(Policy::Orderly);
//! assert!(report.all_answered());
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod acm;
mod ahead;
mod aliases;
mod arena;
mod aside;
mod broadcast;
mod broker;
mod clock;
pub mod configure;
mod confinement;
pub mod decode;
mod depth;
mod direct;
mod directories;
pub mod encode;
mod end;
mod entry;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod home;
mod host;
mod images;
pub mod import;
pub mod inspect;
pub mod install;
mod launch;
mod life;
mod listener;
mod machine;
pub mod media;
mod meeting;
pub mod midi;
mod module;
mod numbers;
mod opened;
mod opening;
mod places;
pub mod play;
mod priority;
pub mod probe;
mod queue;
mod regfile;
mod registry;
mod reply;
mod services;
mod session;
pub mod shelf;
mod sound;
mod store;
pub mod synth;
mod table;
mod trace;
mod turns;
pub mod vfw;
mod waiting;
mod worker;

pub use ahead::Ahead;
pub use aliases::{DEFAULT_ALIASES, DefaultAlias};
pub use arena::{Arena, Block};
pub use broadcast::PowerChange;
pub use clock::{Advanced, Clock, StreamState};
pub use confinement::Require;
pub use end::{CloseOutcome, End, InstanceReport, Policy, Reason, Report};
pub use entry::{DeviceMessage, Entry};
pub use error::{Blame, Error, Place};
pub use host::{Host, Layer, Segments};
pub use machine::Machine;
pub use numbers::Numbers;
pub use priority::prefer_this_thread;
pub use queue::{Answer, Copies, Queue, Standing};
pub use registry::{DriverFile, Origin, Registry};
pub use services::Grant;
pub use session::{Builder, Hdrvr, Instance, Session};
pub use sound::{Pace, Piece, Sink, Sound, SoundSink, StreamId};
pub use store::{Store, StoreError};
pub use trace::summary::{self, Summary};
pub use trace::{Outcome, Trace};
pub use wire::DialogAnswer;
