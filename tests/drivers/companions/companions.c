/*
 * A driver in several libraries: one that it imports from, and one that it loads while it runs.
 */
#include <string.h>
#include <windows.h>
#include <mmsystem.h>

#define CHECK(what)                                                                                                                  \
    do {                                                                                                                             \
        if (!(what))                                                                                                                 \
            return __LINE__;                                                                                                         \
    } while (0)

__declspec(dllimport) extern int core_place;
__declspec(dllimport) extern const char *core_name;
__declspec(dllimport) int core(int number);
__declspec(dllimport) int next_place(void);
__declspec(dllimport) int far_away(void);

static int own_place;

static DWORD WINAPI nothing(void *parameter)
{
    (void)parameter;
    return 0;
}

static int load(void)
{
    HMODULE extra, again;
    HANDLE thread;
    int told = 0, **where;
    char path[MAX_PATH];

    CHECK(GetModuleHandleA("tonextra.dll") == NULL && GetLastError() == ERROR_MOD_NOT_FOUND);
    CHECK(LoadLibraryA("nowhere.dll") == NULL && GetLastError() == ERROR_MOD_NOT_FOUND);
    CHECK((extra = LoadLibraryA("TONEXTRA")) != NULL && GetModuleHandleA("tonextra.dll") == extra);
    CHECK(((int (*)(void))GetProcAddress(extra, "is_attached"))() == 1);
    CHECK(GetModuleFileNameA(extra, path, sizeof path) && strstr(path, "\\tonextra.dll"));
    CHECK((again = LoadLibraryA(path)) == extra && FreeLibrary(again));
    CHECK((where = (int **)GetProcAddress(extra, "told")) != NULL);
    *where = &told;
    CHECK((thread = CreateThread(NULL, 0, nothing, NULL, 0, NULL)) != NULL);
    CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0 && CloseHandle(thread) && told == 110);
    CHECK(FreeLibrary(extra) && told == 1110 && GetModuleHandleA("tonextra.dll") == NULL);
    CHECK(!FreeLibrary(extra));
    return 0;
}

/* A library that answers FALSE is told that it is unloaded, and what it imports from has one user less. */
static int refused(void)
{
    for (int i = 0; i < 200; i++) {
        int before = next_place();
        CHECK(LoadLibraryA("tonerefuse") == NULL && GetLastError() == ERROR_DLL_INIT_FAILED);
        CHECK(GetModuleHandleA("tonerefuse") == NULL && next_place() == before + 4);
    }
    return 0;
}

static volatile LONG calls;

static int left(void)
{
    for (int i = 0; i < 20; i++) {
        HMODULE library = LoadLibraryA("toneleft");
        LONG then;
        MSG message;
        CHECK(library != NULL);
        CHECK(((int (*)(volatile LONG *))GetProcAddress(library, "leave"))(&calls));
        Sleep(15);
        CHECK(calls > 0 && FreeLibrary(library) && GetModuleHandleA("toneleft") == NULL);
        then = calls;
        Sleep(15);
        while (PeekMessageA(&message, NULL, 0, 0, PM_REMOVE))
            DispatchMessageA(&message);
        CHECK(FindWindowA("left", NULL) == NULL);
        CHECK(mmioInstallIOProcA(mmioFOURCC('L', 'E', 'F', 'T'), NULL, MMIO_FINDPROC) == NULL);
        CHECK(calls == then);
    }
    return 0;
}

/* What a library forwards to another one that is not loaded has that loaded, for as long as the first one is. */
static int forwards(void)
{
    HMODULE library = LoadLibraryA("toneforward");
    int (*forwarded)(void);
    CHECK(far_away() == 41);
    CHECK(library && GetModuleHandleA("tonextra") == NULL);
    CHECK((forwarded = (int (*)(void))GetProcAddress(library, "forwarded")) != NULL && forwarded() == 1);
    CHECK(GetProcAddress(library, "where") != NULL && GetModuleHandleA("tonextra") != NULL);
    CHECK(FreeLibrary(library) && GetModuleHandleA("toneforward") == NULL && GetModuleHandleA("tonextra") == NULL);
    return 0;
}

static DWORD WINAPI load_slow(void *event)
{
    HMODULE library;
    WaitForSingleObject(event, INFINITE);
    CHECK((library = LoadLibraryA("toneslow")) && ((int (*)(void))GetProcAddress(library, "ready"))());
    return 0;
}

/* Whoever loads a library has it when it has begun, whichever thread has it begin. */
static int begun(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL), threads[4];
    HMODULE library;
    for (int i = 0; i < 4; i++)
        CHECK((threads[i] = CreateThread(NULL, 0, load_slow, event, 0, NULL)) != NULL);
    Sleep(5);
    CHECK(SetEvent(event) && (library = LoadLibraryA("toneslow")) && ((int (*)(void))GetProcAddress(library, "ready"))());
    CHECK(WaitForMultipleObjects(4, threads, TRUE, INFINITE) == WAIT_OBJECT_0);
    for (int i = 0; i < 4; i++) {
        DWORD line = 0xdead;
        CHECK(GetExitCodeThread(threads[i], &line) && CloseHandle(threads[i]));
        if (line)
            return (int)line;
    }
    for (int i = 0; i < 5; i++)
        CHECK(GetModuleHandleA("toneslow") == library && FreeLibrary(library));
    CHECK(GetModuleHandleA("toneslow") == NULL && CloseHandle(event));
    /* Often, as whoever looks for what is installed does. */
    for (int i = 0; i < 1000; i++)
        CHECK((library = LoadLibraryA("tonextra")) && FreeLibrary(library) && GetModuleHandleA("tonextra") == NULL);
    return 0;
}

static int users(void)
{
    HMODULE library = LoadLibraryA("toneleft"), again = NULL;
    HANDLE event, thread;
    DWORD code = 0;
    CHECK(library && GetModuleHandleExA(0, "toneleft", &again) && again == library);
    CHECK(FreeLibrary(library) && GetModuleHandleA("toneleft") == library);
    again = NULL;
    CHECK(GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, "toneleft", &again) && again == library);
    CHECK(!GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT | GET_MODULE_HANDLE_EX_FLAG_PIN, "toneleft", &again));
    CHECK(GetLastError() == ERROR_INVALID_PARAMETER && again == NULL);
    CHECK((event = CreateEventA(NULL, FALSE, FALSE, NULL)) != NULL);
    CHECK((thread = ((HANDLE (*)(HANDLE))GetProcAddress(library, "begin"))(event)) != NULL);
    CHECK(GetModuleHandleA("toneleft") == library && SetEvent(event));
    CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0 && GetExitCodeThread(thread, &code) && code == 7);
    CHECK(GetModuleHandleA("toneleft") == NULL && CloseHandle(thread) && CloseHandle(event));
    int line = forwards();
    return line ? line : begun();
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    (void)module;
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        own_place = next_place();
    return TRUE;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
        return strcmp(core_name, "core") == 0;
    case DRV_CLOSE:
        return 1;
    case COMPANIONS_CALL:
        return core((int)l1);
    case COMPANIONS_LOAD:
        return load();
    case COMPANIONS_ORDER:
        return 10 * core_place + own_place;
    case COMPANIONS_REFUSED:
        return refused();
    case COMPANIONS_LEFT:
        return left();
    case COMPANIONS_USERS:
        return users();
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
