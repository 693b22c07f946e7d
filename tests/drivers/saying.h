/*
 * What a driver says that it got, by OutputDebugString: one line for each event, which src/conformance/event.rs reads.
 *
 *     spy MODULE call id=N hdrvr=N message=N l1=N l2=N thread=N[ text="TEXT"]
 *     spy MODULE WORD
 *
 * MODULE and N are hexadecimal; N has 64 bits on every machine, extended by its sign. The text is that of DRV_OPEN; a unit of it that is not printable ASCII is %NNNN, and so is %
 * itself. WORD is attach, detach, or a word of the driver's own.
 */
#ifndef SAYING_H
#define SAYING_H

#include <windows.h>
#include <mmsystem.h>
#include <stdio.h>

static inline void say(HINSTANCE module, const char *word)
{
    char line[80];
    _snprintf(line, sizeof line, "spy %I64x %s", (ULONGLONG)(ULONG_PTR)module, word);
    OutputDebugStringA(line);
}

/* Of a longer text, this many units are said. */
#define MAX_SAID 60

static inline void say_call(HINSTANCE module, DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    char line[200 + 5 * MAX_SAID];
    int end = _snprintf(line, sizeof line,
                        "spy %I64x call id=%I64x hdrvr=%I64x message=%x l1=%I64x l2=%I64x thread=%lx",
                        (ULONGLONG)(ULONG_PTR)module, (LONGLONG)(LONG_PTR)id, (LONGLONG)(LONG_PTR)hdrvr, message,
                        (LONGLONG)l1, (LONGLONG)l2, GetCurrentThreadId());
    if (message == DRV_OPEN && l1) {
        const WCHAR *text = (const WCHAR *)l1;
        int n;
        end += sprintf(line + end, " text=\"");
        for (n = 0; text[n] && n < MAX_SAID; n++)
            if (text[n] < ' ' || text[n] > '~' || text[n] == '%')
                end += sprintf(line + end, "%%%04x", text[n]);
            else
                line[end++] = (char)text[n];
        sprintf(line + end, "\"");
    }
    OutputDebugStringA(line);
}

/* What DllMain says. */
static inline void say_reason(HINSTANCE module, DWORD reason)
{
    if (reason == DLL_PROCESS_ATTACH)
        say(module, "attach");
    else if (reason == DLL_PROCESS_DETACH)
        say(module, "detach");
}

#endif
