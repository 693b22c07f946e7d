//! drvhost as a service on D-Bus: many clients, each with a session and workers of its own; instruments that belong to none of them; logind, which says when the computer sleeps and shuts
//! down; and systemd.
//!
//! Everything that talks is one thread and asynchronous ([`serve`]). What calls a driver blocks, and does so in a pool whose size is bounded, so calls to
//! different workers run side by side and a driver that hangs keeps nobody else waiting.
#![forbid(unsafe_code)]

mod alone;
mod bus;
mod clients;
mod connect;
mod details;
mod errors;
mod instruments;
mod logind;
mod manager;
mod memory;
mod notify;
mod quarantine;
mod report;
mod serve;
mod units;
mod watch;

pub use alone::{Change, follow_logind};
pub use connect::Remote;
pub use errors::Error;
#[doc(hidden)]
pub use manager::bodies as fuzzing;
pub use report::{ClientInstance, EndCause, SessionReport, state_directory};
pub use serve::{Settings, serve};
pub use units::{Installed, install};

/// The service's name on the bus.
pub const NAME: &str = "org.drvhost.Host1";
/// Its object.
pub const PATH: &str = "/org/drvhost/Host1";
/// That object's interface.
pub const INTERFACE: &str = "org.drvhost.Host1.Manager";
