//! What is measured, subject by subject: its name, what is done on both sides, and how.

use std::path::Path;

use clap::ValueEnum;
use drvhost::Machine;

use crate::clip::Film;
use crate::failure::Failure;
use crate::hostile::Comparison;
use crate::programs::{FFMPEG, I386_LIBRARIES, LAME};
use crate::report::{Curves, Measured, Row, Series};
use crate::subject::SUBJECTS;
use crate::wine::{Missing, Wine};
use crate::{
    Args, calls, clips, cold_start, emulator, frames, hostile, instances, instructions, memory, mingw, ours,
    pairs, round_trip, session_end, shelf, synth, throughput, trace_cost, widths, wine,
};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    ColdStart,
    Instances,
    RoundTrip,
    Throughput,
    Calls,
    Frames,
    Pairs,
    Widths,
    Emulator,
    Clips,
    Shelf,
    Memory,
    SessionEnd,
    Trace,
    Instructions,
    Synth,
    /// What a hostile driver can do in Wine, in an emulator and here; only when named, because it does it
    Hostile,
}

/// What is measured on Wine, too.
const AGAINST_WINE: &[What] = &[
    What::ColdStart,
    What::Instances,
    What::RoundTrip,
    What::Frames,
    What::Pairs,
    What::Clips,
    What::Memory,
    What::Synth,
    What::Hostile,
];

impl What {
    /// All that is measured unless something only is, in the document's order.
    pub fn usual() -> impl Iterator<Item = Self> {
        Self::value_variants().iter().copied().filter(|&what| what != Self::Hostile)
    }

    /// Its name for `--only` and in the record.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Whether Wine is a peer.
    pub fn is_against_wine(self) -> bool {
        AGAINST_WINE.contains(&self)
    }

