//! The messages of `DriverProc`: standard ones (spec section 1.3), video codecs' (4.1) and audio codecs' (4.2).

use crate::names::name_of;

named_constants! {
    /// Every message with a name of its own. No number occurs twice.
    pub MESSAGES: u32;

    /// The module has been loaded. Always its first message; 0 unloads it.
    DRV_LOAD = 0x0001;
    /// The driver may use its hardware.
    DRV_ENABLE = 0x0002;
    /// Opens an instance; the answer becomes its driver identifier, 0 refuses.
    DRV_OPEN = 0x0003;
    /// Closes an instance; 0 refuses.
    DRV_CLOSE = 0x0004;
    /// The driver must leave its hardware alone.
    DRV_DISABLE = 0x0005;
    /// The module is about to be unloaded. Always its last message.
    DRV_FREE = 0x0006;
    /// Show the configuration dialog; answered with a `DRVCNF_` value.
    DRV_CONFIGURE = 0x0007;
    /// Whether there is a configuration dialog.
    DRV_QUERYCONFIGURE = 0x0008;
    /// The driver is being installed; answered with a `DRVCNF_` value.
    DRV_INSTALL = 0x0009;
    /// The driver is being removed.
    DRV_REMOVE = 0x000A;
    /// Windows is about to end the session.
    DRV_EXITSESSION = 0x000B;
    /// An application has ended; lParam1 is a `DRVEA_` value.
    DRV_EXITAPPLICATION = 0x000C;
    /// The device's power is about to change.
    DRV_POWER = 0x000F;
    /// First of the numbers reserved for the system's own classes; MCI's start here too.
    DRV_RESERVED = 0x0800;
    /// Which device node a wave or MIDI device belongs to.
    DRV_QUERYDEVNODE = 0x0802;
    /// Whether a mapper may use the device.
    DRV_QUERYMAPPABLE = 0x0805;
    /// Which module drives the device.
    DRV_QUERYMODULE = 0x0809;
    /// The Plug-and-Play installer's form of [`DRV_INSTALL`].
    DRV_PNPINSTALL = 0x080B;
    /// The name of the device's interface.
    DRV_QUERYDEVICEINTERFACE = 0x080C;
    /// How long that name is, in bytes.
    DRV_QUERYDEVICEINTERFACESIZE = 0x080D;
    /// The device's text identifier.
    DRV_QUERYSTRINGID = 0x080E;
    /// How long that identifier is, in bytes.
    DRV_QUERYSTRINGIDSIZE = 0x080F;
    /// The device number for a text identifier.
    DRV_QUERYIDFROMSTRINGID = 0x0810;
    /// The text identifier of the device's function instance.
    DRV_QUERYFUNCTIONINSTANCEID = 0x0811;
    /// How long that identifier is, in bytes.
    DRV_QUERYFUNCTIONINSTANCEIDSIZE = 0x0812;
    /// First of the numbers that are free for driver classes.
    DRV_USER = 0x4000;

    /// Asks for the format that compression makes of an input format, or its size.
    ICM_COMPRESS_GET_FORMAT = 0x4004;
    /// Asks for the most bytes one compressed frame can take.
    ICM_COMPRESS_GET_SIZE = 0x4005;
    /// Whether these formats can be compressed from and to.
    ICM_COMPRESS_QUERY = 0x4006;
    /// Prepares for compression.
    ICM_COMPRESS_BEGIN = 0x4007;
    /// Compresses a frame: [`ICCOMPRESS`](crate::ICCOMPRESS).
    ICM_COMPRESS = 0x4008;
    /// Ends compression.
    ICM_COMPRESS_END = 0x4009;
    /// Asks for the format that decompression makes of an input format, or its size.
    ICM_DECOMPRESS_GET_FORMAT = 0x400A;
    /// Whether these formats can be decompressed from and to.
    ICM_DECOMPRESS_QUERY = 0x400B;
    /// Prepares for decompression.
    ICM_DECOMPRESS_BEGIN = 0x400C;
    /// Decompresses a frame: [`ICDECOMPRESS`](crate::ICDECOMPRESS).
    ICM_DECOMPRESS = 0x400D;
    /// Ends decompression.
    ICM_DECOMPRESS_END = 0x400E;
    /// Prepares for drawing.
    ICM_DRAW_BEGIN = 0x400F;
    /// Asks for the palette that is drawn with.
    ICM_DRAW_GET_PALETTE = 0x4010;
    /// Draws the present frame again.
    ICM_DRAW_UPDATE = 0x4011;
    /// Starts the clock of drawing.
    ICM_DRAW_START = 0x4012;
    /// Stops the clock of drawing.
    ICM_DRAW_STOP = 0x4013;
    /// Reserved.
    ICM_DRAW_BITS = 0x4014;
    /// Ends drawing.
    ICM_DRAW_END = 0x4015;
    /// Sets the palette of decompressed frames.
    ICM_DECOMPRESS_SET_PALETTE = 0x401D;
    /// Asks for the palette of decompressed frames.
    ICM_DECOMPRESS_GET_PALETTE = 0x401E;
    /// Whether a format can be drawn.
    ICM_DRAW_QUERY = 0x401F;
    /// Asks for the clock's time.
    ICM_DRAW_GETTIME = 0x4020;
    /// Decompresses and draws a frame.
    ICM_DRAW = 0x4021;
    /// The window that is drawn to has moved.
    ICM_DRAW_WINDOW = 0x4022;
    /// Sets the clock's time.
    ICM_DRAW_SETTIME = 0x4023;
    /// Realizes the palette that is drawn with.
    ICM_DRAW_REALIZE = 0x4024;
    /// Draws or drops all frames that wait.
    ICM_DRAW_FLUSH = 0x4025;
    /// Draws a frame that waits.
    ICM_DRAW_RENDERBUFFER = 0x4026;
    /// Playing begins.
    ICM_DRAW_START_PLAY = 0x4027;
    /// Playing ends.
    ICM_DRAW_STOP_PLAY = 0x4028;
    /// Asks how many frames the driver wants ahead.
    ICM_GETBUFFERSWANTED = 0x4029;
    /// Asks for the usual distance of key frames.
    ICM_GETDEFAULTKEYFRAMERATE = 0x402A;
    /// Asks for a format that is good to draw from.
    ICM_DRAW_SUGGESTFORMAT = 0x4032;
    /// The palette that is drawn with changes.
    ICM_DRAW_CHANGEPALETTE = 0x4033;
    /// There is time to draw frames that wait.
    ICM_DRAW_IDLE = 0x4034;
    /// Prepares for decompression between rectangles.
    ICM_DECOMPRESSEX_BEGIN = 0x403C;
    /// Whether decompression between these rectangles is possible.
    ICM_DECOMPRESSEX_QUERY = 0x403D;
    /// Decompresses between rectangles: [`ICDECOMPRESSEX`](crate::ICDECOMPRESSEX).
    ICM_DECOMPRESSEX = 0x403E;
    /// Ends decompression between rectangles.
    ICM_DECOMPRESSEX_END = 0x403F;
    /// Tells the length and rate of what will be compressed.
    ICM_COMPRESS_FRAMES_INFO = 0x4046;
    /// Compresses many frames.
    ICM_COMPRESS_FRAMES = 0x4047;
    /// Sets the function that is told of progress.
    ICM_SET_STATUS_PROC = 0x4048;

    /// Asks for the driver's settings, or their size.
    ICM_GETSTATE = 0x5000;
    /// Sets the driver's settings.
    ICM_SETSTATE = 0x5001;
    /// Asks what the driver is: [`ICINFO`](crate::ICINFO).
    ICM_GETINFO = 0x5002;
    /// Show the configuration dialog, or say whether there is one.
    ICM_CONFIGURE = 0x500A;
    /// Show the "about" dialog, or say whether there is one.
    ICM_ABOUT = 0x500B;
    /// Asks for the text of an error.
    ICM_GETERRORTEXT = 0x500C;
    /// Asks for the name of a format.
    ICM_GETFORMATNAME = 0x5014;
    /// Lists the formats.
    ICM_ENUMFORMATS = 0x5015;
    /// Asks for the usual quality, 0 to 10000.
    ICM_GETDEFAULTQUALITY = 0x501E;
    /// Asks for the present quality.
    ICM_GETQUALITY = 0x501F;
    /// Sets the quality.
    ICM_SETQUALITY = 0x5020;
    /// Sets a value named by a four-character code.
    ICM_SET = 0x5028;
    /// Asks for a value named by a four-character code.
    ICM_GET = 0x5029;

    /// Other audio codecs have been added, removed or reordered.
    ACMDM_DRIVER_NOTIFY = 0x6001;
    /// Asks what the driver is: [`ACMDRIVERDETAILSW`](crate::ACMDRIVERDETAILSW).
    ACMDM_DRIVER_DETAILS = 0x600A;
    /// Show the "about" dialog, or say whether there is one.
    ACMDM_DRIVER_ABOUT = 0x600B;
    /// What the wave input hardware can do.
    ACMDM_HARDWARE_WAVE_CAPS_INPUT = 0x6014;
    /// What the wave output hardware can do.
    ACMDM_HARDWARE_WAVE_CAPS_OUTPUT = 0x6015;
    /// Asks for a format tag: [`ACMFORMATTAGDETAILSW`](crate::ACMFORMATTAGDETAILSW).
    ACMDM_FORMATTAG_DETAILS = 0x6019;
    /// Asks for a format of a tag: [`ACMFORMATDETAILSW`](crate::ACMFORMATDETAILSW).
    ACMDM_FORMAT_DETAILS = 0x601A;
    /// Asks for a format to convert to: [`ACMDRVFORMATSUGGEST`](crate::ACMDRVFORMATSUGGEST).
    ACMDM_FORMAT_SUGGEST = 0x601B;
    /// Asks for a filter tag.
    ACMDM_FILTERTAG_DETAILS = 0x6032;
    /// Asks for a filter of a tag.
    ACMDM_FILTER_DETAILS = 0x6033;
    /// Opens a conversion stream: [`ACMDRVSTREAMINSTANCE`](crate::ACMDRVSTREAMINSTANCE).
    ACMDM_STREAM_OPEN = 0x604C;
    /// Closes a conversion stream.
    ACMDM_STREAM_CLOSE = 0x604D;
    /// Asks for the size of a buffer: [`ACMDRVSTREAMSIZE`](crate::ACMDRVSTREAMSIZE).
    ACMDM_STREAM_SIZE = 0x604E;
    /// Converts a buffer: [`ACMDRVSTREAMHEADER`](crate::ACMDRVSTREAMHEADER).
    ACMDM_STREAM_CONVERT = 0x604F;
    /// Stops conversion; only for asynchronous drivers.
    ACMDM_STREAM_RESET = 0x6050;
    /// Prepares a buffer.
    ACMDM_STREAM_PREPARE = 0x6051;
    /// Undoes [`ACMDM_STREAM_PREPARE`].
    ACMDM_STREAM_UNPREPARE = 0x6052;
    /// Reserved.
    ACMDM_STREAM_UPDATE = 0x6053;
}

