//! A codec's settings as it hands them out itself (C110).

use mmsystem::{ICERR_OK, ICM_GETSTATE, ICM_SETSTATE};

use super::{Codec, icerr, icerr_text};
use crate::error::Error;

/// The longest state that is asked for.
const MAX_STATE: i64 = 16 << 20;

impl Codec<'_> {
    /// The codec's settings, in a form that it alone knows (ICM_GETSTATE); `None` where it has none.
    ///
    /// # Errors
    /// [`Error::Refused`] where it names a size and then gives nothing; and as [`Session::send`](crate::Session::send).
    pub fn state(&self) -> Result<Option<Vec<u8>>, Error> {
        let opened = &self.opened;
        let size = icerr(opened.send(ICM_GETSTATE, 0, 0)?);
        if size <= ICERR_OK {
            return Ok(None);
        }
        if size > MAX_STATE {
            let result = format!("{size}, which is not the size of a state");
            return Err(opened.refused(ICM_GETSTATE, result));
        }
        let block = opened.arena.block_with(&vec![0; size as usize])?;
        match icerr(opened.send(ICM_GETSTATE, block.lparam(), size)?) {
            answer if answer < ICERR_OK => Err(opened.refused(ICM_GETSTATE, icerr_text(answer))),
            // The documentation has ICERR_OK for an answer; some codecs answer the size.
            _ => block.to_vec().map(Some),
        }
    }

    /// Gives the codec settings that it, or the same codec elsewhere, has handed out (ICM_SETSTATE).
    ///
    /// # Errors
    /// [`Error::Refused`] where it uses none of them; [`Error::TooLarge`]; and as [`Session::send`](crate::Session::send).
    pub fn set_state(&self, state: &[u8]) -> Result<(), Error> {
        let opened = &self.opened;
        let block = opened.arena.block_with(state)?;
        let used = icerr(opened.send(ICM_SETSTATE, block.lparam(), state.len() as i64)?);
        if used > 0 {
            return Ok(());
        }
        let result = match used {
            0 => format!("that it uses none of the {} bytes", state.len()),
            error => icerr_text(error),
        };
        Err(opened.refused(ICM_SETSTATE, result))
    }

    /// Has the codec go back to the settings it begins with (ICM_SETSTATE without any).
    ///
    /// # Errors
    /// As [`Session::send`](crate::Session::send).
    pub fn reset_state(&self) -> Result<(), Error> {
        self.opened.send(ICM_SETSTATE, 0, 0).map(drop)
    }
}
