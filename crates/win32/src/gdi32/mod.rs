//! gdi32.dll.
use crate::abi::Handle;
pub(crate) const WHITE_BRUSH: Handle = Handle(0x0190_0010);
#[derive(Debug)]
pub(crate) struct State;
impl State {
    pub fn new() -> Self {
        Self
    }
}
