/* Cases of user32.dll: dialogs and their controls. */
#include "user32.h"

static INT_PTR CALLBACK ends(HWND dialog, UINT message, WPARAM wparam, LPARAM lparam)
{
    (void)wparam;
    if (message == WM_INITDIALOG)
        EndDialog(dialog, lparam);
    return FALSE;
}

GOOD(user32, GetDlgItem, of_two)
{
    HWND in = frame(), one = control(in, "Button", "", 0, 5), two = control(in, "Button", "", 0, 6);
    yes(user32(GetDlgItem)(in, 6) == two && user32(GetDlgItem)(in, 5) == one);
    user32(DestroyWindow)(in);
}

WRONG(user32, GetDlgItem, that_is_not_there)
{
    HWND in = frame();
    handle(user32(GetDlgItem)(in, 6));
    last_error();
    user32(DestroyWindow)(in);
}

GOOD(user32, GetDlgCtrlID, of_a_control)
{
    HWND in = frame();
    number(user32(GetDlgCtrlID)(control(in, "Button", "", 0, 77)));
    user32(DestroyWindow)(in);
}

WRONG(user32, GetDlgCtrlID, of_no_window)
{
    number(user32(GetDlgCtrlID)(NO_WINDOW));
    last_error();
}

GOOD(user32, CheckDlgButton, and_back)
{
    HWND in = frame();
    control(in, "Button", "", BS_AUTOCHECKBOX, 5);
    yes(user32(CheckDlgButton)(in, 5, BST_CHECKED));
    number(user32(IsDlgButtonChecked)(in, 5));
    user32(DestroyWindow)(in);
}

WRONG(user32, CheckDlgButton, of_a_push_button)
{
    HWND in = frame();
    control(in, "Button", "", BS_PUSHBUTTON, 5);
    yes(user32(CheckDlgButton)(in, 5, BST_CHECKED));
    number(user32(IsDlgButtonChecked)(in, 5));
    yes(user32(CheckDlgButton)(in, 6, BST_CHECKED));
    user32(DestroyWindow)(in);
}

GOOD(user32, IsDlgButtonChecked, of_three_states)
{
    HWND in = frame();
    control(in, "Button", "", BS_AUTO3STATE, 5);
    number(user32(IsDlgButtonChecked)(in, 5));
    user32(CheckDlgButton)(in, 5, BST_INDETERMINATE);
    number(user32(IsDlgButtonChecked)(in, 5));
    user32(DestroyWindow)(in);
}

WRONG(user32, IsDlgButtonChecked, of_no_button)
{
    HWND in = frame();
    number(user32(IsDlgButtonChecked)(in, 5));
    user32(DestroyWindow)(in);
}

GOOD(user32, CheckRadioButton, of_three)
{
    HWND in = frame();
    int id;
    for (id = 5; id < 8; id++)
        control(in, "Button", "", BS_AUTORADIOBUTTON, id);
    yes(user32(CheckRadioButton)(in, 5, 7, 6));
    yes(user32(CheckRadioButton)(in, 5, 7, 7));
    for (id = 5; id < 8; id++)
        number(user32(IsDlgButtonChecked)(in, id));
    user32(DestroyWindow)(in);
}

WRONG(user32, CheckRadioButton, of_another_one)
{
    HWND in = frame();
    control(in, "Button", "", BS_AUTORADIOBUTTON, 5);
    user32(CheckDlgButton)(in, 5, BST_CHECKED);
    yes(user32(CheckRadioButton)(in, 5, 7, 9));
    number(user32(IsDlgButtonChecked)(in, 5));
    user32(DestroyWindow)(in);
}

GOOD(user32, SendDlgItemMessageA, to_an_edit_control)
{
    HWND in = frame();
    control(in, "Edit", "some text", ES_AUTOHSCROLL, 5);
    number(user32(SendDlgItemMessageA)(in, 5, EM_SETSEL, 5, -1));
    hex(user32(SendDlgItemMessageA)(in, 5, EM_GETSEL, 0, 0));
    user32(SendDlgItemMessageA)(in, 5, EM_REPLACESEL, 0, (LPARAM) "more");
    number(user32(SendDlgItemMessageA)(in, 5, WM_GETTEXTLENGTH, 0, 0));
    user32(DestroyWindow)(in);
}

WRONG(user32, SendDlgItemMessageA, to_none)
{
    HWND in = frame();
    number(user32(SendDlgItemMessageA)(in, 5, WM_GETTEXTLENGTH, 0, 0));
    user32(DestroyWindow)(in);
}

GOOD(user32, GetDlgItemTextA, cut)
{
    HWND in = frame();
    char read[16] = "";
    control(in, "Static", "some text", 0, 5);
    number(user32(GetDlgItemTextA)(in, 5, read, sizeof read));
    text(read);
    number(user32(GetDlgItemTextA)(in, 5, read, 5));
    text(read);
    user32(DestroyWindow)(in);
}

WRONG(user32, GetDlgItemTextA, of_none)
{
    HWND in = frame();
    char read[16] = "before";
    number(user32(GetDlgItemTextA)(in, 5, read, sizeof read));
    text(read);
    user32(DestroyWindow)(in);
}

GOOD(user32, GetDlgItemTextW, of_an_edit_control)
{
    HWND in = frame();
    WCHAR read[16] = L"";
    control(in, "Edit", "some text", 0, 5);
    number(user32(GetDlgItemTextW)(in, 5, read, 16));
    wide(read);
    user32(DestroyWindow)(in);
}

