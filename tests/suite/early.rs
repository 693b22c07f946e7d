//! The command's first worker, which begins before the command itself does.

use drvhost_tests::*;

/// What `-vv` says of it.
const BEGUN: &str = "a worker began before this program";

/// Has a driver answer DRV_QUERYCONFIGURE, and asks for what is said of that.
const SEND: [&str; 4] = ["send", "msvidc32.dll", "DRV_QUERYCONFIGURE", "-vv"];

wine_test!(a_command_that_runs_a_driver_has_a_worker_already, |machine| {
    let folder = Folder::new(machine);
    let output = folder.drvhost(SEND).output();
    assert!(output.status.success() && String::from_utf8_lossy(&output.stderr).contains(BEGUN), "{output:?}");
    // It is begun by what stands first.
    let output = folder.drvhost(["-vv", "send", "msvidc32.dll", "DRV_QUERYCONFIGURE"]).output();
    assert!(
        output.status.success() && !String::from_utf8_lossy(&output.stderr).contains(BEGUN),
        "{output:?}"
    );
});

wine_test!(closed_standard_streams_are_left_closed, |machine| {
    let folder = Folder::new(machine);
    let open = folder.drvhost(&SEND[..3]).success();
    for closed in ["<&-", "2>&-", "<&- 2>&-"] {
        assert_eq!(folder.drvhost(&SEND[..3]).redirected(closed).success(), open, "{closed}");
    }
    // Nothing that is printed gets into what the worker was given.
    let output = folder.drvhost(SEND).redirected(">&-").output();
    assert!(
        output.status.success() && !String::from_utf8_lossy(&output.stderr).contains(BEGUN),
        "{output:?}"
    );
});

wine_test!(without_the_workers_program_it_is_named, |machine| {
    let folder = Folder::new(machine);
    let mut alone = folder.drvhost(&SEND[..3]).alone();
    let worker = folder.file("drvhost-worker");
    std::fs::remove_file(&worker).unwrap();
    let complaint = alone.complaint(5);
    assert!(complaint.contains(worker.to_str().unwrap()), "{complaint}");
});

#[test]
fn a_worker_that_is_not_needed_ends() {
    let folder = Folder::default();
    let running = folder.drvhost(["send", "--no-such-option"]).start();
    let host = running.id();
    assert_eq!(running.end().code, Some(2));
    wait_until("the worker ends", || all_workers(host).is_empty());
}
