//! A host of its own. `hold-session DRIVER TRACE` opens a driver, says so, and returns from `main` when its standard input ends. It never
//! ends its session.

use std::io::Read;
use std::path::PathBuf;

use drvhost::{Session, Trace};
use drvhost_tests::driver_file;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [driver, trace] = arguments.as_slice() else { return Err("two arguments are needed".into()) };
    let session = Session::builder().trace(Trace::to_file(trace)?).start()?;
    session.open(&driver_file(driver.clone(), ""), |_| Ok(0))?;
    println!("open");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
