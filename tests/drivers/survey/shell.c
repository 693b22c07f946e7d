/* Cases of the libraries with which drivers show dialogs and documents. */
#include <string.h>
#include <windows.h>
#include <commctrl.h>
#include <commdlg.h>
#include <intshcut.h>
#include <prsht.h>
#include <shellapi.h>

#include "press.h"
#include "survey.h"

/* The dialog is cancelled. */
#define CHOICE(function, type)                                                                                     \
    GOOD(comdlg32, function, of_a_file)                                                                            \
    {                                                                                                              \
        type choice;                                                                                               \
        struct press press;                                                                                        \
        memset(&choice, 0, sizeof choice);                                                                         \
        choice.lStructSize = sizeof choice;                                                                        \
        begin_to_press(&press, IDCANCEL);                                                                          \
        yes(comdlg32(function)(&choice));                                                                          \
        number(CommDlgExtendedError());                                                                            \
        end_pressing(&press);                                                                                      \
    }                                                                                                              \
    WRONG(comdlg32, function, of_no_size)                                                                          \
    {                                                                                                              \
        type choice;                                                                                               \
        memset(&choice, 0, sizeof choice);                                                                         \
        yes(comdlg32(function)(&choice));                                                                          \
    }

CHOICE(GetOpenFileNameA, OPENFILENAMEA)
CHOICE(GetOpenFileNameW, OPENFILENAMEW)
CHOICE(GetSaveFileNameA, OPENFILENAMEA)
CHOICE(GetSaveFileNameW, OPENFILENAMEW)

GOOD(comctl32, InitCommonControls, at_once)
{
    comctl32(InitCommonControls)();
}

NO_WRONG(comctl32, InitCommonControls, "it takes no arguments")

GOOD(comctl32, InitCommonControlsEx, of_bars)
{
    INITCOMMONCONTROLSEX wanted = {sizeof wanted, ICC_BAR_CLASSES};
    yes(comctl32(InitCommonControlsEx)(&wanted));
}

WRONG(comctl32, InitCommonControlsEx, of_null)
{
    yes(comctl32(InitCommonControlsEx)(NULL));
}

static INT_PTR CALLBACK page_proc(HWND dialog, UINT message, WPARAM wparam, LPARAM lparam)
{
    (void)wparam;
    (void)lparam;
    if (message == WM_INITDIALOG)
        PostMessageA(GetParent(dialog), PSM_PRESSBUTTON, PSBTN_OK, 0);
    return FALSE;
}

GOOD(comctl32, PropertySheetA, of_one_page)
{
    PROPSHEETPAGEA page;
    PROPSHEETHEADERA header;
    memset(&page, 0, sizeof page);
    memset(&header, 0, sizeof header);
    page.dwSize = sizeof page;
    page.hInstance = GetModuleHandleA("survey.dll");
    page.pszTemplate = MAKEINTRESOURCEA(1);
    page.pfnDlgProc = page_proc;
    header.dwSize = sizeof header;
    header.dwFlags = PSH_PROPSHEETPAGE;
    header.nPages = 1;
    header.ppsp = &page;
    number(comctl32(PropertySheetA)(&header));
}

WRONG(comctl32, PropertySheetA, of_null)
{
    number(comctl32(PropertySheetA)(NULL));
}

GOOD(shell32, ShellExecuteA, of_a_page)
{
    yes((INT_PTR)shell32(ShellExecuteA)(NULL, "open", "survey-no-such-protocol:page", NULL, NULL, SW_SHOW) > 32);
}

WRONG(shell32, ShellExecuteA, of_no_file)
{
    yes((INT_PTR)shell32(ShellExecuteA)(NULL, "open", "C:\\no such file.xyz", NULL, NULL, SW_SHOW) > 32);
}

GOOD(url, TranslateURLA, that_is_complete)
{
    PSTR made = NULL;
    hex((DWORD)url(TranslateURLA)("http://example.org/", TRANSLATEURL_FL_GUESS_PROTOCOL, &made));
    pointer(made);
}

WRONG(url, TranslateURLA, of_null)
{
    PSTR made = NULL;
    hex((DWORD)url(TranslateURLA)(NULL, 0, &made));
}
