//! Structures of MIDI output devices (spec section 4.3).

use crate::kind::{Dword, Kind, Pointer, Word};
use crate::layout::{EncodeError, Layout, Member, Packing, Structure, Width};

structures! {
    /// dwParam1 of MODM_OPEN ("MIDIOPENDESC", NT DDK), with room for one stream.
    packed struct MIDIOPENDESC {
        /// The client's handle of the device.
        hMidi: Pointer,
        /// The client's callback.
        dwCallback: Pointer,
        /// The client's value for it.
        dwInstance: Pointer,
        /// The device node of a Plug-and-Play device.
        dnDevNode: Pointer,
        /// How many streams follow.
        cIds: Dword,
        /// The first stream: its number, then its device's.
        rgIds: [Dword; 2],
    }

    /// A buffer of MIDI data, dwParam1 of MODM_LONGDATA and its relatives ("MIDIHDR", MS Learn).
    packed struct MIDIHDR {
        /// The data.
        lpData: Pointer,
        /// Its length in bytes.
        dwBufferLength: Dword,
        /// How much of it is used; set by input devices and by clients of streams.
        dwBytesRecorded: Dword,
        /// The client's own value.
        dwUser: Pointer,
        /// `MHDR_` flags.
        dwFlags: Dword,
        /// The driver's next buffer.
        lpNext: Pointer,
        /// The driver's own value.
        reserved: Pointer,
        /// Where in the buffer a stream's callback event is.
        dwOffset: Dword,
        /// The system's own values.
        dwReserved: [Pointer; 8],
    }

    /// Filled by MODM_GETDEVCAPS: what the device can do ("MIDIOUTCAPS", MS Learn).
    flat struct MIDIOUTCAPSW {
        /// The manufacturer's number.
        wMid: Word,
        /// The product's number.
        wPid: Word,
        /// The driver's version: major in the upper byte of the low word, minor in the lower.
        vDriverVersion: Dword,
        /// The device's name, UTF-16 up to a NUL.
        szPname: [Word; 32],
        /// The kind of device.
        wTechnology: Word,
        /// How many voices an internal synthesizer has.
        wVoices: Word,
        /// How many notes it can play at once.
        wNotes: Word,
        /// Which channels it answers to, a bit each.
        wChannelMask: Word,
        /// Functions that are supported.
        dwSupport: Dword,
    }
}
