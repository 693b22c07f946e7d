/* Cases of kernel32.dll: errors, text, memory, modules and what is known of the process. */
#include "survey.h"

/* Errors */

GOOD(kernel32, GetLastError, what_was_set)
{
    kernel32(SetLastError)(1234);
    number(kernel32(GetLastError)());
}

NO_WRONG(kernel32, GetLastError, "it takes no arguments")

GOOD(kernel32, SetLastError, numbers)
{
    kernel32(SetLastError)(0xdeadbeef);
    hex(kernel32(GetLastError)());
    kernel32(SetLastError)(0);
    hex(kernel32(GetLastError)());
}

NO_WRONG(kernel32, SetLastError, "any number can be set")

GOOD(kernel32, FormatMessageA, a_text_of_the_callers)
{
    char to[40] = "";
    DWORD_PTR inserts[] = {(DWORD_PTR) "two", 3};
    number(kernel32(FormatMessageA)(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY, "one %1 %2!d!%n", 0, 0, to,
                                    sizeof to, (va_list *)inserts));
    text(to);
}

WRONG(kernel32, FormatMessageA, without_a_source)
{
    char to[4];
    number(kernel32(FormatMessageA)(0, NULL, 1, 0, to, sizeof to, NULL));
    last_error();
}

GOOD(kernel32, OutputDebugStringA, a_text)
{
    kernel32(OutputDebugStringA)("the survey says nothing\n");
}

WRONG(kernel32, OutputDebugStringA, null)
{
    kernel32(OutputDebugStringA)(nothing);
    word("back");
}

GOOD(kernel32, RaiseException, of_the_drivers_own)
{
    kernel32(RaiseException)(0xe0001234, 0, 0, NULL);
}

NO_WRONG(kernel32, RaiseException, "any number is a code")

/* Text */

GOOD(kernel32, MultiByteToWideChar, in_some_code_pages)
{
    WCHAR to[20];
    number(kernel32(MultiByteToWideChar)(CP_ACP, 0, "plain", -1, to, 20));
    wide(to);
    number(kernel32(MultiByteToWideChar)(CP_UTF8, 0, "\xc3\xa4\xe2\x82\xac", -1, to, 20));
    wide(to);
    number(kernel32(MultiByteToWideChar)(1252, 0, "\x80\xe4", 2, to, 20));
    number(to[0]);
    number(to[1]);
    number(kernel32(MultiByteToWideChar)(CP_ACP, 0, "count", 5, NULL, 0));
}

WRONG(kernel32, MultiByteToWideChar, where_there_is_no_room)
{
    WCHAR to[4];
    number(kernel32(MultiByteToWideChar)(CP_ACP, 0, "too long", -1, to, 4));
    last_error();
    number(kernel32(MultiByteToWideChar)(CP_UTF8, MB_ERR_INVALID_CHARS, "\xff", 1, to, 4));
    last_error();
    number(kernel32(MultiByteToWideChar)(54321, 0, "a", 1, to, 4));
    last_error();
}

WRONG(kernel32, MultiByteToWideChar, null)
{
    WCHAR to[4];
    number(kernel32(MultiByteToWideChar)(CP_ACP, 0, nothing, 3, to, 4));
    last_error();
}

GOOD(kernel32, WideCharToMultiByte, in_some_code_pages)
{
    char to[20];
    BOOL replaced = FALSE;
    number(kernel32(WideCharToMultiByte)(CP_ACP, 0, L"plain", -1, to, 20, NULL, NULL));
    text(to);
    number(kernel32(WideCharToMultiByte)(CP_UTF8, 0, L"\xe4\x20ac", -1, to, 20, NULL, NULL));
    text(to);
    number(kernel32(WideCharToMultiByte)(1252, 0, L"\x20ac\x4e00", -1, to, 20, "#", &replaced));
    text(to);
    yes(replaced);
    number(kernel32(WideCharToMultiByte)(CP_ACP, 0, L"count", 5, NULL, 0, NULL, NULL));
}

