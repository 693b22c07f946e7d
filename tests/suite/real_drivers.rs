//! Wine's own drivers, as Debian packages them.

use std::collections::BTreeMap;

use drvhost::DEFAULT_ALIASES;
use drvhost_tests::*;
use mmsystem::DRV_QUERYCONFIGURE;

wine_test!(every_default_driver_opens_answers_and_closes, |machine| {
    let by_file: BTreeMap<_, _> = DEFAULT_ALIASES.iter().map(|known| (known.file, known.alias)).collect();
    assert_eq!(by_file.len(), 8);
    for (file, alias) in by_file {
        let rig = Rig::new(machine);
        let hdrvr =
            rig.session.open_driver(alias, None, 0).unwrap_or_else(|error| panic!("{alias}: {error}"));
        rig.send(hdrvr, DRV_QUERYCONFIGURE, 0, 0);
        assert_ne!(rig.close(hdrvr), 0, "{file}");
        assert_eq!(rig.sequence(), "LOAD ENABLE OPEN QUERYCONFIGURE CLOSE DISABLE FREE", "{file}");
        assert!(rig.calls().iter().all(|call| call.driver == file && call.outcome == "answered"), "{file}");
    }
});

wine_test!(all_default_drivers_share_a_session, |machine| {
    let rig = Rig::new(machine);
    for known in DEFAULT_ALIASES {
        rig.session
            .open_driver(known.alias, None, 0)
            .unwrap_or_else(|error| panic!("{}: {error}", known.alias));
    }
    assert_eq!(rig.session.instances().len(), DEFAULT_ALIASES.len());
    let report = rig.session.end(drvhost::Policy::Orderly);
    assert!(report.all_answered(), "{report:?}");
});
