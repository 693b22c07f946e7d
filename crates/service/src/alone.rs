//! logind, for a program that holds drivers of its own and serves nobody.

use std::sync::Arc;
use std::time::Duration;

use drvhost::PowerChange;
use tokio::sync::mpsc;

use crate::errors::Error;
use crate::logind::{self, Holder};

/// What logind waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The computer shuts down: drivers are to be told, and closed, within this time.
    ShutDown(Duration),
    /// It sleeps, or has woken up: drivers are to be told, within this time if there is one.
    Power(PowerChange, Option<Duration>),
}

/// Has logind wait for this program before the computer sleeps or shuts down, for as long as the program runs: `told` is called on threads of its own, and does what is to be
/// done before it returns. After a shutdown has begun, the program is to end.
///
/// # Errors
/// [`Error::System`] where the system gives no thread. That there is no logind is no error.
pub fn follow_logind(told: impl Fn(Change) + Send + Sync + 'static) -> Result<(), Error> {
    let system = |what| move |source| Error::System { what, source };
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().thread_name("driver call").build().map_err(system("a runtime"))?;
    let follow = move || {
        // Nobody ever asks for the lock to be settled.
        let (_asks, settles) = mpsc::unbounded_channel();
        runtime.block_on(logind::watch(Arc::new(Alone(Arc::new(told))), settles));
    };
    std::thread::Builder::new().name("logind".into()).spawn(follow).map(drop).map_err(system("a thread"))
}

/// The program.
struct Alone<F>(Arc<F>);

impl<F: Fn(Change) + Send + Sync + 'static> Alone<F> {
    async fn tell(&self, change: Change) {
        let told = Arc::clone(&self.0);
        if let Err(error) = tokio::task::spawn_blocking(move || told(change)).await {
            tracing::warn!(%error, "drivers could not be told");
        }
    }
}

impl<F: Fn(Change) + Send + Sync + 'static> Holder for Alone<F> {
    fn holds_any(&self) -> bool {
        true
    }

    async fn shut_down(self: &Arc<Self>, within: Duration) {
        self.tell(Change::ShutDown(within)).await;
    }

    async fn stay(self: &Arc<Self>) {}

    async fn power(self: &Arc<Self>, change: PowerChange, within: Option<Duration>) {
        self.tell(Change::Power(change, within)).await;
    }
}
