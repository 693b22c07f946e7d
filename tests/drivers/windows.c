/*
 * Windows, dialogs and messages as drivers use them. The numbers of its messages (WINDOWS_...) come from src/acts.rs.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <mmsystem.h>
#include <commctrl.h>
#include <prsht.h>

#include "windows.h"

static HINSTANCE module;
static LRESULT failed;

/* Notes the number of the first check that fails. */
static int check(int what, int number)
{
    if (!what && failed == 0)
        failed = -number;
    return what;
}

static LRESULT outcome(void)
{
    LRESULT answer = failed ? failed : 1;
    failed = 0;
    return answer;
}

#include "dialogs.h"

/* Windows of its own. */

struct told {
    int count;
    UINT messages[64];
};

static struct told told;
static HWND refused;
static int timers, posts, callbacks;

static void note(UINT message)
{
    if (told.count < 64)
        told.messages[told.count++] = message;
}

static LRESULT CALLBACK own_proc(HWND window, UINT message, WPARAM wparam, LPARAM lparam)
{
    const CREATESTRUCTA *made = (const CREATESTRUCTA *)lparam;
    switch (message) {
    case WM_NCCREATE:
        check(made->hInstance == module && made->cx == 100 && made->cy == 50 && made->x == 7 && made->y == 8, 30);
        if (IsWindowUnicode(window) == 0 && made->lpszName)
            check(!strcmp(made->lpszName, "own"), 31);
        note(message);
        if (made->lpCreateParams == (void *)1)
            return FALSE;
        break;
    case WM_CREATE:
        note(message);
        if (made->lpCreateParams == (void *)2) {
            refused = window;
            return -1;
        }
        SetWindowLongPtrA(window, 0, (LONG_PTR)made->lpCreateParams);
        break;
    case WM_DESTROY:
    case WM_NCDESTROY:
        note(message);
        break;
    case WM_TIMER:
        timers++;
        if (timers == 3)
            PostQuitMessage(42);
        return 0;
    case WM_USER:
        posts++;
        return wparam * 2 + lparam;
    case WM_USER + 1:
        /* Sends back to who sends, while that waits. */
        return SendMessageA((HWND)lparam, WM_USER, wparam, 1);
    }
    return DefWindowProcA(window, message, wparam, lparam);
}

static LRESULT CALLBACK wide_proc(HWND window, UINT message, WPARAM wparam, LPARAM lparam)
{
    const CREATESTRUCTW *made = (const CREATESTRUCTW *)lparam;
    if (message == WM_NCCREATE && made->lpszName)
        check(!wcscmp(made->lpszName, L"own") && !wcscmp(made->lpszClass, L"drvhost wide"), 32);
    if (message == WM_SETTEXT)
        check(((const WCHAR *)lparam)[0] > 0x20 && ((const WCHAR *)lparam)[1] != 0, 33);
    if (message == WM_NCCREATE || message == WM_CREATE || message == WM_DESTROY || message == WM_NCDESTROY)
        note(message);
    return DefWindowProcW(window, message, wparam, lparam);
}

static void register_classes(void)
{
    WNDCLASSA own = {0};
    WNDCLASSEXW wide = {0};
    own.lpfnWndProc = own_proc;
    own.cbWndExtra = sizeof(LONG_PTR);
    own.hInstance = module;
    own.lpszClassName = "drvhost own";
    RegisterClassA(&own);
    wide.cbSize = sizeof wide;
    wide.lpfnWndProc = wide_proc;
    wide.hInstance = module;
    wide.lpszClassName = L"drvhost wide";
    RegisterClassExW(&wide);
}

static HWND make(HWND parent, void *parameter)
{
    return CreateWindowExA(0, "drvhost own", "own", parent ? WS_CHILD : WS_POPUP, 7, 8, 100, 50, parent, NULL, module, parameter);
}

