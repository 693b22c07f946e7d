/*
 * A driver that reaches for what is not its own, one act for each message (REACH_..., from src/acts.rs). The same file runs here, under Wine and in an interpreter.
 *
 * What an act is given and what it brings back lies in a `struct reach`. Whether it has done any harm, others look at from outside.
 */
#include <winsock2.h>
#include "processor.h"
#include <mmsystem.h>

/* As in src/reach/block.rs; the same for both machines. */
struct reach {
    LONGLONG target; /* a process, a port or an amount */
    ULONGLONG address;
    LONGLONG value;
    char path[256];    /* as Linux calls it */
    char windows[256]; /* as Windows calls it */
    char text[64];
    char found[512];
};

/* Linux's numbers, <asm/unistd_64.h>. */
enum {
    SYS_READ = 0,
    SYS_WRITE = 1,
    SYS_OPEN = 2,
    SYS_CLOSE = 3,
    SYS_SOCKET = 41,
    SYS_CONNECT = 42,
    SYS_FORK = 57,
    SYS_EXECVE = 59,
    SYS_KILL = 62,
    SYS_UNLINK = 87,
    SYS_SETSID = 112,
    SYS_GETDENTS64 = 217,
    SYS_CLOCK_GETTIME = 228,
    SYS_EXIT_GROUP = 231,
    SYS_PROCESS_VM_WRITEV = 311
};

/* And its flags. */
enum { WRITE_CREATE_TRUNCATE = 01 | 0100 | 01000, READ_FOLDER = 0200000, MODE = 0600, SIGKILL = 9, CLOCK_MONOTONIC = 1 };

#define CALL(...) wide_system_call((const LONGLONG[7]){__VA_ARGS__})
#define AT(pointer) ((LONGLONG)(ULONG_PTR)(pointer))

static volatile LONGLONG kept;

static int length(const char *text)
{
    int n = 0;
    while (text[n])
        n++;
    return n;
}

/* Adds a name to what was found; what does not fit is left out. */
static void note(struct reach *reach, const char *name)
{
    int end = length(reach->found), size = length(name), n;
    if (end + size + 2 > (int)sizeof reach->found)
        return;
    for (n = 0; n < size; n++)
        reach->found[end + n] = name[n];
    reach->found[end + size] = '\n';
    reach->found[end + size + 1] = 0;
}

/* By its Windows name, then by its Linux name. */
static HANDLE file(const struct reach *reach, DWORD access, DWORD how)
{
    HANDLE opened = CreateFileA(reach->windows, access, 0, NULL, how, 0, NULL);
    return opened != INVALID_HANDLE_VALUE ? opened : CreateFileA(reach->path, access, 0, NULL, how, 0, NULL);
}

static LRESULT read_file(struct reach *reach)
{
    HANDLE opened = file(reach, GENERIC_READ, OPEN_EXISTING);
    DWORD got = 0;
    if (opened == INVALID_HANDLE_VALUE)
        return 0;
    ReadFile(opened, reach->found, sizeof reach->found - 1, &got, NULL);
    CloseHandle(opened);
    return got > 0;
}

static LRESULT read_raw(struct reach *reach)
{
    LONGLONG opened = CALL(SYS_OPEN, AT(reach->path), 0);
    LONGLONG got = opened < 0 ? opened : CALL(SYS_READ, opened, AT(reach->found), sizeof reach->found - 1);
    CALL(SYS_CLOSE, opened);
    return got > 0;
}

static int list_by(struct reach *reach, const char *folder, const char *all)
{
    char pattern[260];
    WIN32_FIND_DATAA found;
    HANDLE search;
    int size = length(folder), n;
    for (n = 0; n < size; n++)
        pattern[n] = folder[n];
    for (n = 0; n < 3; n++)
        pattern[size + n] = all[n];
    search = FindFirstFileA(pattern, &found);
    if (search == INVALID_HANDLE_VALUE)
        return 0;
    do
        note(reach, found.cFileName);
    while (FindNextFileA(search, &found));
    FindClose(search);
    return 1;
}

static LRESULT list(struct reach *reach)
{
    return list_by(reach, reach->windows, "\\*") || list_by(reach, reach->path, "/*");
}