named_constants! {
    /// Ends of ranges: other names for numbers, or numbers that are no message themselves.
    RANGES: u32;

    /// First of MCI's numbers.
    DRV_MCI_FIRST = DRV_RESERVED;
    /// Last of MCI's numbers.
    DRV_MCI_LAST = DRV_RESERVED + 0x0FFF;
    /// First of the video codecs' numbers.
    ICM_USER = DRV_USER;
    /// First of the video codecs' numbers for settings.
    ICM_RESERVED_LOW = DRV_USER + 0x1000;
    /// Last of the video codecs' numbers.
    ICM_RESERVED_HIGH = DRV_USER + 0x2000;
    /// First of the numbers that are free for an audio codec's own messages.
    ACMDM_USER = DRV_USER;
    /// First of the audio codecs' numbers.
    ACMDM_RESERVED_LOW = DRV_USER + 0x2000;
    /// Last of the audio codecs' numbers.
    ACMDM_RESERVED_HIGH = DRV_USER + 0x2FFF;
}

/// The name of a `DriverProc` message; `None` if the number has none.
pub fn message_name(number: u32) -> Option<&'static str> {
    name_of(MESSAGES, number)
}

/// The number of a message as people write it: a name in any case (`DRV_POWER`), a decimal or `0x` number, or a sum
/// of these (`DRV_USER+1`). `None` if it is none of these, or does not fit in 32 bits.
pub fn message_number(text: &str) -> Option<u32> {
    text.split('+').map(str::trim).try_fold(0_u32, |sum, term| sum.checked_add(term_number(term)?))
}

