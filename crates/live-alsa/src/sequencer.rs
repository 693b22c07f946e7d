//! The port of the kernel's sequencer that messages come to. They come without a queue, and are stamped when they are read, by the PCM's position.

use std::ffi::CString;

use alsa::poll::{Descriptors, pollfd};
use alsa::seq::{Addr, ClientIter, Event, EventType, MidiEvent, PortCap, PortIter, PortSubscribe, PortType};
use alsa::{Direction, Error, Seq};
use live::Player;

use crate::messages::messages;
use crate::pcm::Pcm;
use crate::system::{kind, system_error};

/// How many events are read at a time at most: the PCM waits meanwhile.
const MOST: usize = 512;
/// How many events the kernel keeps until they are read. Long messages are many.
const POOL: u32 = 2000;
/// The most bytes that an event of a fixed length is.
const LONGEST: usize = 32;

/// A port.
pub struct Sequencer {
    seq: Seq,
    address: Addr,
}

impl Sequencer {
    /// Makes a port that others find by a name.
    pub fn open(name: &str) -> Result<Self, Error> {
        let seq = Seq::open(None, Some(Direction::Capture), true)?;
        seq.set_client_name(&text(name))?;
        if let Err(error) = seq.set_client_pool_input(POOL) {
            tracing::debug!(%error, "the sequencer keeps fewer messages");
        }
        let kind = PortType::MIDI_GENERIC | PortType::SYNTH | PortType::SOFTWARE | PortType::APPLICATION;
        let port = seq.create_simple_port(c"midi", PortCap::WRITE | PortCap::SUBS_WRITE, kind)?;
        let address = Addr { client: seq.client_id()?, port };
        Ok(Self { seq, address })
    }

    /// Where the port is.
    pub fn address(&self) -> Addr {
        self.address
    }

    /// What is waited for: a message.
    pub fn descriptors(&self) -> Result<Vec<pollfd>, Error> {
        (&self.seq, Some(Direction::Capture)).get()
    }

    /// Hands on what has come; answers whether there may be more.
    pub fn read(&self, decoder: &Decoder, pcm: &Pcm, player: &mut Player) -> Result<bool, Error> {
        let mut input = self.seq.input();
        for _ in 0..MOST {
            match input.event_input() {
                Ok(event) => decoder.read(event, |message| player.hear(pcm.played(), message)),
                Err(error) => match kind(error) {
                    std::io::ErrorKind::WouldBlock => return Ok(false),
                    // More have come than the kernel keeps.
                    std::io::ErrorKind::StorageFull => player.add_overrun(),
                    // An event that is no message.
                    std::io::ErrorKind::Unsupported => {}
                    _ => return Err(error),
                },
            }
        }
        Ok(true)
    }
}

/// Makes bytes of events.
pub struct Decoder(MidiEvent);

impl Decoder {
    /// One that repeats the status byte of each message.
    pub fn new() -> Result<Self, Error> {
        let decoder = MidiEvent::new(LONGEST as u32)?;
        decoder.enable_running_status(false);
        Ok(Self(decoder))
    }

    /// Hears the messages that an event is, which may be none.
    fn read(&self, event: Event<'_>, mut hear: impl FnMut(&[u8])) {
        if event.get_type() == EventType::Sysex {
            return hear(event.get_ext().unwrap_or_default());
        }
        let (mut event, mut bytes) = (event, [0; LONGEST]);
        if let Ok(count) = self.0.decode(&mut bytes, &mut event) {
            messages(bytes.get(..count).unwrap_or_default()).for_each(hear);
        }
    }
}

/// Connects all MIDI devices with a port.
pub fn connect_devices(to: Addr) -> Result<(), Error> {
    let seq = Seq::open(None, None, true)?;
    let wanted = PortCap::READ | PortCap::SUBS_READ;
    for client in ClientIter::new(&seq) {
        for port in PortIter::new(&seq, client.get_client()) {
            if port.get_capability().contains(wanted) && port.get_type().contains(PortType::HARDWARE) {
                let subscription = PortSubscribe::empty()?;
                subscription.set_sender(port.addr());
                subscription.set_dest(to);
                if let Err(error) = seq.subscribe_port(&subscription) {
                    let error = system_error(error);
                    tracing::warn!(%error, device = ?port, "a MIDI device could not be connected");
                }
            }
        }
    }
    Ok(())
}

/// Text without what ends it.
fn text(text: &str) -> CString {
    CString::new(text.replace('\0', "")).unwrap_or_default()
}