static LRESULT list_raw(struct reach *reach)
{
    static char entries[4096];
    LONGLONG opened = CALL(SYS_OPEN, AT(reach->path), READ_FOLDER);
    LONGLONG got = opened < 0 ? opened : CALL(SYS_GETDENTS64, opened, AT(entries), sizeof entries), at;
    /* An inode and an offset of 8 bytes each, the entry's length of 2, its kind of 1, its name. */
    for (at = 0; at < got; at += *(unsigned short *)(entries + at + 16))
        note(reach, entries + at + 19);
    CALL(SYS_CLOSE, opened);
    return got > 0;
}

static LRESULT write_file(struct reach *reach)
{
    HANDLE opened = file(reach, GENERIC_WRITE, CREATE_ALWAYS);
    DWORD put = 0;
    if (opened == INVALID_HANDLE_VALUE)
        return 0;
    WriteFile(opened, reach->text, length(reach->text), &put, NULL);
    CloseHandle(opened);
    return put > 0;
}

static LRESULT write_raw(struct reach *reach)
{
    LONGLONG opened = CALL(SYS_OPEN, AT(reach->path), WRITE_CREATE_TRUNCATE, MODE);
    LONGLONG put = opened < 0 ? opened : CALL(SYS_WRITE, opened, AT(reach->text), length(reach->text));
    CALL(SYS_CLOSE, opened);
    return put > 0;
}

static struct sockaddr_in here(const struct reach *reach)
{
    struct sockaddr_in address = {AF_INET};
    unsigned short port = (unsigned short)reach->target;
    address.sin_port = (unsigned short)(port << 8 | port >> 8);
    address.sin_addr.s_addr = 0x0100007f; /* 127.0.0.1 */
    return address;
}

/* Looked for while it runs, so that the driver can be loaded where there is no such library. */
static LRESULT connect_by_library(struct reach *reach)
{
    HMODULE library = LoadLibraryA("ws2_32.dll");
    int(WINAPI * start)(WORD, WSADATA *) = (void *)GetProcAddress(library, "WSAStartup");
    SOCKET(WINAPI * make)(int, int, int) = (void *)GetProcAddress(library, "socket");
    int(WINAPI * connect_to)(SOCKET, const struct sockaddr *, int) = (void *)GetProcAddress(library, "connect");
    int(WINAPI * send_to)(SOCKET, const char *, int, int) = (void *)GetProcAddress(library, "send");
    struct sockaddr_in address = here(reach);
    WSADATA data;
    SOCKET made;
    if (!library || !start || !make || !connect_to || !send_to || start(MAKEWORD(2, 2), &data))
        return 0;
    made = make(AF_INET, SOCK_STREAM, 0);
    if (made == INVALID_SOCKET || connect_to(made, (struct sockaddr *)&address, sizeof address))
        return 0;
    return send_to(made, reach->text, length(reach->text), 0) > 0;
}

static LRESULT connect_raw(struct reach *reach)
{
    struct sockaddr_in address = here(reach);
    LONGLONG made = CALL(SYS_SOCKET, AF_INET, SOCK_STREAM, 0);
    if (made < 0 || CALL(SYS_CONNECT, made, AT(&address), sizeof address) < 0)
        return 0;
    return CALL(SYS_WRITE, made, AT(reach->text), length(reach->text)) > 0;
}

static LRESULT start(struct reach *reach)
{
    char line[512] = "sh -c \"echo started >$0\" ";
    STARTUPINFOA startup = {sizeof startup};
    PROCESS_INFORMATION process;
    int end = length(line), n;
    for (n = 0; reach->path[n]; n++)
        line[end + n] = reach->path[n];
    return CreateProcessA("Z:\\bin\\sh", line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process);
}

/* A shell's script, with one argument. The shell has no pipe of its starter's. */
static LRESULT run_raw(const char *script, const char *argument)
{
    LONGLONG arguments[] = {AT("sh"), AT("-c"), AT(script), AT(argument), 0};
    LONGLONG child = CALL(SYS_FORK);
    if (child == 0) {
        CALL(SYS_SETSID);
        CALL(SYS_EXECVE, AT("/bin/sh"), AT(arguments), 0);
        CALL(SYS_EXIT_GROUP, 1);
    }
    return child > 0;
}

static LRESULT write_process_raw(struct reach *reach)
{
    const LONGLONG from[] = {AT(&reach->value), sizeof reach->value}, to[] = {(LONGLONG)reach->address, sizeof reach->value};
    return CALL(SYS_PROCESS_VM_WRITEV, reach->target, AT(from), 1, AT(to), 1, 0) > 0;
}

