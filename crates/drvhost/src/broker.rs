//! Answers what a driver asks of the host from inside a call.

use std::sync::Arc;
use std::time::Instant;

use wire::Asked;

use crate::session::{Hdrvr, Inner};
use crate::trace::Trace;
use crate::worker::{Broker, Worker};

impl Broker for Inner {
    /// As the Win32 functions answer: 0 for a driver that does not open (C046), for a handle that is none, and for a message that failed
    /// (C055, C056, C058).
    fn ask(&self, worker: &Arc<Worker>, asked: &Asked, until: Option<Instant>) -> i64 {
        // A 32-bit driver's numbers arrive as they lie in its memory, without the sign of the upper half.
        let long = |lparam: i64| worker.width().long(lparam.cast_unsigned());
        match *asked {
            Asked::Open { ref name, ref section, lparam2 } => {
                let opened =
                    self.open_beside(worker, name, section.as_deref(), long(lparam2), self.nested(until));
                opened.map_or(0, |hdrvr| hdrvr.0.cast_signed())
            }
            Asked::Send { hdrvr, message, lparam1, lparam2 } => self
                .send(Hdrvr(hdrvr), message, long(lparam1), long(lparam2), self.nested(until))
                .unwrap_or(0),
            Asked::Close { hdrvr, lparam1, lparam2 } => {
                self.close(Hdrvr(hdrvr), long(lparam1), long(lparam2), self.nested(until)).unwrap_or(0)
            }
            Asked::ModuleHandle { hdrvr } => self.module_handle(Hdrvr(hdrvr)).map_or(0, u64::cast_signed),
        }
    }

    fn driver_of(&self, worker: &Worker, hdrvr: u64) -> String {
        let slot = self.table.get(Hdrvr(hdrvr)).filter(|slot| slot.module.worker.number == worker.number);
        slot.map_or_else(String::new, |slot| slot.module.name.clone())
    }

    fn trace(&self) -> &Trace {
        &self.trace
    }

    fn said(&self, driver: &str, text: &str) {
        tracing::info!(driver, "{text}");
        self.listener.hear(driver, text);
    }
}
