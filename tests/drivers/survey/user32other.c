/* Cases of user32.dll: message boxes, text, timers, the clipboard, pictures, and the screen. */
#include <stdarg.h>

#include "press.h"
#include "user32.h"

GOOD(user32, MessageBoxA, with_one_button)
{
    struct press press;
    begin_to_press(&press, IDOK);
    number(user32(MessageBoxA)(NULL, "text", "caption", MB_OK));
    end_pressing(&press);
}

WRONG(user32, MessageBoxA, of_no_type)
{
    struct press press;
    begin_to_press(&press, IDOK);
    number(user32(MessageBoxA)(NULL, "text", "caption", 9));
    end_pressing(&press);
}

GOOD(user32, MessageBoxW, with_one_button)
{
    struct press press;
    begin_to_press(&press, IDOK);
    number(user32(MessageBoxW)(NULL, L"text", L"caption", MB_OK));
    end_pressing(&press);
}

WRONG(user32, MessageBoxW, of_no_type)
{
    struct press press;
    begin_to_press(&press, IDOK);
    number(user32(MessageBoxW)(NULL, L"text", L"caption", 9));
    end_pressing(&press);
}

GOOD(user32, LoadStringA, cut)
{
    char read[16] = "";
    number(user32(LoadStringA)(own(), 7, read, sizeof read));
    text(read);
    number(user32(LoadStringA)(own(), 7, read, 4));
    text(read);
}

WRONG(user32, LoadStringA, that_is_not_there)
{
    char read[16] = "before";
    number(user32(LoadStringA)(own(), 8, read, sizeof read));
    text(read);
}

GOOD(user32, LoadStringW, cut)
{
    WCHAR read[16] = L"";
    number(user32(LoadStringW)(own(), 7, read, 16));
    wide(read);
    number(user32(LoadStringW)(own(), 7, read, 4));
    wide(read);
}

WRONG(user32, LoadStringW, that_is_not_there)
{
    WCHAR read[16] = L"before";
    number(user32(LoadStringW)(own(), 8, read, 16));
    wide(read);
}

GOOD(user32, wsprintfA, of_each_kind)
{
    char read[64] = "";
    number(user32(wsprintfA)(read, "%s %S %d %u %lx %#X %c %5d|%-5d|%05d", "text", L"wide", -5, 7, 255L, 255, 'c', 1, 2, 3));
    text(read);
}

WRONG(user32, wsprintfA, of_no_kind)
{
    char read[64] = "";
    number(user32(wsprintfA)(read, "%y%"));
    text(read);
}

static int listed(char *out, const char *format, ...)
{
    va_list list;
    int count;
    va_start(list, format);
    count = user32(wvsprintfA)(out, format, list);
    va_end(list);
    return count;
}

GOOD(user32, wvsprintfA, of_each_kind)
{
    char read[64] = "";
    number(listed(read, "%s|%i|%08lX", "text", -5, 0xabcL));
    text(read);
}

WRONG(user32, wvsprintfA, of_a_null_text)
{
    char read[64] = "";
    number(listed(read, "%s", NULL));
    text(read);
}

GOOD(user32, SetTimer, of_a_thread)
{
    UINT_PTR id = user32(SetTimer)(NULL, 0, 60000, NULL);
    yes(id != 0);
    yes(user32(KillTimer)(NULL, id));
}

WRONG(user32, SetTimer, of_no_window)
{
    yes(user32(SetTimer)(NO_WINDOW, 5, 60000, NULL) != 0);
    last_error();
}

GOOD(user32, KillTimer, once)
{
    UINT_PTR id = user32(SetTimer)(NULL, 0, 60000, NULL);
    yes(user32(KillTimer)(NULL, id));
    yes(user32(KillTimer)(NULL, id));
}

WRONG(user32, KillTimer, of_no_window)
{
    yes(user32(KillTimer)(NO_WINDOW, 5));
    last_error();
}

GOOD(user32, OpenClipboard, and_close)
{
    yes(user32(OpenClipboard)(NULL));
    yes(user32(CloseClipboard)());
}

WRONG(user32, OpenClipboard, of_no_window)
{
    yes(user32(OpenClipboard)(NO_WINDOW));
    user32(CloseClipboard)();
}

GOOD(user32, CloseClipboard, once)
{
    user32(OpenClipboard)(NULL);
    yes(user32(CloseClipboard)());
}

