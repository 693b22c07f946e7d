/*
 * Looks at how it was put together: code, constants, data with and without content, pointers, imports. It is linked in several ways
 * (build.rs).
 */
#include <windows.h>
#include <mmsystem.h>

#define CHECK(what)           \
    do {                      \
        checks++;             \
        if (!(what))          \
            return -checks;   \
    } while (0)

static HINSTANCE own_module;
static const char text[] = "a constant";
static volatile int data = 0x12345678;
static volatile int zeros[3000];
static volatile int *volatile pointer = &data;
static const char *volatile to_text = text;

static int twice(int value)
{
    return 2 * value;
}

static int (*volatile function)(int) = twice;

static LRESULT check(void)
{
    int checks = 0;
    size_t n;
    CHECK(lstrcmpA(to_text, "a constant") == 0);
    CHECK(*pointer == data);
    CHECK(function(21) == 42);
    for (n = 0; n < sizeof zeros / sizeof *zeros; n++)
        CHECK(zeros[n] == 0);
    data++;
    CHECK(*pointer == 0x12345679);
    data--;
    zeros[2999] = 5;
    CHECK(zeros[2999] == 5);
    zeros[2999] = 0;
    CHECK(GetModuleHandleA("kernel32.dll") != NULL);
    CHECK(*(const WORD *)own_module == IMAGE_DOS_SIGNATURE);
    return 1;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    (void)id;
    (void)hdrvr;
    switch (message) {
    case XOR:
        return l1 ^ l2;
    case IMAGE_CHECK:
        return check();
    case IMAGE_BASE:
        return (LRESULT)own_module;
    default:
        return 1;
    }
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)reason;
    (void)reserved;
    own_module = module;
    return TRUE;
}
