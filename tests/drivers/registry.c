/*
 * What drivers do with the registry, each an act of src/acts.rs. Values are those of HKEY_CURRENT_USER\Software\Registry Test, named by a number.
 * A check answers 1, or minus the line of what was otherwise.
 */
#define _WIN32_WINNT 0x0601
#include <windows.h>
#include <mmsystem.h>
#include <sddl.h>
#include <stdio.h>
#include <string.h>

#define CHECK(what) \
    do { \
        if (!(what)) \
            return -__LINE__; \
    } while (0)

#define OWN "Software\\Registry Test"
#define DRIVERS32 "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Drivers32"

static LONG set(int name, DWORD value)
{
    HKEY key;
    char text[20];
    LONG done = RegCreateKeyExA(HKEY_CURRENT_USER, OWN, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL);
    if (done)
        return done;
    sprintf(text, "%d", name);
    done = RegSetValueExA(key, text, 0, REG_DWORD, (const BYTE *)&value, sizeof value);
    RegCloseKey(key);
    return done;
}

/* Minus an error's number for none. */
static LONG get(int name)
{
    HKEY key;
    char text[20];
    DWORD value, size = sizeof value, kind;
    LONG done = RegOpenKeyExA(HKEY_CURRENT_USER, OWN, 0, KEY_READ, &key);
    if (done)
        return -done;
    sprintf(text, "%d", name);
    done = RegQueryValueExA(key, text, NULL, &kind, (BYTE *)&value, &size);
    RegCloseKey(key);
    return done ? -done : kind == REG_DWORD && size == 4 ? (LONG)value : -1;
}

static LONG count(void)
{
    HKEY key;
    DWORD values = 0;
    LONG done = RegOpenKeyExA(HKEY_CURRENT_USER, OWN, 0, KEY_READ, &key);
    if (done)
        return -done;
    done = RegQueryInfoKeyW(key, NULL, NULL, NULL, NULL, NULL, NULL, &values, NULL, NULL, NULL, NULL);
    RegCloseKey(key);
    return done ? -done : (LONG)values;
}

static LONG await(void)
{
    HKEY key;
    LONG done = RegOpenKeyExA(HKEY_CURRENT_USER, OWN, 0, KEY_NOTIFY, &key);
    if (!done)
        done = RegNotifyChangeKeyValue(key, TRUE, REG_NOTIFY_CHANGE_LAST_SET, NULL, FALSE);
    return done ? -done : 1;
}

