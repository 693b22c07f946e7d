//! The messages of the wave and MIDI entry points (`modMessage`, `wodMessage` and so on; spec section 4.3), and those
//! their callbacks send. Numbers are unique within one entry point only.

use crate::names::name_of;

named_constants! {
    /// What every entry point may receive when its driver is loaded, enabled, disabled and unloaded.
    pub DRVM: u32;

    /// The driver has been loaded.
    DRVM_INIT = 100;
    /// The driver is about to be unloaded.
    DRVM_EXIT = 101;
    /// The device must be left alone.
    DRVM_DISABLE = 102;
    /// The device may be used.
    DRVM_ENABLE = 103;
    /// [`DRVM_INIT`] with the parameter text.
    DRVM_INIT_EX = 104;
}

named_constants! {
    /// The messages of `modMessage`: MIDI output.
    pub MODM: u32;

    /// How many devices there are.
    MODM_GETNUMDEVS = 1;
    /// What a device can do: [`MIDIOUTCAPSW`](crate::MIDIOUTCAPSW).
    MODM_GETDEVCAPS = 2;
    /// Opens a device: [`MIDIOPENDESC`](crate::MIDIOPENDESC).
    MODM_OPEN = 3;
    /// Closes a device.
    MODM_CLOSE = 4;
    /// Prepares a buffer.
    MODM_PREPARE = 5;
    /// Undoes [`MODM_PREPARE`].
    MODM_UNPREPARE = 6;
    /// Plays a short message.
    MODM_DATA = 7;
    /// Plays a buffer: [`MIDIHDR`](crate::MIDIHDR).
    MODM_LONGDATA = 8;
    /// Turns all notes off and returns all buffers.
    MODM_RESET = 9;
    /// Asks for the volume.
    MODM_GETVOLUME = 10;
    /// Sets the volume.
    MODM_SETVOLUME = 11;
    /// Loads patches ahead of use.
    MODM_CACHEPATCHES = 12;
    /// Loads drum patches ahead of use.
    MODM_CACHEDRUMPATCHES = 13;
    /// Queues a buffer of a stream.
    MODM_STRMDATA = 14;
    /// Asks for a stream's position.
    MODM_GETPOS = 17;
    /// Pauses a stream.
    MODM_PAUSE = 18;
    /// Resumes a stream.
    MODM_RESTART = 19;
    /// Stops a stream.
    MODM_STOP = 20;
    /// Sets or asks for a stream's properties.
    MODM_PROPERTIES = 21;
    /// Makes a device the preferred one.
    MODM_PREFERRED = 22;
}

named_constants! {
    /// The messages of `midMessage`: MIDI input.
    pub MIDM: u32;

    /// How many devices there are.
    MIDM_GETNUMDEVS = 53;
    /// What a device can do.
    MIDM_GETDEVCAPS = 54;
    /// Opens a device.
    MIDM_OPEN = 55;
    /// Closes a device.
    MIDM_CLOSE = 56;
    /// Prepares a buffer.
    MIDM_PREPARE = 57;
    /// Undoes [`MIDM_PREPARE`].
    MIDM_UNPREPARE = 58;
    /// Queues a buffer to be filled.
    MIDM_ADDBUFFER = 59;
    /// Starts input.
    MIDM_START = 60;
    /// Stops input.
    MIDM_STOP = 61;
    /// Stops input and returns all buffers.
    MIDM_RESET = 62;
}

named_constants! {
    /// The messages of `wodMessage`: wave output.
    pub WODM: u32;

    /// How many devices there are.
    WODM_GETNUMDEVS = 3;
    /// What a device can do.
    WODM_GETDEVCAPS = 4;
    /// Opens a device.
    WODM_OPEN = 5;
    /// Closes a device.
    WODM_CLOSE = 6;
    /// Prepares a buffer.
    WODM_PREPARE = 7;
    /// Undoes [`WODM_PREPARE`].
    WODM_UNPREPARE = 8;
    /// Plays a buffer.
    WODM_WRITE = 9;
    /// Pauses playing.
    WODM_PAUSE = 10;
    /// Resumes playing.
    WODM_RESTART = 11;
    /// Stops playing and returns all buffers.
    WODM_RESET = 12;
    /// Asks for the position.
    WODM_GETPOS = 13;
    /// Asks for the pitch.
    WODM_GETPITCH = 14;
    /// Sets the pitch.
    WODM_SETPITCH = 15;
    /// Asks for the volume.
    WODM_GETVOLUME = 16;
    /// Sets the volume.
    WODM_SETVOLUME = 17;
    /// Asks for the playback rate.
    WODM_GETPLAYBACKRATE = 18;
    /// Sets the playback rate.
    WODM_SETPLAYBACKRATE = 19;
    /// Leaves a loop at its end.
    WODM_BREAKLOOP = 20;
    /// Makes a device the preferred one.
    WODM_PREFERRED = 21;
}

