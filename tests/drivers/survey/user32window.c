/* Cases of user32.dll: windows and what they keep. */
#include "user32.h"



GOOD(user32, CreateWindowExA, a_control)
{
    HWND in = frame(), made = control(in, "Button", "press", 0, 5);
    handle(in);
    handle(made);
    user32(DestroyWindow)(in);
}

WRONG(user32, CreateWindowExA, of_no_class)
{
    handle(user32(CreateWindowExA)(0, "no such class", "", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL));
    last_error();
}

GOOD(user32, DestroyWindow, with_a_child)
{
    HWND in = frame(), made = control(in, "Button", "press", 0, 5);
    yes(user32(DestroyWindow)(in));
    yes(IsWindow(made));
}

WRONG(user32, DestroyWindow, of_no_window)
{
    yes(user32(DestroyWindow)(NO_WINDOW));
    last_error();
}

GOOD(user32, GetWindowLongA, of_its_kinds)
{
    HWND in = frame(), made = control(in, "Edit", "", ES_NUMBER, 5);
    hex((DWORD)user32(GetWindowLongA)(made, GWL_STYLE) & ~(DWORD)WS_CLIPSIBLINGS);
    hex((DWORD)user32(GetWindowLongA)(made, GWL_EXSTYLE) & ~(DWORD)WS_EX_NOPARENTNOTIFY);
    number(user32(GetWindowLongA)(made, GWL_ID));
    number(user32(GetWindowLongA)(made, GWLP_USERDATA));
    user32(DestroyWindow)(in);
}

WRONG(user32, GetWindowLongA, of_no_index)
{
    HWND in = frame();
    number(user32(GetWindowLongA)(in, 400));
    last_error();
    number(user32(GetWindowLongA)(NO_WINDOW, GWL_STYLE));
    last_error();
    user32(DestroyWindow)(in);
}

#ifdef _WIN64
GOOD(user32, GetWindowLongPtrA, of_a_parent)
{
    HWND in = frame(), made = control(in, "Edit", "", 0, 5);
    yes(user32(GetWindowLongPtrA)(made, GWLP_HWNDPARENT) == (LONG_PTR)in);
    pointer((void *)user32(GetWindowLongPtrA)(made, GWLP_WNDPROC));
    user32(DestroyWindow)(in);
}

WRONG(user32, GetWindowLongPtrA, of_no_window)
{
    number(user32(GetWindowLongPtrA)(NO_WINDOW, GWLP_WNDPROC));
    last_error();
}

GOOD(user32, SetWindowLongPtrA, of_the_drivers_own)
{
    HWND in = frame();
    number(user32(SetWindowLongPtrA)(in, GWLP_USERDATA, -5));
    number(user32(SetWindowLongPtrA)(in, GWLP_USERDATA, 7));
    number(user32(GetWindowLongPtrA)(in, GWLP_USERDATA));
    user32(DestroyWindow)(in);
}

WRONG(user32, SetWindowLongPtrA, of_no_index)
{
    HWND in = frame();
    number(user32(SetWindowLongPtrA)(in, 400, 5));
    last_error();
    user32(DestroyWindow)(in);
}

GOOD(user32, SetClassLongPtrA, the_icon)
{
    HWND in = frame();
    ULONG_PTR before = user32(SetClassLongPtrA)(in, GCLP_HICON, 0x1234);
    yes(user32(SetClassLongPtrA)(in, GCLP_HICON, (LONG_PTR)before) == 0x1234);
    user32(DestroyWindow)(in);
}

WRONG(user32, SetClassLongPtrA, of_no_window)
{
    number((LONGLONG)user32(SetClassLongPtrA)(NO_WINDOW, GCLP_HICON, 0x1234));
    last_error();
}
#else
GOOD(user32, SetWindowLongA, of_the_drivers_own)
{
    HWND in = frame();
    number(user32(SetWindowLongA)(in, GWL_USERDATA, -5));
    number(user32(SetWindowLongA)(in, GWL_USERDATA, 7));
    number(user32(GetWindowLongA)(in, GWL_USERDATA));
    user32(DestroyWindow)(in);
}

WRONG(user32, SetWindowLongA, of_no_index)
{
    HWND in = frame();
    number(user32(SetWindowLongA)(in, 400, 5));
    last_error();
    user32(DestroyWindow)(in);
}

GOOD(user32, SetClassLongA, the_icon)
{
    HWND in = frame();
    DWORD before = user32(SetClassLongA)(in, GCL_HICON, 0x1234);
    yes(user32(SetClassLongA)(in, GCL_HICON, (LONG)before) == 0x1234);
    user32(DestroyWindow)(in);
}

WRONG(user32, SetClassLongA, of_no_window)
{
    number((LONGLONG)user32(SetClassLongA)(NO_WINDOW, GCL_HICON, 0x1234));
    last_error();
}
#endif