    /// Its heading in the document.
    pub fn title(self) -> &'static str {
        match self {
            Self::ColdStart => "Cold start",
            Self::Instances => "A further instance",
            Self::RoundTrip => "One message",
            Self::Throughput => "Many workers",
            Self::Calls => "Calls in both widths",
            Self::Frames => "Frames, the driver alone",
            Self::Pairs => "Whole films and sounds",
            Self::Widths => "The same codec in both widths",
            Self::Emulator => "An interpreter",
            Self::Clips => "Many short clips",
            Self::Shelf => "Many files",
            Self::Memory => "Memory",
            Self::SessionEnd => "The end of a session",
            Self::Trace => "What a trace costs",
            Self::Instructions => "Instructions",
            Self::Synth => "Synths",
            Self::Hostile => "Hostile drivers",
        }
    }

    /// What is done on both sides.
    pub fn about(self) -> &'static str {
        match self {
            Self::ColdStart => {
                "drvhost: `drvhost send iccvid.dll DRV_QUERYCONFIGURE`, the whole process from its start to its end. Wine: a small program that opens the \
                 same driver by OpenDriver, sends the same message and closes it; with its server and its services running before (warm), and with \
                 neither (cold). Both are started by posix_spawn and print into a file; the first row is what that takes with a static program of three instructions."
            }
            Self::Instances => {
                "A driver is open already; a further instance of it is opened and closed, DRV_OPEN and DRV_CLOSE, by the library and by \
                 Wine's OpenDriver and CloseDriver. The driver (`bench/drivers/calls.c`) counts both, and the numbers are compared."
            }
            Self::RoundTrip => {
                "`Session::send` of a message that iccvid.dll answers at once, which goes to another process and back; under Wine SendDriverMessage, a call \
                 inside one process. Busy: as many endless loops as there are processors run at normal priority besides; most messages come and go while both sides have a processor, and what it costs that they have \
                 none now and then is to be seen in the mean. Each answer is compared."
            }
            Self::Throughput => {
                "Eight drivers in one session, each with a worker and a thread that sends it messages for a second, against one of them. Each driver counts."
            }
            Self::Calls => {
                "`bench/drivers/calls.c`, compiled for i386 and for x86-64, each in a worker: a message that it leaves to DefDriverProc, sent by the host; \
                 and many calls within one message, divided by their number."
            }
            Self::Frames => {
                "ICM_DECOMPRESS through a worker, with the copies into and out of its memory, against ICM_DECOMPRESS in the memory of a program under Wine; hashing is \
                 not timed on either side. It shows what the sandbox costs."
            }
            Self::Pairs => {
                "Decoding: `drvhost decode`, from when the driver is open to the end: reading, the driver, conversion, BLAKE3; the file is read once before, as it is before ffmpeg begins. Wine: a program that has the same data in memory and the driver open, has it decode them, \
                 converts to BGR24 where that is pictures, and hashes with BLAKE3's own C and assembly, which use the same instructions. ffmpeg: its own decoder, to BGR24 or 16-bit samples and /dev/null; without its start. \
                 Encoding: `drvhost encode`, the whole command, which starts, reads, converts and writes an AVI file, and has no goal; Wine: a program that reads the same data into memory, has the same driver compress it, and hashes; without \
                 Wine's start. The hash of all pictures or samples is compared in each run, every frame that was encoded, and ffmpeg's pictures and samples each. Films have 3,000 pictures of 320x240 and 150 of 1920x1080, sounds 10 minutes, MP3 two."
            }
            Self::Widths => {
                "Wine's drivers for i386 through a worker, against its drivers for x86-64 through a worker: the driver alone, as above."
            }
            Self::Emulator => {
                "Wine's i386 drivers through a worker, with the copies, against the same file in the crate `ud-emulator`, an interpreter: ICM_DECOMPRESS alone, without copies."
            }
            Self::Clips => {
                "`drvhost decode` of a folder of 200 clips of ten frames, in four formats, to AVI files. Wine is started for each clip, with its server and services running, or one process of Wine's runs already and is \
                 told of all clips. The program reads the AVI file, opens the driver, decodes, converts to BGR24, hashes with BLAKE3, and writes the pictures. The hash of each clip is compared."
            }
            Self::Shelf => {
                "`drvhost decode` of a folder of clips to AVI files with two jobs at a time, the whole command, against one job. The hash of each clip is compared."
            }
            Self::Memory => {
                "PSS, which counts a page that several processes share in parts. drvhost: the command `drvhost run` and its workers; what is further, by the difference to \
                 one driver: 15 copies of the driver's file, and 1,000 further instances of one. Wine: the program, the server and the services; 15 further programs, and 1,000 further instances."
            }
            Self::SessionEnd => {
                "`Session::end_together` of up to 50 clients with 200 workers for both machines: every instance is told DRV_EXITSESSION, and when all have answered, those that did are closed. \
                 In a good session one driver takes 250 ms to answer; each file's instances count themselves, and the counts are compared. In the other, one in a hundred never answers and one in a hundred \
                 faults, with the usual deadline of 5 s; each must have been told once, by the trace and by the report."
            }
            Self::Trace => {
                "Messages by the library, and `drvhost decode`, with `--trace` into a file against the same without. The trace must have each message, and what was decoded must be the same."
            }
            Self::Instructions => {
                "How many instructions a message and a frame cost, from the difference of two runs of different length, so that starting is no part of it."
            }
            Self::Synth => {
                "`drvhost play` of 40 s of MIDI with the test synth to a WAVE file. Wine: a program that loads the same DLL, gives it each event at the same frame, keeps the samples in memory and \
                 hashes them. All samples are compared with the synth's formula. CPU of a voice: processor time of all processes for a second of sound, the slope over 0 to 64 voices. note-on: from sending a note until the buffer with it is written."
            }
            Self::Hostile => "What a hostile driver can do in each host; see hostile-elsewhere.md.",
        }
    }
}

/// What everything is measured with.
pub struct Bench<'a> {
    /// How often, and what else was wanted.
    pub args: &'a Args,
    /// Wine, where it is needed and there.
    pub wine: Option<&'a Wine>,
    /// A folder for whatever is made.
    pub folder: &'a Path,
}

