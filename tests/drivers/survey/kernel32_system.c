/* Cases of kernel32.dll: modules and resources, the process and the system, unwinding. */
#include "survey.h"

#define NO_HANDLE ((HANDLE)(ULONG_PTR)0xdead0)

GOOD(kernel32, GetModuleHandleW, of_a_library)
{
    pointer(kernel32(GetModuleHandleW)(L"kernel32.dll"));
    yes(kernel32(GetModuleHandleW)(L"KERNEL32") == kernel32(GetModuleHandleW)(L"kernel32.dll"));
    pointer(kernel32(GetModuleHandleW)(NULL));
}

WRONG(kernel32, GetModuleHandleW, of_what_there_is_not)
{
    pointer(kernel32(GetModuleHandleW)(L"survey-absent.dll"));
    last_error();
}

#ifdef __i386__
GOOD(kernel32, GetModuleHandleA, of_a_library)
{
    pointer(kernel32(GetModuleHandleA)("kernel32.dll"));
}

WRONG(kernel32, GetModuleHandleA, of_what_there_is_not)
{
    pointer(kernel32(GetModuleHandleA)("survey-absent.dll"));
    last_error();
}
#endif

GOOD(kernel32, GetProcAddress, of_a_function)
{
    pointer(kernel32(GetProcAddress)(GetModuleHandleA("winmm.dll"), "DriverCallback"));
    yes(kernel32(GetProcAddress)(GetModuleHandleA("kernel32.dll"), "Sleep") == (FARPROC)(void *)kernel32_Sleep);
}

WRONG(kernel32, GetProcAddress, of_what_there_is_not)
{
    pointer(kernel32(GetProcAddress)(GetModuleHandleA("kernel32.dll"), "SurveyAbsent"));
    last_error();
}

GOOD(kernel32, LoadLibraryA, that_is_there)
{
    HMODULE library = kernel32(LoadLibraryA)("winmm.dll");
    yes(library == GetModuleHandleA("winmm.dll"));
    yes(kernel32(FreeLibrary)(library));
}

WRONG(kernel32, LoadLibraryA, what_there_is_not)
{
    pointer(kernel32(LoadLibraryA)("survey-absent.dll"));
    last_error();
}

GOOD(kernel32, LoadLibraryW, that_is_there)
{
    HMODULE library = kernel32(LoadLibraryW)(L"user32");
    yes(library == GetModuleHandleA("user32.dll"));
    yes(kernel32(FreeLibrary)(library));
}

WRONG(kernel32, LoadLibraryW, what_there_is_not)
{
    pointer(kernel32(LoadLibraryW)(L"survey-absent.dll"));
    last_error();
}

GOOD(kernel32, FreeLibrary, what_was_loaded)
{
    yes(kernel32(FreeLibrary)(kernel32(LoadLibraryA)("winmm.dll")));
}

WRONG(kernel32, FreeLibrary, null)
{
    yes(kernel32(FreeLibrary)(nothing));
    last_error();
}

static HMODULE own(void)
{
    HMODULE module = NULL;
    GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                       (const char *)own, &module);
    return module;
}

GOOD(kernel32, DisableThreadLibraryCalls, of_the_driver)
{
    yes(kernel32(DisableThreadLibraryCalls)(own()));
}

WRONG(kernel32, DisableThreadLibraryCalls, of_no_module)
{
    yes(kernel32(DisableThreadLibraryCalls)((HMODULE)(ULONG_PTR)0xdead0000));
    last_error();
}

GOOD(kernel32, GetModuleFileNameA, of_the_driver)
{
    char path[MAX_PATH] = "";
    const char *name = path, *at;
    DWORD length = kernel32(GetModuleFileNameA)(own(), path, sizeof path);
    yes(length > 3 && length == lstrlenA(path));
    for (at = path; *at; at++)
        if (*at == '\\')
            name = at + 1;
    text(name);
}

WRONG(kernel32, GetModuleFileNameA, where_there_is_no_room)
{
    FILLED(path, 8, 'x');
    number(kernel32(GetModuleFileNameA)(own(), path, 4));
    yes(path[3] == 0);
    last_error();
}

GOOD(kernel32, FindResourceA, that_there_is_not)
{
    pointer(kernel32(FindResourceA)(own(), "SURVEY", MAKEINTRESOURCEA(10)));
    last_error();
}

WRONG(kernel32, FindResourceA, of_no_module)
{
    pointer(kernel32(FindResourceA)((HMODULE)(ULONG_PTR)0xdead0000, "SURVEY", MAKEINTRESOURCEA(10)));
}

GOOD(kernel32, LoadResource, of_the_program)
{
    pointer(kernel32(LoadResource)(own(), NULL));
}

WRONG(kernel32, LoadResource, null)
{
    pointer(kernel32(LoadResource)(NULL, nothing));
}

GOOD(kernel32, LockResource, what_is_in_memory)
{
    static const char resource[] = "resource";
    yes(kernel32(LockResource)((HGLOBAL)resource) == resource);
}

WRONG(kernel32, LockResource, null)
{
    pointer(kernel32(LockResource)(nothing));
}

GOOD(kernel32, FreeResource, what_is_in_memory)
{
    static const char resource[] = "resource";
    yes(kernel32(FreeResource)((HGLOBAL)resource));
}

WRONG(kernel32, FreeResource, null)
{
    yes(kernel32(FreeResource)(nothing));
}

/* The process and the system */

GOOD(kernel32, GetCurrentProcess, at_once)
{
    number((LONG_PTR)kernel32(GetCurrentProcess)());
}