WRONG(user32, GetDlgItemTextW, of_none)
{
    HWND in = frame();
    WCHAR read[16] = L"before";
    number(user32(GetDlgItemTextW)(in, 5, read, 16));
    wide(read);
    user32(DestroyWindow)(in);
}

GOOD(user32, SetDlgItemTextA, of_a_control)
{
    HWND in = frame(), made = control(in, "Static", "", 0, 5);
    yes(user32(SetDlgItemTextA)(in, 5, "some text"));
    number(user32(SendMessageA)(made, WM_GETTEXTLENGTH, 0, 0));
    user32(DestroyWindow)(in);
}

WRONG(user32, SetDlgItemTextA, of_none)
{
    HWND in = frame();
    yes(user32(SetDlgItemTextA)(in, 5, "some text"));
    user32(DestroyWindow)(in);
}

GOOD(user32, SetDlgItemTextW, of_a_control)
{
    HWND in = frame(), made = control(in, "Static", "", 0, 5);
    yes(user32(SetDlgItemTextW)(in, 5, L"some text"));
    number(user32(SendMessageA)(made, WM_GETTEXTLENGTH, 0, 0));
    user32(DestroyWindow)(in);
}

WRONG(user32, SetDlgItemTextW, of_none)
{
    HWND in = frame();
    yes(user32(SetDlgItemTextW)(in, 5, L"some text"));
    user32(DestroyWindow)(in);
}

GOOD(user32, SetDlgItemInt, with_a_sign)
{
    HWND in = frame();
    char read[16] = "";
    control(in, "Edit", "", 0, 5);
    yes(user32(SetDlgItemInt)(in, 5, (UINT)-17, TRUE));
    user32(GetDlgItemTextA)(in, 5, read, sizeof read);
    text(read);
    yes(user32(SetDlgItemInt)(in, 5, (UINT)-17, FALSE));
    user32(GetDlgItemTextA)(in, 5, read, sizeof read);
    text(read);
    user32(DestroyWindow)(in);
}

WRONG(user32, SetDlgItemInt, of_none)
{
    HWND in = frame();
    yes(user32(SetDlgItemInt)(in, 5, 17, TRUE));
    user32(DestroyWindow)(in);
}

GOOD(user32, GetDlgItemInt, with_a_sign)
{
    HWND in = frame();
    BOOL done = 7;
    control(in, "Edit", "-17", 0, 5);
    number((int)user32(GetDlgItemInt)(in, 5, &done, TRUE));
    number(done);
    user32(DestroyWindow)(in);
}

WRONG(user32, GetDlgItemInt, of_no_number)
{
    HWND in = frame();
    BOOL done = 7;
    control(in, "Edit", "none", 0, 5);
    number(user32(GetDlgItemInt)(in, 5, &done, FALSE));
    number(done);
    user32(DestroyWindow)(in);
}

GOOD(user32, DialogBoxParamA, that_ends_at_once)
{
    number(user32(DialogBoxParamA)(own(), MAKEINTRESOURCEA(1), NULL, ends, 55));
}

WRONG(user32, DialogBoxParamA, of_no_resource)
{
    number(user32(DialogBoxParamA)(own(), "nothing", NULL, ends, 55));
    last_error();
}

GOOD(user32, DialogBoxParamW, that_ends_at_once)
{
    number(user32(DialogBoxParamW)(own(), MAKEINTRESOURCEW(1), NULL, ends, 55));
}

WRONG(user32, DialogBoxParamW, of_no_resource)
{
    number(user32(DialogBoxParamW)(own(), L"nothing", NULL, ends, 55));
    last_error();
}

GOOD(user32, CreateDialogParamA, and_destroy)
{
    HWND dialog = user32(CreateDialogParamA)(own(), MAKEINTRESOURCEA(1), NULL, ends, 55);
    handle(dialog);
    yes(user32(DestroyWindow)(dialog));
}

WRONG(user32, CreateDialogParamA, of_no_resource)
{
    handle(user32(CreateDialogParamA)(own(), "nothing", NULL, ends, 55));
    last_error();
}

GOOD(user32, CreateDialogParamW, and_destroy)
{
    HWND dialog = user32(CreateDialogParamW)(own(), MAKEINTRESOURCEW(1), NULL, ends, 55);
    handle(dialog);
    yes(user32(DestroyWindow)(dialog));
}

WRONG(user32, CreateDialogParamW, of_no_resource)
{
    handle(user32(CreateDialogParamW)(own(), L"nothing", NULL, ends, 55));
    last_error();
}

GOOD(user32, EndDialog, of_a_dialog)
{
    HWND dialog = user32(CreateDialogParamA)(own(), MAKEINTRESOURCEA(1), NULL, NULL, 0);
    yes(user32(EndDialog)(dialog, 5));
    user32(DestroyWindow)(dialog);
}

WRONG(user32, EndDialog, of_no_window)
{
    yes(user32(EndDialog)(NO_WINDOW, 5));
    last_error();
}

GOOD(user32, MapDialogRect, of_a_dialog)
{
    HWND dialog = user32(CreateDialogParamA)(own(), MAKEINTRESOURCEA(1), NULL, NULL, 0);
    RECT where = {4, 8, 8, 16};
    yes(user32(MapDialogRect)(dialog, &where));
    yes(where.left > 4 && where.right == 2 * where.left && where.bottom == 2 * where.top);
    user32(DestroyWindow)(dialog);
}

WRONG(user32, MapDialogRect, of_no_dialog)
{
    HWND in = frame();
    RECT where = {4, 8, 8, 16};
    yes(user32(MapDialogRect)(in, &where));
    rect(&where);
    user32(DestroyWindow)(in);
}
