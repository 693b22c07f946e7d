//! The same codec in both widths, through workers: Wine's driver for i386 against its driver for x86-64.

use drvhost::DriverFile;
use mmsystem::Width;

use crate::clip::Clip;
use crate::failure::Failure;
use crate::frames::{compare, ours};
use crate::ours::driver;
use crate::pairs::X86_64;
use crate::report::{Better, Row};
use crate::subject::Subject;

/// Decompresses a clip with each driver, in turn, and compares every picture.
pub fn measure(subject: &Subject, clip: &Clip, i386: &DriverFile, rounds: usize) -> Result<Row, Failure> {
    let name = format!("i386: {}, the driver alone", subject.name);
    let mut row = Row::new(name, "frames/s", Better::More).against(X86_64);
    let (x86_64, _) = driver(subject.driver)?;
    for _ in 0..rounds {
        let narrow = ours(subject, clip, i386, Width::Bits32)?;
        let wide = ours(subject, clip, &x86_64, Width::Bits64)?;
        compare(subject.name, &narrow.hashes, X86_64, &wide.hashes)?;
        row.ours.push(narrow.rate());
        row.theirs.push(wide.rate());
    }
    row.verified(true);
    Ok(row)
}
