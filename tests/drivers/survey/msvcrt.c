/* Cases of msvcrt.dll: memory and text. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#include "survey.h"

#define C_ERROR c_error(*msvcrt(_errno)())

/* Memory */

GOOD(msvcrt, malloc, some_bytes)
{
    char *block = msvcrt(malloc)(10);
    pointer(block);
    number((ULONG_PTR)block % 8);
    msvcrt(free)(block);
}

WRONG(msvcrt, malloc, more_than_there_is)
{
    pointer(msvcrt(malloc)(enormous));
    C_ERROR;
}

GOOD(msvcrt, calloc, some_numbers)
{
    char *block = msvcrt(calloc)(3, 4);
    bytes(block, 12);
    msvcrt(free)(block);
}

WRONG(msvcrt, calloc, more_than_can_be_multiplied)
{
    pointer(msvcrt(calloc)(enormous / 2, 4));
    C_ERROR;
}

GOOD(msvcrt, realloc, a_block_that_grows)
{
    char *block = msvcrt(malloc)(4);
    msvcrt(memcpy)(block, "abc", 4);
    block = msvcrt(realloc)(block, 1000);
    text(block);
    pointer(msvcrt(realloc)(block, 0));
    block = msvcrt(realloc)(NULL, 5);
    pointer(block);
    msvcrt(free)(block);
}

WRONG(msvcrt, realloc, more_than_there_is)
{
    char *block = msvcrt(malloc)(4);
    pointer(msvcrt(realloc)(block, enormous));
    C_ERROR;
    msvcrt(free)(block);
}

GOOD(msvcrt, free, a_block)
{
    msvcrt(free)(msvcrt(malloc)(1));
    C_ERROR;
}

WRONG(msvcrt, free, null)
{
    msvcrt(free)(nothing);
    C_ERROR;
}

GOOD(msvcrt, _aligned_malloc, to_64_bytes)
{
    void *block = msvcrt(_aligned_malloc)(100, 64);
    pointer(block);
    number((ULONG_PTR)block % 64);
    msvcrt(_aligned_free)(block);
}

WRONG(msvcrt, _aligned_malloc, to_no_power_of_two)
{
    pointer(msvcrt(_aligned_malloc)(100, 24));
    C_ERROR;
}

GOOD(msvcrt, _aligned_free, a_block)
{
    msvcrt(_aligned_free)(msvcrt(_aligned_malloc)(1, 16));
    C_ERROR;
}

WRONG(msvcrt, _aligned_free, null)
{
    msvcrt(_aligned_free)(nothing);
    C_ERROR;
}

GOOD(msvcrt, memcpy, five_bytes)
{
    FILLED(to, 8, 'x');
    pointer(msvcrt(memcpy)(to, "abcde", 5) == to ? to : NULL);
    bytes(to, 8);
}

WRONG(msvcrt, memcpy, to_null)
{
    msvcrt(memcpy)(nothing, "abc", 3);
}

GOOD(msvcrt, memmove, to_where_it_overlaps)
{
    char block[] = "abcdef";
    msvcrt(memmove)(block + 1, block, 5);
    text(block);
    msvcrt(memmove)(block, block + 2, 4);
    text(block);
}

WRONG(msvcrt, memmove, from_null)
{
    char block[4] = "";
    msvcrt(memmove)(block, nothing, 3);
}

GOOD(msvcrt, memset, three_bytes)
{
    FILLED(to, 5, 'x');
    msvcrt(memset)(to, 0x1ff, 3);
    bytes(to, 5);
}

WRONG(msvcrt, memset, of_null)
{
    msvcrt(memset)(nothing, 0, 1);
}

GOOD(msvcrt, memcmp, three_bytes)
{
    sign(msvcrt(memcmp)("abc", "abd", 3));
    sign(msvcrt(memcmp)("abc", "abd", 2));
    sign(msvcrt(memcmp)("\xff", "\x01", 1));
}

