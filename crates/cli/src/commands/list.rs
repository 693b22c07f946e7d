//! .
use crate::args::Global;
use crate::failure::{Exit, Failure};
pub fn run(_: &Global) -> Result<Exit, Failure> {
    Ok(Exit::Nothing)
}
