//! .
use crate::args::{Decode, Global};
use crate::failure::{Exit, Failure};
pub fn run(_: &Global, _: &Decode) -> Result<Exit, Failure> {
    Ok(Exit::Nothing)
}