GOOD(user32, SendMessageA, of_text)
{
    HWND in = frame();
    char read[16] = "";
    number(user32(SendMessageA)(in, WM_SETTEXT, 0, (LPARAM) "some text"));
    number(user32(SendMessageA)(in, WM_GETTEXT, 5, (LPARAM)read));
    text(read);
    number(user32(SendMessageA)(in, WM_GETTEXTLENGTH, 0, 0));
    user32(DestroyWindow)(in);
}

WRONG(user32, SendMessageA, to_no_window)
{
    number(user32(SendMessageA)(NO_WINDOW, WM_GETTEXTLENGTH, 0, 0));
    last_error();
}

GOOD(user32, SendMessageW, to_a_list)
{
    HWND in = frame(), list = control(in, "ComboBox", "", CBS_DROPDOWNLIST, 5);
    WCHAR read[16] = L"";
    number(user32(SendMessageW)(list, CB_ADDSTRING, 0, (LPARAM)L"one"));
    number(user32(SendMessageW)(list, CB_ADDSTRING, 0, (LPARAM)L"two"));
    number(user32(SendMessageW)(list, CB_SETCURSEL, 1, 0));
    number(user32(SendMessageW)(list, CB_GETLBTEXT, 1, (LPARAM)read));
    wide(read);
    number(user32(SendMessageW)(list, CB_FINDSTRINGEXACT, (WPARAM)-1, (LPARAM)L"ONE"));
    number(user32(SendMessageW)(list, CB_GETCURSEL, 0, 0));
    number(user32(SendMessageW)(list, CB_DELETESTRING, 1, 0));
    number(user32(SendMessageW)(list, CB_GETCURSEL, 0, 0));
    user32(DestroyWindow)(in);
}

WRONG(user32, SendMessageW, of_items_that_are_not_there)
{
    HWND in = frame(), list = control(in, "ComboBox", "", CBS_DROPDOWNLIST, 5);
    number(user32(SendMessageW)(list, CB_SETCURSEL, 1, 0));
    number(user32(SendMessageW)(list, CB_GETLBTEXTLEN, 3, 0));
    number(user32(SendMessageW)(list, CB_DELETESTRING, 3, 0));
    number(user32(SendMessageW)(list, CB_GETCURSEL, 0, 0));
    user32(DestroyWindow)(in);
}

GOOD(user32, EnableWindow, off_and_on)
{
    HWND in = frame(), made = control(in, "Button", "", 0, 5);
    yes(user32(EnableWindow)(made, FALSE));
    yes(user32(EnableWindow)(made, TRUE));
    yes(user32(EnableWindow)(made, TRUE));
    user32(DestroyWindow)(in);
}

WRONG(user32, EnableWindow, of_no_window)
{
    yes(user32(EnableWindow)(NO_WINDOW, FALSE));
    last_error();
}

GOOD(user32, SetWindowPos, of_a_control)
{
    HWND in = frame(), made = control(in, "Button", "", 0, 5);
    RECT where;
    yes(user32(SetWindowPos)(made, NULL, 9, 9, 50, 60, SWP_NOMOVE | SWP_NOZORDER));
    user32(GetClientRect)(made, &where);
    rect(&where);
    user32(DestroyWindow)(in);
}

WRONG(user32, SetWindowPos, of_no_window)
{
    yes(user32(SetWindowPos)(NO_WINDOW, NULL, 9, 9, 50, 60, 0));
    last_error();
}

GOOD(user32, MoveWindow, of_a_control)
{
    HWND in = frame(), made = control(in, "Button", "", 0, 5);
    RECT where;
    yes(user32(MoveWindow)(made, 9, 9, 50, 60, TRUE));
    user32(GetClientRect)(made, &where);
    rect(&where);
    user32(DestroyWindow)(in);
}

WRONG(user32, MoveWindow, of_no_window)
{
    yes(user32(MoveWindow)(NO_WINDOW, 9, 9, 50, 60, TRUE));
    last_error();
}

GOOD(user32, GetClientRect, of_a_control)
{
    HWND in = frame();
    RECT where;
    yes(user32(GetClientRect)(control(in, "Button", "", 0, 5), &where));
    rect(&where);
    user32(DestroyWindow)(in);
}

WRONG(user32, GetClientRect, of_no_window)
{
    RECT where;
    yes(user32(GetClientRect)(NO_WINDOW, &where));
    last_error();
}

GOOD(user32, GetWindowRect, of_a_control)
{
    HWND in = frame();
    RECT outer, inner;
    yes(user32(GetWindowRect)(in, &outer));
    yes(user32(GetWindowRect)(control(in, "Button", "", 0, 5), &inner));
    number(inner.right - inner.left);
    number(inner.bottom - inner.top);
    number(outer.right - outer.left);
    user32(DestroyWindow)(in);
}

WRONG(user32, GetWindowRect, of_no_window)
{
    RECT where;
    yes(user32(GetWindowRect)(NO_WINDOW, &where));
    last_error();
}

static BOOL CALLBACK count(HWND window, LPARAM counter)
{
    (void)window;
    return ++*(int *)counter < 3;
}

