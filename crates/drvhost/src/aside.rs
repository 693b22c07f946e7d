//! A worker's second line: what threads of a driver's want while nobody waits for an answer of the worker's.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::CpuSet;
use sandbox::{Child, SharedMemory};
use wire::{Channel, Line, Side, Want};

use crate::images::Images;
use crate::launch::waiting;
use crate::places;
use crate::services::Services;

/// How long the line is listened to before it is looked whether it is over.
const LOOK: Duration = Duration::from_millis(200);

/// All that serving the line takes; the worker itself may go meanwhile.
pub(crate) struct Aside {
    pub child: Arc<Child>,
    pub memory: Arc<SharedMemory>,
    pub services: Arc<Services>,
    pub images: Arc<Mutex<Images>>,
    /// Where the worker sees further images.
    pub brought: u64,
    /// Set when the worker has ended, or nobody uses it any more.
    pub over: Arc<AtomicBool>,
    /// Why it has ended, once it has.
    pub dead: Arc<OnceLock<String>>,
    /// Where it may run: whoever has it begin may have a place of its own for the moment.
    pub processors: Option<CpuSet>,
}

/// Serves the line until it is over, on a thread of its own.
pub(crate) fn serve(aside: Aside) -> io::Result<()> {
    thread::Builder::new().name("aside".into()).spawn(move || aside.run()).map(drop)
}

impl Aside {
    fn run(self) {
        self.processors.iter().for_each(places::go_to);
        let mut channel = Channel::new(Side::Host, Line::Aside, waiting());
        while !self.over.load(Ordering::SeqCst) {
            let words = self.memory.words();
            let heard = channel.receive::<Want>(words, || Some(Instant::now() + LOOK));
            let answered = match heard {
                Ok(None) => continue,
                Ok(Some(want)) => {
                    let served = self.services.serve(&want, &self.images, self.brought, None);
                    channel.send(words, &served)
                }
                Err(error) => Err(error),
            };
            if let Err(error) = answered {
                // The request that may be waiting for an answer finds this reason.
                self.dead.get_or_init(|| {
                    format!("broke the protocol of its second line ({error}) and was killed")
                });
                self.child.kill();
                return;
            }
        }
    }
}
