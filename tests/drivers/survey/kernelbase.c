/* Cases of kernelbase.dll and ntdll.dll. */
#include <stdarg.h>

#include "survey.h"

#include <shlwapi.h>

static void write_file(void)
{
    CloseHandle(CreateFileA(temporary("survey-b.txt"), GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
}

GOOD(kernelbase, FindFirstFileW, a_file)
{
    WIN32_FIND_DATAW found = {0};
    HANDLE search;
    write_file();
    search = kernelbase(FindFirstFileW)(temporary_wide(L"survey-b.*"), &found);
    handle(search);
    wide(found.cFileName);
    number(found.nFileSizeLow);
    yes(kernelbase(FindNextFileW)(search, &found));
    last_error();
    yes(kernelbase(FindClose)(search));
    DeleteFileA(temporary("survey-b.txt"));
}

WRONG(kernelbase, FindFirstFileW, what_there_is_not)
{
    WIN32_FIND_DATAW found = {0};
    handle(kernelbase(FindFirstFileW)(temporary_wide(L"survey-absent.*"), &found));
    last_error();
}

GOOD(kernelbase, FindNextFileW, of_a_folder)
{
    WIN32_FIND_DATAW found = {0};
    HANDLE search;
    int count = 1;
    write_file();
    search = kernelbase(FindFirstFileW)(temporary_wide(L"*"), &found);
    while (kernelbase(FindNextFileW)(search, &found))
        count++;
    yes(count > 0);
    last_error();
    kernelbase(FindClose)(search);
    DeleteFileA(temporary("survey-b.txt"));
}

WRONG(kernelbase, FindNextFileW, of_no_search)
{
    WIN32_FIND_DATAW found = {0};
    yes(kernelbase(FindNextFileW)(INVALID_HANDLE_VALUE, &found));
    last_error();
}

GOOD(kernelbase, FindClose, a_search)
{
    WIN32_FIND_DATAW found = {0};
    write_file();
    yes(kernelbase(FindClose)(kernelbase(FindFirstFileW)(temporary_wide(L"survey-b.txt"), &found)));
    DeleteFileA(temporary("survey-b.txt"));
}

WRONG(kernelbase, FindClose, no_search)
{
    yes(kernelbase(FindClose)(INVALID_HANDLE_VALUE));
    last_error();
}

GOOD(kernelbase, GetFileAttributesW, of_a_file)
{
    write_file();
    yes(kernelbase(GetFileAttributesW)(temporary_wide(L"survey-b.txt")) != INVALID_FILE_ATTRIBUTES);
    yes(kernelbase(GetFileAttributesW)(temporary_wide(L"survey-b.txt")) & FILE_ATTRIBUTE_DIRECTORY);
    DeleteFileA(temporary("survey-b.txt"));
}

WRONG(kernelbase, GetFileAttributesW, of_what_there_is_not)
{
    number((LONG)kernelbase(GetFileAttributesW)(temporary_wide(L"survey-absent.txt")));
    last_error();
}

GOOD(kernelbase, GetModuleHandleA, of_a_library)
{
    yes(kernelbase(GetModuleHandleA)("kernel32.dll") == GetModuleHandleA("kernel32.dll"));
}

WRONG(kernelbase, GetModuleHandleA, of_what_there_is_not)
{
    pointer(kernelbase(GetModuleHandleA)("survey-absent.dll"));
    last_error();
}

GOOD(kernelbase, GetProcAddress, of_a_function)
{
    pointer(kernelbase(GetProcAddress)(GetModuleHandleA("kernel32.dll"), "Sleep"));
}

WRONG(kernelbase, GetProcAddress, of_what_there_is_not)
{
    pointer(kernelbase(GetProcAddress)(GetModuleHandleA("kernel32.dll"), "SurveyAbsent"));
    last_error();
}

GOOD(kernelbase, LocalAlloc, zeros)
{
    char *block = kernelbase(LocalAlloc)(LPTR, 4);
    bytes(block, 4);
    pointer(kernelbase(LocalFree)(block));
}

WRONG(kernelbase, LocalAlloc, more_than_there_is)
{
    pointer(kernelbase(LocalAlloc)(LPTR, enormous));
    last_error();
}

GOOD(kernelbase, LocalFree, a_block)
{
    pointer(kernelbase(LocalFree)(kernelbase(LocalAlloc)(LPTR, 4)));
}

WRONG(kernelbase, LocalFree, null)
{
    pointer(kernelbase(LocalFree)(nothing));
}

GOOD(kernelbase, MultiByteToWideChar, a_text)
{
    WCHAR to[8];
    number(kernelbase(MultiByteToWideChar)(CP_ACP, 0, "plain", -1, to, 8));
    wide(to);
}

WRONG(kernelbase, MultiByteToWideChar, where_there_is_no_room)
{
    WCHAR to[4];
    number(kernelbase(MultiByteToWideChar)(CP_ACP, 0, "too long", -1, to, 4));
    last_error();
}

GOOD(kernelbase, WideCharToMultiByte, a_text)
{
    char to[8];
    number(kernelbase(WideCharToMultiByte)(CP_ACP, 0, L"plain", -1, to, 8, NULL, NULL));
    text(to);
}

WRONG(kernelbase, WideCharToMultiByte, where_there_is_no_room)
{
    char to[4];
    number(kernelbase(WideCharToMultiByte)(CP_ACP, 0, L"too long", -1, to, 4, NULL, NULL));
    last_error();
}

GOOD(kernelbase, PathCombineW, of_two_parts)
{
    WCHAR to[MAX_PATH];
    wide(kernelbase(PathCombineW)(to, L"C:\\folder", L"file"));
    wide(kernelbase(PathCombineW)(to, L"C:\\folder\\", L"..\\other\\.\\file"));
    wide(kernelbase(PathCombineW)(to, L"C:\\folder", L"D:\\file"));
    wide(kernelbase(PathCombineW)(to, L"C:\\folder", L"\\file"));
}

WRONG(kernelbase, PathCombineW, of_null)
{
    WCHAR to[MAX_PATH] = L"x";
    pointer(kernelbase(PathCombineW)(to, nothing, nothing));
    wide(to);
    pointer(kernelbase(PathCombineW)(nothing, L"a", L"b"));
}

GOOD(kernelbase, PathIsRelativeW, of_a_name)
{
    yes(kernelbase(PathIsRelativeW)(L"folder\\file"));
    yes(kernelbase(PathIsRelativeW)(L"C:\\folder"));
    yes(kernelbase(PathIsRelativeW)(L"\\folder"));
}

WRONG(kernelbase, PathIsRelativeW, of_null)
{
    yes(kernelbase(PathIsRelativeW)(nothing));
}

GOOD(kernelbase, PathIsUNCW, of_a_name)
{
    yes(kernelbase(PathIsUNCW)(L"\\\\server\\share"));
    yes(kernelbase(PathIsUNCW)(L"C:\\folder"));
}

WRONG(kernelbase, PathIsUNCW, of_null)
{
    yes(kernelbase(PathIsUNCW)(nothing));
}

static int into(char *to, size_t size, const char *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = ((int(__cdecl *)(char *, size_t, const char *, va_list))(void *)ntdll__vsnprintf)(to, size, format, arguments);
    va_end(arguments);
    return result;
}

GOOD(ntdll, _vsnprintf, of_each_kind)
{
    char to[40];
    number(into(to, sizeof to, "%d %s %04x %c %5u|%-5d|", -42, "text", 255, 'c', 7U, 8));
    text(to);
}

WRONG(ntdll, _vsnprintf, where_there_is_no_room)
{
    FILLED(to, 8, 'x');
    number(into(to, 4, "%d", 1234567));
    bytes(to, 8);
}