static LRESULT lives(int wide)
{
    static const UINT one[] = {WM_NCCREATE, WM_CREATE, WM_NCCREATE, WM_CREATE, WM_DESTROY, WM_DESTROY, WM_NCDESTROY, WM_NCDESTROY};
    WNDCLASSA info;
    WCHAR text[16];
    HWND window, child;
    told.count = 0;
    check(GetClassInfoA(module, "DRVHOST OWN", &info) && info.lpfnWndProc == own_proc, 1);
    check(RegisterClassA(&info) == 0 && GetLastError() == ERROR_CLASS_ALREADY_EXISTS, 2);
    check(!UnregisterClassA("no such class", module) && GetLastError() == ERROR_CLASS_DOES_NOT_EXIST, 3);
    if (wide) {
        window = CreateWindowExA(0, "drvhost wide", "own", WS_POPUP, 7, 8, 100, 50, NULL, NULL, module, NULL);
        check(window && IsWindowUnicode(window), 4);
        check(SetWindowTextA(window, "z\xfcrich") && GetWindowTextW(window, text, 16) == 6 && text[1] == 0xfc, 5);
        check(DestroyWindow(window) && told.count == 4, 6);
        return outcome();
    }
    window = make(NULL, (void *)0x1234);
    child = make(window, (void *)0x5678);
    check(GetWindowLongPtrA(window, 0) == 0x1234 && GetWindowLongPtrA(child, 0) == 0x5678, 7);
    check(!UnregisterClassA("drvhost own", module) && GetLastError() == ERROR_CLASS_HAS_WINDOWS, 8);
    check(DestroyWindow(window) && !IsWindow(child), 9);
    check(told.count == 8 && !memcmp(told.messages, one, sizeof one), 10);
    told.count = 0;
    check(make(NULL, (void *)1) == NULL && told.messages[0] == WM_NCCREATE, 11);
    told.count = 0;
    check(make(NULL, (void *)2) == NULL && told.messages[1] == WM_CREATE && !IsWindow(refused), 12);
    return outcome();
}

static VOID CALLBACK timer_proc(HWND window, UINT message, UINT_PTR id, DWORD time)
{
    check(message == WM_TIMER && window == NULL && time != 0, 10);
    callbacks++;
    KillTimer(NULL, id);
}

static LRESULT loop(void)
{
    HWND window = make(NULL, NULL);
    MSG message;
    BOOL got;
    int seen = 0;
    timers = posts = callbacks = 0;
    check(SetTimer(window, 5, 10, NULL) == 5, 1);
    check(SetTimer(NULL, 0, 10, timer_proc) != 0, 2);
    check(PostMessageA(window, WM_USER, 1, 2), 3);
    check(PostMessageW(window, WM_USER, 3, 4), 4);
    while ((got = GetMessageA(&message, NULL, 0, 0)) > 0) {
        if (seen++ == 0)
            check(message.hwnd == window && message.message == WM_USER && message.wParam == 1 && message.lParam == 2, 5);
        TranslateMessage(&message);
        DispatchMessageA(&message);
    }
    check(got == 0 && message.message == WM_QUIT && message.wParam == 42, 6);
    check(timers == 3 && posts == 2 && callbacks == 1, 7);
    check(KillTimer(window, 5) && DestroyWindow(window), 8);
    return outcome();
}

/* A control with a procedure of the driver's own. */

static WNDPROC before;
static int seen_texts;

static LRESULT CALLBACK sub_proc(HWND window, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == WM_SETTEXT) {
        seen_texts++;
        check(!strcmp((const char *)lparam, "one") || !strcmp((const char *)lparam, "12"), 10);
    }
    return CallWindowProcA(before, window, message, wparam, lparam);
}

