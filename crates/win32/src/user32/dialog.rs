//! stub
use crate::abi::{Handle, Pointer};
use crate::process::Process;
use guest::Stop;
#[derive(Debug)]
pub(crate) struct Dialog {
    pub procedure: Pointer,
}
pub(crate) fn procedure(
    _p: &mut Process,
    _w: bool,
    _h: Handle,
    _m: u32,
    _wp: u64,
    _l: i64,
) -> Result<i64, Stop> {
    Ok(0)
}