WRONG(user32, CloseClipboard, that_is_not_open)
{
    yes(user32(CloseClipboard)());
    last_error();
}

GOOD(user32, EmptyClipboard, of_its_own)
{
    user32(OpenClipboard)(NULL);
    yes(user32(EmptyClipboard)());
    user32(CloseClipboard)();
}

WRONG(user32, EmptyClipboard, that_is_not_open)
{
    yes(user32(EmptyClipboard)());
    last_error();
}

GOOD(user32, SetClipboardData, of_text)
{
    HGLOBAL block = GlobalAlloc(GMEM_MOVEABLE, 4);
    char *to = GlobalLock(block);
    to[0] = 'a';
    to[1] = 0;
    GlobalUnlock(block);
    user32(OpenClipboard)(NULL);
    user32(EmptyClipboard)();
    handle(user32(SetClipboardData)(CF_TEXT, block));
    yes(IsClipboardFormatAvailable(CF_TEXT));
    yes(IsClipboardFormatAvailable(CF_DIB));
    user32(EmptyClipboard)();
    yes(IsClipboardFormatAvailable(CF_TEXT));
    user32(CloseClipboard)();
}

WRONG(user32, SetClipboardData, that_is_not_open)
{
    handle(user32(SetClipboardData)(CF_TEXT, NULL));
    last_error();
}

GOOD(user32, GetCursorPos, on_the_screen)
{
    POINT where = {-1, -1};
    yes(user32(GetCursorPos)(&where));
    yes(where.x >= 0 && where.y >= 0);
}

NO_WRONG(user32, GetCursorPos, "it takes nothing but the place of its result")

GOOD(user32, LoadCursorA, an_arrow)
{
    handle(user32(LoadCursorA)(NULL, MAKEINTRESOURCEA(32512)));
}

WRONG(user32, LoadCursorA, that_is_not_there)
{
    handle(user32(LoadCursorA)(own(), "nothing"));
}

GOOD(user32, LoadIconA, of_the_system)
{
    handle(user32(LoadIconA)(NULL, MAKEINTRESOURCEA(32512)));
}

WRONG(user32, LoadIconA, that_is_not_there)
{
    handle(user32(LoadIconA)(own(), "nothing"));
}

GOOD(user32, LoadImageA, an_icon_of_the_system)
{
    handle(user32(LoadImageA)(NULL, MAKEINTRESOURCEA(32512), IMAGE_ICON, 0, 0, LR_SHARED));
}

WRONG(user32, LoadImageA, of_no_file)
{
    handle(user32(LoadImageA)(NULL, "nothing.bmp", IMAGE_BITMAP, 0, 0, LR_LOADFROMFILE));
    last_error();
}

GOOD(user32, SetCursor, and_back)
{
    HCURSOR arrow = LoadCursorA(NULL, MAKEINTRESOURCEA(32512)), before = user32(SetCursor)(arrow);
    yes(user32(SetCursor)(before) == arrow);
}

WRONG(user32, SetCursor, to_none)
{
    user32(SetCursor)(NULL);
    handle(user32(SetCursor)(NULL));
}

GOOD(user32, PtInRect, at_its_sides)
{
    RECT where = {10, 20, 30, 40};
    POINT first = {10, 20}, behind = {30, 20}, left = {9, 30}, below = {10, 40};
    yes(user32(PtInRect)(&where, first));
    yes(user32(PtInRect)(&where, behind));
    yes(user32(PtInRect)(&where, left));
    yes(user32(PtInRect)(&where, below));
}

WRONG(user32, PtInRect, of_null)
{
    POINT first = {10, 20};
    yes(user32(PtInRect)(NULL, first));
}

GOOD(user32, GetDC, of_the_screen)
{
    HDC dc = user32(GetDC)(NULL);
    handle(dc);
    number(user32(ReleaseDC)(NULL, dc));
}

WRONG(user32, GetDC, of_no_window)
{
    handle(user32(GetDC)(NO_WINDOW));
}

GOOD(user32, ReleaseDC, once)
{
    number(user32(ReleaseDC)(NULL, user32(GetDC)(NULL)));
}

WRONG(user32, ReleaseDC, of_none)
{
    number(user32(ReleaseDC)(NULL, NULL));
}