WRONG(kernel32, WideCharToMultiByte, where_there_is_no_room)
{
    char to[4];
    number(kernel32(WideCharToMultiByte)(CP_ACP, 0, L"too long", -1, to, 4, NULL, NULL));
    last_error();
    number(kernel32(WideCharToMultiByte)(54321, 0, L"a", 1, to, 4, NULL, NULL));
    last_error();
}

WRONG(kernel32, WideCharToMultiByte, null)
{
    char to[4];
    number(kernel32(WideCharToMultiByte)(CP_ACP, 0, nothing, 3, to, 4, NULL, NULL));
    last_error();
}

GOOD(kernel32, IsDBCSLeadByteEx, in_two_code_pages)
{
    yes(kernel32(IsDBCSLeadByteEx)(1252, 0x81));
    yes(kernel32(IsDBCSLeadByteEx)(CP_ACP, 'a'));
}

WRONG(kernel32, IsDBCSLeadByteEx, in_no_code_page)
{
    yes(kernel32(IsDBCSLeadByteEx)(54321, 0x81));
}

GOOD(kernel32, lstrlenA, of_a_text)
{
    number(kernel32(lstrlenA)("text"));
}

WRONG(kernel32, lstrlenA, of_null)
{
    number(kernel32(lstrlenA)(nothing));
    number(kernel32(lstrlenA)((const char *)(ULONG_PTR)16));
}

GOOD(kernel32, lstrcpyA, a_text)
{
    char to[8];
    text(kernel32(lstrcpyA)(to, "abc"));
}

WRONG(kernel32, lstrcpyA, to_null)
{
    pointer(kernel32(lstrcpyA)(nothing, "abc"));
    last_error();
}

GOOD(kernel32, lstrcpyW, a_text)
{
    WCHAR to[8];
    wide(kernel32(lstrcpyW)(to, L"abc"));
}

WRONG(kernel32, lstrcpyW, to_null)
{
    pointer(kernel32(lstrcpyW)(nothing, L"abc"));
    last_error();
}

GOOD(kernel32, lstrcpynA, what_fits)
{
    char to[8];
    text(kernel32(lstrcpynA)(to, "abcdef", 4));
}

WRONG(kernel32, lstrcpynA, to_null)
{
    pointer(kernel32(lstrcpynA)(nothing, "abc", 3));
    last_error();
}

GOOD(kernel32, lstrcatA, a_text)
{
    char to[8] = "ab";
    text(kernel32(lstrcatA)(to, "cd"));
}

WRONG(kernel32, lstrcatA, null)
{
    char to[8] = "ab";
    pointer(kernel32(lstrcatA)(to, nothing));
    last_error();
}

GOOD(kernel32, lstrcmpiA, texts)
{
    sign(kernel32(lstrcmpiA)("ABC", "abc"));
    sign(kernel32(lstrcmpiA)("abc", "ABD"));
}

WRONG(kernel32, lstrcmpiA, with_null)
{
    sign(kernel32(lstrcmpiA)(nothing, "a"));
    sign(kernel32(lstrcmpiA)("a", nothing));
    sign(kernel32(lstrcmpiA)(nothing, nothing));
}

GOOD(kernel32, lstrcmpW, texts)
{
    sign(kernel32(lstrcmpW)(L"abc", L"abc"));
    sign(kernel32(lstrcmpW)(L"abc", L"abd"));
    sign(kernel32(lstrcmpW)(L"a", L"B"));
}

WRONG(kernel32, lstrcmpW, with_null)
{
    sign(kernel32(lstrcmpW)(nothing, L"a"));
    sign(kernel32(lstrcmpW)(nothing, nothing));
}

/* Memory */

GOOD(kernel32, HeapAlloc, zeros)
{
    char *block = kernel32(HeapAlloc)(GetProcessHeap(), HEAP_ZERO_MEMORY, 8);
    bytes(block, 8);
    yes(kernel32(HeapFree)(GetProcessHeap(), 0, block));
}

