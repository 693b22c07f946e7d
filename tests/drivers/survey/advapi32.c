/* Cases of advapi32.dll, in a key of their own under HKEY_CURRENT_USER. */
#include "survey.h"

#include <sddl.h>

#define KEY "Software\\drvhost survey"
#define NO_HANDLE ((HKEY)(ULONG_PTR)0xdead0)

static HKEY opened(void)
{
    HKEY key = NULL;
    if (advapi32(RegCreateKeyExA)(HKEY_CURRENT_USER, KEY, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL) != 0)
        word("no-key");
    return key;
}

static void done(HKEY key)
{
    number(advapi32(RegCloseKey)(key));
    number(advapi32(RegDeleteKeyA)(HKEY_CURRENT_USER, KEY));
}

GOOD(advapi32, RegCreateKeyExA, twice)
{
    HKEY key = NULL;
    DWORD disposition = 0;
    number(advapi32(RegCreateKeyExA)(HKEY_CURRENT_USER, KEY, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, &disposition));
    number(disposition);
    advapi32(RegCloseKey)(key);
    number(advapi32(RegCreateKeyExA)(HKEY_CURRENT_USER, KEY, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, &disposition));
    number(disposition);
    done(key);
}

WRONG(advapi32, RegCreateKeyExA, under_no_handle)
{
    HKEY key = NULL;
    number(advapi32(RegCreateKeyExA)(NO_HANDLE, KEY, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL));
}

GOOD(advapi32, RegCreateKeyExW, that_is_opened_then)
{
    HKEY key = NULL;
    DWORD disposition = 0;
    number(advapi32(RegCreateKeyExW)(HKEY_CURRENT_USER, L"Software\\drvhost survey", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key,
                                     &disposition));
    number(disposition);
    done(key);
}

WRONG(advapi32, RegCreateKeyExW, to_null)
{
    number(advapi32(RegCreateKeyExW)(NO_HANDLE, L"key", 0, NULL, 0, KEY_ALL_ACCESS, NULL, nothing, NULL));
}

GOOD(advapi32, RegOpenKeyExA, that_there_is)
{
    HKEY key = opened(), again = NULL;
    number(advapi32(RegOpenKeyExA)(HKEY_CURRENT_USER, KEY, 0, KEY_READ, &again));
    handle(again);
    advapi32(RegCloseKey)(again);
    done(key);
}

WRONG(advapi32, RegOpenKeyExA, that_there_is_not)
{
    HKEY key = NULL;
    number(advapi32(RegOpenKeyExA)(HKEY_CURRENT_USER, "Software\\drvhost absent", 0, KEY_READ, &key));
    pointer(key);
}

GOOD(advapi32, RegOpenKeyExW, that_there_is)
{
    HKEY key = opened(), again = NULL;
    number(advapi32(RegOpenKeyExW)(HKEY_CURRENT_USER, L"Software\\drvhost survey", 0, KEY_READ, &again));
    advapi32(RegCloseKey)(again);
    done(key);
}

WRONG(advapi32, RegOpenKeyExW, under_no_handle)
{
    HKEY key = NULL;
    number(advapi32(RegOpenKeyExW)(NO_HANDLE, L"key", 0, KEY_READ, &key));
}

GOOD(advapi32, RegOpenKeyA, that_there_is)
{
    HKEY key = opened(), again = NULL;
    number(advapi32(RegOpenKeyA)(HKEY_CURRENT_USER, KEY, &again));
    advapi32(RegCloseKey)(again);
    done(key);
}

WRONG(advapi32, RegOpenKeyA, that_there_is_not)
{
    HKEY key = NULL;
    number(advapi32(RegOpenKeyA)(HKEY_CURRENT_USER, "Software\\drvhost absent", &key));
}

GOOD(advapi32, RegOpenKeyW, that_there_is)
{
    HKEY key = opened(), again = NULL;
    number(advapi32(RegOpenKeyW)(HKEY_CURRENT_USER, L"Software\\drvhost survey", &again));
    advapi32(RegCloseKey)(again);
    done(key);
}

