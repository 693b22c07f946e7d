//! How many of the host's descriptors the files of drivers may take, in all workers together: half of what the process may have. The other half is for
//! workers, clients and the host itself.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{Resource, getrlimit};

/// How many there are.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// The right to have one, given back when dropped.
#[derive(Debug)]
pub(super) struct Descriptor(());

impl Descriptor {
    /// One more, unless there are too many.
    pub fn take() -> Option<Self> {
        let limit = getrlimit(Resource::Nofile).current;
        let most = limit.map_or(usize::MAX, |limit| usize::try_from(limit / 2).unwrap_or(usize::MAX));
        let more = |taken: usize| (taken < most).then_some(taken + 1);
        TAKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self(()))
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        TAKEN.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_drivers_leave_half_of_the_descriptors() {
        let limit = getrlimit(Resource::Nofile).current.unwrap();
        let limit = usize::try_from(limit).unwrap().min(100_000);
        let maximum = getrlimit(Resource::Nofile).maximum;
        let current = Some(limit as u64);
        rustix::process::setrlimit(Resource::Nofile, rustix::process::Rlimit { current, maximum }).unwrap();
        let mut taken: Vec<_> = std::iter::from_fn(Descriptor::take).collect();
        assert!((1..=limit / 2).contains(&taken.len()), "{}", taken.len());
        taken.pop();
        assert!(Descriptor::take().is_some());
    }
}