WRONG(msvcrt, memcmp, with_null)
{
    sign(msvcrt(memcmp)("abc", nothing, 3));
}

GOOD(msvcrt, memchr, a_byte)
{
    const char *at = "hello";
    number((const char *)msvcrt(memchr)(at, 'l', 5) - at);
    pointer(msvcrt(memchr)(at, 'o', 4));
}

WRONG(msvcrt, memchr, in_null)
{
    pointer(msvcrt(memchr)(nothing, 1, 1));
}

/* Text */

GOOD(msvcrt, strlen, of_a_text)
{
    number(msvcrt(strlen)(""));
    number(msvcrt(strlen)("some text"));
}

WRONG(msvcrt, strlen, of_null)
{
    number(msvcrt(strlen)(nothing));
}

GOOD(msvcrt, strcmp, texts)
{
    sign(msvcrt(strcmp)("abc", "abd"));
    sign(msvcrt(strcmp)("abc", "ab"));
    sign(msvcrt(strcmp)("\xe4", "z"));
    sign(msvcrt(strcmp)("", ""));
}

WRONG(msvcrt, strcmp, with_null)
{
    sign(msvcrt(strcmp)("a", nothing));
}

GOOD(msvcrt, strncmp, starts)
{
    sign(msvcrt(strncmp)("abc", "abd", 2));
    sign(msvcrt(strncmp)("abc", "abd", 3));
    sign(msvcrt(strncmp)("abc", "b", 0));
}

WRONG(msvcrt, strncmp, with_null)
{
    sign(msvcrt(strncmp)(nothing, "a", 1));
}

GOOD(msvcrt, _stricmp, texts)
{
    sign(msvcrt(_stricmp)("ABC", "abc"));
    sign(msvcrt(_stricmp)("ABC", "abd"));
}

WRONG(msvcrt, _stricmp, with_null)
{
    sign(msvcrt(_stricmp)("a", nothing));
    C_ERROR;
}

GOOD(msvcrt, _strnicmp, starts)
{
    sign(msvcrt(_strnicmp)("ABC", "abd", 2));
    sign(msvcrt(_strnicmp)("ABC", "abd", 3));
}

WRONG(msvcrt, _strnicmp, with_null)
{
    sign(msvcrt(_strnicmp)(nothing, "a", 1));
    C_ERROR;
}

GOOD(msvcrt, strcoll, texts)
{
    sign(msvcrt(strcoll)("abc", "abd"));
    sign(msvcrt(strcoll)("Z", "a"));
    sign(msvcrt(strcoll)("a", "a"));
}

WRONG(msvcrt, strcoll, with_null)
{
    sign(msvcrt(strcoll)("a", nothing));
}

GOOD(msvcrt, strxfrm, a_text)
{
    FILLED(to, 8, 'x');
    number(msvcrt(strxfrm)(to, "abc", 8));
    text(to);
    number(msvcrt(strxfrm)(NULL, "abcd", 0));
}

WRONG(msvcrt, strxfrm, null)
{
    char to[4];
    number(msvcrt(strxfrm)(to, nothing, 4));
    C_ERROR;
}

GOOD(msvcrt, strcpy, a_text)
{
    FILLED(to, 8, 'x');
    msvcrt(strcpy)(to, "abc");
    bytes(to, 8);
}

WRONG(msvcrt, strcpy, to_null)
{
    msvcrt(strcpy)(nothing, "a");
}

GOOD(msvcrt, strncpy, shorter_and_longer)
{
    FILLED(to, 8, 'x');
    msvcrt(strncpy)(to, "abc", 6);
    bytes(to, 8);
    msvcrt(strncpy)(to, "defgh", 2);
    bytes(to, 8);
}

WRONG(msvcrt, strncpy, from_null)
{
    char to[4];
    msvcrt(strncpy)(to, nothing, 3);
}