static LRESULT subclass(void)
{
    HWND frame = make(NULL, NULL);
    HWND edit = CreateWindowExA(0, "EDIT", "", WS_CHILD, 0, 0, 10, 10, frame, (HMENU)77, module, NULL);
    char text[16];
    seen_texts = 0;
    before = (WNDPROC)SetWindowLongPtrA(edit, GWLP_WNDPROC, (LONG_PTR)sub_proc);
    check(before && (WNDPROC)GetWindowLongPtrA(edit, GWLP_WNDPROC) == sub_proc, 1);
    check(SetWindowTextA(edit, "one") && seen_texts == 1, 2);
    /* Text in the other form is converted on its way. */
    check(SendMessageW(edit, WM_SETTEXT, 0, (LPARAM)L"one") && seen_texts == 2, 3);
    check(SetDlgItemInt(frame, 77, 12, FALSE) && seen_texts == 3, 4);
    check(GetWindowTextA(edit, text, sizeof text) == 2 && !strcmp(text, "12"), 5);
    check((WNDPROC)SetWindowLongPtrA(edit, GWLP_WNDPROC, (LONG_PTR)before) == sub_proc, 6);
    check(SetWindowTextA(edit, "two") && seen_texts == 3, 7);
    check(before(edit, WM_GETTEXTLENGTH, 0, 0) == 3, 8);
    check(DestroyWindow(frame), 9);
    return outcome();
}

/* Windows of two threads. */

static HANDLE ready, go_on;
static HWND theirs;

static DWORD WINAPI other_thread(void *parameter)
{
    MSG message;
    (void)parameter;
    theirs = make(NULL, NULL);
    SetEvent(ready);
    /* Looks at nothing meanwhile. */
    WaitForSingleObject(go_on, INFINITE);
    while (GetMessageA(&message, NULL, 0, 0) > 0)
        DispatchMessageA(&message);
    return (DWORD)message.wParam;
}

static LRESULT threads(void)
{
    DWORD id, code = 0;
    DWORD_PTR result = 0;
    HWND own = make(NULL, NULL);
    HANDLE thread;
    ready = CreateEventA(NULL, FALSE, FALSE, NULL);
    go_on = CreateEventA(NULL, FALSE, FALSE, NULL);
    thread = CreateThread(NULL, 0, other_thread, NULL, 0, &id);
    WaitForSingleObject(ready, INFINITE);
    check(GetWindowThreadProcessId(theirs, NULL) == id, 1);
    check(!DestroyWindow(theirs) && GetLastError() == ERROR_ACCESS_DENIED, 2);
    check(SendMessageTimeoutA(theirs, WM_USER, 1, 1, 0, 20, &result) == 0 && GetLastError() == ERROR_TIMEOUT, 3);
    SetEvent(go_on);
    check(SendMessageA(theirs, WM_USER, 20, 2) == 42, 4);
    check(SendMessageA(theirs, WM_USER + 1, 3, (LPARAM)own) == 7, 5);
    check(SendMessageTimeoutA(theirs, WM_USER, 5, 5, 0, 60000, &result) != 0 && result == 15, 6);
    check(PostThreadMessageA(id, WM_QUIT, 9, 0), 7);
    check(MsgWaitForMultipleObjects(1, &thread, FALSE, INFINITE, QS_TIMER) == WAIT_OBJECT_0, 8);
    check(GetExitCodeThread(thread, &code) && code == 9, 9);
    CloseHandle(thread);
    check(!IsWindow(theirs), 10);
    check(DestroyWindow(own), 11);
    return outcome();
}

/* A property sheet. */

static int sheet_told;

static INT_PTR CALLBACK page_proc(HWND dialog, UINT message, WPARAM wparam, LPARAM lparam)
{
    (void)wparam;
    if (message == WM_INITDIALOG) {
        check(((const PROPSHEETPAGEA *)lparam)->lParam == 99, 10);
        SetDlgItemTextA(dialog, IDC_LABEL, "page");
    }
    if (message == WM_NOTIFY && ((const NMHDR *)lparam)->code == PSN_SETACTIVE)
        sheet_told += 1;
    if (message == WM_NOTIFY && ((const NMHDR *)lparam)->code == PSN_APPLY) {
        sheet_told += 10;
        SetWindowLongPtrA(dialog, DWLP_MSGRESULT, PSNRET_NOERROR);
        return TRUE;
    }
    return FALSE;
}

