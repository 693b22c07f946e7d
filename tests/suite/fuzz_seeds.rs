//! The seeds of the fuzz targets, which are made here: well-formed inputs of a few hundred bytes, with something of everything.

mod images;
mod media;
mod messages;
mod resources;
mod texts;
mod wants;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use drvhost_tests::Generated;

/// A seed: its target, its file's name there, and what it is.
type Seed = (&'static str, &'static str, Vec<u8>);

/// The most bytes of one: libFuzzer changes long ones in places that say nothing.
const MOST: usize = 10 << 10;

#[test]
fn seeds_of_fuzz_targets_are_what_is_made_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    let seeds: Vec<Seed> = [
        images::seeds(),
        media::seeds(),
        messages::seeds(),
        resources::seeds(),
        texts::seeds(),
        wants::seeds(),
    ]
    .concat();
    let mut made = BTreeSet::new();
    for (target, name, bytes) in seeds {
        assert!(bytes.len() <= MOST, "{target}/{name} has {} bytes", bytes.len());
        let path = root.join(target).join(name);
        if Generated::blessing() {
            fs::create_dir_all(root.join(target)).unwrap();
            fs::write(&path, &bytes).unwrap();
        }
        let same = fs::read(&path).is_ok_and(|there| there == bytes);
        assert!(same, "fuzz/seeds/{target}/{name} differs; DRVHOST_BLESS=1 writes it anew");
        made.insert(path);
    }
    let targets = fs::read_dir(&root).unwrap().flatten();
    let there = targets.flat_map(|target| fs::read_dir(target.path()).unwrap().flatten());
    let there: BTreeSet<_> = there.map(|seed| seed.path()).collect();
    assert_eq!(there, made, "a seed that nobody makes");
}