/// What came out.
#[derive(Default)]
pub struct Found {
    /// The measurements.
    pub measured: Vec<Measured>,
    /// Points of curves.
    pub series: Vec<Series>,
    /// What is not there.
    pub missing: Vec<Missing>,
    /// What a hostile driver can do.
    pub hostile: Option<Comparison>,
}

impl Found {
    /// Adds what was measured of a subject.
    fn add(&mut self, what: What, rows: impl IntoIterator<Item = Row>) {
        let subject = what.name();
        self.measured.extend(rows.into_iter().filter_map(|row| row.finish(&subject)));
    }

    fn draw(&mut self, what: What, curves: Curves) {
        let series = |(name, points)| Series { subject: what.name(), name, points };
        self.series.extend(curves.into_iter().map(series));
    }

    /// Adds what is not there; answers whether that is nothing.
    fn needs(&mut self, missing: impl IntoIterator<Item = Missing>) -> bool {
        let before = self.missing.len();
        self.missing.extend(missing);
        self.missing.len() == before
    }
}

/// The compilers that are missing.
fn compilers() -> Vec<Missing> {
    Machine::ALL.into_iter().filter_map(mingw::missing).collect()
}

fn no_ffmpeg() -> Option<Missing> {
    wine::find("", &["ffmpeg"]).is_none().then_some(FFMPEG)
}

