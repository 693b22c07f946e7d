//! How drivers are confined: which layers of the sandbox must be there, and how much memory they can have.

use std::sync::Once;
use std::time::Duration;

use sandbox::{Terms, memory};

use crate::error::Error;
use crate::host::{Host, Layer};
use crate::session::Builder;

/// Which layers of the sandbox must be there for drivers to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Require {
    /// Those that this computer offers; which are missing is said once in a process, as a warning. The system-call filter is always one of them.
    #[default]
    Available,
    /// Each of them.
    Full,
}

impl Require {
    /// Whether workers that are isolated by these layers may run a driver.
    ///
    /// # Errors
    /// [`Error::SandboxIncomplete`].
    fn check(self, layers: &[Layer]) -> Result<(), Error> {
        let missing: Vec<Layer> = layers.iter().filter(|layer| !layer.active).cloned().collect();
        match self {
            _ if missing.is_empty() => Ok(()),
            Self::Full => Err(Error::SandboxIncomplete { missing }),
            Self::Available => {
                static SAID: Once = Once::new();
                SAID.call_once(|| {
                    let missing = words(&missing);
                    tracing::warn!(
                        "this computer lacks layers of the sandbox: {missing}; `drvhost info --host` tells of all layers"
                    );
                });
                Ok(())
            }
        }
    }
}

/// The names of layers, and why each is missing.
pub(crate) fn words(missing: &[Layer]) -> String {
    let word = |layer: &Layer| format!("{} ({})", layer.name, layer.detail);
    missing.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// What to do about a layer that is missing.
pub(crate) fn advice(missing: &[Layer]) -> &'static str {
    match missing.first().map(|layer| layer.name.as_str()) {
        Some("namespaces") => {
            "`sysctl -w user.max_user_namespaces=10000` allows namespaces, on Debian with `kernel.unprivileged_userns_clone=1` and on Ubuntu with \
             `kernel.apparmor_restrict_unprivileged_userns=0`; in a container they are its runtime's to allow"
        }
        Some("landlock") => {
            "Landlock is in kernels since 5.13; where `/sys/kernel/security/lsm` does not list it, the kernel's option `lsm=` switches it on"
        }
        Some("speculation") => {
            "kernels since 4.17 let programs switch speculation off; without `--require-sandbox full` drivers run without it"
        }
        _ => {
            "`drvhost info --host` tells of all layers; without `--require-sandbox full` drivers run with those that there are"
        }
    }
}

/// How the workers of a session are confined.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Confinement {
    require: Require,
    /// What each worker is told.
    pub terms: Terms,
}

impl Default for Confinement {
    fn default() -> Self {
        let terms =
            Terms { memory: memory::MOST, processor_time: None, fixed_addresses: false, threads: false };
        Self { require: Require::default(), terms }
    }
}

impl Confinement {
    /// Whether a worker that is isolated by these layers may run a driver.
    ///
    /// # Errors
    /// [`Error::SandboxIncomplete`].
    pub fn check(&self, layers: &[Layer]) -> Result<(), Error> {
        self.require.check(layers)
    }
}

impl Builder {
    /// The least memory that a worker can be given, in bytes: 256 MiB.
    pub const LEAST_MEMORY: u64 = memory::LEAST;
    /// The most, in bytes: 2 GiB.
    pub const MOST_MEMORY: u64 = memory::MOST;

    /// Which layers of the sandbox must be there. Those that this computer offers unless set.
    ///
    /// With [`Require::Full`] an open fails with [`Error::SandboxIncomplete`] where one is missing, before any code of the driver has run.
    #[must_use]
    pub fn require_sandbox(mut self, require: Require) -> Self {
        self.confinement.require = require;
        self
    }

    /// How many bytes of memory each worker can have of its own, for all drivers in it: from [`LEAST_MEMORY`](Self::LEAST_MEMORY) to
    /// [`MOST_MEMORY`](Self::MOST_MEMORY), and the nearer of them for what is less or more. The most unless set.
    ///
    /// 192 MiB of it are for images and what the worker itself needs; the rest is the driver's heap, 704 MiB of it at most. What is shared with the host
    /// does not count: the arena of 256 MiB at most. A driver that wants more gets NULL from HeapAlloc and its kin, and none of it from the kernel.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.confinement.terms.memory = bytes.clamp(Self::LEAST_MEMORY, Self::MOST_MEMORY);
        self
    }

    /// How much processor time a worker may use in its whole life, all its threads together, before it is ended ([`Error::Died`]): whole seconds, rounded
    /// up. As much as it likes unless set, since a long film takes long; the deadline is for each message.
    #[must_use]
    pub fn processor_time(mut self, most: Option<Duration>) -> Self {
        self.confinement.terms.processor_time = most;
        self
    }

    /// Has all that drivers see lie at the same addresses in every worker, for who repeats a fault exactly. Unless this is on, addresses are random, so that
    /// media which exploit a driver's faults cannot know any.
    #[must_use]
    pub fn fixed_addresses(mut self, on: bool) -> Self {
        self.confinement.terms.fixed_addresses = on;
        self
    }

    /// Has every worker make threads for its driver. Unless this is on, those do whose driver's file shows that it can use some: one that hides this finds that
    /// no thread can be made (CreateThread answers NULL), and says so as its [text](Self::on_text).
    #[must_use]
    pub fn threads(mut self, on: bool) -> Self {
        self.confinement.terms.threads = on;
        self
    }
}

impl Host {
    /// Whether drivers may run on this computer.
    ///
    /// # Errors
    /// [`Error::SandboxIncomplete`], with [`Require::Full`] only.
    pub fn check(&self, require: Require) -> Result<(), Error> {
        require.check(&self.layers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(name: &str, active: bool) -> Layer {
        Layer { name: name.into(), active, detail: "because".into() }
    }

    #[test]
    fn full_names_what_is_missing_and_the_rest_is_run_with() {
        let layers = [layer("namespaces", false), layer("seccomp", true), layer("landlock", false)];
        assert!(Require::Available.check(&layers).is_ok());
        assert!(Require::Full.check(&layers[1..2]).is_ok());
        let error = Require::Full.check(&layers).unwrap_err();
        assert!(error.to_string().contains("namespaces (because), landlock (because)"), "{error}");
        assert_eq!(error.blame(), crate::Blame::Host);
        assert!(error.advice().is_some_and(|advice| advice.contains("user.max_user_namespaces")));
    }

    #[test]
    fn memory_stays_within_its_bounds() {
        let memory = |bytes| crate::Session::builder().memory(bytes).confinement.terms.memory;
        assert_eq!([0, 300 << 20, u64::MAX].map(memory), [256 << 20, 300 << 20, 2 << 30]);
    }
}
