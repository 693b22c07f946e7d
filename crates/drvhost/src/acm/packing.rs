//! Which of the two packings a driver reads its 64-bit structures with (spec section 4.2, "64-bit layout hazard").

use mmsystem::Packing;

use super::{Codec, Stream};
use crate::error::Error;
use crate::media::WaveFormat;
use crate::module::Image;
use crate::registry::DriverFile;
use crate::session::Session;

/// How a driver file lays out the 64-bit ACM structures: naturally if it carries the mark of Wine's own, else byte-packed
/// as the Windows SDK does. A few builds of free codecs are natural without the mark; that cannot be told from their
/// files, and [`Stream::open`] finds it out.
///
/// # Errors
/// [`Error::File`] or [`Error::NotADriver`].
pub fn packing_of(driver: &DriverFile) -> Result<Packing, Error> {
    let image = Image::read(&driver.path)?;
    let not_a_driver =
        |error: pe::PeError| Error::NotADriver { file: driver.path.clone(), why: error.to_string() };
    let builtin = pe::Image::parse(&image.bytes).map_err(not_a_driver)?.is_wine_builtin();
    Ok(if builtin { Packing::Natural } else { Packing::Byte })
}

impl<'s> Stream<'s> {
    /// Opens a driver and a stream from a format to PCM, as [`Codec::stream`]; `None` where the driver does not have the
    /// format's tag.
    ///
    /// Unless a packing is given, a driver that refuses the query with the packing of [`packing_of`], or faults in it, is
    /// asked once more with the other one: in a fresh worker, so not where further instances keep its worker alive.
    /// [`warning`](Self::warning) tells when that is what it reads.
    ///
    /// # Errors
    /// As [`packing_of`] and [`Codec::stream`]; [`Error::EitherPacking`] with the first failure where both packings fail.
    pub fn open(
        session: &'s Session,
        driver: &DriverFile,
        packing: Option<Packing>,
        source: &WaveFormat,
    ) -> Result<Option<Self>, Error> {
        let first = packing.map_or_else(|| packing_of(driver), Ok)?;
        let codec = Codec::open(session, driver, Some(first))?;
        if codec.format_tag(source.codec_tag())?.is_none() {
            return Ok(None);
        }
        let error = match codec.query(source) {
            Ok(possible) => return codec.start(possible).map(Some),
            Err(error) => error,
        };
        let came_back = matches!(error, Error::Refused { .. });
        let misread = came_back || matches!(error, Error::Faulted { .. } | Error::Died { .. });
        if packing.is_some() || !misread || !codec.dismiss(came_back) {
            return Err(error);
        }
        let other = other_than(first);
        match Codec::open(session, driver, Some(other)).and_then(|codec| codec.stream(source)) {
            Ok(mut stream) => {
                stream.warning = Some(warning(&driver.file_name(), other));
                Ok(Some(stream))
            }
            Err(second) => {
                tracing::debug!(error = %second, packing = ?other, "the other packing fails as well");
                Err(Error::EitherPacking(Box::new(error)))
            }
        }
    }
}

fn other_than(packing: Packing) -> Packing {
    match packing {
        Packing::Byte => Packing::Natural,
        Packing::Natural => Packing::Byte,
    }
}

/// What the user should know of a driver that reads another packing than its file tells.
fn warning(driver: &str, packing: Packing) -> String {
    let (takes, quirk) = match packing {
        Packing::Byte => ("byte-packed ACM structures, not naturally aligned ones", "acm-packed"),
        Packing::Natural => ("naturally aligned ACM structures, not byte-packed ones", "acm-natural"),
    };
    format!("{driver} takes {takes}; `--quirk {quirk}` gives it these from the start")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_name_the_packing_and_its_quirk() {
        let text = warning("a.acm", other_than(Packing::Byte));
        assert_eq!(
            text,
            "a.acm takes naturally aligned ACM structures, not byte-packed ones; `--quirk acm-natural` gives it these \
             from the start"
        );
        assert!(warning("a.acm", other_than(Packing::Natural)).contains("`--quirk acm-packed`"));
    }
}