WRONG(advapi32, RegOpenKeyW, that_there_is_not)
{
    HKEY key = NULL;
    number(advapi32(RegOpenKeyW)(HKEY_CURRENT_USER, L"Software\\drvhost absent", &key));
}

GOOD(advapi32, RegSetValueExA, a_text_and_a_number)
{
    char to[20] = "";
    DWORD type = 0, size = sizeof to, value = 0x12345678;
    HKEY key = opened();
    number(advapi32(RegSetValueExA)(key, "text", 0, REG_SZ, (const BYTE *)"value", 6));
    number(advapi32(RegQueryValueExA)(key, "TEXT", NULL, &type, (BYTE *)to, &size));
    number(type);
    number(size);
    text(to);
    number(advapi32(RegSetValueExA)(key, "number", 0, REG_DWORD, (const BYTE *)&value, sizeof value));
    size = sizeof to;
    number(advapi32(RegQueryValueExA)(key, "number", NULL, &type, (BYTE *)to, &size));
    number(type);
    bytes(to, (int)size);
    done(key);
}

WRONG(advapi32, RegSetValueExA, in_no_key)
{
    number(advapi32(RegSetValueExA)(NO_HANDLE, "text", 0, REG_SZ, (const BYTE *)"value", 6));
}

GOOD(advapi32, RegSetValueExW, a_text)
{
    WCHAR to[20] = L"";
    DWORD type = 0, size = sizeof to;
    HKEY key = opened();
    number(advapi32(RegSetValueExW)(key, L"text", 0, REG_SZ, (const BYTE *)L"value", 12));
    number(advapi32(RegQueryValueExW)(key, L"text", NULL, &type, (BYTE *)to, &size));
    number(size);
    wide(to);
    done(key);
}

WRONG(advapi32, RegSetValueExW, in_no_key)
{
    number(advapi32(RegSetValueExW)(NO_HANDLE, L"text", 0, REG_SZ, (const BYTE *)L"value", 12));
}

GOOD(advapi32, RegQueryValueExA, how_long_it_is)
{
    DWORD type = 0, size = 0;
    HKEY key = opened();
    advapi32(RegSetValueExA)(key, "text", 0, REG_SZ, (const BYTE *)"value", 6);
    number(advapi32(RegQueryValueExA)(key, "text", NULL, &type, NULL, &size));
    number(size);
    done(key);
}

WRONG(advapi32, RegQueryValueExA, where_there_is_no_room)
{
    char to[4];
    DWORD type = 0, size = sizeof to;
    HKEY key = opened();
    advapi32(RegSetValueExA)(key, "text", 0, REG_SZ, (const BYTE *)"value", 6);
    number(advapi32(RegQueryValueExA)(key, "text", NULL, &type, (BYTE *)to, &size));
    number(size);
    number(advapi32(RegQueryValueExA)(key, "absent", NULL, &type, (BYTE *)to, &size));
    done(key);
}

GOOD(advapi32, RegQueryValueExW, how_long_it_is)
{
    DWORD type = 0, size = 0;
    HKEY key = opened();
    advapi32(RegSetValueExA)(key, "text", 0, REG_SZ, (const BYTE *)"value", 6);
    number(advapi32(RegQueryValueExW)(key, L"text", NULL, &type, NULL, &size));
    number(size);
    done(key);
}

WRONG(advapi32, RegQueryValueExW, what_there_is_not)
{
    DWORD size = 0;
    HKEY key = opened();
    number(advapi32(RegQueryValueExW)(key, L"absent", NULL, NULL, NULL, &size));
    done(key);
    number(advapi32(RegQueryValueExW)(NO_HANDLE, L"text", NULL, NULL, NULL, &size));
}

GOOD(advapi32, RegEnumKeyW, one_and_no_more)
{
    WCHAR name[40] = L"";
    HKEY key = opened(), inner = NULL;
    advapi32(RegCreateKeyExA)(key, "inner", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &inner, NULL);
    number(advapi32(RegEnumKeyW)(key, 0, name, 40));
    wide(name);
    number(advapi32(RegEnumKeyW)(key, 1, name, 40));
    advapi32(RegCloseKey)(inner);
    number(advapi32(RegDeleteKeyA)(key, "inner"));
    done(key);
}