WRONG(kernel32, HeapAlloc, more_than_there_is)
{
    pointer(kernel32(HeapAlloc)(GetProcessHeap(), 0, enormous));
}

GOOD(kernel32, HeapReAlloc, a_block_that_grows)
{
    char *block = kernel32(HeapAlloc)(GetProcessHeap(), 0, 4);
    lstrcpyA(block, "abc");
    block = kernel32(HeapReAlloc)(GetProcessHeap(), 0, block, 4000);
    text(block);
    kernel32(HeapFree)(GetProcessHeap(), 0, block);
}

WRONG(kernel32, HeapReAlloc, null)
{
    pointer(kernel32(HeapReAlloc)(GetProcessHeap(), 0, nothing, 10));
}

GOOD(kernel32, HeapFree, a_block)
{
    yes(kernel32(HeapFree)(GetProcessHeap(), 0, kernel32(HeapAlloc)(GetProcessHeap(), 0, 1)));
}

WRONG(kernel32, HeapFree, null)
{
    yes(kernel32(HeapFree)(GetProcessHeap(), 0, nothing));
    last_error();
}

GOOD(kernel32, LocalAlloc, zeros)
{
    char *block = kernel32(LocalAlloc)(LPTR, 8);
    bytes(block, 8);
    pointer(kernel32(LocalFree)(block));
}

WRONG(kernel32, LocalAlloc, more_than_there_is)
{
    pointer(kernel32(LocalAlloc)(LPTR, enormous));
    last_error();
}

GOOD(kernel32, LocalFree, a_block)
{
    pointer(kernel32(LocalFree)(kernel32(LocalAlloc)(LMEM_FIXED, 8)));
}

WRONG(kernel32, LocalFree, null)
{
    pointer(kernel32(LocalFree)(nothing));
    last_error();
}

GOOD(kernel32, GlobalAlloc, a_block_that_moves)
{
    HGLOBAL block = kernel32(GlobalAlloc)(GHND, 8);
    char *at = kernel32(GlobalLock)(block);
    bytes(at, 8);
    yes(at != (char *)block);
    yes(kernel32(GlobalUnlock)(block));
    pointer(kernel32(GlobalFree)(block));
}

WRONG(kernel32, GlobalAlloc, more_than_there_is)
{
    pointer(kernel32(GlobalAlloc)(GPTR, enormous));
    last_error();
}

GOOD(kernel32, GlobalFree, a_block)
{
    pointer(kernel32(GlobalFree)(kernel32(GlobalAlloc)(GPTR, 8)));
}

WRONG(kernel32, GlobalFree, null)
{
    pointer(kernel32(GlobalFree)(nothing));
    last_error();
}

GOOD(kernel32, GlobalLock, a_block_that_stays)
{
    HGLOBAL block = kernel32(GlobalAlloc)(GPTR, 8);
    yes(kernel32(GlobalLock)(block) == block);
    kernel32(GlobalFree)(block);
}

WRONG(kernel32, GlobalLock, null)
{
    pointer(kernel32(GlobalLock)(nothing));
    last_error();
}

GOOD(kernel32, GlobalUnlock, what_was_locked_twice)
{
    HGLOBAL block = kernel32(GlobalAlloc)(GHND, 8);
    kernel32(GlobalLock)(block);
    kernel32(GlobalLock)(block);
    yes(kernel32(GlobalUnlock)(block));
    yes(kernel32(GlobalUnlock)(block));
    last_error();
    kernel32(GlobalFree)(block);
}

WRONG(kernel32, GlobalUnlock, what_is_not_locked)
{
    HGLOBAL block = kernel32(GlobalAlloc)(GHND, 8);
    yes(kernel32(GlobalUnlock)(block));
    last_error();
    kernel32(GlobalFree)(block);
}