GOOD(user32, EnumChildWindows, of_two)
{
    HWND in = frame(), made = control(in, "Static", "", 0, 5);
    int counted = 0;
    control(made, "Static", "", 0, 6);
    user32(EnumChildWindows)(in, count, (LPARAM)&counted);
    number(counted);
    user32(DestroyWindow)(in);
}

WRONG(user32, EnumChildWindows, until_it_is_enough)
{
    HWND in = frame();
    int counted = 0, id;
    for (id = 0; id < 5; id++)
        control(in, "Static", "", 0, id);
    user32(EnumChildWindows)(in, count, (LPARAM)&counted);
    number(counted);
    user32(DestroyWindow)(in);
}

GOOD(user32, GetDesktopWindow, that_is_a_window)
{
    HWND desktop = user32(GetDesktopWindow)();
    handle(desktop);
    yes(IsWindow(desktop));
    yes(user32(GetDesktopWindow)() == desktop);
}

NO_WRONG(user32, GetDesktopWindow, "it takes no arguments")

GOOD(user32, GetParent, of_a_control)
{
    HWND in = frame();
    yes(user32(GetParent)(control(in, "Static", "", 0, 5)) == in);
    user32(DestroyWindow)(in);
}

WRONG(user32, GetParent, of_no_window)
{
    handle(user32(GetParent)(NO_WINDOW));
    last_error();
}

GOOD(user32, SetWindowTextA, of_a_control)
{
    HWND in = frame();
    yes(user32(SetWindowTextA)(in, "some text"));
    number(user32(SendMessageA)(in, WM_GETTEXTLENGTH, 0, 0));
    user32(DestroyWindow)(in);
}

WRONG(user32, SetWindowTextA, of_no_window)
{
    yes(user32(SetWindowTextA)(NO_WINDOW, "some text"));
    last_error();
}

GOOD(user32, ShowWindow, and_hide)
{
    HWND in = frame(), made = control(in, "Static", "", 0, 5);
    yes(user32(ShowWindow)(made, SW_SHOW));
    yes(user32(ShowWindow)(made, SW_HIDE));
    yes(user32(ShowWindow)(made, SW_HIDE));
    user32(DestroyWindow)(in);
}

WRONG(user32, ShowWindow, of_no_window)
{
    yes(user32(ShowWindow)(NO_WINDOW, SW_SHOW));
    last_error();
}

GOOD(user32, BringWindowToTop, of_a_control)
{
    HWND in = frame(), made;
    control(in, "Static", "", 0, 5);
    made = control(in, "Static", "", 0, 6);
    yes(user32(BringWindowToTop)(made));
    yes(GetTopWindow(in) == made);
    user32(DestroyWindow)(in);
}

WRONG(user32, BringWindowToTop, of_no_window)
{
    yes(user32(BringWindowToTop)(NO_WINDOW));
    last_error();
}

GOOD(user32, InvalidateRect, of_a_control)
{
    HWND in = frame();
    yes(user32(InvalidateRect)(control(in, "Static", "", 0, 5), NULL, TRUE));
    user32(DestroyWindow)(in);
}

WRONG(user32, InvalidateRect, of_no_window)
{
    yes(user32(InvalidateRect)(NO_WINDOW, NULL, TRUE));
    last_error();
}

GOOD(user32, SetPropA, and_another)
{
    HWND in = frame();
    yes(user32(SetPropA)(in, "survey", (HANDLE)5));
    yes(user32(SetPropA)(in, "Survey", (HANDLE)6));
    number((LONG_PTR)user32(GetPropA)(in, "survey"));
    user32(RemovePropA)(in, "survey");
    user32(DestroyWindow)(in);
}

WRONG(user32, SetPropA, of_no_window)
{
    yes(user32(SetPropA)(NO_WINDOW, "survey", (HANDLE)5));
    last_error();
}

GOOD(user32, GetPropA, of_a_window)
{
    HWND in = frame();
    user32(SetPropA)(in, "survey", (HANDLE)5);
    number((LONG_PTR)user32(GetPropA)(in, "survey"));
    number((LONG_PTR)user32(GetPropA)(in, "another"));
    user32(DestroyWindow)(in);
}

WRONG(user32, GetPropA, of_no_window)
{
    number((LONG_PTR)user32(GetPropA)(NO_WINDOW, "survey"));
}

GOOD(user32, RemovePropA, once)
{
    HWND in = frame();
    user32(SetPropA)(in, "survey", (HANDLE)5);
    number((LONG_PTR)user32(RemovePropA)(in, "survey"));
    number((LONG_PTR)user32(RemovePropA)(in, "survey"));
    user32(DestroyWindow)(in);
}

WRONG(user32, RemovePropA, of_no_window)
{
    number((LONG_PTR)user32(RemovePropA)(NO_WINDOW, "survey"));
}

GOOD(user32, FindWindowW, that_nobody_has)
{
    handle(user32(FindWindowW)(L"survey of windows", NULL));
}

WRONG(user32, FindWindowW, of_an_empty_class)
{
    handle(user32(FindWindowW)(L"", NULL));
}
