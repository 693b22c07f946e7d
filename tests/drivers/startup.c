/*
 * What a C library that is linked into a driver calls when it begins and ends, and a driver's resources. A check that fails ends its message with the number of its line.
 */
#include <string.h>
#include <windows.h>
#include <mmsystem.h>

#define CHECK(what) \
    do { \
        if (!(what)) \
            return __LINE__; \
    } while (0)

static HINSTANCE own;

/* All that the start-up code of Microsoft's static libraries imports, old and recent ones, but for files. */
static const char *const NAMES[] = {
    "AreFileApisANSI", "CloseHandle", "CompareStringW", "CompareStringEx", "CreateEventExW", "CreateSemaphoreExW", "CreateThread", "DecodePointer",
    "DeleteCriticalSection", "EncodePointer", "EnterCriticalSection", "EnumSystemLocalesA", "EnumSystemLocalesEx", "EnumSystemLocalesW", "ExitProcess", "ExitThread",
    "FatalAppExitA", "FlsAlloc", "FlsFree", "FlsGetValue", "FlsSetValue", "FlushFileBuffers", "FreeEnvironmentStringsA", "FreeEnvironmentStringsW", "FreeLibrary",
    "FreeLibraryAndExitThread", "GetACP", "GetCPInfo", "GetCommandLineA", "GetCommandLineW", "GetConsoleCP", "GetConsoleMode", "GetConsoleOutputCP", "GetCurrentProcess",
    "GetCurrentProcessId", "GetCurrentThread", "GetCurrentThreadId", "GetEnvironmentStrings", "GetEnvironmentStringsW", "GetEnvironmentVariableA", "GetExitCodeThread",
    "GetFileType", "GetLastError", "GetLocaleInfoA", "GetLocaleInfoEx", "GetLocaleInfoW", "GetModuleFileNameA", "GetModuleFileNameW", "GetModuleHandleA", "GetModuleHandleExW",
    "GetModuleHandleW", "GetOEMCP", "GetProcAddress", "GetProcessHeap", "GetStartupInfoA", "GetStartupInfoW", "GetStdHandle", "GetStringTypeA", "GetStringTypeW",
    "GetSystemTimeAsFileTime", "GetTickCount", "GetTickCount64", "GetUserDefaultLCID", "GetUserDefaultLocaleName", "GetVersion", "GetVersionExA", "HeapAlloc", "HeapCreate",
    "HeapDestroy", "HeapFree", "HeapQueryInformation", "HeapReAlloc", "HeapSetInformation", "HeapSize", "HeapValidate", "InitOnceExecuteOnce", "InitializeCriticalSection",
    "InitializeCriticalSectionAndSpinCount", "InitializeCriticalSectionEx", "InitializeSListHead", "InitializeSRWLock", "InterlockedFlushSList", "InterlockedPopEntrySList",
    "InterlockedPushEntrySList", "IsDebuggerPresent", "IsProcessorFeaturePresent", "IsValidCodePage", "IsValidLocale", "IsValidLocaleName", "LCMapStringA", "LCMapStringEx",
    "LCMapStringW", "LeaveCriticalSection", "LoadLibraryA", "LoadLibraryExW", "LoadLibraryW", "MultiByteToWideChar", "OutputDebugStringA", "OutputDebugStringW",
    "QueryPerformanceCounter", "QueryPerformanceFrequency", "RaiseException", "ReadConsoleW", "ReadFile", "RtlCaptureContext", "RtlPcToFileHeader", "RtlUnwind",
    "SetConsoleCtrlHandler", "SetEnvironmentVariableA", "SetEnvironmentVariableW", "SetHandleCount", "SetLastError", "SetStdHandle", "SetUnhandledExceptionFilter", "Sleep",
    "SleepConditionVariableCS", "SleepConditionVariableSRW", "SwitchToThread", "TerminateProcess", "TlsAlloc", "TlsFree", "TlsGetValue", "TlsSetValue",
    "TryEnterCriticalSection", "UnhandledExceptionFilter", "VerSetConditionMask", "VerifyVersionInfoW", "VirtualAlloc", "VirtualFree", "VirtualProtect", "VirtualQuery",
    "WaitForSingleObjectEx", "WakeAllConditionVariable", "WideCharToMultiByte", "WriteConsoleW", "WriteFile",
};

static int found;