fn term_number(term: &str) -> Option<u32> {
    let digits = |digits: &str, radix| {
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(digits, radix).ok().filter(|_| plain)
    };
    if let Some(hex) = term.strip_prefix("0x").or_else(|| term.strip_prefix("0X")) {
        return digits(hex, 16);
    }
    let named = MESSAGES.iter().chain(RANGES).find(|(name, _)| name.eq_ignore_ascii_case(term));
    named.map(|(_, number)| *number).or_else(|| digits(term, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_has_one_name_and_each_name_one_number() {
        for (index, (name, number)) in MESSAGES.iter().enumerate() {
            assert_eq!(message_name(*number), Some(*name));
            assert_eq!(message_number(name), Some(*number));
            assert!(MESSAGES[..index].iter().all(|(_, before)| before < number), "{name} is out of order");
        }
        assert_eq!(message_name(0x4000), Some("DRV_USER"));
        assert_eq!(message_name(0x000D), None);
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        assert_eq!(message_number("drv_power"), Some(0x0F));
        assert_eq!(message_number("DRV_USER+1"), Some(0x4001));
        assert_eq!(message_number("DRV_USER + 0x10 + 1"), Some(0x4011));
        assert_eq!(message_number("icm_reserved_low"), Some(0x5000));
        assert_eq!(message_number("20480"), Some(0x5000));
        assert_eq!(message_number("0XffFFffFF"), Some(u32::MAX));
        for bad in ["", "+", "DRV_", "1+", "+1", "0x", "0x+1", "-1", "4294967296", "0xFFFFFFFF+1", "1_0"] {
            assert_eq!(message_number(bad), None, "{bad:?}");
        }
    }
}
