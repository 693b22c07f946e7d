/*
 * A driver of the catalogue of harms: HARM(name) is one of them, which the test with that name asks for by the message HARM_DO. lParam1 is the name, lParam2 points to numbers of 64 bits, in either
 * width, which a harm may also answer in.
 */
#ifndef HARM_H
#define HARM_H

#include "processor.h"
#include <mmsystem.h>

#define HARM(name) __declspec(dllexport) LRESULT harm_##name(LONGLONG *values)

/* Where a harm keeps what the compiler is not to think about. */
static volatile ULONG_PTR kept __attribute__((unused));

/* The handle of the instance that is called. */
static HDRVR own_handle;

typedef LRESULT (*harm)(LONGLONG *);

/* The library that this is in: no handle of a driver need be known for that. */
static HMODULE own_module(void)
{
    HMODULE module = NULL;
    GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, (const char *)&own_handle, &module);
    return module;
}

static LRESULT do_harm(const char *name, LONGLONG *values)
{
    char full[64] = "harm_";
    harm found = (harm)(void *)GetProcAddress(own_module(), lstrcatA(full, name));
    /* As no harm ends: the test is wrong. */
    return found ? found(values) : MAXLONG;
}

/* What messages of all drivers and of any: others than these are answered with 1. */
static inline LRESULT harmful(HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    own_handle = hdrvr;
    if (message == XOR)
        return l1 ^ l2;
    return message == HARM_DO ? do_harm((const char *)l1, (LONGLONG *)l2) : 1;
}

#ifndef OWN_DRIVER_PROC
__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    (void)id;
    return harmful(hdrvr, message, l1, l2);
}
#endif

#endif
