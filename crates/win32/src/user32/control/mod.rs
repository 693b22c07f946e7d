//! stub
use crate::abi::Handle;
use crate::process::Process;
use guest::Stop;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Own,
    Desktop,
    Dialog,
    Button,
}
pub(crate) const PREDEFINED: &[(&str, Kind)] =
    &[("#32769", Kind::Desktop), ("#32770", Kind::Dialog), ("Button", Kind::Button)];
#[derive(Debug)]
pub(crate) enum Control {
    None,
}
impl Control {
    pub fn new(_: Kind, _: u32) -> Self {
        Self::None
    }
    pub fn text_size(&self) -> usize {
        0
    }
}
pub(crate) fn takes_text(_: &Process, _: Handle, _: u32) -> bool {
    false
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
