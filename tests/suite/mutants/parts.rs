//! The parts of an image that are changed (PE/COFF: "MS-DOS Stub", "COFF File Header", "Optional Header", "Section Table").

use std::ops::Range;

use drvhost_tests::Scribble;

/// Where the DOS header says that the others are (`e_lfanew`).
const E_LFANEW: usize = 0x3C;
/// From the signature `PE\0\0` to the optional header.
const OPTIONAL: usize = 24;
/// In the COFF header: how many sections there are, and how large the optional header is.
const SECTIONS: usize = 6;
const OPTIONAL_SIZE: usize = 20;
/// The bytes of an entry of the section table.
const SECTION: usize = 40;
/// An entry's SizeOfRawData and Characteristics; VirtualAddress and PointerToRawData are beside the former.
const RAW_SIZE: usize = 16;
const FLAGS: usize = 36;
/// IMAGE_SCN_MEM_DISCARDABLE, and IMAGE_SCN_MEM_EXECUTE.
const DISCARDABLE: u32 = 0x0200_0000;
const EXECUTE: u32 = 0x2000_0000;
/// The directories that a loader reads, and how many bytes of each are changed at most: exports, imports, resources, exceptions, relocations, thread-local
/// storage, addresses of imports, delayed imports.
const DIRECTORIES: [usize; 8] = [0, 1, 2, 3, 5, 9, 12, 13];
/// The numbers that sizes and places are most often checked against too little.
const EXTREMES: [u32; 6] = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_F000, u32::MAX];

/// Places in an image's file, by what lies there.
pub struct Parts {
    /// What a loader reads of the headers.
    headers: Vec<Range<usize>>,
    /// What the directories lead to.
    directories: Vec<Range<usize>>,
    /// The sections with code.
    code: Vec<Range<usize>>,
    /// All sections that are loaded.
    all: Vec<Range<usize>>,
}

fn short(bytes: &[u8], at: usize) -> usize {
    u16::from_le_bytes([bytes[at], bytes[at + 1]]).into()
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn place(bytes: &[u8], at: usize) -> usize {
    long(bytes, at) as usize
}

impl Parts {
    /// Those of an image without a flaw.
    pub fn of(bytes: &[u8]) -> Self {
        let coff = place(bytes, E_LFANEW);
        let optional = coff + OPTIONAL;
        let table = optional + short(bytes, coff + OPTIONAL_SIZE);
        let sections: Vec<_> = (0..short(bytes, coff + SECTIONS)).map(|n| table + n * SECTION).collect();
        let end = table + sections.len() * SECTION;
        // PE32+ has one word more for the base, and four numbers of 64 bits.
        let directories = optional + if short(bytes, optional) == 0x20B { 112 } else { 96 };
        let in_file = |section: usize| {
            let [address, size, start] =
                [RAW_SIZE - 4, RAW_SIZE, RAW_SIZE + 4].map(|at| place(bytes, section + at));
            (address, start..(start + size).min(bytes.len()))
        };
        let directory = |number: usize| {
            let [address, size] = [0, 4].map(|at| place(bytes, directories + number * 8 + at));
            let (start, file) = sections
                .iter()
                .map(|&section| in_file(section))
                .find(|(start, file)| address >= *start && address < start + file.len())?;
            let from = file.start + (address - start);
            (size > 0).then(|| from..(from + size).min(file.end))
        };
        let flags = |section: &usize| long(bytes, section + FLAGS);
        // What is zeros at first has no bytes in the file.
        let in_it = |section: &&usize| flags(section) & DISCARDABLE == 0 && !in_file(**section).1.is_empty();
        let loaded: Vec<_> = sections.iter().filter(in_it).collect();
        let code = loaded.iter().filter(|section| flags(section) & EXECUTE != 0);
        Self {
            headers: vec![
                0..2,
                E_LFANEW..E_LFANEW + 4,
                coff..optional,
                optional..directories,
                directories..table,
                table..end,
            ],
            directories: DIRECTORIES.into_iter().filter_map(directory).collect(),
            code: code.map(|section| in_file(**section).1).collect(),
            all: loaded.iter().map(|section| in_file(**section).1).collect(),
        }
    }

    /// The image with something in it that is otherwise. Seeds take turns: headers, what directories lead to, code, anything.
    pub fn mutated(&self, bytes: &[u8], seed: u64) -> Vec<u8> {
        let mut mutant = bytes.to_vec();
        let mut scribble = Scribble::new(seed + 1);
        // The first numbers of neighbouring seeds are alike.
        let _ = scribble.bytes(8);
        let (among, changes) = match seed % 4 {
            0 => (&self.headers, 1 + scribble.below(3)),
            1 => (&self.directories, 1 + scribble.below(4)),
            // Most of a driver's code is for what nobody asks it here.
            2 => (&self.code, 1 << scribble.below(9)),
            _ => (&self.all, 1 << scribble.below(7)),
        };
        for _ in 0..changes {
            // Parts first, as a small one is not worth less.
            let part = among[scribble.below(among.len() as u32) as usize].clone();
            let at = part.start + scribble.below(part.len() as u32) as usize;
            if scribble.below(4) == 0 && seed % 4 < 2 {
                let at = (at - part.start) / 4 * 4 + part.start;
                let extreme = EXTREMES[scribble.below(EXTREMES.len() as u32) as usize];
                let end = (at + 4).min(part.end);
                mutant[at..end].copy_from_slice(&extreme.to_le_bytes()[..end - at]);
            } else {
                mutant[at] ^= 1 + scribble.below(255) as u8;
            }
        }
        mutant
    }
}
