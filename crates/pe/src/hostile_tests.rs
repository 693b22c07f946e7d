//! No input makes the crate panic or run away: a full image, cut at every length and changed at random.

use crate::builder::Builder;
use crate::resources::tests::tree;
use crate::{Image, Machine, PeError, RT_STRING, RT_VERSION, Symbol, WineMark, identify, version, wine_mark};
use object::pe;

/// An image that has every table this crate reads.
fn full_image(machine: Machine) -> Vec<u8> {
    Builder::new(machine)
        .code(&[0x90; 64])
        .entry(0)
        .export("DriverProc", 0)
        .export("modMessage", 8)
        .import("KERNEL32.dll", Symbol::Name("Sleep".to_owned()))
        .import("WINMM.dll", Symbol::Ordinal(3))
        .relocation(16)
        .relocation(32)
        .directory(pe::IMAGE_DIRECTORY_ENTRY_TLS, move |rva| {
            let pointer = if machine.is_64() { 8 } else { 4 };
            let base = Builder::image_base(machine) + u64::from(rva);
            let mut table = Vec::new();
            for address in [base, base + 8, base + 16, base + 40] {
                table.extend_from_slice(&address.to_le_bytes()[..pointer]);
            }
            table.resize(96, 0);
            table
        })
        .directory(
            pe::IMAGE_DIRECTORY_ENTRY_RESOURCE,
            tree(vec![(RT_STRING, 1, vec![0; 32]), (RT_VERSION, 1, version::tests::resource())]),
        )
        .build()
}

/// Calls everything; the answer says how many tables could be read.
fn read_all(bytes: &[u8]) -> Result<usize, PeError> {
    identify(bytes)?;
    let image = Image::parse(bytes)?;
    for section in image.sections() {
        assert!(section.rva + section.virtual_size <= image.size_of_image());
        assert!(section.rva as usize + section.data.len() <= image.size_of_image() as usize);
    }
    assert_eq!(image.headers().len(), image.size_of_headers() as usize);
    for relocation in image.relocations().unwrap_or_default() {
        assert!(relocation.rva + relocation.kind.size() <= image.size_of_image());
    }
    let tables = [
        image.imports().is_ok(),
        image.exports().is_ok(),
        image.export("DriverProc").is_ok(),
        image.relocations().is_ok(),
        image.tls().is_ok(),
        image.string(0).is_ok(),
        image.string(15).is_ok(),
        image.resource_ids(RT_STRING).is_ok(),
        image.version().is_ok(),
    ];
    Ok(tables.into_iter().filter(|readable| *readable).count())
}

#[test]
fn the_whole_image_is_readable() {
    for machine in [Machine::I386, Machine::X86_64] {
        let file = full_image(machine);
        let image = Image::parse(&file).unwrap();
        assert_eq!(image.machine(), machine);
        assert_eq!(image.is_64(), machine.is_64());
        assert_eq!(image.image_base(), Builder::image_base(machine));
        assert_eq!(image.entry_rva(), 0x1000);
        assert!(image.is_dll() && image.nx_compat() && !image.is_wine_builtin());
        assert_eq!(image.imports().unwrap().len(), 2);
        assert_eq!(image.exports().unwrap().len(), 2);
        assert_eq!(image.relocations().unwrap().len(), 2);
        assert_eq!(image.tls().unwrap().unwrap().callbacks, []);
        assert_eq!(image.version().unwrap().unwrap().file_version, "8.0.0.42");
        let flags = |index: usize| {
            let section = &image.sections()[index];
            (section.readable, section.writable, section.executable, section.discardable)
        };
        assert_eq!(flags(0), (true, false, true, false));
        assert_eq!(flags(1), (true, true, false, false));
        assert_eq!(flags(2), (true, false, false, true));
    }
}

#[test]
fn a_cut_file_is_told_as_cut() {
    for machine in [Machine::I386, Machine::X86_64] {
        let file = full_image(machine);
        for len in 2..file.len() {
            let error = read_all(&file[..len]).expect_err("a cut file was taken for whole");
            let PeError::Truncated { needed, len: told, .. } = error else {
                panic!("cut at {len}: {error}");
            };
            assert_eq!(told, len as u64);
            assert!(needed > told && needed <= file.len() as u64, "cut at {len}: {needed}");
        }
    }
}

#[test]
fn the_wine_mark_is_found() {
    let mut file = full_image(Machine::X86_64);
    file[0x40..0x50].copy_from_slice(b"Wine builtin DLL");
    assert!(Image::parse(&file).unwrap().is_wine_builtin());
    file[0x40..0x54].copy_from_slice(b"Wine placeholder DLL");
    assert!(!Image::parse(&file).unwrap().is_wine_builtin());
    assert_eq!(wine_mark(&file), Some(WineMark::Placeholder));
    assert_eq!(wine_mark(&file[..0x53]), None);
    assert_eq!(wine_mark(b"MZ"), None);
}

/// Changes that leave the headers mostly alone must be survived by every table, so they start behind the headers in
/// half of the rounds.
#[test]
fn no_change_of_bytes_makes_a_panic() {
    const ROUNDS: usize = if cfg!(miri) { 40 } else { 4_000 };
    const MANY: usize = ROUNDS / 40;
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % below
    };
    let (mut parsed, mut refused, mut damaged) = (0, 0, 0);
    for machine in [Machine::I386, Machine::X86_64] {
        let file = full_image(machine);
        for round in 0..ROUNDS {
            let mut changed = file.clone();
            let start = if round % 2 == 0 { 0x600 } else { 0x3C };
            let end = if round % 2 == 0 { 0x900 } else { 0x280 };
            for _ in 0..=random(4) {
                let at = start + random(end - start);
                changed[at] = match random(3) {
                    0 => 0xFF,
                    1 => changed[at] ^ 1 << random(8),
                    _ => random(256) as u8,
                };
            }
            match read_all(&changed) {
                Ok(8) => parsed += 1,
                Ok(_) => damaged += 1,
                Err(_) => refused += 1,
            }
        }
    }
    assert!(parsed > MANY && refused > MANY && damaged > MANY, "{parsed} {refused} {damaged}");
}

#[test]
fn header_contradictions_are_told() {
    let file = full_image(Machine::I386);
    let optional = 0x80 + 24;
    let section = optional + 96 + 128;
    let with = |offset: usize, value: u32| {
        let mut file = file.clone();
        file[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        Image::parse(&file).unwrap_err().to_string()
    };
    assert!(with(optional + 56, 0x2000_0000).starts_with("the size of the image is too large"));
    assert!(with(optional + 28, 0xFFFF_F000).ends_with("the image reaches beyond the address space"));
    assert!(with(optional + 16, 0x10_0000).ends_with("the entry point lies outside the image"));
    assert!(with(optional + 32, 0x1001).ends_with("the section alignment is no power of two"));
    assert!(with(optional, 0x20B).contains("its width is not that of the machine"));
    assert!(with(optional, 0x107).contains("neither that of PE32 nor that of PE32+"));
    assert!(with(section + 12, 0x1010).ends_with("its address is not aligned"));
    assert!(with(section + 12, 0).ends_with("it overlaps the headers or the section before it"));
    assert!(with(section + 8, 0x1001).ends_with("it overlaps the headers or the section before it"));
    assert!(with(section + 8, 0x10_0000).ends_with("it reaches beyond the size of the image"));
    assert!(with(section + 16, 0x10_0000).ends_with("to hold the data of section .text"));
    assert!(with(0x80 + 6, 97).starts_with("the number of sections is too large: 97"));
}
