/* What the cases of windows and dialogs have in common. */
#ifndef USER32_H
#define USER32_H

#include "survey.h"

#define NO_WINDOW ((HWND)(ULONG_PTR)0x7ff4)

/* The survey driver, with its resources. */
static inline HMODULE own(void)
{
    return GetModuleHandleA("survey.dll");
}

/* A window, and controls in it. */
static inline HWND frame(void)
{
    return user32(CreateWindowExA)(0, "Static", "frame", 0, 10, 20, 300, 200, HWND_MESSAGE, NULL, NULL, NULL);
}

static inline HWND control(HWND in, const char *class, const char *what, DWORD style, int id)
{
    return user32(CreateWindowExA)(0, class, what, WS_CHILD | style, 1, 2, 30, 40, in, (HMENU)(INT_PTR)id, NULL, NULL);
}

static inline void rect(const RECT *what)
{
    number(what->left);
    number(what->top);
    number(what->right);
    number(what->bottom);
}

#endif