static BOOL CALLBACK each_locale(LPWSTR name)
{
    found += lstrcmpW(name, L"00000409") == 0;
    return TRUE;
}

/* As such code does: one place for each thread, an encoded pointer, the environment, the locale's letters. */
static int begin(void)
{
    HMODULE kernel = GetModuleHandleW(L"kernel32.dll"), of_address = NULL;
    WORD classes[256];
    char all[256];
    WCHAR wide[256], *block;
    STARTUPINFOW information;
    CPINFO page;
    for (int i = 0; i < (int)(sizeof NAMES / sizeof *NAMES); i++)
        if (!GetProcAddress(kernel, NAMES[i]))
            return 10000 + i;
    /* What only later Windows has is asked for by name, and done without. */
    CHECK(!GetProcAddress(kernel, "GetCurrentPackageId") && GetLastError() == ERROR_PROC_NOT_FOUND);
    CHECK(DecodePointer(EncodePointer(all)) == all);
    GetStartupInfoW(&information);
    CHECK(information.cb == sizeof information && information.cbReserved2 == 0);
    CHECK(GetCPInfo(GetACP(), &page) && page.MaxCharSize == 1);
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    all[0] = ' ';
    CHECK(MultiByteToWideChar(GetACP(), MB_PRECOMPOSED, all, 256, wide, 256) == 256);
    CHECK(GetStringTypeW(CT_CTYPE1, wide, 256, classes));
    CHECK((classes['q'] & C1_LOWER) && (classes['Q'] & C1_UPPER) && (classes['7'] & C1_DIGIT) && (classes['.'] & C1_PUNCT));
    CHECK((classes[0xe4] & (C1_LOWER | C1_ALPHA)) == (C1_LOWER | C1_ALPHA));
    CHECK(LCMapStringW(LOCALE_USER_DEFAULT, LCMAP_UPPERCASE, wide, 256, wide, 256) == 256);
    CHECK(wide['q'] == 'Q' && wide[0xe4] == 0xc4 && wide['7'] == '7');
    block = GetEnvironmentStringsW();
    CHECK(block && FreeEnvironmentStringsW(block));
    CHECK(GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, (LPCWSTR)(void *)begin,
                             &of_address) &&
          of_address == own);
    CHECK(EnumSystemLocalesW(each_locale, LCID_SUPPORTED) && found >= 1);
    CHECK(IsProcessorFeaturePresent(PF_XMMI64_INSTRUCTIONS_AVAILABLE));
    return 0;
}

static volatile int asked;
static int *volatile mended;
static int good;

static LONG CALLBACK mend(EXCEPTION_POINTERS *pointers)
{
    asked++;
    if (pointers->ExceptionRecord->ExceptionCode == 0xe0000002)
        return EXCEPTION_CONTINUE_EXECUTION;
    if (pointers->ExceptionRecord->ExceptionCode != EXCEPTION_ACCESS_VIOLATION || mended != (int *)8)
        return EXCEPTION_CONTINUE_SEARCH;
    mended = &good;
    /* Behind the instruction that faulted, of which this knows the length. */
#ifdef __x86_64__
    pointers->ContextRecord->Rip += 2;
#else
    pointers->ContextRecord->Eip += 2;
#endif
    return EXCEPTION_CONTINUE_EXECUTION;
}

static LONG CALLBACK pass(EXCEPTION_POINTERS *pointers)
{
    (void)pointers;
    asked += 100;
    return EXCEPTION_CONTINUE_SEARCH;
}

static int vectored(void)
{
    void *last = AddVectoredExceptionHandler(0, mend), *first = AddVectoredExceptionHandler(1, pass);
    CHECK(last && first && last != first);
    asked = 0;
    RaiseException(0xe0000002, 0, 0, NULL);
    CHECK(asked == 101);
    mended = (int *)8;
    int *at = mended;
    /* mov eax, [eax] or [rax] */
    asm volatile(".byte 0x8b, 0x00" : "+a"(at) : : "memory");
    CHECK(asked == 202 && mended == &good);
    CHECK(RemoveVectoredExceptionHandler(first) && !RemoveVectoredExceptionHandler(first));
    RaiseException(0xe0000002, 0, 0, NULL);
    CHECK(asked == 203 && RemoveVectoredExceptionHandler(last));
    return 0;
}

static char names[80];

