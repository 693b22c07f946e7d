/* The dialogs of windows.c: modal ones, one that takes no answer, and a hidden one. */

/* A modal dialog. */

struct settings {
    int fast, high, rate, mode, level;
};

static INT_PTR CALLBACK settings_proc(HWND dialog, UINT message, WPARAM wparam, LPARAM lparam)
{
    static struct settings *own;
    char text[32];
    RECT rect = {4, 8, 8, 16};
    switch (message) {
    case WM_INITDIALOG:
        own = (struct settings *)lparam;
        check(IsWindow(dialog) && GetParent(dialog) == NULL, 1);
        check(wparam == (WPARAM)GetDlgItem(dialog, IDC_FAST) || !IsWindowVisible((HWND)wparam), 2);
        CheckDlgButton(dialog, IDC_FAST, own->fast);
        CheckRadioButton(dialog, IDC_LOW, IDC_HIGH, own->high ? IDC_HIGH : IDC_LOW);
        SetDlgItemInt(dialog, IDC_RATE, own->rate, FALSE);
        SendDlgItemMessageA(dialog, IDC_MODE, CB_ADDSTRING, 0, (LPARAM) "one pass");
        SendDlgItemMessageW(dialog, IDC_MODE, CB_ADDSTRING, 0, (LPARAM)L"two passes");
        SendDlgItemMessageA(dialog, IDC_MODE, CB_SETCURSEL, own->mode, 0);
        SendDlgItemMessageA(dialog, IDC_LEVEL, TBM_SETRANGE, TRUE, MAKELONG(0, 31));
        SendDlgItemMessageA(dialog, IDC_LEVEL, TBM_SETPOS, TRUE, own->level);
        check(GetDlgItemTextA(dialog, IDC_LABEL, text, sizeof text) == 5 && !strcmp(text, "Gr\xf6\xdf" "e"), 3);
        check(GetWindowTextA(dialog, text, sizeof text) == 8 && !strcmp(text, "Settings"), 4);
        check(MapDialogRect(dialog, &rect) && rect.left > 4 && rect.right == 2 * rect.left, 5);
        return TRUE;
    case WM_COMMAND:
        if (LOWORD(wparam) == IDOK) {
            check((HWND)lparam == GetDlgItem(dialog, IDOK) && HIWORD(wparam) == BN_CLICKED, 6);
            own->fast = IsDlgButtonChecked(dialog, IDC_FAST);
            own->high = IsDlgButtonChecked(dialog, IDC_HIGH);
            own->rate = (int)GetDlgItemInt(dialog, IDC_RATE, NULL, FALSE);
            own->mode = (int)SendDlgItemMessageA(dialog, IDC_MODE, CB_GETCURSEL, 0, 0);
            own->level = (int)SendDlgItemMessageA(dialog, IDC_LEVEL, TBM_GETPOS, 0, 0);
            check(GetDlgItemTextA(dialog, IDC_MODE, text, sizeof text) > 0 && !strcmp(text, "two passes"), 7);
            EndDialog(dialog, 1234);
            return TRUE;
        }
        if (LOWORD(wparam) == IDCANCEL)
            EndDialog(dialog, -5);
        return TRUE;
    }
    return FALSE;
}

