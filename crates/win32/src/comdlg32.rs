//! comdlg32.dll: the dialogs for choosing something. Nobody is there to choose, so each is cancelled.

#![allow(non_snake_case, reason = "Win32's own names")]

use crate::abi::Pointer;
use crate::process::Process;

library! {
    /// comdlg32.
    LIBRARY, Stdcall, ["comdlg32.dll"], "https://learn.microsoft.com/windows/win32/api/";
    ChooseAnything as "ChooseColorA", "../../previous-versions/windows/desktop/legacy/ms646912(v=vs.85)";
    ChooseAnything as "ChooseColorW", "../../previous-versions/windows/desktop/legacy/ms646912(v=vs.85)";
    ChooseAnything as "ChooseFontA", "../../previous-versions/windows/desktop/legacy/ms646914(v=vs.85)";
    ChooseAnything as "ChooseFontW", "../../previous-versions/windows/desktop/legacy/ms646914(v=vs.85)";
    CommDlgExtendedError, "commdlg/nf-commdlg-commdlgextendederror";
    ChooseAnything as "GetOpenFileNameA", "commdlg/nf-commdlg-getopenfilenamea";
    ChooseAnything as "GetOpenFileNameW", "commdlg/nf-commdlg-getopenfilenamew";
    ChooseAnything as "GetSaveFileNameA", "commdlg/nf-commdlg-getsavefilenamea";
    ChooseAnything as "GetSaveFileNameW", "commdlg/nf-commdlg-getsavefilenamew";
}

/// GetOpenFileName and its kin: false, as when the user cancels. Nothing is filled in.
pub fn ChooseAnything(_: &mut Process, _choice: Pointer) -> bool {
    false
}

/// CommDlgExtendedError: 0, which tells a cancelled dialog from one that could not be shown.
pub fn CommDlgExtendedError(_: &mut Process) -> u32 {
    0
}
