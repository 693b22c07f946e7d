//! An act in drvhost.

use std::sync::atomic::{AtomicI64, Ordering};

use drvhost::{Error, Hdrvr, Session};

use super::{Act, Aim, Block};
use crate::acts::{REACH_KEEP, REACH_KEPT, REACH_PLACE};

/// The host's own variable, which a driver wants to write over.
static WORD: AtomicI64 = AtomicI64::new(KEPT);

/// What such variables hold at first.
const KEPT: i64 = 1234;

/// Where it is, and what it holds.
#[must_use]
pub fn kept() -> (u64, i64) {
    (std::ptr::from_ref(&WORD).addr() as u64, WORD.load(Ordering::Relaxed))
}

/// Has it hold what it held at first.
pub(super) fn restore() {
    WORD.store(KEPT, Ordering::Relaxed);
}

/// How a host got control back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// The driver answered.
    Answered(i64),
    /// The call ended otherwise; in words.
    Faulted(String),
    /// It was ended at its deadline.
    Late,
    /// With the driver's process.
    Died(String),
}

/// What a host says of an act when it is over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Performed {
    /// What the block holds.
    pub block: Block,
    /// How control came back; `None` if it did not.
    pub back: Option<Back>,
    /// What the host's own variable holds.
    pub word: Option<i64>,
    /// What the other driver's variable holds, if it still answers.
    pub other: Option<i64>,
    /// Whether the driver itself still answers.
    pub again: bool,
}

impl Performed {
    /// What variables hold at first.
    pub const KEPT: i64 = KEPT;

    /// Whether the host goes on, and with it the other driver.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.back.is_some() && self.other.is_some()
    }
}

/// Has `first` do an act while `second` is open. `began` is called when all is ready.
///
/// # Errors
/// Those of a session, when what comes before the act fails.
pub fn perform(
    session: &Session,
    [first, second]: [Hdrvr; 2],
    act: &Act,
    mut block: Block,
    began: impl FnOnce(),
) -> Result<Performed, Error> {
    for driver in [first, second] {
        session.send(driver, REACH_KEEP, KEPT, 0)?;
    }
    match act.aim {
        Aim::HostsWord => block.set_address(kept().0),
        Aim::OtherDriver => block.set_address(session.send(second, REACH_PLACE, 0, 0)?.cast_unsigned()),
        _ => {}
    }
    let shared = session.arena(first)?.block_with(&block.0)?;
    began();
    let back = match session.send(first, act.message, shared.lparam(), 0) {
        Ok(answer) => Back::Answered(answer),
        Err(Error::Faulted { fault, .. }) => Back::Faulted(fault.text),
        Err(Error::Late { .. }) => Back::Late,
        Err(Error::Died { how, .. }) => Back::Died(how),
        Err(error) => return Err(error),
    };
    // Of a worker that has ended, too: the host has the memory as well.
    block.0 = shared.to_vec()?;
    let still = |driver| session.send(driver, REACH_KEPT, 0, 0).ok();
    Ok(Performed {
        block,
        back: Some(back),
        word: Some(kept().1),
        other: still(second),
        again: still(first).is_some(),
    })
}
