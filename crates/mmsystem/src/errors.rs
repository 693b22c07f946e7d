//! What drivers answer: `ICERR_*` of video codecs (spec section 4.1), `MMSYSERR_*` and its extensions of audio codecs
//! and devices (4.2, 4.3).

use crate::names::name_of;

named_constants! {
    /// Answers of video codecs. From −400 down they are a driver's own.
    ICERRS: i64;

    /// Success.
    ICERR_OK = 0;
    /// Success; the frame is not to be drawn.
    ICERR_DONTDRAW = 1;
    /// Success; the palette has changed.
    ICERR_NEWPALETTE = 2;
    /// Go to the next key frame.
    ICERR_GOTOKEYFRAME = 3;
    /// Stop drawing.
    ICERR_STOPDRAWING = 4;
    /// The message is not supported.
    ICERR_UNSUPPORTED = -1;
    /// The format is not supported.
    ICERR_BADFORMAT = -2;
    /// Out of memory.
    ICERR_MEMORY = -3;
    /// An error in the driver.
    ICERR_INTERNAL = -4;
    /// A flag is not supported.
    ICERR_BADFLAGS = -5;
    /// A parameter is wrong.
    ICERR_BADPARAM = -6;
    /// A size is wrong.
    ICERR_BADSIZE = -7;
    /// The handle is none.
    ICERR_BADHANDLE = -8;
    /// The screen cannot be updated.
    ICERR_CANTUPDATE = -9;
    /// The user or the status function stopped the work.
    ICERR_ABORT = -10;
    /// An unspecified error.
    ICERR_ERROR = -100;
    /// The bit depth is not supported.
    ICERR_BADBITDEPTH = -200;
    /// The image size is not supported.
    ICERR_BADIMAGESIZE = -201;
    /// First of a driver's own errors, which go down from here.
    ICERR_CUSTOM = -400;
}

named_constants! {
    /// Answers of audio codecs and devices. No number occurs twice.
    MMSYSERRS: u32;

    /// Success.
    MMSYSERR_NOERROR = 0;
    /// An unspecified error.
    MMSYSERR_ERROR = 1;
    /// There is no such device.
    MMSYSERR_BADDEVICEID = 2;
    /// The driver is not enabled.
    MMSYSERR_NOTENABLED = 3;
    /// The device is in use.
    MMSYSERR_ALLOCATED = 4;
    /// The handle is none.
    MMSYSERR_INVALHANDLE = 5;
    /// There is no driver.
    MMSYSERR_NODRIVER = 6;
    /// Out of memory.
    MMSYSERR_NOMEM = 7;
    /// The message is not supported.
    MMSYSERR_NOTSUPPORTED = 8;
    /// The error number is none.
    MMSYSERR_BADERRNUM = 9;
    /// A flag is wrong.
    MMSYSERR_INVALFLAG = 10;
    /// A parameter is wrong.
    MMSYSERR_INVALPARAM = 11;
    /// The handle is in use by another thread.
    MMSYSERR_HANDLEBUSY = 12;
    /// There is no such alias.
    MMSYSERR_INVALIDALIAS = 13;
    /// The registry is bad.
    MMSYSERR_BADDB = 14;
    /// There is no such registry key.
    MMSYSERR_KEYNOTFOUND = 15;
    /// The registry could not be read.
    MMSYSERR_READERROR = 16;
    /// The registry could not be written.
    MMSYSERR_WRITEERROR = 17;
    /// A registry key could not be deleted.
    MMSYSERR_DELETEERROR = 18;
    /// There is no such registry value.
    MMSYSERR_VALNOTFOUND = 19;
    /// The driver did not answer the system.
    MMSYSERR_NODRIVERCB = 20;
    /// More data is there than was asked for.
    MMSYSERR_MOREDATA = 21;
    /// The wave format is not supported.
    WAVERR_BADFORMAT = 32;
    /// Wave data is still playing.
    WAVERR_STILLPLAYING = 33;
    /// The wave buffer is not prepared.
    WAVERR_UNPREPARED = 34;
    /// The wave device works synchronously only.
    WAVERR_SYNC = 35;
    /// The MIDI buffer is not prepared.
    MIDIERR_UNPREPARED = 64;
    /// MIDI data is still playing.
    MIDIERR_STILLPLAYING = 65;
    /// There is no MIDI map.
    MIDIERR_NOMAP = 66;
    /// The MIDI device is not ready.
    MIDIERR_NOTREADY = 67;
    /// There is no MIDI port.
    MIDIERR_NODEVICE = 68;
    /// The MIDI map is not usable.
    MIDIERR_INVALIDSETUP = 69;
    /// The MIDI device cannot do this in its mode.
    MIDIERR_BADOPENMODE = 70;
    /// The MIDI data is to go on where it must not.
    MIDIERR_DONT_CONTINUE = 71;
    /// The conversion is not possible.
    ACMERR_NOTPOSSIBLE = 512;
    /// The stream is busy.
    ACMERR_BUSY = 513;
    /// The conversion buffer is not prepared.
    ACMERR_UNPREPARED = 514;
    /// The user cancelled.
    ACMERR_CANCELED = 515;
}