named_constants! {
    /// The messages of `widMessage`: wave input.
    pub WIDM: u32;

    /// How many devices there are.
    WIDM_GETNUMDEVS = 50;
    /// What a device can do.
    WIDM_GETDEVCAPS = 51;
    /// Opens a device.
    WIDM_OPEN = 52;
    /// Closes a device.
    WIDM_CLOSE = 53;
    /// Prepares a buffer.
    WIDM_PREPARE = 54;
    /// Undoes [`WIDM_PREPARE`].
    WIDM_UNPREPARE = 55;
    /// Queues a buffer to be filled.
    WIDM_ADDBUFFER = 56;
    /// Starts input.
    WIDM_START = 57;
    /// Stops input.
    WIDM_STOP = 58;
    /// Stops input and returns all buffers.
    WIDM_RESET = 59;
    /// Asks for the position.
    WIDM_GETPOS = 60;
    /// Makes a device the preferred one.
    WIDM_PREFERRED = 61;
}

named_constants! {
    /// The messages of `auxMessage`: auxiliary devices.
    pub AUXDM: u32;

    /// How many devices there are.
    AUXDM_GETNUMDEVS = 3;
    /// What a device can do: [`AUXCAPSW`](crate::AUXCAPSW).
    AUXDM_GETDEVCAPS = 4;
    /// Asks for the volume.
    AUXDM_GETVOLUME = 5;
    /// Sets the volume.
    AUXDM_SETVOLUME = 6;
}

named_constants! {
    /// What drivers send to a client's callback through `DriverCallback`. No number occurs twice.
    pub CALLBACK_MESSAGES: u32;

    /// A wave output device has been opened.
    WOM_OPEN = 0x3BB;
    /// A wave output device has been closed.
    WOM_CLOSE = 0x3BC;
    /// A wave output buffer has been played.
    WOM_DONE = 0x3BD;
    /// A wave input device has been opened.
    WIM_OPEN = 0x3BE;
    /// A wave input device has been closed.
    WIM_CLOSE = 0x3BF;
    /// A wave input buffer has been filled.
    WIM_DATA = 0x3C0;
    /// A MIDI input device has been opened.
    MIM_OPEN = 0x3C1;
    /// A MIDI input device has been closed.
    MIM_CLOSE = 0x3C2;
    /// A short MIDI message has arrived.
    MIM_DATA = 0x3C3;
    /// A MIDI input buffer has been filled.
    MIM_LONGDATA = 0x3C4;
    /// A damaged short MIDI message has arrived.
    MIM_ERROR = 0x3C5;
    /// A damaged long MIDI message has arrived.
    MIM_LONGERROR = 0x3C6;
    /// A MIDI output device has been opened.
    MOM_OPEN = 0x3C7;
    /// A MIDI output device has been closed.
    MOM_CLOSE = 0x3C8;
    /// A MIDI output buffer has been played.
    MOM_DONE = 0x3C9;
    /// A MIDI stream has come to an event that asked for a callback.
    MOM_POSITIONCB = 0x3CA;
    /// A short MIDI message has arrived and the client is slow.
    MIM_MOREDATA = 0x3CC;
}

/// The name of a message in the list of an entry point, or of those that every entry point may receive; `None` if the number has none.
pub fn device_message_name(messages: &[(&'static str, u32)], number: u32) -> Option<&'static str> {
    name_of(messages, number).or_else(|| name_of(DRVM, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_names() {
        assert_eq!(device_message_name(MODM, 3), Some("MODM_OPEN"));
        assert_eq!(device_message_name(WODM, 3), Some("WODM_GETNUMDEVS"));
        assert_eq!(device_message_name(AUXDM, 100), Some("DRVM_INIT"));
        assert_eq!(device_message_name(MODM, 0x777), None);
    }

    #[test]
    fn numbers_are_unique_within_each_list() {
        for table in [DRVM, MODM, MIDM, WODM, WIDM, AUXDM, CALLBACK_MESSAGES] {
            assert!(table.windows(2).all(|pair| pair[0].1 < pair[1].1), "{table:?}");
        }
    }
}
