//! What shims want of the system around the worker, and how they get it: the host serves it.

use std::time::Duration;

use guest::Stop;
use wire::{Served, ToHost, ToWorker, Want};

use crate::process::Process;
use crate::serve::lost;

impl Process {
    /// Has the host serve a want. Any thread may call this; only the one that serves requests is answered on the main line.
    pub(crate) fn want(&mut self, want: Want) -> Result<Served, Stop> {
        if self.machine.current() == 0 {
            self.link.say(&ToHost::Wanted(want.into())).map_err(lost)?;
            loop {
                match self.listen().map_err(lost)? {
                    ToWorker::Served(served) => return Ok(served),
                    ToWorker::Queued(queued) => self.put_off(*queued).map_err(lost)?,
                    _ => return Err(lost(crate::LinkError)),
                }
            }
        }
        // One at a time: the others wait until it is back.
        let waiting = self.wait_for(Duration::MAX, |process| Ok(process.aside.take()))?;
        let mut aside = waiting.ok_or_else(|| lost(crate::LinkError))?;
        let served = self.outside(|| aside.ask(&want));
        self.aside = Some(aside);
        self.changed_otherwise();
        served.map_err(lost)
    }

    /// Has the host listen to what threads want that do not serve its requests. To be called before the first of them starts.
    pub(crate) fn tell_of_threads(&mut self) -> Result<(), Stop> {
        if !self.threads_told {
            // The first one is started by the thread that serves requests: there is no other.
            self.threads_told = true;
            if !self.machine.has_pool() {
                self.say(b"it wants a thread, which its file did not show; `--quirk threads` has some ready");
                return Ok(());
            }
            self.link.say(&ToHost::Threads).map_err(lost)?;
        }
        Ok(())
    }
}