WRONG(advapi32, RegEnumKeyW, of_no_key)
{
    WCHAR name[40];
    number(advapi32(RegEnumKeyW)(NO_HANDLE, 0, name, 40));
}

GOOD(advapi32, RegDeleteKeyA, what_there_is)
{
    done(opened());
}

WRONG(advapi32, RegDeleteKeyA, what_there_is_not)
{
    number(advapi32(RegDeleteKeyA)(HKEY_CURRENT_USER, "Software\\drvhost absent"));
}

GOOD(advapi32, RegCloseKey, a_key)
{
    done(opened());
    number(advapi32(RegCloseKey)(HKEY_CURRENT_USER));
}

WRONG(advapi32, RegCloseKey, no_handle)
{
    number(advapi32(RegCloseKey)(NULL));
    number(advapi32(RegCloseKey)(NO_HANDLE));
}

GOOD(advapi32, RegNotifyChangeKeyValue, of_a_key_by_an_event)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
    HKEY key = opened();
    number(advapi32(RegNotifyChangeKeyValue)(key, FALSE, REG_NOTIFY_CHANGE_LAST_SET, event, TRUE));
    number(WaitForSingleObject(event, 0));
    advapi32(RegSetValueExA)(key, "text", 0, REG_SZ, (const BYTE *)"value", 6);
    number(WaitForSingleObject(event, 5000));
    CloseHandle(event);
    done(key);
}

WRONG(advapi32, RegNotifyChangeKeyValue, of_no_key)
{
    number(advapi32(RegNotifyChangeKeyValue)(NO_HANDLE, FALSE, REG_NOTIFY_CHANGE_LAST_SET, NULL, FALSE));
}

/* Tokens */

GOOD(advapi32, OpenProcessToken, of_this_process)
{
    HANDLE token = NULL;
    yes(advapi32(OpenProcessToken)(GetCurrentProcess(), TOKEN_QUERY, &token));
    handle(token);
    yes(CloseHandle(token));
}

WRONG(advapi32, OpenProcessToken, of_no_process)
{
    HANDLE token = NULL;
    yes(advapi32(OpenProcessToken)((HANDLE)NO_HANDLE, TOKEN_QUERY, &token));
    last_error();
}

GOOD(advapi32, GetTokenInformation, of_the_user)
{
    static ULONG_PTR room[40];
    HANDLE token = NULL;
    DWORD size = 0;
    char *sid = NULL;
    advapi32(OpenProcessToken)(GetCurrentProcess(), TOKEN_QUERY, &token);
    yes(advapi32(GetTokenInformation)(token, TokenUser, NULL, 0, &size));
    last_error();
    yes(size);
    yes(advapi32(GetTokenInformation)(token, TokenUser, room, sizeof room, &size));
    yes(advapi32(ConvertSidToStringSidA)(((TOKEN_USER *)(void *)room)->User.Sid, &sid));
    yes(sid && sid[0] == 'S' && sid[1] == '-' && sid[2] == '1');
    LocalFree(sid);
    CloseHandle(token);
}

WRONG(advapi32, GetTokenInformation, of_no_token)
{
    DWORD size = 0;
    yes(advapi32(GetTokenInformation)((HANDLE)NO_HANDLE, TokenUser, NULL, 0, &size));
    last_error();
}

GOOD(advapi32, ConvertSidToStringSidA, of_everybody)
{
    static SID everybody = {1, 1, {{0, 0, 0, 0, 0, 1}}, {0}};
    char *sid = NULL;
    yes(advapi32(ConvertSidToStringSidA)(&everybody, &sid));
    text(sid);
    LocalFree(sid);
}

WRONG(advapi32, ConvertSidToStringSidA, of_null)
{
    char *sid = NULL;
    yes(advapi32(ConvertSidToStringSidA)(nothing, &sid));
    last_error();
}
