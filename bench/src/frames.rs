//! Frames a second: the same frames from memory, through the same driver's file, to the format that the driver names.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use drvhost::{Block, DriverFile, Error, Hdrvr, Machine, Session};
use mmsystem::{
    BITMAPINFOHEADER, FourCc, ICDECOMPRESS, ICM_DECOMPRESS, ICM_DECOMPRESS_BEGIN, ICM_DECOMPRESS_END,
    ICM_DECOMPRESS_GET_FORMAT, ICM_DECOMPRESS_QUERY, ICMODE_DECOMPRESS, ICOPEN, Structure, Width,
};

use crate::clip::{Clip, Film};
use crate::failure::{Failure, run};
use crate::ours::{driver, driver_for};
use crate::report::{Better, Row, WINE};
use crate::subject::Subject;
use crate::wine::Wine;

/// The size of the pictures.
pub const SIZE: (u32, u32) = (320, 240);
/// Room for a format and a palette behind it, as the peer has it.
pub const FORMAT_ROOM: usize = 4096;

/// Decompresses a clip on each side, in turn, and compares every picture. What it comes to is the sandbox's cost for each frame.
pub fn measure(
    subject: &Subject,
    wine: Option<&Wine>,
    folder: &Path,
    rounds: usize,
    frames: usize,
) -> Result<Row, Failure> {
    let film = Film::new(SIZE, frames);
    let clip = subject.clip(folder, &film)?;
    let name = format!("{} {}, the driver alone", subject.name, film.size());
    let mut row = Row::new(name, "frames/s", Better::More);
    let (file, _) = driver(subject.driver)?;
    for _ in 0..rounds {
        let ours = ours(subject, &clip, &file, Width::Bits64)?;
        row.ours.push(ours.rate());
        if let Some(wine) = wine {
            let theirs = parse(&run(&mut peer(subject, &clip, wine, Machine::X86_64)?)?)?;
            compare(subject.name, &ours.hashes, WINE, &theirs.hashes)?;
            row.theirs.push(theirs.rate());
        }
    }
    row.verified(wine.is_some());
    Ok(row)
}

/// A clip, decompressed.
#[derive(Debug, Default)]
pub struct Pass {
    /// Of each picture.
    pub hashes: Vec<u64>,
    /// Without the hashing.
    pub elapsed: Duration,
    /// From the program's start, where it is the peer's.
    pub whole: Duration,
}

