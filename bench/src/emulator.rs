//! An interpreter as the peer: the crate `ud-emulator` runs the same i386 driver, instruction by instruction.
//!
//! It loads Wine's drivers with three additions, all made here through what it offers: the part of ucrtbase.dll that they call
//! (`drivers/ucrtbase.c`), the PEB with the heap's handle, where they look for it, and no limit to the number of instructions.

use std::path::Path;
use std::time::Instant;

use drvhost::{DriverFile, Machine};
use mmsystem::{
    BITMAPINFOHEADER, DRV_ENABLE, DRV_LOAD, DRV_OPEN, ICDECOMPRESS, ICM_DECOMPRESS, ICM_DECOMPRESS_BEGIN,
    ICM_DECOMPRESS_GET_FORMAT, ICM_DECOMPRESS_QUERY, ICOPEN, Structure, Width,
};
use ud_emulator::pe::Image;
use ud_emulator::{DLL_PROCESS_ATTACH, Error, Sandbox, VirtualFs};

use crate::clip::Clip;
use crate::failure::Failure;
use crate::frames::{FORMAT_ROOM, Pass, compare, encoded, hash, opening, ours, picture_size, request};
use crate::mingw;
use crate::report::{Better, Goal, Row};
use crate::subject::Subject;

/// The crate's version, as `Cargo.toml` pins it.
pub const VERSION: &str = "0.3.0";

/// The other side's name.
const EMULATOR: &str = "ud-emulator";

const LIBRARY: &str = include_str!("../drivers/ucrtbase.c");
/// Where the emulator looks for libraries.
const SYSTEM: &str = "c:/windows/system32/ucrtbase.dll";

/// Where the emulator puts the thread's block (TEB), and in it the address of the process's (PEB).
const TEB: u32 = 0x7ffd_e000;
const PEB_IN_TEB: u32 = 0x30;
/// Where the PEB has the handle of the process's heap, and how much of it there is.
const HEAP_IN_PEB: u32 = 0x18;
const PEB_SIZE: usize = 0x1000;
/// That handle: any, but NULL.
const HEAP: u32 = 1;

const WIDTH: Width = Width::Bits32;

/// Decompresses a clip through a worker and in the emulator, in turn, and compares every picture.
pub fn measure(
    subject: &Subject,
    clip: &Clip,
    i386: &DriverFile,
    folder: &Path,
    rounds: usize,
) -> Result<Row, Failure> {
    let name = format!("i386: {}, the driver alone, {} frames", subject.name, clip.frames.len());
    let mut row = Row::new(name, "frames/s", Better::More).against(EMULATOR);
    let options = ["-shared", "-nostdlib", "-ffreestanding", "-Wl,--entry=0"];
    let library = mingw::compile(Machine::I386, folder, LIBRARY, "ucrtbase.dll", &options)?;
    let [driver, library] = [&i386.path, &library]
        .map(|file| std::fs::read(file).map_err(Failure::file(file.display().to_string())));
    let (driver, library) = (driver?, library?);
    for _ in 0..rounds {
        let ours = ours(subject, clip, i386, WIDTH)?;
        let theirs = Emulated::load_codec(subject, &driver, library.clone())?.decompress(subject, clip)?;
        compare(subject.name, &ours.hashes, EMULATOR, &theirs.hashes)?;
        row.ours.push(ours.rate());
        row.theirs.push(theirs.rate());
    }
    row.verified(true);
    Ok(row.goal(Goal::Ratio(300.0)))
}

/// A driver in the emulator, loaded and enabled.
pub struct Emulated {
    sandbox: Sandbox,
    image: Image,
}

impl Emulated {
    fn load_codec(subject: &Subject, driver: &[u8], library: Vec<u8>) -> Result<Self, Failure> {
        let mut files = VirtualFs::new();
        files.insert(SYSTEM, library);
        let mut sandbox = Sandbox::new().with_vfs(files);
        sandbox.cpu.set_instr_limit(u64::MAX);
        Self::load(sandbox, subject.driver, driver)
    }

