//! Audio codecs: what an ACM driver is asked, in which order (spec section 4.2, C116 to C128).

mod formats;
mod packing;
mod possible;
mod room;
mod stream;
mod team;

use std::sync::Arc;

use mmsystem::{
    ACM_FORMATTAGDETAILSF_FORMATTAG, ACM_FORMATTAGDETAILSF_INDEX, ACMDM_DRIVER_DETAILS,
    ACMDM_FORMATTAG_DETAILS, ACMDRIVERDETAILSW, ACMDRVOPENDESCW, ACMFORMATTAGDETAILSW, FourCc, Layout,
    MMSYSERR_NOERROR, Packing, Structure, mmsyserr_name,
};

use crate::arena::{Arena, Block, wide};
use crate::error::Error;
use crate::opened::{Opened, decoded, encoded};
use crate::registry::{DRIVERS32, DriverFile};
use crate::session::{Hdrvr, Session};

pub use formats::Listed;
pub use packing::packing_of;
pub use stream::{Converted, Ends, Stream};
pub use team::Team;

/// The kind of driver: ACMDRVOPENDESC's `fccType`, and ACMDRIVERDETAILS' in the answer.
const ACMDRIVERDETAILS_FCCTYPE_AUDIOCODEC: FourCc = FourCc(*b"audc");
/// The version of the ACM that drivers are told: 4.00, build 1381, as Windows NT 4 and Wine say.
const VERSION: u32 = 0x0400_0565;
/// The most format tags that a driver is asked for.
const MAX_FORMAT_TAGS: u32 = 64;

/// An open audio codec. Dropping it sends DRV_CLOSE.
#[derive(Debug)]
pub struct Codec<'s> {
    opened: Opened<'s>,
    layout: Layout,
}

impl<'s> Codec<'s> {
    /// Opens a driver. Its structures have the packing of [`packing_of`] unless one is given.
    ///
    /// # Errors
    /// As [`packing_of`] and [`Session::open`].
    pub fn open(session: &'s Session, driver: &DriverFile, packing: Option<Packing>) -> Result<Self, Error> {
        let packing = packing.map_or_else(|| packing_of(driver), Ok)?;
        let opened = Opened::open(session, driver, |arena| describe(driver, packing, arena))?;
        let layout = Layout { width: opened.width(), packing };
        Ok(Self { opened, layout })
    }

    /// As [`open`](Self::open), in a worker of its own ([`Session::open_apart`]).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_apart(
        session: &'s Session,
        driver: &DriverFile,
        packing: Option<Packing>,
    ) -> Result<Self, Error> {
        let packing = packing.map_or_else(|| packing_of(driver), Ok)?;
        let opened = Opened::open_apart(session, driver, |arena| describe(driver, packing, arena))?;
        let layout = Layout { width: opened.width(), packing };
        Ok(Self { opened, layout })
    }

    /// Its instance's handle.
    #[must_use]
    pub fn hdrvr(&self) -> Hdrvr {
        self.opened.hdrvr()
    }

    /// What the codec says it is (ACMDM_DRIVER_DETAILS); `None` when it does not fill in that it is an audio codec: an
    /// answer of 0 alone is also that of drivers that do not know the message. Its texts are the driver's.
    ///
    /// # Errors
    /// As [`Session::send`].
    pub fn details(&self) -> Result<Option<ACMDRIVERDETAILSW>, Error> {
        let size = ACMDRIVERDETAILSW::size(self.layout);
        let details = ACMDRIVERDETAILSW { cbStruct: size as u32, ..ACMDRIVERDETAILSW::default() };
        let block = self.opened.arena.block_with(&encoded(&details, self.layout)?)?;
        if mmsyserr(self.opened.send(ACMDM_DRIVER_DETAILS, block.lparam(), 0)?) != MMSYSERR_NOERROR {
            return Ok(None);
        }
        let details: ACMDRIVERDETAILSW = decoded(&block, self.layout)?;
        let is_codec = FourCc::from(details.fccType) == ACMDRIVERDETAILS_FCCTYPE_AUDIOCODEC;
        Ok(is_codec.then_some(details))
    }

    /// What the codec says of a format tag (ACMDM_FORMATTAG_DETAILS by tag); `None` when it does not have it.
    ///
    /// # Errors
    /// As [`Session::send`].
    pub fn format_tag(&self, tag: u16) -> Result<Option<ACMFORMATTAGDETAILSW>, Error> {
        let wanted = ACMFORMATTAGDETAILSW { dwFormatTag: tag.into(), ..ACMFORMATTAGDETAILSW::default() };
        let details = self.format_tag_details(&wanted, ACM_FORMATTAGDETAILSF_FORMATTAG)?;
        Ok(details.filter(|details| details.dwFormatTag == u32::from(tag)))
    }

    /// The format tags that the codec has, in its order (ACMDM_FORMATTAG_DETAILS by index).
    ///
    /// # Errors
    /// As [`Session::send`].
    pub fn format_tags(&self) -> Result<Vec<u16>, Error> {
        let count = self.details()?.map_or(0, |details| details.cFormatTags).min(MAX_FORMAT_TAGS);
        let mut tags = Vec::new();
        for index in 0..count {
            let wanted = ACMFORMATTAGDETAILSW { dwFormatTagIndex: index, ..ACMFORMATTAGDETAILSW::default() };
            let Some(details) = self.format_tag_details(&wanted, ACM_FORMATTAGDETAILSF_INDEX)? else { break };
            tags.extend(u16::try_from(details.dwFormatTag).ok());
        }
        Ok(tags)
    }

    fn format_tag_details(
        &self,
        wanted: &ACMFORMATTAGDETAILSW,
        query: u32,
    ) -> Result<Option<ACMFORMATTAGDETAILSW>, Error> {
        let wanted =
            ACMFORMATTAGDETAILSW { cbStruct: ACMFORMATTAGDETAILSW::size(()) as u32, ..wanted.clone() };
        let block = self.opened.arena.block_with(&encoded(&wanted, ())?)?;
        match mmsyserr(self.opened.send(ACMDM_FORMATTAG_DETAILS, block.lparam(), query.into())?) {
            MMSYSERR_NOERROR => decoded(&block, ()).map(Some),
            _ => Ok(None),
        }
    }

    /// Closes it where it failed; answers whether its worker has ended with it. See [`Session::dismiss`].
    fn dismiss(self, came_back: bool) -> bool {
        self.opened.dismiss(came_back)
    }

    /// Sends DRV_CLOSE.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver stays open, and as [`Session::close`].
    pub fn close(self) -> Result<(), Error> {
        self.opened.close()
    }
}