static LONG check_keys(void)
{
    HKEY key, below;
    DWORD disposition, size, kind, len;
    char name[40], data[40];
    WCHAR wide[40];
    RegDeleteTreeA(HKEY_CURRENT_USER, "Software\\Registry Keys");
    CHECK(RegOpenKeyA(HKEY_CURRENT_USER, "Software\\Registry Keys", &key) == ERROR_FILE_NOT_FOUND);
    CHECK(!RegCreateKeyExW(HKEY_CURRENT_USER, L"Software\\Registry Keys", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, &disposition));
    CHECK(disposition == REG_CREATED_NEW_KEY);
    CHECK(!RegCreateKeyExA(key, "Banks\\One", 0, NULL, REG_OPTION_NON_VOLATILE, KEY_WRITE, NULL, &below, &disposition));
    CHECK(disposition == REG_CREATED_NEW_KEY);
    CHECK(!RegSetValueExA(below, "Name", 0, REG_SZ, (const BYTE *)"Grand Piano", 12));
    size = sizeof data;
    CHECK(RegQueryValueExA(below, "Name", NULL, NULL, (BYTE *)data, &size) == ERROR_ACCESS_DENIED);
    CHECK(!RegCloseKey(below));
    CHECK(!RegCreateKeyExA(key, "banks\\ONE", 0, NULL, 0, KEY_READ, NULL, &below, &disposition));
    CHECK(disposition == REG_OPENED_EXISTING_KEY);
    CHECK(RegSetValueExA(below, "Name", 0, REG_SZ, (const BYTE *)"x", 2) == ERROR_ACCESS_DENIED);
    size = sizeof wide;
    CHECK(!RegQueryValueExW(below, L"NAME", NULL, &kind, (BYTE *)wide, &size));
    CHECK(kind == REG_SZ && size == 24 && !lstrcmpW(wide, L"Grand Piano"));
    size = 3;
    CHECK(RegQueryValueExA(below, "Name", NULL, NULL, (BYTE *)data, &size) == ERROR_MORE_DATA && size == 12);
    CHECK(!RegCloseKey(below));
    CHECK(!RegSetValueExA(key, "Rate", 0, REG_BINARY, (const BYTE *)"\1\2\3", 3));
    CHECK(!RegSetValueExA(key, NULL, 0, REG_MULTI_SZ, (const BYTE *)"a\0b\0", 5));
    size = sizeof name;
    CHECK(!RegEnumKeyExA(key, 0, name, &size, NULL, NULL, NULL, NULL) && size == 5 && !strcmp(name, "Banks"));
    size = 5;
    CHECK(RegEnumKeyExA(key, 0, name, &size, NULL, NULL, NULL, NULL) == ERROR_MORE_DATA);
    CHECK(RegEnumKeyW(key, 1, wide, 40) == ERROR_NO_MORE_ITEMS);
    CHECK(!RegEnumKeyW(key, 0, wide, 40) && !lstrcmpW(wide, L"Banks"));
    for (disposition = 0, kind = 0; disposition < 2; disposition++) {
        DWORD own;
        size = sizeof name, len = sizeof data;
        CHECK(!RegEnumValueA(key, disposition, name, &size, NULL, &own, (BYTE *)data, &len));
        kind += own == REG_BINARY ? !strcmp(name, "Rate") && len == 3 : size == 0 && len == 5 && !memcmp(data, "a\0b\0", 5);
    }
    CHECK(kind == 2);
    size = sizeof name, len = sizeof data;
    CHECK(RegEnumValueA(key, 2, name, &size, NULL, NULL, (BYTE *)data, &len) == ERROR_NO_MORE_ITEMS);
    CHECK(RegDeleteKeyA(HKEY_CURRENT_USER, "Software\\Registry Keys") == ERROR_ACCESS_DENIED);
    CHECK(!RegDeleteValueW(key, L"rate") && RegDeleteValueA(key, "rate") == ERROR_FILE_NOT_FOUND);
    CHECK(!RegDeleteKeyW(key, L"Banks\\One") && !RegDeleteKeyA(key, "Banks"));
    CHECK(!RegDeleteKeyA(HKEY_CURRENT_USER, "Software\\Registry Keys"));
    size = sizeof data;
    CHECK(RegQueryValueExA(key, NULL, NULL, NULL, (BYTE *)data, &size) == ERROR_KEY_DELETED);
    CHECK(!RegCloseKey(key));
    return 1;
}

/* What is installed can be read and not changed; the entry's text says whose it is. */
static LONG check_drivers32(void)
{
    HKEY key;
    char text[40];
    DWORD size = sizeof text;
    CHECK(!RegOpenKeyExA(HKEY_LOCAL_MACHINE, DRIVERS32, 0, KEY_ALL_ACCESS, &key));
    CHECK(!RegQueryValueExA(key, "midi9", NULL, NULL, (BYTE *)text, &size));
    CHECK(!strcmp(text, sizeof(void *) == 4 ? "narrow.dll" : "wide.dll"));
    CHECK(RegSetValueExA(key, "midi9", 0, REG_SZ, (const BYTE *)"x", 2) == ERROR_ACCESS_DENIED);
    CHECK(RegSetValueExA(key, "midi8", 0, REG_SZ, (const BYTE *)"x", 2) == ERROR_ACCESS_DENIED);
    CHECK(RegDeleteValueA(key, "midi9") == ERROR_ACCESS_DENIED);
    CHECK(RegDeleteTreeA(HKEY_LOCAL_MACHINE, DRIVERS32) == ERROR_ACCESS_DENIED);
    size = sizeof text;
    CHECK(!RegQueryValueExA(key, "MIDI9", NULL, NULL, (BYTE *)text, &size));
    CHECK(!RegCloseKey(key));
    return 1;
}