    /// Loads a driver and enables it.
    pub fn load(mut sandbox: Sandbox, name: &str, driver: &[u8]) -> Result<Self, Failure> {
        let (image, _) = sandbox.load_with_deps(name, driver)?;
        let mut own = Self { sandbox, image };
        let peb = own.memory(PEB_SIZE)?;
        own.write(TEB + PEB_IN_TEB, &peb.to_le_bytes())?;
        own.write(peb + HEAP_IN_PEB, &HEAP.to_le_bytes())?;
        own.sandbox.call_dll_main(&own.image, DLL_PROCESS_ATTACH)?;
        own.send(0, DRV_LOAD, 0, 0)?;
        own.send(0, DRV_ENABLE, 0, 0)?;
        Ok(own)
    }

    /// What is timed is ICM_DECOMPRESS alone, without the copies into and out of the emulator's memory.
    fn decompress(mut self, subject: &Subject, clip: &Clip) -> Result<Pass, Failure> {
        let open = self.memory(ICOPEN::size(WIDTH))?;
        self.write(open, &encoded(&opening(subject, WIDTH), WIDTH)?)?;
        let id = self.send(0, DRV_OPEN, 0, open)?;
        let (input, output) = (self.memory(FORMAT_ROOM)?, self.memory(FORMAT_ROOM)?);
        self.write(input, &clip.format)?;
        self.ask(id, ICM_DECOMPRESS_QUERY, input, 0)?;
        self.ask(id, ICM_DECOMPRESS_GET_FORMAT, input, output)?;
        self.ask(id, ICM_DECOMPRESS_BEGIN, input, output)?;
        let format = self.read(output, FORMAT_ROOM)?;
        let size = picture_size(&BITMAPINFOHEADER::decode((), &format).unwrap_or_default());
        let (frame_at, picture) = (self.memory(clip.room())?, self.memory(size)?);
        let parameters = self.memory(ICDECOMPRESS::size(WIDTH))?;
        let mut header = BITMAPINFOHEADER::decode((), &clip.format).unwrap_or_default();

        let mut pass = Pass { hashes: Vec::with_capacity(clip.frames.len()), ..Pass::default() };
        for frame in &clip.frames {
            self.write(frame_at, &frame.bytes)?;
            header.biSizeImage = frame.bytes.len() as u32;
            self.write(input, &encoded(&header, WIDTH)?)?;
            let request = request(frame.flags, [input, frame_at, output, picture].map(u64::from));
            self.write(parameters, &encoded(&request, WIDTH)?)?;
            let started = Instant::now();
            self.ask(id, ICM_DECOMPRESS, parameters, ICDECOMPRESS::size(WIDTH) as u32)?;
            pass.elapsed += started.elapsed();
            pass.hashes.push(hash(&self.read(picture, size)?));
        }
        Ok(pass)
    }

    /// Memory of the emulator's, zeroed.
    pub fn memory(&mut self, size: usize) -> Result<u32, Failure> {
        Ok(self.sandbox.host.arena_alloc(size as u32).map_err(Error::from)?)
    }

    pub fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.sandbox.mmu.write(at, bytes).map_err(Error::from)?)
    }

    pub fn read(&self, at: u32, size: usize) -> Result<Vec<u8>, Failure> {
        Ok(self.sandbox.mmu.read(at, size).map_err(Error::from)?)
    }

    /// Calls DriverProc.
    pub fn send(&mut self, id: u32, message: u32, lparam1: u32, lparam2: u32) -> Result<u32, Failure> {
        Ok(self.sandbox.call_export(&self.image, "DriverProc", &[id, 1, message, lparam1, lparam2])?)
    }

    /// Sends a message that must be answered ICERR_OK.
    fn ask(&mut self, id: u32, message: u32, lparam1: u32, lparam2: u32) -> Result<(), Failure> {
        match self.send(id, message, lparam1, lparam2)? {
            0 => Ok(()),
            answer => Err(Failure::Differs {
                what: format!("message {message:#x}"),
                ours: "0".to_owned(),
                peer: EMULATOR,
                theirs: answer.to_string(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_is_the_pinned_one() {
        let pinned = format!("ud-emulator = \"={}\"", super::VERSION);
        assert!(include_str!("../Cargo.toml").contains(&pinned));
    }
}
