//! .
use crate::args::Global;
use crate::failure::{Exit, Failure};
pub fn run(_: &Global, _: &str) -> Result<Exit, Failure> {
    Ok(Exit::Nothing)
}
