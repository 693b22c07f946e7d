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
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