/// What the answers of wave and MIDI devices mean (mmeapi.h, mmsyscom.h).
pub const DEVICE_ERRORS: &[(u32, &str)] = &[
    (0, "It was done."),
    (1, "Something went wrong."),
    (2, "There is no device with this number."),
    (3, "The driver is not enabled."),
    (4, "The device is in use."),
    (5, "The handle is none of an open device."),
    (6, "There is no driver for the device."),
    (7, "There is not enough memory."),
    (8, "The device does not support this function."),
    (9, "No error has this number."),
    (10, "A flag is wrong."),
    (11, "A parameter is wrong."),
    (12, "The handle is in use by another thread."),
    (13, "There is no such alias."),
    (14, "The registry cannot be read."),
    (15, "There is no such key in the registry."),
    (16, "The registry could not be read."),
    (17, "The registry could not be written."),
    (18, "The registry's key could not be deleted."),
    (19, "There is no such value in the registry."),
    (20, "The driver did not answer."),
    (32, "The device does not support this format."),
    (33, "The device is still playing or recording."),
    (34, "The buffer is not prepared."),
    (35, "The device works synchronously only."),
    (64, "The buffer is not prepared."),
    (65, "The device is still playing or recording."),
    (66, "There is no such MIDI map."),
    (67, "The device is busy."),
    (68, "There is no MIDI port."),
    (69, "The MIDI map is not usable."),
    (70, "The device cannot do this in its mode."),
    (71, "The buffer's callback flags are wrong."),
];

/// The name of a video codec's answer; `None` if the number has none, as most sizes.
pub fn icerr_name(answer: i64) -> Option<&'static str> {
    name_of(ICERRS, answer)
}

/// The name of an audio codec's or device's answer (`MMSYSERR_*`, `ACMERR_*`, `MIDIERR_*`, `WAVERR_*`).
pub fn mmsyserr_name(answer: u32) -> Option<&'static str> {
    name_of(MMSYSERRS, answer)
}

/// What a device's answer means, in a sentence; `None` if no device answers so.
pub fn device_error_text(answer: u32) -> Option<&'static str> {
    DEVICE_ERRORS.iter().find(|(known, _)| *known == answer).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_names() {
        assert_eq!(icerr_name(-2), Some("ICERR_BADFORMAT"));
        assert_eq!(icerr_name(-400), Some("ICERR_CUSTOM"));
        assert_eq!(icerr_name(40), None);
        assert_eq!(mmsyserr_name(8), Some("MMSYSERR_NOTSUPPORTED"));
        assert_eq!(mmsyserr_name(512), Some("ACMERR_NOTPOSSIBLE"));
        assert_eq!(mmsyserr_name(64), Some("MIDIERR_UNPREPARED"));
        assert_eq!(device_error_text(65), Some("The device is still playing or recording."));
        assert_eq!(device_error_text(36), None);
        assert_eq!(mmsyserr_name(22), None);
        assert!(MMSYSERRS.windows(2).all(|pair| pair[0].1 < pair[1].1));
    }
}
