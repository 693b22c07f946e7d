//! Images, and the version that they have.

use fuzzed::resource_directory;
use pe::builder::Builder;
use pe::{Machine, RT_STRING, RT_VERSION, Symbol};

use super::Seed;
use super::resources::version;

/// IMAGE_DIRECTORY_ENTRY_RESOURCE, IMAGE_DIRECTORY_ENTRY_TLS and IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT.
const RESOURCE: usize = 2;
const TLS: usize = 9;
const DELAY_IMPORT: usize = 13;

pub fn seeds() -> Vec<Seed> {
    vec![
        ("pe", "library-x86_64", library(Machine::X86_64)),
        ("pe", "library-i386", library(Machine::I386)),
        ("pe", "empty-x86_64", Builder::new(Machine::X86_64).build()),
        ("version", "whole", version()),
    ]
}

/// An image with every table that is read.
fn library(machine: Machine) -> Vec<u8> {
    let name = |name: &str| Symbol::Name(name.to_owned());
    Builder::new(machine)
        .code(&[0x90; 64])
        .entry(0)
        .export("DriverProc", 0)
        .export("modMessage", 8)
        .import("KERNEL32.dll", name("Sleep"))
        .import("WINMM.dll", Symbol::Ordinal(3))
        .relocation(16)
        .relocation(32)
        .directory(TLS, move |rva| thread_storage(machine, rva))
        .directory(RESOURCE, |rva| {
            let strings = [&[2, 0, b'O', 0, b'K', 0][..], &[0; 30]].concat();
            resource_directory(rva, &[(RT_STRING, 1, &strings), (RT_VERSION, 1, &version())])
        })
        .directory(DELAY_IMPORT, |rva| {
            // Attributes, name, handle, address table, name table, and three that are 0.
            let fields = [1, rva + 88, 0, rva + 80, rva + 64, 0, 0, 0];
            let mut table: Vec<u8> = fields.iter().flat_map(|field: &u32| field.to_le_bytes()).collect();
            table.resize(64, 0);
            table.extend(0x8000_0007_u32.to_le_bytes());
            table.resize(88, 0);
            table.extend(b"MSACM32.dll\0");
            table
        })
        .build()
}

/// A thread-local storage directory: begin, end, index and callbacks, by address.
fn thread_storage(machine: Machine, rva: u32) -> Vec<u8> {
    let width = if machine.is_64() { 8 } else { 4 };
    let base = Builder::image_base(machine) + u64::from(rva);
    let mut table: Vec<u8> = [0, 8, 16, 64]
        .into_iter()
        .flat_map(|at: u64| (base + at).to_le_bytes().into_iter().take(width))
        .collect();
    table.resize(96, 0);
    table
}