impl Pass {
    /// Frames a second.
    pub fn rate(&self) -> f64 {
        self.hashes.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Frames a second, all that the program does included.
    pub fn whole_rate(&self) -> f64 {
        self.hashes.len() as f64 / self.whole.as_secs_f64()
    }
}

/// Through a worker. What is timed includes the copy of each frame into the memory shared with the driver, and that of each picture
/// out of it; the peer's driver works on the peer's own memory.
pub fn ours(subject: &Subject, clip: &Clip, file: &DriverFile, width: Width) -> Result<Pass, Failure> {
    let session = Session::builder().start()?;
    let mut description = None;
    let hdrvr = session.open(file, |arena| {
        let open = encoded(&opening(subject, width), width)?;
        Ok(description.insert(arena.block_with(&open)?).lparam())
    })?;
    let arena = session.arena(hdrvr)?;
    let format = |bytes: &[u8]| {
        let mut room = bytes.to_vec();
        room.resize(FORMAT_ROOM, 0);
        arena.block_with(&room)
    };
    let (input, output) = (format(&clip.format)?, format(&[])?);
    ask(&session, hdrvr, ICM_DECOMPRESS_QUERY, input.lparam(), 0)?;
    ask(&session, hdrvr, ICM_DECOMPRESS_GET_FORMAT, input.lparam(), output.lparam())?;
    ask(&session, hdrvr, ICM_DECOMPRESS_BEGIN, input.lparam(), output.lparam())?;
    let header = BITMAPINFOHEADER::decode((), &output.to_vec()?).unwrap_or_default();
    let mut picture = vec![0; picture_size(&header)];
    let frame_block = arena.block(clip.room())?;
    let (picture_block, parameters) = (arena.block_with(&picture)?, arena.block(ICDECOMPRESS::size(width))?);
    let mut input_header = BITMAPINFOHEADER::decode((), &clip.format).unwrap_or_default();
    let addresses = [&input, &frame_block, &output, &picture_block].map(Block::address);

    let mut pass = Pass { hashes: Vec::with_capacity(clip.frames.len()), ..Pass::default() };
    for frame in &clip.frames {
        let started = Instant::now();
        frame_block.write(0, &frame.bytes)?;
        input_header.biSizeImage = frame.bytes.len() as u32;
        input.write(0, &encoded(&input_header, width)?)?;
        parameters.write(0, &encoded(&request(frame.flags, addresses), width)?)?;
        let size = parameters.len() as i64;
        ask(&session, hdrvr, ICM_DECOMPRESS, parameters.lparam(), size)?;
        picture_block.read(0, &mut picture)?;
        pass.elapsed += started.elapsed();
        pass.hashes.push(hash(&picture));
    }
    session.send(hdrvr, ICM_DECOMPRESS_END, 0, 0)?;
    session.close(hdrvr, 0, 0)?;
    Ok(pass)
}

/// What a codec is opened with.
pub fn opening(subject: &Subject, width: Width) -> ICOPEN {
    ICOPEN {
        dwSize: ICOPEN::size(width) as u32,
        fccType: FourCc(*b"vidc").into(),
        fccHandler: subject.handler.into(),
        dwVersion: 0x1000,
        dwFlags: ICMODE_DECOMPRESS,
        ..ICOPEN::default()
    }
}

/// What a frame is decompressed with: its flags, and where its format, it, the picture's format and the picture are.
#[allow(non_snake_case, reason = "the structure's own names")]
pub fn request(flags: u32, addresses: [u64; 4]) -> ICDECOMPRESS {
    let [lpbiInput, lpInput, lpbiOutput, lpOutput] = addresses;
    ICDECOMPRESS { dwFlags: flags, lpbiInput, lpInput, lpbiOutput, lpOutput, ckid: 0 }
}

/// A structure's bytes.
pub fn encoded<S: Structure>(structure: &S, width: Width) -> Result<Vec<u8>, Error>
where
    Width: Into<S::Form>,
{
    let mut bytes = vec![0; S::size(width)];
    structure.encode(width, &mut bytes).map_err(|error| Error::Bug(error.to_string()))?;
    Ok(bytes)
}

/// Sends a message that must be answered ICERR_OK.
fn ask(session: &Session, hdrvr: Hdrvr, message: u32, lparam1: i64, lparam2: i64) -> Result<(), Error> {
    // The answer is a LONG: a 64-bit driver may leave the upper half undefined.
    match session.send(hdrvr, message, lparam1, lparam2)? as i32 {
        0 => Ok(()),
        answer => Err(Error::Refused {
            driver: "the codec".to_owned(),
            message: format!("message {message:#x}"),
            result: answer.to_string(),
        }),
    }
}

/// Bytes of an uncompressed picture: rows of whole 32-bit words.
pub fn picture_size(header: &BITMAPINFOHEADER) -> usize {
    let row = (header.biWidth.unsigned_abs() as usize * usize::from(header.biBitCount)).div_ceil(32) * 4;
    row * header.biHeight.unsigned_abs() as usize
}

/// FNV-1a over 64-bit words, of which each goes into the next of four sums, so that they need not wait for each other; what is left of the last
/// word is 0. Cheap, and the same in `words.h`.
pub fn hash(bytes: &[u8]) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    let put = |sum: &mut u64, word: u64| *sum = (*sum ^ word).wrapping_mul(0x0100_0000_01b3);
    let mut sums = [BASIS; 4];
    let (fours, rest) = bytes.as_chunks::<32>();
    for four in fours {
        for (sum, word) in sums.iter_mut().zip(four.as_chunks::<8>().0) {
            put(sum, u64::from_le_bytes(*word));
        }
    }
    for (sum, chunk) in sums.iter_mut().zip(rest.chunks(8)) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        put(sum, u64::from_le_bytes(word));
    }
    let mut hash = BASIS;
    sums.iter().for_each(|&sum| put(&mut hash, sum));
    hash
}

