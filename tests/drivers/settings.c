/*
 * A driver with settings: a spy that answers DRV_QUERYCONFIGURE, DRV_CONFIGURE, DRV_INSTALL and DRV_REMOVE as the words `query=`, `configure=`,
 * `install=` and `remove=` in the text of its DRV_OPEN say, each with a number, or with `hang` or `fault`. The usual answer is DRVCNF_OK.
 * With the word `reopen` it opens its own entry while it is being installed.
 *
 * Of each DRV_CONFIGURE and DRV_INSTALL it says the first parameter and the structure, by OutputDebugString:
 *
 *     settings MESSAGE l1=N size=N[+] section=TEXT alias=TEXT
 *     settings MESSAGE l1=N none
 *
 * in decimal, with `+` where the size is more than that of DRVCONFIGINFO, and NULL for a missing text.
 */
#define DriverProc SpyProc
#include "spy.c"
#undef DriverProc

#define MAX_OWN 200
static WCHAR own_text[MAX_OWN];

static void keep(const WCHAR *text)
{
    int n = 0;
    for (; text && text[n] && n < MAX_OWN - 1; n++)
        own_text[n] = text[n];
    own_text[n] = 0;
}

static const char *narrow(const WCHAR *text, char *out, int size)
{
    int n = 0;
    if (!text)
        return "NULL";
    for (; text[n] && n < size - 1; n++)
        out[n] = (char)text[n];
    out[n] = 0;
    return out;
}

static void say_settings(const char *message, LPARAM l1, const DRVCONFIGINFO *info)
{
    char line[400], section[100], alias[100];
    if (info)
        sprintf(line, "settings %s l1=%ld size=%lu%s section=%s alias=%s", message, (long)l1, info->dwDCISize,
                info->dwDCISize > sizeof *info ? "+" : "", narrow(info->lpszDCISectionName, section, sizeof section),
                narrow(info->lpszDCIAliasName, alias, sizeof alias));
    else
        sprintf(line, "settings %s l1=%ld none", message, (long)l1);
    OutputDebugStringA(line);
}

/* Opens the entry that is being made, and says what came of it. */
static void reopen(const DRVCONFIGINFO *info)
{
    HDRVR other = OpenDriver(info->lpszDCIAliasName, info->lpszDCISectionName, 0);
    OutputDebugStringA(other ? "settings reopened" : "settings not reopened");
    if (other)
        CloseDriver(other, 0, 0);
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
        keep((const WCHAR *)l1);
        break;
    case DRV_QUERYCONFIGURE:
        return behave(behaviour(own_text, "query=", 1));
    case DRV_CONFIGURE:
        say_settings("CONFIGURE", l1, (const DRVCONFIGINFO *)l2);
        return behave(behaviour(own_text, "configure=", DRVCNF_OK));
    case DRV_INSTALL:
        say_settings("INSTALL", l1, (const DRVCONFIGINFO *)l2);
        if (word(own_text, "reopen"))
            reopen((const DRVCONFIGINFO *)l2);
        return behave(behaviour(own_text, "install=", DRVCNF_OK));
    case DRV_REMOVE:
        return behave(behaviour(own_text, "remove=", DRVCNF_OK));
    }
    return SpyProc(id, hdrvr, message, l1, l2);
}
