//! Answers what a driver asks of the host from inside a call.

use std::time::Instant;

use wire::Asked;

use crate::session::{Hdrvr, Inner};
use crate::worker::Broker;

impl Broker for Inner {
    /// As the Win32 functions answer: 0 for a handle that is none, and for a message that failed (C055, C056, C058).
    fn ask(&self, asked: &Asked, until: Option<Instant>) -> i64 {
        match *asked {
            Asked::Send { hdrvr, message, lparam1, lparam2 } => {
                self.send(Hdrvr(hdrvr), message, lparam1, lparam2, self.nested(until)).unwrap_or(0)
            }
            Asked::Close { hdrvr, lparam1, lparam2 } => {
                self.close(Hdrvr(hdrvr), lparam1, lparam2, self.nested(until)).unwrap_or(0)
            }
            Asked::ModuleHandle { hdrvr } => self.module_handle(Hdrvr(hdrvr)).map_or(0, u64::cast_signed),
        }
    }

    fn said(&self, driver: &str, text: &str) {
        tracing::info!(driver, "{text}");
        self.listener.hear(driver, text);
    }
}
