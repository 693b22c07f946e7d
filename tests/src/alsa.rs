//! ALSA without a kernel that knows sound: its library, with a sequencer of the test's own, and a PCM that plays on a JACK server and writes what it plays into a file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::Command;

use crate::{Cli, Folder, Jack};

/// The sequencer, `alsa/sequencer.c`, compiled.
const SEQUENCER: &str = concat!(env!("OUT_DIR"), "/sequencer.so");

/// ALSA, for commands in one folder.
#[derive(Debug)]
pub struct Alsa {
    folder: Folder,
    jack: Jack,
    midi: File,
}

impl Alsa {
    /// One whose PCM `tested` plays at this rate.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn start(folder: &Folder, rate: u32) -> Self {
        let jack = Jack::start(rate, 512);
        let heard = folder.file("heard");
        folder.write(
            "asound.conf",
            format!(
                "pcm.jacked {{ type jack playback_ports {{ 0 system:playback_1 1 system:playback_2 }} }}\n\
                 pcm.tested {{ type file slave.pcm jacked file \"{}\" format raw }}\n",
                heard.display()
            ),
        );
        let fifo = folder.file("midi");
        assert!(Command::new("mkfifo").arg(&fifo).status().is_ok_and(|made| made.success()), "mkfifo");
        // For reading as well, so that nobody is waited for.
        let midi = OpenOptions::new().read(true).write(true).open(&fifo).expect("the FIFO can be opened");
        Self { folder: folder.clone(), jack, midi }
    }

    /// A command that finds it.
    #[must_use]
    pub fn serve(&self, command: Cli) -> Cli {
        let (variable, server) = self.jack.variable();
        let command = command.env(variable, server).env("ALSA_CONFIG_PATH", self.folder.file("asound.conf"));
        command.env("LD_PRELOAD", SEQUENCER).env("DRVHOST_TEST_MIDI", self.folder.file("midi"))
    }

    /// Sends bytes of MIDI.
    ///
    /// # Panics
    /// When that fails.
    pub fn send(&mut self, bytes: &[u8]) {
        self.midi.write_all(bytes).expect("the FIFO has room");
    }

    /// Has whoever reads messages wait until the PCM has run empty.
    ///
    /// # Panics
    /// When that fails.
    pub fn stall(&mut self) {
        self.send(&[0xFF]);
    }

    /// Ends what it plays on.
    pub fn end(&mut self) {
        self.jack.end();
    }
}
