//! Structures of all installable drivers.

use crate::kind::{Dword, Kind, Pointer};
use crate::layout::{EncodeError, Layout, Member, Packing, Structure, Width};

structures! {
    /// lParam2 of DRV_CONFIGURE and DRV_INSTALL: where the driver's settings are ("DRVCONFIGINFO", MS Learn).
    packed struct DRVCONFIGINFO {
        /// The structure's size in bytes. Callers may pass a longer one.
        dwDCISize: Dword,
        /// The name of the registry key or section: wide text, or null.
        lpszDCISectionName: Pointer,
        /// The name of the value in it: wide text, or null.
        lpszDCIAliasName: Pointer,
    }
    /// DRVCONFIGINFO as the ACM passes it, with a device node behind the rest (spec section 3.1).
    packed struct DRVCONFIGINFOEX {
        /// The structure's size in bytes.
        dwDCISize: Dword,
        /// The name of the registry key or section: wide text, or null.
        lpszDCISectionName: Pointer,
        /// The name of the value in it: wide text, or null.
        lpszDCIAliasName: Pointer,
        /// The device node of a Plug-and-Play device.
        dnDevNode: Dword,
    }
}
