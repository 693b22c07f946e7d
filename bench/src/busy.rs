//! Processors that have something else to do: processes of this program that compute for ever, at normal priority.

use std::os::unix::process::parent_id;
use std::process::{Child, Command, Stdio};

use crate::failure::Failure;

/// The argument that makes this program one of them.
pub const ARGUMENT: &str = "as-load";

/// One process for each processor, until it is dropped.
#[derive(Debug)]
pub struct Busy(Vec<Child>);

impl Busy {
    /// Starts them.
    ///
    /// # Errors
    /// [`Failure`] where one does not start.
    pub fn start() -> Result<Self, Failure> {
        let own = std::env::current_exe().map_err(Failure::file("this program"))?;
        let mut busy = Self(Vec::new());
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let mut command = Command::new(&own);
            command.arg(format!("--{ARGUMENT}")).stdin(Stdio::null()).stdout(Stdio::null());
            let started = command.spawn();
            busy.0
                .push(started.map_err(|source| Failure::Start { program: "the bench".to_owned(), source })?);
        }
        Ok(busy)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that has ended already is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Computes until the process that wanted it has gone, which kills it long before that.
pub fn compute() {
    let (parent, mut number) = (parent_id(), 1u64);
    while parent_id() == parent {
        for _ in 0..100_000_000 {
            number = std::hint::black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
}
