/*
 * A driver that does what its test says, remembers what it was told, and says it.
 *
 * Words in the text of DRV_OPEN say what an instance answers: `open=`, `close=` and `exit=`, each with a number, or with `hang`
 * or `fault`. `open=0` refuses. Other drivers include this file with other ATTACH, LOAD and ENABLE.
 *
 * The numbers of its own messages (SPY_...) come from src/acts.rs.
 */
#include "saying.h"

#ifndef ATTACH
#define ATTACH TRUE
#endif
#ifndef LOAD
#define LOAD 1
#endif
#ifndef ENABLE
#define ENABLE 1
#endif

/* The layout that src/log.rs reads, the same for every machine: numbers are extended by their sign. */
#define MAX_TEXT 60
struct entry {
    LONGLONG id, hdrvr;
    UINT message;
    DWORD thread;
    LONGLONG l1, l2;
    LONGLONG length; /* of the text; -1: none */
    WCHAR text[MAX_TEXT];
};
#define MAX_ENTRIES 256
struct log {
    ULONGLONG count;
    struct entry entries[MAX_ENTRIES];
};

enum kind { ANSWER, HANG, FAULT };
struct behaviour {
    enum kind kind;
    LRESULT answer;
};

struct instance {
    HDRVR hdrvr;
    struct behaviour open, close, exit;
    UINT at_exit; /* An act instead of `exit`; 0: none. */
    LPARAM at_exit_l1;
};

static HINSTANCE own_module;
static struct log own_log, *current = &own_log;
static struct instance instances[32];

static void note(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    struct entry *entry;
    if (current->count >= MAX_ENTRIES)
        return;
    entry = &current->entries[current->count++];
    entry->id = (LONG_PTR)id;
    entry->hdrvr = (LONG_PTR)hdrvr;
    entry->message = message;
    entry->thread = GetCurrentThreadId();
    entry->l1 = l1;
    entry->l2 = l2;
    entry->length = -1;
    if (message == DRV_OPEN && l1) {
        const WCHAR *text = (const WCHAR *)l1;
        int n = 0;
        for (; text[n] && n < MAX_TEXT; n++)
            entry->text[n] = text[n];
        entry->length = n;
    }
}

static void watch(struct log *log)
{
    ULONGLONG n;
    log->count = current->count;
    for (n = 0; n < current->count; n++)
        log->entries[n] = current->entries[n];
    current = log;
}

/* What follows `name` in the text, where that begins a word; NULL if nothing does. */
static const WCHAR *word(const WCHAR *text, const char *name)
{
    const WCHAR *at;
    for (at = text; at && *at; at++) {
        int n = 0;
        if (at != text && at[-1] != ' ')
            continue;
        while (name[n] && at[n] == (WCHAR)name[n])
            n++;
        if (!name[n])
            return at + n;
    }
    return NULL;
}

static LRESULT number(const WCHAR *text)
{
    int negative = *text == '-';
    ULONGLONG value = 0, base = 10;
    if (negative)
        text++;
    if (text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
    }
    for (;; text++) {
        if (*text >= '0' && *text <= '9')
            value = value * base + (*text - '0');
        else if (base == 16 && *text >= 'a' && *text <= 'f')
            value = value * base + (*text - 'a' + 10);
        else
            return negative ? -(LRESULT)value : (LRESULT)value;
    }
}

static struct behaviour behaviour(const WCHAR *text, const char *name, LRESULT otherwise)
{
    struct behaviour result = {ANSWER, otherwise};
    const WCHAR *value = word(text, name);
    if (!value)
        return result;
    if (*value == 'h')
        result.kind = HANG;
    else if (*value == 'f')
        result.kind = FAULT;
    else
        result.answer = number(value);
    return result;
}

static LRESULT behave(struct behaviour behaviour)
{
    switch (behaviour.kind) {
    case HANG:
        for (;;)
            ;
    case FAULT:
        *(volatile int *)0 = 1;
        break;
    case ANSWER:
        break;
    }
    return behaviour.answer;
}

static struct instance *find(HDRVR hdrvr)
{
    int n;
    for (n = 0; n < 32; n++)
        if (instances[n].hdrvr == hdrvr)
            return &instances[n];
    return NULL;
}

static LRESULT open_instance(HDRVR hdrvr, const WCHAR *text)
{
    LRESULT answer;
    struct instance *instance = find(hdrvr);
    if (!instance)
        instance = find(NULL);
    if (!instance)
        return 0;
    instance->open = behaviour(text, "open=", (LRESULT)instance);
    instance->close = behaviour(text, "close=", 1);
    instance->exit = behaviour(text, "exit=", 0);
    instance->at_exit = 0;
    answer = behave(instance->open);
    instance->hdrvr = answer ? hdrvr : NULL;
    return answer;
}

static LRESULT close_instance(HDRVR hdrvr)
{
    struct instance *instance = find(hdrvr);
    LRESULT answer = instance ? behave(instance->close) : 1;
    if (instance && answer)
        instance->hdrvr = NULL;
    return answer;
}

/* GetDriverFlags, which no import library has. */
static DWORD driver_flags(HDRVR hdrvr)
{
    typedef DWORD(WINAPI * GetDriverFlags)(HDRVR);
    GetDriverFlags function = (GetDriverFlags)(void *)GetProcAddress(GetModuleHandleA("winmm.dll"), "GetDriverFlags");
    return function ? function(hdrvr) : 0xdead;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    const LPARAM *values = (const LPARAM *)l1;
    struct instance *instance = hdrvr ? find(hdrvr) : NULL;
    note(id, hdrvr, message, l1, l2);
    say_call(own_module, id, hdrvr, message, l1, l2);
    switch (message) {
    case DRV_LOAD:
        return LOAD;
    case DRV_ENABLE:
        return ENABLE;
    case DRV_OPEN:
        return open_instance(hdrvr, (const WCHAR *)l1);
    case DRV_CLOSE:
        return close_instance(hdrvr);
    case DRV_EXITSESSION:
        if (!instance)
            return 0;
        if (instance->at_exit)
            return DriverProc(id, hdrvr, instance->at_exit, instance->at_exit_l1, 0);
        return behave(instance->exit);
    case XOR:
        return l1 ^ l2;
    case SPY_WATCH:
        watch((struct log *)l1);
        return 1;
    case SPY_SEND:
        return SendDriverMessage((HDRVR)values[0], (UINT)values[1], values[2], values[3]);
    case SPY_CLOSE:
        return CloseDriver((HDRVR)values[0], values[2], values[3]);
    case SPY_MODULE:
        return (LRESULT)GetDriverModuleHandle((HDRVR)l1);
    case SPY_MODULE_BY_OLD_NAME:
        return (LRESULT)DrvGetModuleHandle((HDRVR)l1);
    case SPY_OWN_MODULE:
        return (LRESULT)own_module;
    case SPY_FLAGS:
        return driver_flags((HDRVR)l1);
    case SPY_DEFAULT:
        return DefDriverProc(id, hdrvr, (UINT)l1, 0, 0);
    case SPY_AT_EXIT:
        if (!instance)
            return 0;
        instance->at_exit = (UINT)l1;
        instance->at_exit_l1 = l2;
        return 1;
    case SPY_SLEEP:
        Sleep((DWORD)l1);
        say(own_module, "awake");
        return l1;
    case SPY_HANG:
        for (;;)
            ;
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)reserved;
    own_module = module;
    say_reason(module, reason);
    return reason != DLL_PROCESS_ATTACH || (ATTACH);
}