/// The peer under Wine, which hashes the driver's pictures as they are.
pub fn peer(subject: &Subject, clip: &Clip, wine: &Wine, machine: Machine) -> Result<Command, Failure> {
    let (_, file) = driver_for(machine, subject.driver)?;
    let mut command = wine.program_for(machine, "decode");
    command.arg(Wine::name_of(&file)).arg(subject.handler.to_string()).arg(Wine::name_of(&clip.raw));
    Ok(command)
}

/// The peer's output: the driver's nanoseconds, the program's, then a hash on each line.
pub fn parse(text: &str) -> Result<Pass, Failure> {
    let mut lines = text.lines().map(str::trim);
    let mut time = || lines.next().and_then(|line| line.parse().ok()).map(Duration::from_nanos);
    let (elapsed, whole) = (time(), time());
    let hashes = lines.map(|line| u64::from_str_radix(line, 16).ok()).collect::<Option<Vec<u64>>>();
    let unreadable = || Failure::Unreadable {
        program: "the peer",
        text: text.chars().take(80).collect(),
        expected: "two times and hashes",
    };
    let pass = || Some(Pass { hashes: hashes?, elapsed: elapsed?, whole: whole? });
    pass().ok_or_else(unreadable)
}

/// Compares the pictures of both sides.
pub fn compare(name: &str, ours: &[u64], peer: &'static str, theirs: &[u64]) -> Result<(), Failure> {
    let count = |what: &str| format!("{name}: {what}");
    if ours.len() != theirs.len() {
        return Err(differ(&count("frames"), ours.len(), peer, theirs.len()));
    }
    match ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs) {
        None => Ok(()),
        Some(frame) => Err(differ(
            &count(&format!("frame {frame}")),
            format!("{:016x}", ours[frame]),
            peer,
            format!("{:016x}", theirs[frame]),
        )),
    }
}

/// Two outputs that should be one.
pub fn differ(what: &str, ours: impl ToString, peer: &'static str, theirs: impl ToString) -> Failure {
    Failure::Differs { what: what.to_owned(), ours: ours.to_string(), peer, theirs: theirs.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_of_four_sums() {
        let put = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x0100_0000_01b3);
        let basis = 0xcbf2_9ce4_8422_2325;
        let all = |sums: [u64; 4]| sums.into_iter().fold(basis, put);
        assert_eq!(hash(&[]), all([basis; 4]));
        // A word that is the offset basis itself leaves 0.
        let words = [[0xcbf2_9ce4_8422_2325_u64; 4].map(u64::to_le_bytes).concat(), vec![7]].concat();
        assert_eq!(hash(&words), all([put(0, 7), 0, 0, 0]));
        assert_eq!(hash(&[1]), hash(&[1, 0, 0, 0, 0, 0, 0, 0]));
        assert_ne!(hash(&[1, 2]), hash(&[2, 1]));
    }

    #[test]
    fn the_peers_output_is_read() {
        let pass = parse("2000000000\r\n4000000000\r\n00000000000000ff\r\ncbf29ce484222325\r\n").unwrap();
        assert_eq!(
            (pass.rate(), pass.whole_rate(), pass.hashes),
            (1.0, 0.5, vec![0xff, 0xcbf2_9ce4_8422_2325])
        );
        assert!(parse("").is_err());
        assert!(parse("12\n13\nnot a hash\n").is_err());
    }

    #[test]
    fn the_first_frame_that_differs_is_named() {
        let name = "Cinepak";
        assert!(compare(name, &[1, 2], WINE, &[1, 2]).is_ok());
        let error = compare(name, &[1, 2, 3], WINE, &[1, 4, 5]).unwrap_err().to_string();
        assert_eq!(error, "Cinepak: frame 1: drvhost answered 0000000000000002, Wine 0000000000000004");
        assert!(compare(name, &[1], WINE, &[1, 2]).unwrap_err().to_string().contains("frames"));
    }

    #[test]
    fn rows_are_whole_words() {
        let header =
            BITMAPINFOHEADER { biWidth: 3, biHeight: -2, biBitCount: 24, ..BITMAPINFOHEADER::default() };
        assert_eq!(picture_size(&header), 24);
    }
}