GOOD(kernel32, GlobalHandle, of_a_block)
{
    HGLOBAL block = kernel32(GlobalAlloc)(GHND, 8);
    yes(kernel32(GlobalHandle)(kernel32(GlobalLock)(block)) == block);
    kernel32(GlobalUnlock)(block);
    kernel32(GlobalFree)(block);
}

WRONG(kernel32, GlobalHandle, of_null)
{
    pointer(kernel32(GlobalHandle)(nothing));
    last_error();
}

GOOD(kernel32, VirtualAlloc, a_page)
{
    char *block = kernel32(VirtualAlloc)(NULL, 100, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    pointer(block);
    number((ULONG_PTR)block % 0x10000);
    bytes(block, 4);
    yes(kernel32(VirtualFree)(block, 0, MEM_RELEASE));
}

WRONG(kernel32, VirtualAlloc, nothing_at_all)
{
    pointer(kernel32(VirtualAlloc)(NULL, 0, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    last_error();
}

GOOD(kernel32, VirtualFree, a_page)
{
    void *block = kernel32(VirtualAlloc)(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    yes(kernel32(VirtualFree)(block, 4096, MEM_DECOMMIT));
    yes(kernel32(VirtualFree)(block, 0, MEM_RELEASE));
}

WRONG(kernel32, VirtualFree, null)
{
    yes(kernel32(VirtualFree)(nothing, 0, MEM_RELEASE));
    last_error();
}

GOOD(kernel32, VirtualProtect, a_page)
{
    DWORD before = 0;
    char *block = kernel32(VirtualAlloc)(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    yes(kernel32(VirtualProtect)(block, 4096, PAGE_READONLY, &before));
    hex(before);
    yes(IsBadWritePtr(block, 1));
    yes(kernel32(VirtualProtect)(block, 4096, PAGE_READWRITE, &before));
    hex(before);
    kernel32(VirtualFree)(block, 0, MEM_RELEASE);
}

WRONG(kernel32, VirtualProtect, what_is_not_there)
{
    DWORD before = 0;
    yes(kernel32(VirtualProtect)(nothing, 4096, PAGE_READONLY, &before));
    last_error();
}

GOOD(kernel32, VirtualQuery, a_page)
{
    MEMORY_BASIC_INFORMATION information = {0};
    char *block = kernel32(VirtualAlloc)(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    yes(kernel32(VirtualQuery)(block + 5, &information, sizeof information) == sizeof information);
    yes(information.BaseAddress == block);
    hex(information.State);
    hex(information.Protect);
    hex(information.Type);
    kernel32(VirtualFree)(block, 0, MEM_RELEASE);
}

WRONG(kernel32, VirtualQuery, where_there_is_no_room)
{
    MEMORY_BASIC_INFORMATION information = {0};
    number(kernel32(VirtualQuery)(&information, &information, 4));
    last_error();
}

GOOD(kernel32, IsBadReadPtr, of_what_is_there)
{
    yes(kernel32(IsBadReadPtr)("text", 4));
    yes(kernel32(IsBadReadPtr)(NULL, 0));
}

WRONG(kernel32, IsBadReadPtr, of_null)
{
    yes(kernel32(IsBadReadPtr)(nothing, 1));
}

GOOD(kernel32, IsBadWritePtr, of_what_is_there)
{
    char to[4];
    yes(kernel32(IsBadWritePtr)(to, 4));
}

WRONG(kernel32, IsBadWritePtr, of_null)
{
    yes(kernel32(IsBadWritePtr)(nothing, 1));
}

GOOD(kernel32, IsBadStringPtrA, of_a_text)
{
    yes(kernel32(IsBadStringPtrA)("text", 100));
}

WRONG(kernel32, IsBadStringPtrA, of_null)
{
    yes(kernel32(IsBadStringPtrA)(nothing, 1));
}

GOOD(kernel32, IsBadStringPtrW, of_a_text)
{
    yes(kernel32(IsBadStringPtrW)(L"text", 100));
}

WRONG(kernel32, IsBadStringPtrW, of_null)
{
    yes(kernel32(IsBadStringPtrW)(nothing, 1));
}
