//! Structures of MIDI output devices, and what wave output and auxiliary devices can do (spec section 4.3).

use crate::kind::{Byte, Dword, Kind, Pointer, Word};
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
    /// [`MIDIOUTCAPSW`] with its text in bytes ("MIDIOUTCAPS", MS Learn).
    flat struct MIDIOUTCAPSA {
        /// The manufacturer's number.
        wMid: Word,
        /// The product's number.
        wPid: Word,
        /// The driver's version.
        vDriverVersion: Dword,
        /// The device's name up to a NUL.
        szPname: [Byte; 32],
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

    /// Filled by WODM_GETDEVCAPS: what the device can do ("WAVEOUTCAPS", MS Learn).
    flat struct WAVEOUTCAPSW {
        /// The manufacturer's number.
        wMid: Word,
        /// The product's number.
        wPid: Word,
        /// The driver's version: major in the upper byte of the low word, minor in the lower.
        vDriverVersion: Dword,
        /// The device's name, UTF-16 up to a NUL.
        szPname: [Word; 32],
        /// The usual formats that it plays, a bit each.
        dwFormats: Dword,
        /// How many channels.
        wChannels: Word,
        /// Nothing.
        wReserved1: Word,
        /// Functions that are supported.
        dwSupport: Dword,
    }

    /// [`WAVEOUTCAPSW`] with its text in bytes ("WAVEOUTCAPS", MS Learn).
    flat struct WAVEOUTCAPSA {
        /// The manufacturer's number.
        wMid: Word,
        /// The product's number.
        wPid: Word,
        /// The driver's version.
        vDriverVersion: Dword,
        /// The device's name up to a NUL.
        szPname: [Byte; 32],
        /// The usual formats that it plays, a bit each.
        dwFormats: Dword,
        /// How many channels.
        wChannels: Word,
        /// Nothing.
        wReserved1: Word,
        /// Functions that are supported.
        dwSupport: Dword,
    }

    /// Filled by AUXDM_GETDEVCAPS: what the device can do ("AUXCAPS", MS Learn).
    flat struct AUXCAPSW {
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
        /// Nothing.
        wReserved1: Word,
        /// Functions that are supported.
        dwSupport: Dword,
    }

    /// [`AUXCAPSW`] with its text in bytes ("AUXCAPS", MS Learn).
    flat struct AUXCAPSA {
        /// The manufacturer's number.
        wMid: Word,
        /// The product's number.
        wPid: Word,
        /// The driver's version.
        vDriverVersion: Dword,
        /// The device's name up to a NUL.
        szPname: [Byte; 32],
        /// The kind of device.
        wTechnology: Word,
        /// Nothing.
        wReserved1: Word,
        /// Functions that are supported.
        dwSupport: Dword,
    }

    /// dwParam1 of MODM_PROPERTIES for the time division ("MIDIPROPTIMEDIV", MS Learn).
    flat struct MIDIPROPTIMEDIV {
        /// The structure's size in bytes.
        cbStruct: Dword,
        /// The time division, as a MIDI file's header has it.
        dwTimeDiv: Dword,
    }

    /// dwParam1 of MODM_PROPERTIES for the tempo ("MIDIPROPTEMPO", MS Learn).
    flat struct MIDIPROPTEMPO {
        /// The structure's size in bytes.
        cbStruct: Dword,
        /// The tempo in microseconds for a quarter note.
        dwTempo: Dword,
    }

    /// dwParam1 of MODM_GETPOS: a time in some unit ("MMTIME", MS Learn).
    flat struct MMTIME {
        /// The unit, a `TIME_` value.
        wType: Dword,
        /// The time; in SMPTE format, hours, minutes, seconds and frames, a byte each.
        u: Dword,
        /// More of it in SMPTE format.
        rest: Dword,
    }
}