/// What a codec is opened with: an ACMDRVOPENDESC and the texts that it names.
fn describe(driver: &DriverFile, packing: Packing, arena: &Arc<Arena>) -> Result<Block, Error> {
    let layout = Layout { width: arena.width(), packing };
    // The texts stand behind the structure, at even addresses.
    let section_at = ACMDRVOPENDESCW::size(layout).next_multiple_of(2);
    let section = wide(DRIVERS32);
    let alias_at = section_at + section.len();
    let alias = driver.alias.as_deref().map(wide);
    let block = arena.block(alias_at + alias.as_ref().map_or(0, Vec::len))?;
    let describe = ACMDRVOPENDESCW {
        cbStruct: ACMDRVOPENDESCW::size(layout) as u32,
        fccType: ACMDRIVERDETAILS_FCCTYPE_AUDIOCODEC.into(),
        dwVersion: VERSION,
        pszSectionName: block.address() + section_at as u64,
        pszAliasName: alias.as_ref().map_or(0, |_| block.address() + alias_at as u64),
        ..ACMDRVOPENDESCW::default()
    };
    block.write(0, &encoded(&describe, layout)?)?;
    block.write(section_at, &section)?;
    block.write(alias_at, &alias.unwrap_or_default())?;
    Ok(block)
}

/// Sends a message that only MMSYSERR_NOERROR lets go on.
fn ask(opened: &Opened<'_>, message: u32, lparam1: i64, lparam2: i64) -> Result<(), Error> {
    answered(opened, message, opened.send(message, lparam1, lparam2)?)
}

/// Whether the answer to a message lets go on.
fn answered(opened: &Opened<'_>, message: u32, answer: i64) -> Result<(), Error> {
    match mmsyserr(answer) {
        MMSYSERR_NOERROR => Ok(()),
        answer => Err(opened.refused(message, mmsyserr_text(answer))),
    }
}

/// The meaning of an answer: an MMRESULT, of which a 64-bit driver may leave the upper half undefined.
fn mmsyserr(answer: i64) -> u32 {
    answer as u32
}

/// An answer by name and number.
fn mmsyserr_text(answer: u32) -> String {
    mmsyserr_name(answer).map_or_else(|| answer.to_string(), |name| format!("{name} ({answer})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_names_and_32_bits() {
        assert_eq!(mmsyserr_text(mmsyserr(0x7FFF_0000_0200)), "ACMERR_NOTPOSSIBLE (512)");
        assert_eq!(mmsyserr_text(9999), "9999");
    }
}