GOOD(msvcrt, strcat, a_text)
{
    char to[8] = "ab";
    text(msvcrt(strcat)(to, "cd"));
}

WRONG(msvcrt, strcat, null)
{
    char to[8] = "ab";
    msvcrt(strcat)(to, nothing);
}

GOOD(msvcrt, strchr, a_letter)
{
    text(msvcrt(strchr)("hello", 'l'));
    text(msvcrt(strchr)("hello", 'z'));
    text(msvcrt(strchr)("hello", 0));
}

WRONG(msvcrt, strchr, in_null)
{
    text(msvcrt(strchr)(nothing, 'l'));
}

GOOD(msvcrt, strrchr, a_letter)
{
    text(msvcrt(strrchr)("hello", 'l'));
    text(msvcrt(strrchr)("hello", 'z'));
}

WRONG(msvcrt, strrchr, in_null)
{
    text(msvcrt(strrchr)(nothing, 'l'));
}

GOOD(msvcrt, strstr, a_part)
{
    text(msvcrt(strstr)("one two three", "two"));
    text(msvcrt(strstr)("one", "four"));
    text(msvcrt(strstr)("one", ""));
}

WRONG(msvcrt, strstr, null)
{
    text(msvcrt(strstr)("one", nothing));
}

GOOD(msvcrt, strspn, digits)
{
    number(msvcrt(strspn)("123abc", "0123456789"));
    number(msvcrt(strspn)("abc", "0123456789"));
}

WRONG(msvcrt, strspn, null)
{
    number(msvcrt(strspn)(nothing, "a"));
}

GOOD(msvcrt, strcspn, up_to_a_digit)
{
    number(msvcrt(strcspn)("abc123", "0123456789"));
    number(msvcrt(strcspn)("abc", "0123456789"));
}

WRONG(msvcrt, strcspn, null)
{
    number(msvcrt(strcspn)("a", nothing));
}

GOOD(msvcrt, strpbrk, a_digit)
{
    text(msvcrt(strpbrk)("abc123", "0123456789"));
    text(msvcrt(strpbrk)("abc", "0123456789"));
}

WRONG(msvcrt, strpbrk, null)
{
    text(msvcrt(strpbrk)(nothing, "a"));
}

GOOD(msvcrt, _strdup, a_text)
{
    char *copy = msvcrt(_strdup)("abc");
    text(copy);
    msvcrt(free)(copy);
}

WRONG(msvcrt, _strdup, null)
{
    pointer(msvcrt(_strdup)(nothing));
}

GOOD(msvcrt, strerror, of_numbers)
{
    text(msvcrt(strerror)(2));
    text(msvcrt(strerror)(22));
    text(msvcrt(strerror)(0));
}

WRONG(msvcrt, strerror, of_no_error)
{
    text(msvcrt(strerror)(-1));
    text(msvcrt(strerror)(12345));
}

#ifdef __i386__
GOOD(msvcrt, strcpy_s, a_text)
{
    FILLED(to, 8, 'x');
    number(msvcrt(strcpy_s)(to, 8, "abc"));
    text(to);
}

WRONG(msvcrt, strcpy_s, too_long_a_text)
{
    FILLED(to, 4, 'x');
    number(msvcrt(strcpy_s)(to, 4, "abcdef"));
    bytes(to, 1);
    C_ERROR;
}
#endif

GOOD(msvcrt, strtok_s, words)
{
    char words[] = " one,two ", *context = NULL;
    text(msvcrt(strtok_s)(words, " ,", &context));
    text(msvcrt(strtok_s)(NULL, " ,", &context));
    text(msvcrt(strtok_s)(NULL, " ,", &context));
}

WRONG(msvcrt, strtok_s, no_delimiters)
{
    char words[] = "one", *context = NULL;
    pointer(msvcrt(strtok_s)(words, nothing, &context));
    C_ERROR;
}
