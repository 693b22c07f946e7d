//! Which of the two packings a 64-bit driver reads its structures with (spec section 4.2, "64-bit layout hazard").

use mmsystem::{Layout, Packing, Width};

use super::{Codec, Stream};
use crate::error::Error;
use crate::media::WaveFormat;
use crate::module::Image;
use crate::registry::DriverFile;
use crate::session::Session;

/// How a driver file lays out the 64-bit ACM structures: naturally if it carries the mark of Wine's own, else byte-packed
/// as the Windows SDK does. A few builds of free codecs are natural without the mark; that cannot be told from their
/// files, and [`Stream::open`] finds it out. In 32 bits every field has four bytes, so that both packings are one.
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
    /// Opens a driver and a stream, as [`Codec::stream`]; `None` where the driver does not have the tag of the format that it is to
    /// decode, or else to make.
    ///
    /// Unless a packing is given, a 64-bit driver that refuses the query with the packing of [`packing_of`], or faults in it, is
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
        destination: Option<&WaveFormat>,
    ) -> Result<Option<Self>, Error> {
        let first = packing.map_or_else(|| packing_of(driver), Ok)?;
        let codec = Codec::open(session, driver, Some(first))?;
        if codec.format_tag(destination.unwrap_or(source).codec_tag())?.is_none() {
            return Ok(None);
        }
        let error = match codec.query(source, destination) {
            Ok(possible) => return codec.start(possible).map(Some),
            Err(error) => error,
        };
        let came_back = matches!(error, Error::Refused { .. });
        let misread = came_back || matches!(error, Error::Faulted { .. } | Error::Died { .. });
        let other = if packing.is_none() && misread { other_than(codec.layout) } else { None };
        let Some(other) = other else { return Err(error) };
        if !codec.dismiss(came_back) {
            return Err(error);
        }
        match Codec::open(session, driver, Some(other)).and_then(|codec| codec.stream(source, destination)) {
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

/// The other way in which a driver may read the same structures, if there is one.
fn other_than(layout: Layout) -> Option<Packing> {
    match (layout.width, layout.packing) {
        (Width::Bits32, _) => None,
        (Width::Bits64, Packing::Byte) => Some(Packing::Natural),
        (Width::Bits64, Packing::Natural) => Some(Packing::Byte),
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
    use mmsystem::{ACMDRVFORMATSUGGEST, ACMDRVOPENDESCW, ACMDRVSTREAMINSTANCE, Field, Structure};

    use super::*;

    fn fields<S: Structure>(layout: Layout) -> Vec<Field>
    where
        S::Form: From<Layout>,
    {
        S::fields(layout).collect()
    }

    #[test]
    fn another_packing_is_tried_only_where_it_differs() {
        for width in [Width::Bits32, Width::Bits64] {
            let layouts = [Packing::Byte, Packing::Natural].map(|packing| Layout { width, packing });
            let [byte, natural] = layouts.map(|layout| {
                let stream = fields::<ACMDRVSTREAMINSTANCE>(layout);
                (fields::<ACMDRVOPENDESCW>(layout), stream, fields::<ACMDRVFORMATSUGGEST>(layout))
            });
            for layout in layouts {
                assert_eq!(other_than(layout).is_some(), byte != natural, "{layout:?}");
                assert_ne!(other_than(layout), Some(layout.packing));
            }
        }
    }

    #[test]
    fn warnings_name_the_packing_and_its_quirk() {
        let text = warning("a.acm", Packing::Natural);
        assert_eq!(
            text,
            "a.acm takes naturally aligned ACM structures, not byte-packed ones; `--quirk acm-natural` gives it these \
             from the start"
        );
        assert!(warning("a.acm", Packing::Byte).contains("`--quirk acm-packed`"));
    }
}
