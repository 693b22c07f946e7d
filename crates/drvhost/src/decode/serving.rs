//! Which driver would decode a stream: the one that [`run`](super::run) would take, opened for its format.

use super::audio::Samples;
use super::pictures::Pictures;
use super::{Decode, Job};
use crate::error::Error;
use crate::media::{VideoStream, WaveFormat};
use crate::session::Session;

/// The file name of the driver for a stream of video; `None` where it needs none.
///
/// # Errors
/// As [`run`](super::run), where none can be opened for it.
pub(crate) fn for_video(
    session: &Session,
    what: &Decode,
    video: &VideoStream,
) -> Result<Option<String>, Error> {
    let pictures = Pictures::open(&Job { session, what }, what.driver.as_ref(), video)?;
    let driver = pictures.driver();
    close(pictures.close());
    Ok(driver)
}

/// The file name of the driver for a stream of sound; `None` where it needs none.
///
/// # Errors
/// As [`run`](super::run), where none can be opened for it.
pub(crate) fn for_audio(
    session: &Session,
    what: &Decode,
    format: &WaveFormat,
) -> Result<Option<String>, Error> {
    let (samples, driver) = Samples::open(&Job { session, what }, what.driver.as_ref(), format)?;
    close(samples.close());
    Ok(driver)
}

/// A driver that does not want to be closed can decode all the same.
fn close(closed: Result<(), Error>) {
    if let Err(error) = closed {
        tracing::warn!(%error, "a driver could not be closed");
    }
}
