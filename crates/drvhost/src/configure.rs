//! Settings of a driver: whether it has a dialog for them, and the structure that says where they are kept (spec section 3, C086 to C092).

use std::sync::Arc;

use mmsystem::{
    DRV_CONFIGURE, DRV_QUERYCONFIGURE, DRVCNF_CANCEL, DRVCNF_RESTART, DRVCONFIGINFOEX, Structure,
};
use serde::Serialize;

use crate::arena::{Arena, Block, wide};
use crate::decode::{AUDIO_PREFIX, strip_prefix};
use crate::error::Error;
use crate::opened::{Opened, encoded};
use crate::registry::{DRIVERS32, DriverFile};
use crate::session::Session;

/// What a driver answers to DRV_CONFIGURE and DRV_INSTALL (C088).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// DRVCNF_CANCEL: nothing is to change.
    Cancel,
    /// DRVCNF_OK, or a number that has no meaning.
    Ok,
    /// DRVCNF_RESTART: done, and it takes effect in the next session.
    Restart,
}

impl Answer {
    pub(crate) fn of(answer: i64) -> Self {
        // An LRESULT of which a driver may leave the upper half undefined.
        match answer as u32 {
            DRVCNF_CANCEL => Self::Cancel,
            DRVCNF_RESTART => Self::Restart,
            _ => Self::Ok,
        }
    }
}

/// Asks a driver whether it has a configuration dialog (DRV_QUERYCONFIGURE).
///
/// # Errors
/// As [`Session::open`] and [`Session::send`].
pub fn has_dialog(session: &Session, driver: &DriverFile) -> Result<bool, Error> {
    let opened = Opened::plain(session, driver)?;
    let answer = query(&opened);
    opened.close_anyway();
    answer
}

/// Has a driver show its configuration dialog (DRV_CONFIGURE), if it says that it has one; `None` if not. There is no window that it could be
/// in front of, and no screen.
///
/// # Errors
/// As [`Session::open`] and [`Session::send`].
pub fn configure(session: &Session, driver: &DriverFile) -> Result<Option<Answer>, Error> {
    let opened = Opened::plain(session, driver)?;
    let asked = query(&opened).and_then(|dialog| {
        if !dialog {
            return Ok(None);
        }
        let info = config_info(&opened.arena, driver.alias.as_deref())?;
        opened.send(DRV_CONFIGURE, 0, info.lparam()).map(|answer| Some(Answer::of(answer)))
    });
    opened.close_anyway();
    asked
}

/// Whether an open driver has a configuration dialog.
pub(crate) fn query(opened: &Opened<'_>) -> Result<bool, Error> {
    Ok(opened.send(DRV_QUERYCONFIGURE, 0, 0)? != 0)
}

/// A DRVCONFIGINFO with the entry's names behind it; those of a driver without entry are NULL, which drivers must accept (C087).
///
/// The longer structure is always there. Audio codecs are told its whole size, because the ACM does so (C091).
pub(crate) fn config_info(arena: &Arc<Arena>, alias: Option<&str>) -> Result<Block, Error> {
    let width = arena.width();
    let size = DRVCONFIGINFOEX::size(width);
    let is_acm = alias.is_some_and(|alias| strip_prefix(alias, AUDIO_PREFIX).is_some());
    // Text stands at even addresses.
    let section_at = size.next_multiple_of(2);
    let section = alias.map_or(Vec::new(), |_| wide(DRIVERS32));
    let alias_at = section_at + section.len();
    let name = alias.map_or(Vec::new(), wide);
    let block = arena.block(alias_at + name.len())?;
    let place = |at: usize| alias.map_or(0, |_| block.address() + at as u64);
    let told = if is_acm { size } else { mmsystem::DRVCONFIGINFO::size(width) };
    let info = DRVCONFIGINFOEX {
        dwDCISize: told as u32,
        lpszDCISectionName: place(section_at),
        lpszDCIAliasName: place(alias_at),
        dnDevNode: 0,
    };
    block.write(0, &encoded(&info, width)?)?;
    block.write(section_at, &section)?;
    block.write(alias_at, &name)?;
    Ok(block)
}

#[cfg(test)]
mod tests {
    use mmsystem::Width;
    use sandbox::SharedMemory;

    use super::*;

    fn info(width: Width, alias: Option<&str>) -> (u64, Vec<u8>) {
        let arena = Arena::new(SharedMemory::create(c"test", 4096).unwrap(), 0x1000, width);
        let block = config_info(&arena, alias).unwrap();
        (block.address(), block.to_vec().unwrap())
    }

    #[test]
    fn names_stand_behind_the_structure() {
        for (width, base, extended) in [(Width::Bits32, 12, 16), (Width::Bits64, 20, 24)] {
            let (address, bytes) = info(width, Some("vidc.a"));
            let read = DRVCONFIGINFOEX::decode(width, &bytes).unwrap();
            assert_eq!(read.dwDCISize, base);
            let text = |at: u64| bytes[usize::try_from(at - address).unwrap()..].to_vec();
            assert!(text(read.lpszDCISectionName).starts_with(&wide("Drivers32")));
            assert_eq!(text(read.lpszDCIAliasName), wide("vidc.a"));
            let (_, bytes) = info(width, Some("MSACM.a"));
            assert_eq!(DRVCONFIGINFOEX::decode(width, &bytes).unwrap().dwDCISize, extended);
            let (_, bytes) = info(width, None);
            let read = DRVCONFIGINFOEX::decode(width, &bytes).unwrap();
            assert_eq!((read.lpszDCISectionName, read.lpszDCIAliasName), (0, 0));
        }
    }

    #[test]
    fn answers_have_three_meanings() {
        let answers = [0, 1, 2, 3, 0x7FFF_0000_0000].map(Answer::of);
        assert_eq!(answers, [Answer::Cancel, Answer::Ok, Answer::Restart, Answer::Ok, Answer::Cancel]);
    }
}