static BOOL CALLBACK each_name(HMODULE module, LPCSTR type, LPSTR name, LONG_PTR parameter)
{
    if (module != own || type != RT_RCDATA || parameter != 77)
        return FALSE;
    if ((ULONG_PTR)name < 0x10000)
        wsprintfA(names + strlen(names), "#%d ", (int)(ULONG_PTR)name);
    else
        wsprintfA(names + strlen(names), "%s ", name);
    return TRUE;
}

static int resources(void)
{
    HRSRC found = FindResourceA(own, "TABLE", RT_RCDATA);
    HGLOBAL loaded;
    const char *data;
    CHECK(found && SizeofResource(own, found) == 6);
    loaded = LoadResource(own, found);
    data = LockResource(loaded);
    CHECK(data && memcmp(data, "codec", 6) == 0 && !FreeResource(loaded));
    CHECK(FindResourceW(own, L"table", (LPCWSTR)RT_RCDATA) == found && FindResourceA(own, "TABLE", "#10") == found);
    found = FindResourceA(own, MAKEINTRESOURCEA(5), RT_RCDATA);
    CHECK(found && SizeofResource(own, found) == 2 && *(const WORD *)LockResource(LoadResource(own, found)) == 0x1234);
    CHECK(FindResourceExA(own, RT_RCDATA, MAKEINTRESOURCEA(5), MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US)) == found);
    CHECK(!FindResourceExA(own, RT_RCDATA, MAKEINTRESOURCEA(5), MAKELANGID(LANG_GERMAN, SUBLANG_GERMAN)));
    CHECK(GetLastError() == ERROR_RESOURCE_LANG_NOT_FOUND);
    CHECK(!FindResourceA(own, "NONE", RT_RCDATA) && GetLastError() == ERROR_RESOURCE_NAME_NOT_FOUND);
    CHECK(!FindResourceA(own, "NONE", "NOTYPE") && GetLastError() == ERROR_RESOURCE_TYPE_NOT_FOUND);
    CHECK(EnumResourceNamesA(own, RT_RCDATA, each_name, 77) && strcmp(names, "TABLE #5 ") == 0);
    names[0] = 0;
    CHECK(!EnumResourceNamesA(own, RT_RCDATA, each_name, 78) && GetLastError() == ERROR_RESOURCE_ENUM_USER_STOP);
    return 0;
}

static int version(void)
{
    static char data[2048];
    char path[MAX_PATH];
    DWORD handle = 7, size;
    VS_FIXEDFILEINFO *fixed;
    WORD *translation;
    const char *text;
    const WCHAR *wide;
    UINT length;
    CHECK(GetModuleFileNameA(own, path, sizeof path) > 0);
    size = GetFileVersionInfoSizeA(path, &handle);
    CHECK(size > 0 && size <= sizeof data && handle == 0);
    CHECK(GetFileVersionInfoA(path, 0, size, data));
    CHECK(VerQueryValueA(data, "\\", (void **)&fixed, &length) && length == sizeof *fixed);
    CHECK(fixed->dwSignature == 0xfeef04bd && fixed->dwFileVersionMS == 0x10002 && fixed->dwFileVersionLS == 0x30004);
    CHECK(VerQueryValueA(data, "\\VarFileInfo\\Translation", (void **)&translation, &length) && length == 4);
    CHECK(translation[0] == 0x409 && translation[1] == 1200);
    CHECK(VerQueryValueA(data, "\\StringFileInfo\\040904b0\\FileDescription", (void **)&text, &length));
    CHECK(strcmp(text, "Start-up") == 0 && length == 9);
    CHECK(VerQueryValueW(data, L"\\StringFileInfo\\040904B0\\ProductName", (void **)&wide, &length));
    CHECK(lstrcmpW(wide, L"Tests") == 0);
    CHECK(!VerQueryValueA(data, "\\StringFileInfo\\040904b0\\Nothing", (void **)&text, &length));
    CHECK(GetLastError() == ERROR_RESOURCE_TYPE_NOT_FOUND);
    CHECK(!GetFileVersionInfoSizeA("absent.dll", &handle) && GetLastError() == ERROR_FILE_NOT_FOUND);
    return 0;
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    if (reason == DLL_PROCESS_ATTACH)
        own = module;
    return TRUE;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
        return 1;
    case STARTUP_BEGIN:
        return begin();
    case STARTUP_VECTORED:
        return vectored();
    case STARTUP_RESOURCES:
        return resources();
    case STARTUP_VERSION:
        return version();
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
