//! Flags and small enumerations in messages and structures.

macro_rules! constants {
    ($($(#[$doc:meta])* $name:ident = $value:expr;)*) => {
        $($(#[$doc])* pub const $name: u32 = $value;)*
    };
}

// Installable drivers: spec sections 1.3, 2.7 and 3.
constants! {
    /// Answer to DRV_CONFIGURE and DRV_INSTALL: the user cancelled.
    DRVCNF_CANCEL = 0;
    /// Answer to DRV_CONFIGURE and DRV_INSTALL: done.
    DRVCNF_OK = 1;
    /// Answer to DRV_CONFIGURE and DRV_INSTALL: done, effective after a restart.
    DRVCNF_RESTART = 2;
    /// lParam1 of DRV_EXITAPPLICATION: the application ended as it should.
    DRVEA_NORMALEXIT = 1;
    /// lParam1 of DRV_EXITAPPLICATION: the application was ended.
    DRVEA_ABNORMALEXIT = 2;
    /// `DriverCallback`: call nobody.
    DCB_NULL = 0;
    /// `DriverCallback`: post to a window.
    DCB_WINDOW = 1;
    /// `DriverCallback`: post to a task or thread.
    DCB_TASK = 2;
    /// `DriverCallback`: call a function.
    DCB_FUNCTION = 3;
    /// `DriverCallback`: set an event.
    DCB_EVENT = 5;
    /// `DriverCallback`: the bits that hold the kind of target.
    DCB_TYPEMASK = 7;
    /// `DriverCallback`: do not switch stacks. No effect on Win32.
    DCB_NOSWITCH = 8;
}

// Video codecs: spec section 4.1.
constants! {
    /// ICOPEN: open to compress.
    ICMODE_COMPRESS = 1;
    /// ICOPEN: open to decompress.
    ICMODE_DECOMPRESS = 2;
    /// ICOPEN: open to decompress in real time.
    ICMODE_FASTDECOMPRESS = 3;
    /// ICOPEN: open to ask only.
    ICMODE_QUERY = 4;
    /// ICOPEN: open to compress in real time.
    ICMODE_FASTCOMPRESS = 5;
    /// ICOPEN: open to draw.
    ICMODE_DRAW = 8;
    /// ICINFO: the driver has a quality setting.
    VIDCF_QUALITY = 0x0001;
    /// ICINFO: the driver can compress to a given frame size.
    VIDCF_CRUNCH = 0x0002;
    /// ICINFO: frames depend on earlier ones.
    VIDCF_TEMPORAL = 0x0004;
    /// ICINFO: the driver wants all frames at once.
    VIDCF_COMPRESSFRAMES = 0x0008;
    /// ICINFO: the driver can draw.
    VIDCF_DRAW = 0x0010;
    /// ICINFO: compression needs no earlier frame from the caller.
    VIDCF_FASTTEMPORALC = 0x0020;
    /// ICINFO: quality changes over time.
    VIDCF_QUALITYTIME = 0x0040;
    /// ICINFO: decompression needs no earlier frame from the caller.
    VIDCF_FASTTEMPORALD = 0x0080;
    /// ICCOMPRESS: make a key frame.
    ICCOMPRESS_KEYFRAME = 1;
    /// ICDECOMPRESS: decompress as fast as possible, draw nothing.
    ICDECOMPRESS_HURRYUP = 0x8000_0000;
    /// ICDECOMPRESS: the screen is being updated.
    ICDECOMPRESS_UPDATE = 0x4000_0000;
    /// ICDECOMPRESS: the frame comes before the one to be shown.
    ICDECOMPRESS_PREROLL = 0x2000_0000;
    /// ICDECOMPRESS: there is no data, repeat the last frame.
    ICDECOMPRESS_NULLFRAME = 0x1000_0000;
    /// ICDECOMPRESS: the frame is no key frame.
    ICDECOMPRESS_NOTKEYFRAME = 0x0800_0000;
    /// The chunk identifier is only two characters long.
    AVIIF_TWOCC = 0x0000_0002;
    /// The frame is a key frame.
    AVIIF_KEYFRAME = 0x0000_0010;
}

// Audio codecs: spec section 4.2.
constants! {
    /// Details: converts between format tags.
    ACMDRIVERDETAILS_SUPPORTF_CODEC = 0x0000_0001;
    /// Details: converts between formats of one tag.
    ACMDRIVERDETAILS_SUPPORTF_CONVERTER = 0x0000_0002;
    /// Details: filters.
    ACMDRIVERDETAILS_SUPPORTF_FILTER = 0x0000_0004;
    /// Details: is hardware.
    ACMDRIVERDETAILS_SUPPORTF_HARDWARE = 0x0000_0008;
    /// Details: converts asynchronously.
    ACMDRIVERDETAILS_SUPPORTF_ASYNC = 0x0000_0010;
    /// Details: added by one application for itself.
    ACMDRIVERDETAILS_SUPPORTF_LOCAL = 0x4000_0000;
    /// Details: disabled.
    ACMDRIVERDETAILS_SUPPORTF_DISABLED = 0x8000_0000;
    /// Asks for a format tag by its index.
    ACM_FORMATTAGDETAILSF_INDEX = 0;
    /// Asks for a format tag by its number.
    ACM_FORMATTAGDETAILSF_FORMATTAG = 1;
    /// Asks for the format tag whose formats are largest.
    ACM_FORMATTAGDETAILSF_LARGESTSIZE = 2;
    /// Asks for a format by its index.
    ACM_FORMATDETAILSF_INDEX = 0;
    /// Asks whether a format is one of the tag's.
    ACM_FORMATDETAILSF_FORMAT = 1;
    /// Suggest a format with this format tag.
    ACM_FORMATSUGGESTF_WFORMATTAG = 0x0001_0000;
    /// Suggest a format with this number of channels.
    ACM_FORMATSUGGESTF_NCHANNELS = 0x0002_0000;
    /// Suggest a format with this sample rate.
    ACM_FORMATSUGGESTF_NSAMPLESPERSEC = 0x0004_0000;
    /// Suggest a format with this sample width.
    ACM_FORMATSUGGESTF_WBITSPERSAMPLE = 0x0008_0000;
    /// Stream open: ask only.
    ACM_STREAMOPENF_QUERY = 1;
    /// Stream open: convert asynchronously.
    ACM_STREAMOPENF_ASYNC = 2;
    /// Stream open: need not be real time.
    ACM_STREAMOPENF_NONREALTIME = 4;
    /// Stream size: the source size is given.
    ACM_STREAMSIZEF_SOURCE = 0;
    /// Stream size: the destination size is given.
    ACM_STREAMSIZEF_DESTINATION = 1;
    /// Convert: only whole blocks.
    ACM_STREAMCONVERTF_BLOCKALIGN = 0x04;
    /// Convert: first buffer, state starts anew.
    ACM_STREAMCONVERTF_START = 0x10;
    /// Convert: last buffer, return what was held back.
    ACM_STREAMCONVERTF_END = 0x20;
    /// Stream header: converted.
    ACMSTREAMHEADER_STATUSF_DONE = 0x0001_0000;
    /// Stream header: prepared.
    ACMSTREAMHEADER_STATUSF_PREPARED = 0x0002_0000;
    /// Stream header: waits for conversion.
    ACMSTREAMHEADER_STATUSF_INQUEUE = 0x0010_0000;
}

// Devices: spec section 4.3, and mmeapi.h.
constants! {
    /// MIDI header: played.
    MHDR_DONE = 1;
    /// MIDI header: prepared.
    MHDR_PREPARED = 2;
    /// MIDI header: waits to be played.
    MHDR_INQUEUE = 4;
    /// MIDI header: belongs to a stream.
    MHDR_ISSTRM = 8;
    /// Open: the client is told of nothing.
    CALLBACK_NULL = 0;
    /// Open: the client's window gets messages.
    CALLBACK_WINDOW = DCB_WINDOW << 16;
    /// Open: the client's thread gets messages.
    CALLBACK_THREAD = DCB_TASK << 16;
    /// Open: the client's function is called.
    CALLBACK_FUNCTION = DCB_FUNCTION << 16;
    /// Open: the client's event is set.
    CALLBACK_EVENT = DCB_EVENT << 16;
    /// MODM_OPEN: short messages come packed into a DWORD.
    MIDI_IO_PACKED = 0;
    /// MODM_OPEN: the device is opened as a stream.
    MIDI_IO_COOKED = 2;
    /// MIDI device: a port for devices outside.
    MOD_MIDIPORT = 1;
    /// MIDI device: a synthesizer.
    MOD_SYNTH = 2;
    /// MIDI device: a square wave synthesizer.
    MOD_SQSYNTH = 3;
    /// MIDI device: an FM synthesizer.
    MOD_FMSYNTH = 4;
    /// MIDI device: a mapper.
    MOD_MAPPER = 5;
    /// MIDI device: a hardware wavetable synthesizer.
    MOD_WAVETABLE = 6;
    /// MIDI device: a software synthesizer.
    MOD_SWSYNTH = 7;
    /// MIDI device: its volume can be set.
    MIDICAPS_VOLUME = 0x0001;
    /// MIDI device: left and right volume can be set on their own.
    MIDICAPS_LRVOLUME = 0x0002;
    /// MIDI device: patches can be loaded ahead of use.
    MIDICAPS_CACHE = 0x0004;
    /// MIDI device: it plays streams itself.
    MIDICAPS_STREAM = 0x0008;
    /// MODM_PROPERTIES: sets the property.
    MIDIPROP_SET = 0x8000_0000;
    /// MODM_PROPERTIES: asks for the property.
    MIDIPROP_GET = 0x4000_0000;
    /// MODM_PROPERTIES: the time division.
    MIDIPROP_TIMEDIV = 1;
    /// MODM_PROPERTIES: the tempo.
    MIDIPROP_TEMPO = 2;
    /// A stream's event, in the upper byte: a short message.
    MEVT_SHORTMSG = 0;
    /// A stream's event: a tempo.
    MEVT_TEMPO = 1;
    /// A stream's event: nothing.
    MEVT_NOP = 2;
    /// A stream's event: a long message, whose bytes follow.
    MEVT_LONGMSG = 0x80;
    /// MMTIME: milliseconds.
    TIME_MS = 1;
    /// MMTIME: samples.
    TIME_SAMPLES = 2;
    /// MMTIME: bytes.
    TIME_BYTES = 4;
    /// MMTIME: ticks of a MIDI stream.
    TIME_TICKS = 0x20;
}

/// The name of a MIDI output device's technology (`MOD_`); `None` if the number has none.
#[must_use]
pub fn technology_name(technology: u16) -> Option<&'static str> {
    Some(match u32::from(technology) {
        MOD_MIDIPORT => "port",
        MOD_SYNTH => "synth",
        MOD_SQSYNTH => "square wave synth",
        MOD_FMSYNTH => "FM synth",
        MOD_MAPPER => "mapper",
        MOD_WAVETABLE => "wavetable synth",
        MOD_SWSYNTH => "software synth",
        _ => return None,
    })
}