static LRESULT sheet(LPARAM only_answer)
{
    PROPSHEETPAGEA pages[2] = {{0}};
    PROPSHEETHEADERA header = {0};
    int n;
    for (n = 0; n < 2; n++) {
        pages[n].dwSize = sizeof *pages;
        pages[n].hInstance = module;
        pages[n].pszTemplate = MAKEINTRESOURCEA(n ? IDD_STATUS : IDD_SETTINGS);
        pages[n].pfnDlgProc = page_proc;
        pages[n].lParam = 99;
    }
    header.dwSize = sizeof header;
    header.dwFlags = PSH_PROPSHEETPAGE;
    header.pszCaption = "Codec";
    header.nPages = 2;
    header.ppsp = pages;
    sheet_told = 0;
    if (only_answer)
        return PropertySheetA(&header);
    check(PropertySheetA(&header) == 1 && sheet_told == 22, 1);
    header.nPages = 0;
    check(PropertySheetA(&header) == -1, 2);
    return outcome();
}

static LRESULT leave(void)
{
    static HWND window;
    int before_now = posts + 1000 * timers;
    if (!window) {
        window = make(NULL, NULL);
        SetTimer(window, 1, 10, NULL);
    }
    /* The third timer would end a loop. */
    if (timers >= 2)
        KillTimer(window, 1);
    PostMessageA(window, WM_USER, 0, 0);
    return before_now;
}

static LRESULT pictures(void)
{
    BITMAP size;
    HBITMAP logo = LoadBitmapA(module, MAKEINTRESOURCEA(IDB_LOGO));
    check(logo && GetObjectA(logo, sizeof size, &size) == sizeof size, 1);
    check(size.bmWidth == 6 && size.bmHeight == 4 && size.bmBitsPixel == 24, 2);
    check(DeleteObject(logo), 3);
    check(LoadIconA(module, MAKEINTRESOURCEA(IDI_LOGO)) != NULL, 4);
    check(LoadIconW(module, MAKEINTRESOURCEW(IDI_LOGO)) == LoadIconA(module, "#111"), 5);
    check(LoadIconA(module, "logo") == NULL && GetLastError() == ERROR_RESOURCE_NAME_NOT_FOUND, 6);
    check(LoadImageA(module, MAKEINTRESOURCEA(IDI_LOGO), IMAGE_ICON, 16, 16, 0) != NULL, 7);
    return outcome();
}

static INT_PTR CALLBACK faulting_proc(HWND dialog, UINT message, WPARAM wparam, LPARAM lparam)
{
    (void)wparam;
    (void)dialog;
    if (message == WM_COMMAND)
        *(volatile int *)lparam = 1;
    return FALSE;
}

static BOOL CALLBACK count_windows(HWND window, LPARAM count)
{
    (void)window;
    ++*(int *)count;
    return TRUE;
}

static LRESULT fault(int only_count)
{
    int count = 0;
    EnumWindows(count_windows, (LPARAM)&count);
    if (only_count)
        return count;
    return DialogBoxParamA(module, MAKEINTRESOURCEA(IDD_STATUS), NULL, faulting_proc, 0);
}

BOOL WINAPI DllMain(HINSTANCE own, DWORD reason, void *reserved)
{
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH) {
        module = own;
        InitCommonControls();
        register_classes();
    }
    return TRUE;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    MSG never;
    switch (message) {
    case DRV_OPEN:
    case DRV_CLOSE:
        return 1;
    case WINDOWS_MODAL:
        return modal((int)l1);
    case WINDOWS_STUBBORN:
        return stubborn();
    case WINDOWS_STATUS:
        return status((int)l1, (int)l2);
    case WINDOWS_BOX:
        return l2 ? MessageBoxW(NULL, L"text", L"caption", (UINT)l1) : MessageBoxA(NULL, "text", "caption", (UINT)l1);
    case WINDOWS_LOOP:
        return loop();
    case WINDOWS_LIVES:
        return lives((int)l1);
    case WINDOWS_SUBCLASS:
        return subclass();
    case WINDOWS_THREADS:
        return threads();
    case WINDOWS_SHEET:
        return sheet(l2);
    case WINDOWS_LEAVE:
        return leave();
    case WINDOWS_PICTURES:
        return pictures();
    case WINDOWS_FAULT:
        return fault((int)l1);
    case WINDOWS_WAIT:
        return GetMessageA(&never, NULL, WM_USER + 77, WM_USER + 77);
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