NO_WRONG(kernel32, GetCurrentProcess, "it takes no arguments")

GOOD(kernel32, GetCurrentProcessId, twice_the_same)
{
    yes(kernel32(GetCurrentProcessId)());
    yes(kernel32(GetCurrentProcessId)() == kernel32(GetCurrentProcessId)());
}

NO_WRONG(kernel32, GetCurrentProcessId, "it takes no arguments")

GOOD(kernel32, GetCurrentProcessorNumber, at_once)
{
    yes(kernel32(GetCurrentProcessorNumber)() < 4096);
}

NO_WRONG(kernel32, GetCurrentProcessorNumber, "it takes no arguments")

GOOD(kernel32, GetSystemInfo, of_this_computer)
{
    SYSTEM_INFO information = {{0}};
    kernel32(GetSystemInfo)(&information);
    number(information.dwPageSize);
    number(information.dwAllocationGranularity);
    yes(information.dwNumberOfProcessors);
    yes(information.dwActiveProcessorMask & 1);
}

WRONG(kernel32, GetSystemInfo, to_null)
{
    kernel32(GetSystemInfo)(nothing);
}

GOOD(kernel32, GetProcessAffinityMask, of_this_process)
{
    DWORD_PTR process = 0, system = 0;
    yes(kernel32(GetProcessAffinityMask)(GetCurrentProcess(), &process, &system));
    yes(process && (process & ~system) == 0);
}

WRONG(kernel32, GetProcessAffinityMask, of_no_process)
{
    DWORD_PTR process = 0, system = 0;
    yes(kernel32(GetProcessAffinityMask)(NO_HANDLE, &process, &system));
    last_error();
}

GOOD(kernel32, GetEnvironmentVariableA, what_there_is)
{
    char value[8];
    yes(kernel32(GetEnvironmentVariableA)("PATH", NULL, 0));
    yes(kernel32(GetEnvironmentVariableA)("PATH", value, 1) > 1);
}

WRONG(kernel32, GetEnvironmentVariableA, what_there_is_not)
{
    char value[8] = "x";
    number(kernel32(GetEnvironmentVariableA)("SURVEY_ABSENT", value, sizeof value));
    last_error();
}

GOOD(kernel32, GetEnvironmentVariableW, what_there_is)
{
    yes(kernel32(GetEnvironmentVariableW)(L"PATH", NULL, 0));
}

WRONG(kernel32, GetEnvironmentVariableW, what_there_is_not)
{
    WCHAR value[8] = L"x";
    number(kernel32(GetEnvironmentVariableW)(L"SURVEY_ABSENT", value, 8));
    last_error();
}

GOOD(kernel32, MulDiv, numbers)
{
    number(kernel32(MulDiv)(7, 3, 2));
    number(kernel32(MulDiv)(-7, 3, 2));
    number(kernel32(MulDiv)(2000000000, 3, 4));
}

WRONG(kernel32, MulDiv, by_zero)
{
    number(kernel32(MulDiv)(7, 3, 0));
    number(kernel32(MulDiv)(2000000000, 2000000000, 1));
}

/* Unwinding */

#ifdef _WIN64
GOOD(kernel32, RtlCaptureContext, here)
{
    static CONTEXT context;
    kernel32(RtlCaptureContext)(&context);
    hex(context.ContextFlags & CONTEXT_FULL);
    yes(context.Rip && context.Rsp);
}

WRONG(kernel32, RtlCaptureContext, to_null)
{
    kernel32(RtlCaptureContext)(nothing);
}

GOOD(kernel32, RtlLookupFunctionEntry, of_a_function)
{
    DWORD64 base = 0;
    pointer(kernel32(RtlLookupFunctionEntry)((DWORD64)own + 1, &base, NULL));
    yes(base == (DWORD64)own());
}

WRONG(kernel32, RtlLookupFunctionEntry, where_no_function_is)
{
    DWORD64 base = 0;
    pointer(kernel32(RtlLookupFunctionEntry)(16, &base, NULL));
}

GOOD(kernel32, RtlVirtualUnwind, one_frame)
{
    static CONTEXT context;
    DWORD64 base = 0, frame = 0, before;
    void *data = NULL;
    RUNTIME_FUNCTION *function;
    kernel32(RtlCaptureContext)(&context);
    before = context.Rsp;
    function = kernel32(RtlLookupFunctionEntry)(context.Rip, &base, NULL);
    pointer(function);
    pointer(kernel32(RtlVirtualUnwind)(UNW_FLAG_NHANDLER, base, context.Rip, function, &context, &data, &frame, NULL));
    yes(context.Rsp > before);
}

WRONG(kernel32, RtlVirtualUnwind, of_null)
{
    static CONTEXT context;
    DWORD64 frame = 0;
    void *data = NULL;
    kernel32(RtlVirtualUnwind)(0, 0, 0, nothing, &context, &data, &frame, NULL);
}

static volatile int unwound;

GOOD(kernel32, RtlUnwindEx, to_this_function)
{
    static CONTEXT context, work;
    unwound = 0;
    kernel32(RtlCaptureContext)(&context);
    if (unwound++ == 0) {
        work = context;
        kernel32(RtlUnwindEx)((void *)context.Rsp, (void *)context.Rip, NULL, (void *)(ULONG_PTR)5, &work, NULL);
    }
    number(unwound);
}

WRONG(kernel32, RtlUnwindEx, without_a_context)
{
    kernel32(RtlUnwindEx)(NULL, NULL, NULL, NULL, nothing, NULL);
}
#endif
