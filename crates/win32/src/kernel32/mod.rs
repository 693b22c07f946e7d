//! kernel32.dll and what forwards to it.

mod atom;
pub(crate) mod codepage;
mod critical;
pub(crate) mod error;
mod file;
pub(crate) mod files;
pub(crate) mod handles;
mod heap;
mod interlocked;
mod memory;
mod module;
pub(crate) mod path;
pub(crate) mod process;
pub(crate) mod record;
mod slots;
mod sync;
#[cfg(test)]
mod tests;
mod text;
pub(crate) mod thread;
mod time;

pub(crate) use thread::run_thread;

use guest::{Machine, Violation};

use crate::{advapi32, exceptions};

/// What kernel32 keeps for the guest.
#[derive(Debug)]
pub(crate) struct State {
    tls: slots::Slots,
    fls: slots::Slots,
    pub handles: handles::Handles,
    threads: thread::Tasks,
    pub command_line: process::CommandLine,
    atoms: atom::Atoms,
    /// The current directory, without a separator at its end.
    pub directory: String,
}

impl State {
    /// Nothing allocated yet.
    ///
    /// # Errors
    /// [`Violation`] when guest memory has no room for what the guest reads directly.
    pub fn new(machine: &mut Machine) -> Result<Self, Violation> {
        Ok(Self {
            tls: slots::Slots::new(),
            fls: slots::Slots::new(),
            handles: handles::Handles::new(),
            threads: thread::Tasks::new(),
            command_line: process::CommandLine::new(machine)?,
            atoms: atom::Atoms::default(),
            // Where the driver is, which counts as the process's program.
            directory: module::DIRECTORY.trim_end_matches('\\').to_owned(),
        })
    }
}

