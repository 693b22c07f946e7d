//! What drivers take from ntdll that is not of the C library.

use crate::exceptions;
use crate::kernel32::{critical, slist};

library! {
    /// What kernel32 has by another name, or not at all.
    NTDLL, Stdcall, ["ntdll.dll"], "https://learn.microsoft.com/windows/win32/api/";
    critical::DeleteCriticalSection as "RtlDeleteCriticalSection", "synchapi/nf-synchapi-deletecriticalsection";
    critical::EnterCriticalSection as "RtlEnterCriticalSection", "synchapi/nf-synchapi-entercriticalsection";
    critical::LeaveCriticalSection as "RtlLeaveCriticalSection", "synchapi/nf-synchapi-leavecriticalsection";
    critical::TryEnterCriticalSection as "RtlTryEnterCriticalSection", "synchapi/nf-synchapi-tryentercriticalsection";
    exceptions::RtlCaptureContext, "winnt/nf-winnt-rtlcapturecontext";
    exceptions::RtlLookupFunctionEntry, "winnt/nf-winnt-rtllookupfunctionentry";
    exceptions::RtlRaiseException, "winnt/nf-winnt-rtlraiseexception";
    exceptions::RtlUnwind, "winnt/nf-winnt-rtlunwind";
    exceptions::RtlUnwindEx, "winnt/nf-winnt-rtlunwindex";
    exceptions::RtlVirtualUnwind, "winnt/nf-winnt-rtlvirtualunwind";
    slist::InitializeSListHead as "RtlInitializeSListHead", "interlockedapi/nf-interlockedapi-initializeslisthead";
    slist::InterlockedFlushSList as "RtlInterlockedFlushSList", "interlockedapi/nf-interlockedapi-interlockedflushslist";
    slist::InterlockedPopEntrySList as "RtlInterlockedPopEntrySList", "interlockedapi/nf-interlockedapi-interlockedpopentryslist";
    slist::InterlockedPushEntrySList as "RtlInterlockedPushEntrySList", "interlockedapi/nf-interlockedapi-interlockedpushentryslist";
    slist::QueryDepthSList as "RtlQueryDepthSList", "interlockedapi/nf-interlockedapi-querydepthslist";
    slist::RtlFirstEntrySList, "interlockedapi/nf-interlockedapi-rtlfirstentryslist";
}