impl Bench<'_> {
    /// Measures a subject, as far as what it needs is there.
    ///
    /// # Errors
    /// [`Failure`] where something does not work, or both sides' outputs differ.
    pub fn measure(&self, what: What, found: &mut Found) -> Result<(), Failure> {
        // Everybody has a folder of their own: what lies beside a driver is in its reach.
        let folder = tempfile::tempdir_in(self.folder).map_err(Failure::file("a folder"))?;
        let (folder, wine, args) = (folder.path(), self.wine, self.args);
        match what {
            What::ColdStart => {
                found.add(what, cold_start::measure(wine, folder, args.times(100), args.times(7))?);
            }
            What::Instances if found.needs(compilers()) => {
                found.add(what, instances::measure(wine, folder, args.times(15), 2_000)?);
            }
            What::RoundTrip => {
                if ours::i386_libraries().is_none() {
                    found.missing.push(I386_LIBRARIES);
                }
                let (rows, curves) = round_trip::measure(wine, args.times(15), 100_000)?;
                found.add(what, rows);
                found.draw(what, curves);
            }
            What::Throughput if found.needs(compilers()) => {
                found.add(what, throughput::measure(folder, args.times(7))?);
            }
            What::Frames if found.needs(no_ffmpeg()) => {
                for subject in SUBJECTS {
                    found.add(what, [frames::measure(subject, wine, folder, args.times(15), 300)?]);
                }
            }
            What::Pairs if found.needs(no_ffmpeg()) => self.pairs(folder, found)?,
            What::Clips if found.needs(no_ffmpeg()) => {
                found.add(what, clips::measure(wine, folder, args.times(3))?);
            }
            What::Memory => found.add(what, memory::measure(wine, folder, args.times(7))?),
            What::Calls if found.needs(compilers()) => {
                found.add(what, calls::measure(folder, args.times(15), 100_000)?);
            }
            What::SessionEnd if found.needs(compilers()) => {
                let (rows, curves) = session_end::measure(folder, args.times(1), args.times(3))?;
                found.add(what, rows);
                found.draw(what, curves);
            }
            What::Shelf if found.needs(no_ffmpeg()) => {
                found.add(what, [shelf::measure(folder, args.times(5))?]);
            }
            What::Trace if found.needs(mingw::missing(Machine::X86_64)) => {
                let decodes = found.needs(no_ffmpeg());
                found.add(what, trace_cost::measure(folder, args.times(9), 50_000, decodes)?);
            }
            What::Instructions => found.add(what, instructions::measure(folder, args.times(3))?),
            What::Synth if found.needs(compilers()) => self.synths(folder, found)?,
            What::Widths | What::Emulator if found.needs(no_ffmpeg()) => self.narrow(what, folder, found)?,
            What::Hostile => found.hostile = hostile::measure(wine, folder, &mut found.missing)?,
            // What these need is not there.
            What::Instances
            | What::Throughput
            | What::Frames
            | What::Pairs
            | What::Clips
            | What::Calls
            | What::SessionEnd
            | What::Shelf
            | What::Trace
            | What::Synth
            | What::Widths
            | What::Emulator => {}
        }
        Ok(())
    }

    /// What is measured with the test synth.
    fn synths(&self, folder: &Path, found: &mut Found) -> Result<(), Failure> {
        let libraries = ours::i386_libraries();
        found.missing.extend(libraries.is_none().then_some(I386_LIBRARIES));
        if let Some((wine, libraries)) = self.wine.zip(libraries.as_deref()) {
            wine.prepare_i386(libraries)?;
        }
        let rows = synth::measure(self.wine, libraries.is_some(), folder, self.args.times(5), 100)?;
        found.add(What::Synth, rows);
        Ok(())
    }

    /// What is measured with whole films and sounds.
    fn pairs(&self, folder: &Path, found: &mut Found) -> Result<(), Failure> {
        let libraries = ours::i386_libraries();
        let compiler = mingw::missing(Machine::I386);
        found.missing.extend(libraries.is_none().then_some(I386_LIBRARIES));
        found.missing.extend(ours::lame(Machine::X86_64).is_none().then_some(LAME));
        // Without the compiler there is no peer for them.
        let wine_runs_i386 = compiler.is_none() && libraries.is_some();
        if let Some((wine, libraries)) = self.wine.zip(libraries.as_deref()).filter(|_| wine_runs_i386) {
            wine.prepare_i386(libraries)?;
        }
        let i386 = libraries.is_some() && (self.wine.is_none() || wine_runs_i386);
        found.missing.extend(compiler);
        let wanted = |name: &str| {
            self.args.pair.is_empty() || self.args.pair.iter().any(|pair| name.contains(pair.as_str()))
        };
        let peers = pairs::Peers { wine: self.wine, i386 };
        found.add(What::Pairs, pairs::measure(peers, folder, self.args.times(5), wanted)?);
        Ok(())
    }

    /// What is measured with codecs for i386 alone.
    fn narrow(&self, what: What, folder: &Path, found: &mut Found) -> Result<(), Failure> {
        if ours::i386_libraries().is_none() {
            found.missing.push(I386_LIBRARIES);
            return Ok(());
        }
        if what == What::Emulator && !found.needs(mingw::missing(Machine::I386)) {
            return Ok(());
        }
        for subject in SUBJECTS {
            let Some(driver) = ours::i386_driver(subject.driver) else { continue };
            let clip = subject.clip(folder, &Film::new(frames::SIZE, 300))?;
            let row = if what == What::Widths {
                widths::measure(subject, &clip, &driver, self.args.times(15))?
            } else {
                emulator::measure(subject, &clip.first(10), &driver, folder, self.args.times(5))?
            };
            found.add(what, [row]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_says_what_it_is() {
        let mut titles: Vec<_> = What::value_variants().iter().map(|what| what.title()).collect();
        let all = titles.len();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), all);
        for &what in What::value_variants() {
            assert!(what.about().ends_with('.') && !what.name().is_empty(), "{what:?}");
        }
        assert_eq!(What::RoundTrip.name(), "round-trip");
        assert_eq!(What::usual().count(), all - 1);
    }

    #[test]
    fn what_is_missing_is_needed_once_it_is_named() {
        let mut found = Found::default();
        assert!(found.needs(None));
        assert!(!found.needs(Some(FFMPEG)));
        assert_eq!(found.missing, [FFMPEG]);
    }
}