library! {
    /// kernel32.
    LIBRARY, Stdcall, ["kernel32.dll", "kernelbase.dll", "api-ms-win-core-*"], "https://learn.microsoft.com/windows/win32/api/";
    heap::GetProcessHeap, "heapapi/nf-heapapi-getprocessheap";
    heap::HeapAlloc, "heapapi/nf-heapapi-heapalloc";
    heap::HeapCreate, "heapapi/nf-heapapi-heapcreate";
    heap::HeapDestroy, "heapapi/nf-heapapi-heapdestroy";
    heap::HeapFree, "heapapi/nf-heapapi-heapfree";
    heap::HeapReAlloc, "heapapi/nf-heapapi-heaprealloc";
    heap::HeapSize, "heapapi/nf-heapapi-heapsize";
    heap::HeapValidate, "heapapi/nf-heapapi-heapvalidate";
    heap::GlobalAlloc, "winbase/nf-winbase-globalalloc";
    heap::GlobalFlags, "winbase/nf-winbase-globalflags";
    heap::GlobalFree, "winbase/nf-winbase-globalfree";
    heap::GlobalLock as "GlobalHandle", "winbase/nf-winbase-globalhandle";
    heap::GlobalLock, "winbase/nf-winbase-globallock";
    heap::GlobalReAlloc, "winbase/nf-winbase-globalrealloc";
    heap::GlobalSize, "winbase/nf-winbase-globalsize";
    heap::GlobalUnlock, "winbase/nf-winbase-globalunlock";
    heap::GlobalAlloc as "LocalAlloc", "winbase/nf-winbase-localalloc";
    heap::GlobalFlags as "LocalFlags", "winbase/nf-winbase-localflags";
    heap::GlobalFree as "LocalFree", "winbase/nf-winbase-localfree";
    heap::GlobalLock as "LocalHandle", "winbase/nf-winbase-localhandle";
    heap::GlobalLock as "LocalLock", "winbase/nf-winbase-locallock";
    heap::GlobalReAlloc as "LocalReAlloc", "winbase/nf-winbase-localrealloc";
    heap::GlobalSize as "LocalSize", "winbase/nf-winbase-localsize";
    heap::GlobalUnlock as "LocalUnlock", "winbase/nf-winbase-localunlock";

    memory::FlushInstructionCache, "processthreadsapi/nf-processthreadsapi-flushinstructioncache";
    memory::IsBadCodePtr, "winbase/nf-winbase-isbadcodeptr";
    memory::IsBadReadPtr, "winbase/nf-winbase-isbadreadptr";
    memory::IsBadStringPtr<u8> as "IsBadStringPtrA", "winbase/nf-winbase-isbadstringptra";
    memory::IsBadStringPtr<u16> as "IsBadStringPtrW", "winbase/nf-winbase-isbadstringptrw";
    memory::IsBadWritePtr, "winbase/nf-winbase-isbadwriteptr";
    memory::VirtualAlloc, "memoryapi/nf-memoryapi-virtualalloc";
    memory::VirtualFree, "memoryapi/nf-memoryapi-virtualfree";
    memory::VirtualProtect, "memoryapi/nf-memoryapi-virtualprotect";
    memory::VirtualQuery, "memoryapi/nf-memoryapi-virtualquery";

    module::DisableThreadLibraryCalls, "libloaderapi/nf-libloaderapi-disablethreadlibrarycalls";
    module::FreeLibrary, "libloaderapi/nf-libloaderapi-freelibrary";
    module::GetModuleFileName<u8> as "GetModuleFileNameA", "libloaderapi/nf-libloaderapi-getmodulefilenamea";
    module::GetModuleFileName<u16> as "GetModuleFileNameW", "libloaderapi/nf-libloaderapi-getmodulefilenamew";
    module::GetModuleHandle<u8> as "GetModuleHandleA", "libloaderapi/nf-libloaderapi-getmodulehandlea";
    module::GetModuleHandle<u16> as "GetModuleHandleW", "libloaderapi/nf-libloaderapi-getmodulehandlew";
    module::GetModuleHandleEx<u8> as "GetModuleHandleExA", "libloaderapi/nf-libloaderapi-getmodulehandleexa";
    module::GetModuleHandleEx<u16> as "GetModuleHandleExW", "libloaderapi/nf-libloaderapi-getmodulehandleexw";
    module::GetProcAddress, "libloaderapi/nf-libloaderapi-getprocaddress";
    module::LoadLibrary<u8> as "LoadLibraryA", "libloaderapi/nf-libloaderapi-loadlibrarya";
    module::LoadLibrary<u16> as "LoadLibraryW", "libloaderapi/nf-libloaderapi-loadlibraryw";
    module::LoadLibraryEx<u8> as "LoadLibraryExA", "libloaderapi/nf-libloaderapi-loadlibraryexa";
    module::LoadLibraryEx<u16> as "LoadLibraryExW", "libloaderapi/nf-libloaderapi-loadlibraryexw";

    text::CompareString<u8> as "CompareStringA", "stringapiset/nf-stringapiset-comparestringa";
    text::CompareString<u16> as "CompareStringW", "stringapiset/nf-stringapiset-comparestringw";
    text::GetACP, "winnls/nf-winnls-getacp";
    text::GetACP as "GetOEMCP", "winnls/nf-winnls-getoemcp";
    text::GetCPInfo, "winnls/nf-winnls-getcpinfo";
    text::IsDBCSLeadByte, "winnls/nf-winnls-isdbcsleadbyte";
    text::IsDBCSLeadByteEx, "winnls/nf-winnls-isdbcsleadbyteex";
    text::MulDiv, "winbase/nf-winbase-muldiv";
    text::MultiByteToWideChar, "stringapiset/nf-stringapiset-multibytetowidechar";
    text::WideCharToMultiByte, "stringapiset/nf-stringapiset-widechartomultibyte";
    text::lstrcat<u8> as "lstrcatA", "winbase/nf-winbase-lstrcata";
    text::lstrcat<u16> as "lstrcatW", "winbase/nf-winbase-lstrcatw";
    text::lstrcmp<u8> as "lstrcmpA", "winbase/nf-winbase-lstrcmpa";
    text::lstrcmp<u16> as "lstrcmpW", "winbase/nf-winbase-lstrcmpw";
    text::lstrcmpi<u8> as "lstrcmpiA", "winbase/nf-winbase-lstrcmpia";
    text::lstrcmpi<u16> as "lstrcmpiW", "winbase/nf-winbase-lstrcmpiw";
    text::lstrcpy<u8> as "lstrcpyA", "winbase/nf-winbase-lstrcpya";
    text::lstrcpy<u16> as "lstrcpyW", "winbase/nf-winbase-lstrcpyw";
    text::lstrcpyn<u8> as "lstrcpynA", "winbase/nf-winbase-lstrcpyna";
    text::lstrcpyn<u16> as "lstrcpynW", "winbase/nf-winbase-lstrcpynw";
    text::lstrlen<u8> as "lstrlenA", "winbase/nf-winbase-lstrlena";
    text::lstrlen<u16> as "lstrlenW", "winbase/nf-winbase-lstrlenw";

    time::GetSystemTime as "GetLocalTime", "sysinfoapi/nf-sysinfoapi-getlocaltime";
    time::GetSystemTime, "sysinfoapi/nf-sysinfoapi-getsystemtime";
    time::GetSystemTimeAsFileTime, "sysinfoapi/nf-sysinfoapi-getsystemtimeasfiletime";
    time::GetTickCount, "sysinfoapi/nf-sysinfoapi-gettickcount";
    time::GetTickCount64, "sysinfoapi/nf-sysinfoapi-gettickcount64";
    time::QueryPerformanceCounter, "profileapi/nf-profileapi-queryperformancecounter";
    time::QueryPerformanceFrequency, "profileapi/nf-profileapi-queryperformancefrequency";
    time::Sleep, "synchapi/nf-synchapi-sleep";
    time::SleepEx, "synchapi/nf-synchapi-sleepex";

    thread::CreateThread, "processthreadsapi/nf-processthreadsapi-createthread";
    thread::ExitThread, "processthreadsapi/nf-processthreadsapi-exitthread";
    slots::FlsAlloc, "fibersapi/nf-fibersapi-flsalloc";
    slots::FlsFree, "fibersapi/nf-fibersapi-flsfree";
    slots::FlsGetValue, "fibersapi/nf-fibersapi-flsgetvalue";
    slots::FlsSetValue, "fibersapi/nf-fibersapi-flssetvalue";
    thread::GetCurrentThread, "processthreadsapi/nf-processthreadsapi-getcurrentthread";
    thread::GetCurrentThreadId, "processthreadsapi/nf-processthreadsapi-getcurrentthreadid";
    thread::GetExitCodeThread, "processthreadsapi/nf-processthreadsapi-getexitcodethread";
    thread::GetThreadPriority, "processthreadsapi/nf-processthreadsapi-getthreadpriority";
    thread::ResumeThread, "processthreadsapi/nf-processthreadsapi-resumethread";
    thread::SetThreadPriority, "processthreadsapi/nf-processthreadsapi-setthreadpriority";
    slots::TlsAlloc, "processthreadsapi/nf-processthreadsapi-tlsalloc";
    slots::TlsFree, "processthreadsapi/nf-processthreadsapi-tlsfree";
    slots::TlsGetValue, "processthreadsapi/nf-processthreadsapi-tlsgetvalue";
    slots::TlsSetValue, "processthreadsapi/nf-processthreadsapi-tlssetvalue";

    critical::DeleteCriticalSection, "synchapi/nf-synchapi-deletecriticalsection";
    critical::EnterCriticalSection, "synchapi/nf-synchapi-entercriticalsection";
    critical::InitializeCriticalSection, "synchapi/nf-synchapi-initializecriticalsection";
    critical::InitializeCriticalSectionAndSpinCount, "synchapi/nf-synchapi-initializecriticalsectionandspincount";
    critical::InitializeCriticalSectionEx, "synchapi/nf-synchapi-initializecriticalsectionex";
    critical::LeaveCriticalSection, "synchapi/nf-synchapi-leavecriticalsection";
    critical::TryEnterCriticalSection, "synchapi/nf-synchapi-tryentercriticalsection";

    sync::CloseHandle, "handleapi/nf-handleapi-closehandle";
    sync::CreateEvent as "CreateEventA", "synchapi/nf-synchapi-createeventa";
    sync::CreateEvent as "CreateEventW", "synchapi/nf-synchapi-createeventw";
    sync::CreateMutex as "CreateMutexA", "synchapi/nf-synchapi-createmutexa";
    sync::CreateMutex as "CreateMutexW", "synchapi/nf-synchapi-createmutexw";
    sync::CreateSemaphore as "CreateSemaphoreA", "winbase/nf-winbase-createsemaphorea";
    sync::CreateSemaphore as "CreateSemaphoreW", "synchapi/nf-synchapi-createsemaphorew";
    sync::InitializeSListHead, "interlockedapi/nf-interlockedapi-initializeslisthead";
    sync::ReleaseMutex, "synchapi/nf-synchapi-releasemutex";
    sync::ReleaseSemaphore, "synchapi/nf-synchapi-releasesemaphore";
    sync::ResetEvent, "synchapi/nf-synchapi-resetevent";
    sync::SetEvent, "synchapi/nf-synchapi-setevent";
    sync::WaitForMultipleObjects, "synchapi/nf-synchapi-waitformultipleobjects";
    sync::WaitForSingleObject, "synchapi/nf-synchapi-waitforsingleobject";
    sync::WaitForSingleObjectEx, "synchapi/nf-synchapi-waitforsingleobjectex";

    process::EncodePointer as "DecodePointer", "../../../previous-versions/bb432242(v=vs.85)";
    process::EncodePointer, "../../../previous-versions/bb432254(v=vs.85)";
    process::ExitProcess, "processthreadsapi/nf-processthreadsapi-exitprocess";
    process::FatalAppExit<u8> as "FatalAppExitA", "errhandlingapi/nf-errhandlingapi-fatalappexita";
    process::FatalAppExit<u16> as "FatalAppExitW", "errhandlingapi/nf-errhandlingapi-fatalappexitw";
    process::FreeEnvironmentStrings as "FreeEnvironmentStringsA", "processenv/nf-processenv-freeenvironmentstringsa";
    process::FreeEnvironmentStrings as "FreeEnvironmentStringsW", "processenv/nf-processenv-freeenvironmentstringsw";
    process::GetCommandLineA, "processenv/nf-processenv-getcommandlinea";
    process::GetCommandLineW, "processenv/nf-processenv-getcommandlinew";
    process::GetCurrentProcess, "processthreadsapi/nf-processthreadsapi-getcurrentprocess";
    process::GetCurrentProcessId, "processthreadsapi/nf-processthreadsapi-getcurrentprocessid";
    process::GetEnvironmentStrings, "processenv/nf-processenv-getenvironmentstrings";
    process::GetEnvironmentStrings as "GetEnvironmentStringsW", "processenv/nf-processenv-getenvironmentstringsw";
    process::GetEnvironmentVariable as "GetEnvironmentVariableA", "winbase/nf-winbase-getenvironmentvariablea";
    process::GetEnvironmentVariable as "GetEnvironmentVariableW", "processenv/nf-processenv-getenvironmentvariablew";
    process::GetSystemInfo as "GetNativeSystemInfo", "sysinfoapi/nf-sysinfoapi-getnativesysteminfo";
    process::GetProcessAffinityMask, "winbase/nf-winbase-getprocessaffinitymask";
    process::GetStartupInfo as "GetStartupInfoA", "processthreadsapi/nf-processthreadsapi-getstartupinfow";
    process::GetStartupInfo as "GetStartupInfoW", "processthreadsapi/nf-processthreadsapi-getstartupinfow";
    process::GetSystemInfo, "sysinfoapi/nf-sysinfoapi-getsysteminfo";
    process::GetVersion, "sysinfoapi/nf-sysinfoapi-getversion";
    process::GetVersionEx<u8> as "GetVersionExA", "sysinfoapi/nf-sysinfoapi-getversionexa";
    process::GetVersionEx<u16> as "GetVersionExW", "sysinfoapi/nf-sysinfoapi-getversionexw";
    process::IsDebuggerPresent, "debugapi/nf-debugapi-isdebuggerpresent";
    process::IsProcessorFeaturePresent, "processthreadsapi/nf-processthreadsapi-isprocessorfeaturepresent";
    process::OutputDebugString<u8> as "OutputDebugStringA", "debugapi/nf-debugapi-outputdebugstringa";
    process::OutputDebugString<u16> as "OutputDebugStringW", "debugapi/nf-debugapi-outputdebugstringw";
    advapi32::OpenProcessToken, "processthreadsapi/nf-processthreadsapi-openprocesstoken";
    advapi32::OpenThreadToken, "processthreadsapi/nf-processthreadsapi-openthreadtoken";
    process::SetUnhandledExceptionFilter, "errhandlingapi/nf-errhandlingapi-setunhandledexceptionfilter";
    process::TerminateProcess, "processthreadsapi/nf-processthreadsapi-terminateprocess";
    process::UnhandledExceptionFilter, "errhandlingapi/nf-errhandlingapi-unhandledexceptionfilter";

    exceptions::RaiseException, "errhandlingapi/nf-errhandlingapi-raiseexception";
    exceptions::RtlCaptureContext, "winnt/nf-winnt-rtlcapturecontext";
    exceptions::RtlLookupFunctionEntry, "winnt/nf-winnt-rtllookupfunctionentry";
    exceptions::RtlRaiseException, "winnt/nf-winnt-rtlraiseexception";
    exceptions::RtlRestoreContext, "winnt/nf-winnt-rtlrestorecontext";
    exceptions::RtlUnwind, "winnt/nf-winnt-rtlunwind";
    exceptions::RtlUnwindEx, "winnt/nf-winnt-rtlunwindex";
    exceptions::RtlVirtualUnwind, "winnt/nf-winnt-rtlvirtualunwind";
    interlocked::InterlockedCompareExchange, "winnt/nf-winnt-interlockedcompareexchange";
    interlocked::InterlockedDecrement, "winnt/nf-winnt-interlockeddecrement";
    interlocked::InterlockedExchange, "winnt/nf-winnt-interlockedexchange";
    interlocked::InterlockedExchangeAdd, "winnt/nf-winnt-interlockedexchangeadd";
    interlocked::InterlockedIncrement, "winnt/nf-winnt-interlockedincrement";

    atom::AddAtom<u8> as "AddAtomA", "winbase/nf-winbase-addatoma";
    atom::AddAtom<u16> as "AddAtomW", "winbase/nf-winbase-addatomw";
    atom::DeleteAtom, "winbase/nf-winbase-deleteatom";
    atom::FindAtom<u8> as "FindAtomA", "winbase/nf-winbase-findatoma";
    atom::FindAtom<u16> as "FindAtomW", "winbase/nf-winbase-findatomw";
    atom::GetAtomName<u8> as "GetAtomNameA", "winbase/nf-winbase-getatomnamea";
    atom::GetAtomName<u16> as "GetAtomNameW", "winbase/nf-winbase-getatomnamew";

    files::names::CopyFile<u8> as "CopyFileA", "winbase/nf-winbase-copyfilea";
    files::names::CopyFile<u16> as "CopyFileW", "winbase/nf-winbase-copyfilew";
    files::names::CreateDirectory<u8> as "CreateDirectoryA", "fileapi/nf-fileapi-createdirectorya";
    files::names::CreateDirectory<u16> as "CreateDirectoryW", "fileapi/nf-fileapi-createdirectoryw";
    files::CreateFile<u8> as "CreateFileA", "fileapi/nf-fileapi-createfilea";
    files::CreateFile<u16> as "CreateFileW", "fileapi/nf-fileapi-createfilew";
    files::names::DeleteFile<u8> as "DeleteFileA", "fileapi/nf-fileapi-deletefilea";
    files::names::DeleteFile<u16> as "DeleteFileW", "fileapi/nf-fileapi-deletefilew";
    files::search::FindClose, "fileapi/nf-fileapi-findclose";
    files::search::FindFirstFile<u8> as "FindFirstFileA", "fileapi/nf-fileapi-findfirstfilea";
    files::search::FindFirstFile<u16> as "FindFirstFileW", "fileapi/nf-fileapi-findfirstfilew";
    files::search::FindFirstFileEx<u8> as "FindFirstFileExA", "fileapi/nf-fileapi-findfirstfileexa";
    files::search::FindFirstFileEx<u16> as "FindFirstFileExW", "fileapi/nf-fileapi-findfirstfileexw";
    files::search::FindNextFile<u8> as "FindNextFileA", "fileapi/nf-fileapi-findnextfilea";
    files::search::FindNextFile<u16> as "FindNextFileW", "fileapi/nf-fileapi-findnextfilew";
    files::FlushFileBuffers, "fileapi/nf-fileapi-flushfilebuffers";
    files::temporary::GetCurrentDirectory<u8> as "GetCurrentDirectoryA", "winbase/nf-winbase-getcurrentdirectorya";
    files::temporary::GetCurrentDirectory<u16> as "GetCurrentDirectoryW", "winbase/nf-winbase-getcurrentdirectoryw";
    files::temporary::GetDriveType<u8> as "GetDriveTypeA", "fileapi/nf-fileapi-getdrivetypea";
    files::temporary::GetDriveType<u16> as "GetDriveTypeW", "fileapi/nf-fileapi-getdrivetypew";
    files::names::GetFileAttributes<u8> as "GetFileAttributesA", "fileapi/nf-fileapi-getfileattributesa";
    files::names::GetFileAttributes<u16> as "GetFileAttributesW", "fileapi/nf-fileapi-getfileattributesw";
    files::names::GetFileAttributesEx<u8> as "GetFileAttributesExA", "fileapi/nf-fileapi-getfileattributesexa";
    files::names::GetFileAttributesEx<u16> as "GetFileAttributesExW", "fileapi/nf-fileapi-getfileattributesexw";
    files::GetFileInformationByHandle, "fileapi/nf-fileapi-getfileinformationbyhandle";
    files::GetFileSize, "fileapi/nf-fileapi-getfilesize";
    files::GetFileSizeEx, "fileapi/nf-fileapi-getfilesizeex";
    files::GetFileTime, "fileapi/nf-fileapi-getfiletime";
    file::GetFileType, "fileapi/nf-fileapi-getfiletype";
    files::temporary::GetFullPathName<u8> as "GetFullPathNameA", "fileapi/nf-fileapi-getfullpathnamea";
    files::temporary::GetFullPathName<u16> as "GetFullPathNameW", "fileapi/nf-fileapi-getfullpathnamew";
    files::temporary::GetLogicalDrives, "fileapi/nf-fileapi-getlogicaldrives";
    files::temporary::GetLongPathName<u8> as "GetLongPathNameA", "fileapi/nf-fileapi-getlongpathnamea";
    files::temporary::GetLongPathName<u16> as "GetLongPathNameW", "fileapi/nf-fileapi-getlongpathnamew";
    files::profile::GetPrivateProfileInt<u8> as "GetPrivateProfileIntA", "winbase/nf-winbase-getprivateprofileinta";
    files::profile::GetPrivateProfileInt<u16> as "GetPrivateProfileIntW", "winbase/nf-winbase-getprivateprofileintw";
    files::profile::GetPrivateProfileSection<u8> as "GetPrivateProfileSectionA", "winbase/nf-winbase-getprivateprofilesectiona";
    files::profile::GetPrivateProfileSection<u16> as "GetPrivateProfileSectionW", "winbase/nf-winbase-getprivateprofilesectionw";
    files::profile::GetPrivateProfileSectionNames<u8> as "GetPrivateProfileSectionNamesA", "winbase/nf-winbase-getprivateprofilesectionnamesa";
    files::profile::GetPrivateProfileSectionNames<u16> as "GetPrivateProfileSectionNamesW", "winbase/nf-winbase-getprivateprofilesectionnamesw";
    files::profile::GetPrivateProfileString<u8> as "GetPrivateProfileStringA", "winbase/nf-winbase-getprivateprofilestringa";
    files::profile::GetPrivateProfileString<u16> as "GetPrivateProfileStringW", "winbase/nf-winbase-getprivateprofilestringw";
    files::profile::GetProfileInt<u8> as "GetProfileIntA", "winbase/nf-winbase-getprofileinta";
    files::profile::GetProfileInt<u16> as "GetProfileIntW", "winbase/nf-winbase-getprofileintw";
    files::profile::GetProfileString<u8> as "GetProfileStringA", "winbase/nf-winbase-getprofilestringa";
    files::profile::GetProfileString<u16> as "GetProfileStringW", "winbase/nf-winbase-getprofilestringw";
    files::temporary::GetLongPathName<u8> as "GetShortPathNameA", "winbase/nf-winbase-getshortpathnamea";
    files::temporary::GetLongPathName<u16> as "GetShortPathNameW", "fileapi/nf-fileapi-getshortpathnamew";
    file::GetStdHandle, "../../console/getstdhandle";
    files::temporary::GetTempFileName<u8> as "GetTempFileNameA", "fileapi/nf-fileapi-gettempfilenamea";
    files::temporary::GetTempFileName<u16> as "GetTempFileNameW", "fileapi/nf-fileapi-gettempfilenamew";
    files::temporary::GetTempPath<u8> as "GetTempPathA", "fileapi/nf-fileapi-gettemppatha";
    files::temporary::GetTempPath<u16> as "GetTempPathW", "fileapi/nf-fileapi-gettemppathw";
    files::LockFile, "fileapi/nf-fileapi-lockfile";
    files::names::MoveFile<u8> as "MoveFileA", "winbase/nf-winbase-movefilea";
    files::names::MoveFile<u16> as "MoveFileW", "winbase/nf-winbase-movefilew";
    files::names::MoveFileEx<u8> as "MoveFileExA", "winbase/nf-winbase-movefileexa";
    files::names::MoveFileEx<u16> as "MoveFileExW", "winbase/nf-winbase-movefileexw";
    files::ReadFile, "fileapi/nf-fileapi-readfile";
    files::names::RemoveDirectory<u8> as "RemoveDirectoryA", "fileapi/nf-fileapi-removedirectorya";
    files::names::RemoveDirectory<u16> as "RemoveDirectoryW", "fileapi/nf-fileapi-removedirectoryw";
    files::temporary::SetCurrentDirectory<u8> as "SetCurrentDirectoryA", "winbase/nf-winbase-setcurrentdirectorya";
    files::temporary::SetCurrentDirectory<u16> as "SetCurrentDirectoryW", "winbase/nf-winbase-setcurrentdirectoryw";
    files::SetEndOfFile, "fileapi/nf-fileapi-setendoffile";
    files::names::SetFileAttributes<u8> as "SetFileAttributesA", "fileapi/nf-fileapi-setfileattributesa";
    files::names::SetFileAttributes<u16> as "SetFileAttributesW", "fileapi/nf-fileapi-setfileattributesw";
    files::SetFilePointer, "fileapi/nf-fileapi-setfilepointer";
    files::SetFilePointerEx, "fileapi/nf-fileapi-setfilepointerex";
    files::LockFile as "UnlockFile", "fileapi/nf-fileapi-unlockfile";
    files::WaitNamedPipe<u8> as "WaitNamedPipeA", "winbase/nf-winbase-waitnamedpipea";
    files::WaitNamedPipe<u16> as "WaitNamedPipeW", "winbase/nf-winbase-waitnamedpipew";
    file::WriteConsoleA, "../../console/writeconsole";
    file::WriteConsoleW, "../../console/writeconsole";
    files::WriteFile, "fileapi/nf-fileapi-writefile";
    files::profile::WritePrivateProfileString<u8> as "WritePrivateProfileStringA", "winbase/nf-winbase-writeprivateprofilestringa";
    files::profile::WritePrivateProfileString<u16> as "WritePrivateProfileStringW", "winbase/nf-winbase-writeprivateprofilestringw";
    files::profile::WriteProfileString<u8> as "WriteProfileStringA", "winbase/nf-winbase-writeprofilestringa";
    files::profile::WriteProfileString<u16> as "WriteProfileStringW", "winbase/nf-winbase-writeprofilestringw";

    path::PathCombineW, "shlwapi/nf-shlwapi-pathcombinew";
    path::PathIsRelativeW, "shlwapi/nf-shlwapi-pathisrelativew";
    path::PathIsUNCW, "shlwapi/nf-shlwapi-pathisuncw";

    error::FormatMessage as "FormatMessageA", "winbase/nf-winbase-formatmessagea";
    error::FormatMessage as "FormatMessageW", "winbase/nf-winbase-formatmessagew";
    error::GetLastError, "errhandlingapi/nf-errhandlingapi-getlasterror";
    error::SetErrorMode, "errhandlingapi/nf-errhandlingapi-seterrormode";
    error::SetLastError, "errhandlingapi/nf-errhandlingapi-setlasterror";
}
