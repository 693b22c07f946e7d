/*
 * A driver that opens drivers. With a number in its file's name, as in nest-2.dll, it opens the file with the next lower number while it
 * is loaded and closes it while it is freed; nest-own.dll tries to open itself there, nest-x.dll and nest-y.dll each the other.
 * hang-X.dll and fault-X.dll do that at the message whose name begins with X: load, enable, open, close, disable (as i), free.
 * nest-detach.dll opens b.dll when its entry point hears that it is unloaded.
 *
 * The numbers of its own messages (NEST_...) come from src/acts.rs.
 */
#include <windows.h>
#include <mmsystem.h>

static HINSTANCE own_module;
static HDRVR child, peer_at_exit, turns_at_exit;
static LONG opens;
static DWORD delay, delay_at_end;

/* Does what the file's name says to do at a message. */
static void misbehave(WCHAR at)
{
    WCHAR path[MAX_PATH], *file = path, *c;
    if (!GetModuleFileNameW(own_module, path, MAX_PATH))
        return;
    for (c = path; *c; c++)
        if (*c == '\\')
            file = c + 1;
    if (file[0] == 'h' && file[5] == at)
        for (;;)
            Sleep(1);
    if (file[0] == 'f' && file[6] == at)
        *(volatile int *)0 = 1;
}

/* The name of the file that DRV_LOAD opens; false if there is none. */
static BOOL name_of_child(WCHAR *name)
{
    WCHAR path[MAX_PATH], *at = path, *file = path;
    if (!GetModuleFileNameW(own_module, path, MAX_PATH))
        return FALSE;
    for (; *at; at++)
        if (*at == '\\')
            file = at + 1;
    if (file[0] != 'n')
        return FALSE;
    lstrcpyW(name, file);
    for (at = name; *at; at++) {
        if (*at != '-')
            continue;
        if (at[1] == 'o')
            return TRUE;
        if (at[1] == 'd') {
            lstrcpyW(name, L"b.dll");
            return TRUE;
        }
        if (at[1] == 'x' || at[1] == 'y') {
            at[1] ^= 'x' ^ 'y';
            Sleep(200); /* The other is loaded meanwhile. */
            return TRUE;
        }
        if (at[1] < '1' || at[1] > '9')
            return FALSE;
        at[1]--;
        return TRUE;
    }
    return FALSE;
}

/* Opens a driver again and again; how often it could. */
static LRESULT open_many(const LPARAM *values)
{
    LRESULT opened = 0;
    while (opened < values[2] && OpenDriver((LPCWSTR)values[0], (LPCWSTR)values[1], 0))
        opened++;
    return opened;
}

static LRESULT sum(const int *numbers, LPARAM count)
{
    LRESULT result = 0;
    while (count-- > 0)
        result += *numbers++;
    return result;
}

/* Takes turns with a peer `left` times; for ever when that is negative. */
static LRESULT take_turns(HDRVR own, HDRVR peer, LPARAM left)
{
    Sleep(delay);
    return left ? 1 + SendDriverMessage(peer, NEST_TURNS, (LPARAM)own, left - 1) : 0;
}

/* OpenDriverA, which no header and no import library has. */
static HDRVR open_ansi(LPCSTR name, LPCSTR section, LPARAM l2)
{
    typedef HDRVR(WINAPI * OpenDriverA)(LPCSTR, LPCSTR, LPARAM);
    OpenDriverA function = (OpenDriverA)(void *)GetProcAddress(GetModuleHandleA("winmm.dll"), "OpenDriverA");
    return function(name, section, l2);
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    const LPARAM *values = (const LPARAM *)l1;
    int numbers[] = {1, 20, 300};
    WCHAR name[MAX_PATH];
    switch (message) {
    case DRV_LOAD:
        misbehave('l');
        if (name_of_child(name) && name[0] != 'b')
            child = OpenDriver(name, NULL, 0);
        return 1;
    case DRV_ENABLE:
        misbehave('e');
        return 1;
    case DRV_DISABLE:
        misbehave('i');
        return 1;
    case DRV_FREE:
        misbehave('f');
        if (child)
            CloseDriver(child, 0, 0);
        return 1;
    case DRV_OPEN:
        misbehave('o');
        return ++opens;
    case DRV_CLOSE:
        misbehave('c');
        Sleep(delay_at_end);
        return 1;
    case DRV_EXITSESSION:
        Sleep(delay_at_end);
        if (turns_at_exit)
            return take_turns(hdrvr, turns_at_exit, -1);
        return peer_at_exit ? SendDriverMessage(peer_at_exit, XOR, 5, 3) : 0;
    case XOR:
        return l1 ^ l2;
    case NEST_CHILD:
        return (LRESULT)child;
    case NEST_OPEN:
        return (LRESULT)OpenDriver((LPCWSTR)values[0], (LPCWSTR)values[1], values[2]);
    case NEST_OPEN_ANSI:
        return (LRESULT)open_ansi((LPCSTR)values[0], (LPCSTR)values[1], values[2]);
    case NEST_OPEN_MANY:
        return open_many(values);
    case NEST_END_SLOWLY:
        delay_at_end = (DWORD)l1;
        return 1;
    case NEST_CLOSE:
        return CloseDriver((HDRVR)l1, 0, 0);
    case NEST_SEND:
        return SendDriverMessage((HDRVR)values[0], (UINT)values[1], values[2], values[3]);
    case NEST_SUM:
        return sum((const int *)l1, l2);
    case NEST_LET_SUM:
        return SendDriverMessage((HDRVR)l1, NEST_SUM, (LPARAM)numbers, 3);
    case NEST_TURNS:
        return take_turns(hdrvr, (HDRVR)l1, l2);
    case NEST_AT_EXIT:
        peer_at_exit = (HDRVR)l1;
        return 1;
    case NEST_TURNS_AT_EXIT:
        turns_at_exit = (HDRVR)l1;
        return 1;
    case NEST_BE_SLOW:
        delay = (DWORD)l1;
        return 1;
    case NEST_OPENS:
        return opens;
    case NEST_FAULT:
        *(volatile int *)0 = 1;
        return 0;
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    WCHAR name[MAX_PATH];
    (void)reserved;
    own_module = module;
    if (reason == DLL_PROCESS_DETACH) {
        OutputDebugStringA("nest: detached");
        if (name_of_child(name) && name[0] == 'b')
            OpenDriver(name, NULL, 0);
    }
    return TRUE;
}
