//! The command.

use drvhost_tests::Cli;

#[test]
fn version_is_the_packages() {
    assert_eq!(Cli::new(["--version"]).success(), format!("drvhost {}\n", env!("CARGO_PKG_VERSION")));
}