static LRESULT store(struct reach *reach)
{
    /* An address that the machine's own instructions cannot reach takes the other machine's. */
    if (reach->address > (ULONG_PTR)-1)
        fill(reach->address, 1, reach->value);
    else
        *(volatile LONGLONG *)(ULONG_PTR)reach->address = reach->value;
    return 1;
}

static LRESULT take_memory(const struct reach *reach)
{
    enum { MIB = 1 << 20, STEP = 16, PAGE = 4096 };
    LONGLONG taken;
    for (taken = 0; taken + STEP <= reach->target; taken += STEP) {
        volatile char *block = VirtualAlloc(NULL, STEP * MIB, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
        int at;
        if (!block)
            break;
        for (at = 0; at < STEP * MIB; at += PAGE)
            block[at] = 1;
    }
    return (LRESULT)taken;
}

static DWORD WINAPI sleep_for_ever(void *nothing)
{
    (void)nothing;
    Sleep(INFINITE);
    return 0;
}

static LRESULT start_threads(const struct reach *reach)
{
    LONGLONG started = 0;
    while (started < reach->target && CreateThread(NULL, 65536, sleep_for_ever, NULL, 0, NULL))
        started++;
    return (LRESULT)started;
}

static LRESULT make_code(struct reach *reach)
{
    /* mov eax, value; ret */
    volatile unsigned char *code = VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
    DWORD value = (DWORD)reach->value;
    int n;
    if (!code)
        return 0;
    code[0] = 0xB8;
    for (n = 0; n < 4; n++)
        code[1 + n] = (unsigned char)(value >> 8 * n);
    code[5] = 0xC3;
    *(LONGLONG *)reach->found = ((int (*)(void))(ULONG_PTR)code)();
    return 1;
}

static LRESULT clock_raw(struct reach *reach)
{
    LONGLONG time[2] = {0, 0};
    LONGLONG failed = CALL(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, AT(time));
    *(LONGLONG *)reach->found = time[0];
    return !failed;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    struct reach *reach = (struct reach *)l1;
    switch (message) {
    case REACH_KEEP:
        kept = l1;
        return 1;
    case REACH_KEPT:
        return (LRESULT)kept;
    case REACH_PLACE:
        return (LRESULT)&kept;
    case REACH_READ:
        return read_file(reach);
    case REACH_READ_RAW:
        return read_raw(reach);
    case REACH_LIST:
        return list(reach);
    case REACH_LIST_RAW:
        return list_raw(reach);
    case REACH_WRITE:
        return write_file(reach);
    case REACH_WRITE_RAW:
        return write_raw(reach);
    case REACH_DELETE:
        return DeleteFileA(reach->windows) || DeleteFileA(reach->path);
    case REACH_DELETE_RAW:
        return CALL(SYS_UNLINK, AT(reach->path)) == 0;
    case REACH_CONNECT:
        return connect_by_library(reach);
    case REACH_CONNECT_RAW:
        return connect_raw(reach);
    case REACH_START:
        return start(reach);
    case REACH_START_RAW:
        return run_raw("exec </dev/null >\"$0\" 2>&1; echo started", reach->path);
    case REACH_STAY_RAW:
        return run_raw("exec </dev/null >/dev/null 2>&1; for n in 1 2 3 4 5 6 7 8 9; do /bin/sleep 1; done", reach->text);
    case REACH_KILL_RAW:
        return CALL(SYS_KILL, reach->target, SIGKILL) == 0;
    case REACH_WRITE_PROCESS_RAW:
        return write_process_raw(reach);
    case REACH_STORE:
        return store(reach);
    case REACH_LOOP:
        for (;;)
            ;
    case REACH_FAULT:
        *(volatile int *)0 = 1;
        return 1;
    case REACH_EXIT:
        ExitProcess(3);
    case REACH_TERMINATE:
        return TerminateProcess(GetCurrentProcess(), 3);
    case REACH_EXIT_RAW:
        return CALL(SYS_EXIT_GROUP, 3);
    case REACH_MEMORY:
        return take_memory(reach);
    case REACH_THREADS:
        return start_threads(reach);
    case REACH_CODE:
        return make_code(reach);
    case REACH_CLOCK_RAW:
        return clock_raw(reach);
    case DRV_OPEN:
        return 1;
    }
    return DefDriverProc(id, hdrvr, message, l1, l2);
}