static LONG check_views(void)
{
    HKEY key;
    DWORD own = sizeof(void *) == 4 ? KEY_WOW64_32KEY : KEY_WOW64_64KEY;
    CHECK(!RegCreateKeyA(HKEY_LOCAL_MACHINE, "SOFTWARE\\Registry Views", &key));
    CHECK(!RegSetValueExA(key, "own", 0, REG_SZ, (const BYTE *)"x", 2) && !RegCloseKey(key));
    CHECK(!RegOpenKeyExA(HKEY_LOCAL_MACHINE, "SOFTWARE\\Registry Views", 0, KEY_READ | own, &key));
    CHECK(!RegCloseKey(key));
    CHECK(RegOpenKeyExA(HKEY_LOCAL_MACHINE, "SOFTWARE\\Registry Views", 0, KEY_READ | (own ^ 0x300), &key) == ERROR_FILE_NOT_FOUND);
    return 1;
}

static DWORD WINAPI change_soon(void *unused)
{
    (void)unused;
    Sleep(150);
    return set(-1, GetTickCount());
}

static LONG check_notify(void)
{
    HKEY key;
    HANDLE events[2], thread;
    CHECK(!set(-1, 0) && !set(-2, 0));
    CHECK(!RegOpenKeyExA(HKEY_CURRENT_USER, OWN, 0, KEY_READ, &key));
    events[0] = CreateEventA(NULL, FALSE, FALSE, NULL);
    events[1] = CreateEventA(NULL, FALSE, FALSE, NULL);
    CHECK(!RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_LAST_SET, events[0], TRUE));
    CHECK(WaitForSingleObject(events[0], 300) == WAIT_TIMEOUT);
    thread = CreateThread(NULL, 0, change_soon, NULL, 0, NULL);
    CHECK(thread && !RegNotifyChangeKeyValue(key, TRUE, REG_NOTIFY_CHANGE_LAST_SET, events[1], TRUE));
    CHECK(WaitForMultipleObjects(2, events, TRUE, 60000) == WAIT_OBJECT_0);
    CHECK(WaitForSingleObject(thread, 60000) == WAIT_OBJECT_0);
    /* One change is told of once. */
    CHECK(!set(-2, 1) && WaitForSingleObject(events[0], 300) == WAIT_TIMEOUT);
    /* The end of the handle ends a wait, and so does a change that a thread makes meanwhile. */
    CHECK(!RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_NAME, events[0], TRUE));
    CHECK(!RegCloseKey(key) && WaitForSingleObject(events[0], 60000) == WAIT_OBJECT_0);
    CloseHandle(thread);
    thread = CreateThread(NULL, 0, change_soon, NULL, 0, NULL);
    CHECK(thread && await() == 1 && WaitForSingleObject(thread, 60000) == WAIT_OBJECT_0);
    return 1;
}

static LONG check_user(void)
{
    HANDLE token;
    union {
        TOKEN_USER user;
        BYTE bytes[200];
    } info;
    DWORD size = 0;
    char *text, name[100];
    DWORD room = sizeof name;
    CHECK(!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token) && GetLastError() == ERROR_NO_TOKEN);
    CHECK(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    CHECK(!GetTokenInformation(token, TokenUser, NULL, 0, &size) && GetLastError() == ERROR_INSUFFICIENT_BUFFER);
    CHECK(size == sizeof info.user + 28);
    CHECK(GetTokenInformation(token, TokenUser, &info, size, &size) && IsValidSid(info.user.User.Sid));
    CHECK(EqualSid(info.user.User.Sid, info.user.User.Sid) && GetLengthSid(info.user.User.Sid) == 28);
    CHECK(ConvertSidToStringSidA(info.user.User.Sid, &text) && !strncmp(text, "S-1-5-21-", 9));
    LocalFree(text);
    CHECK(GetUserNameA(name, &room) && room == strlen(name) + 1 && CloseHandle(token));
    return 1;
}

static LONG (*const checks[])(void) = {check_keys, check_views, check_notify, check_user, check_drivers32};

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
        return 1;
    case REGISTRY_CHECK:
        return checks[l1]();
    case REGISTRY_SET:
        return set((int)l1, (DWORD)l2);
    case REGISTRY_GET:
        return get((int)l1);
    case REGISTRY_COUNT:
        return count();
    case REGISTRY_WAIT:
        return await();
    }
    return DefDriverProc(id, hdrvr, message, l1, l2);
}
