//! Every structure against the specification's tables, and round trips.

use super::*;
use crate::layout::{Layout, Packing, Structure, Width};
use core::fmt::Debug;
use std::format;
use std::string::String;
use std::vec::Vec;

/// For each structure its name and its size in 32 and 64 bits; then its fields with offset:size in 32 and 64 bits.
const LAYOUTS: &str = include_str!("layouts.txt");

const WIDTHS: [Width; 2] = [Width::Bits32, Width::Bits64];

/// The layout in the form of `LAYOUTS`, byte-packed where there is a choice.
fn table<S: Structure>() -> String {
    let layouts = WIDTHS.map(|width| Layout { width, packing: Packing::Byte });
    let [narrow, wide] = layouts.map(|layout| S::fields(layout).collect::<Vec<_>>());
    let mut table = format!("{} {} {}\n", S::NAME, S::size(layouts[0]), S::size(layouts[1]));
    for (narrow, wide) in narrow.iter().zip(&wide) {
        let places = format!("{}:{} {}:{}", narrow.offset, narrow.size, wide.offset, wide.size);
        table += &format!("  {} {places}\n", narrow.name);
    }
    table
}

/// Bytes that differ from one another must come back from decoding and encoding, padding excepted.
fn round_trip<S: Structure + Debug + PartialEq>() {
    for width in WIDTHS {
        for packing in [Packing::Byte, Packing::Natural] {
            let layout = Layout { width, packing };
            let mut bytes: Vec<u8> = (0..S::size(layout)).map(|i| (i % 251) as u8 + 1).collect();
            let value = S::decode(layout, &bytes).unwrap();
            let mut written = bytes.clone();
            value.encode(layout, &mut written).unwrap();
            assert_eq!(S::decode(layout, &written), Some(value));
            let mut end = 0;
            for field in S::fields(layout) {
                bytes[end..field.offset].fill(0);
                end = field.offset + field.size;
            }
            bytes[end..].fill(0);
            assert_eq!(written, bytes, "{} {layout:?}", S::NAME);
        }
    }
}

macro_rules! every_structure {
    ($($name:ident)*) => {
        #[test]
        fn layouts_are_those_of_the_specification() {
            let tables: String = [$(table::<$name>()),*].concat();
            assert_eq!(tables, LAYOUTS);
        }

        #[test]
        fn what_is_read_is_written_back() {
            $(round_trip::<$name>();)*
        }
    };
}

every_structure! {
    DRVCONFIGINFO DRVCONFIGINFOEX
    ICOPEN ICINFO ICCOMPRESS ICCOMPRESSFRAMES ICDECOMPRESS ICDECOMPRESSEX
    ACMDRVOPENDESCW ACMDRVSTREAMINSTANCE ACMDRVSTREAMHEADER ACMDRVSTREAMSIZE ACMDRVFORMATSUGGEST
    ACMDRIVERDETAILSW ACMFORMATTAGDETAILSW ACMFORMATDETAILSW WAVEFORMATEX
    MIDIOPENDESC MIDIHDR MIDIOUTCAPSW MIDIOUTCAPSA WAVEOUTCAPSW WAVEOUTCAPSA AUXCAPSW AUXCAPSA
    MIDIPROPTIMEDIV MIDIPROPTEMPO MMTIME
    BITMAPINFOHEADER
}

/// Spec section 4.2, "64-bit layout hazard".
#[test]
fn natural_packing_moves_the_pointers_of_64_bit_acm_structures() {
    fn size_and_offset<S: Structure>(layout: Layout, field: &str) -> (usize, usize) {
        (S::size(layout), S::fields(layout).find(|f| f.name == field).unwrap().offset)
    }
    for (width, packing, open, instance, suggest) in [
        (Width::Bits32, Packing::Byte, 36, (40, 4), (24, 16)),
        (Width::Bits32, Packing::Natural, 36, (40, 4), (24, 16)),
        (Width::Bits64, Packing::Byte, 44, (68, 4), (32, 20)),
        (Width::Bits64, Packing::Natural, 48, (72, 8), (40, 24)),
    ] {
        let layout = Layout { width, packing };
        assert_eq!(size_and_offset::<ACMDRVOPENDESCW>(layout, "dnDevNode").0, open);
        assert_eq!(size_and_offset::<ACMDRVSTREAMINSTANCE>(layout, "pwfxSrc"), instance);
        assert_eq!(size_and_offset::<ACMDRVFORMATSUGGEST>(layout, "pwfxDst"), suggest);
    }
}

#[test]
fn a_default_is_all_zeros() {
    let mut bytes = [1; 1804];
    ACMDRIVERDETAILSW::default().encode(Width::Bits64, &mut bytes).unwrap();
    assert_eq!(bytes, [0; 1804]);
}