static LRESULT modal(int form)
{
    struct settings settings = {1, 1, 192, 1, 20};
    INT_PTR result;
    switch (form) {
    case 0:
        result = DialogBoxParamA(module, MAKEINTRESOURCEA(IDD_SETTINGS), NULL, settings_proc, (LPARAM)&settings);
        break;
    case 1:
        result = DialogBoxParamW(module, L"Settings", NULL, settings_proc, (LPARAM)&settings);
        break;
    case 2:
        /* What it is answered with, whichever that is. */
        return DialogBoxParamA(module, MAKEINTRESOURCEA(IDD_SETTINGS), NULL, settings_proc, (LPARAM)&settings);
    default: {
        static const WORD template[] = {0, 0x80c8, 0, 0, 0, 10, 20, 30, 40, 0, 0, 'S', 'e', 't', 't', 'i', 'n', 'g', 's', 0};
        HWND dialog = CreateDialogIndirectParamA(module, (const DLGTEMPLATE *)template, NULL, NULL, 0);
        char text[16];
        check(dialog && GetWindowTextA(dialog, text, sizeof text) == 8, 20);
        check(DestroyWindow(dialog) && !IsWindow(dialog), 21);
        return outcome();
    }
    }
    check(result == 1234, 8);
    check(settings.fast == 1 && settings.high == 1 && settings.rate == 192, 9);
    check(settings.mode == 1 && settings.level == 20, 10);
    check(DialogBoxParamA(module, MAKEINTRESOURCEA(IDD_UNKNOWN), NULL, settings_proc, 0) == -1, 11);
    check(DialogBoxParamA(module, "nothing", NULL, settings_proc, 0) == -1, 12);
    check(GetLastError() == ERROR_RESOURCE_NAME_NOT_FOUND, 13);
    return outcome();
}

/* What a stubborn dialog does: 0 takes only Cancel, 1 takes nothing, 2 ends while it begins. */
static int asked;

static INT_PTR CALLBACK stubborn_proc(HWND dialog, UINT message, WPARAM wparam, LPARAM lparam)
{
    static LPARAM how;
    if (message == WM_INITDIALOG) {
        how = lparam;
        asked = 0;
        if (how == 2)
            EndDialog(dialog, 77);
    }
    if (message == WM_COMMAND) {
        asked++;
        if (how == 0 && LOWORD(wparam) == IDCANCEL)
            EndDialog(dialog, 55);
    }
    return FALSE;
}

static LRESULT stubborn(void)
{
    const char *name = MAKEINTRESOURCEA(IDD_SETTINGS);
    check(DialogBoxParamA(module, name, NULL, stubborn_proc, 0) == 55 && asked > 1, 1);
    check(DialogBoxParamA(module, name, NULL, stubborn_proc, 1) == IDCANCEL && asked < 100, 2);
    check(DialogBoxParamA(module, name, NULL, stubborn_proc, 2) == 77 && asked == 0, 3);
    return outcome();
}

/* A hidden dialog. */

static HWND status_dialog;

static INT_PTR CALLBACK status_proc(HWND dialog, UINT message, WPARAM wparam, LPARAM lparam)
{
    (void)dialog;
    (void)wparam;
    return message == WM_INITDIALOG && lparam == 3;
}

static LRESULT status(int what, int value)
{
    char text[32];
    switch (what) {
    case 0:
        status_dialog = CreateDialogParamA(module, MAKEINTRESOURCEA(IDD_STATUS), GetDesktopWindow(), status_proc, 3);
        check(status_dialog && !IsWindowVisible(status_dialog), 1);
        check(SendDlgItemMessageA(status_dialog, IDC_LEVEL, PBM_SETRANGE, 0, MAKELPARAM(0, 1000)) == 100 << 16, 2);
        break;
    case 1:
        sprintf(text, "%d frames", value);
        check(SetDlgItemTextA(status_dialog, IDC_LABEL, text), 3);
        SendDlgItemMessageA(status_dialog, IDC_LEVEL, PBM_SETPOS, value, 0);
        memset(text, 0, sizeof text);
        check(SendDlgItemMessageA(status_dialog, IDC_LABEL, WM_GETTEXT, sizeof text, (LPARAM)text) > 0, 4);
        check(atoi(text) == value, 5);
        check(SendDlgItemMessageA(status_dialog, IDC_LEVEL, PBM_GETPOS, 0, 0) == value, 6);
        break;
    default:
        check(DestroyWindow(status_dialog), 7);
        check(!DestroyWindow(status_dialog) && GetLastError() == ERROR_INVALID_WINDOW_HANDLE, 8);
    }
    return outcome();
}
