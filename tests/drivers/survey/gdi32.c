/* Cases of gdi32.dll. */
#include <string.h>

#include "survey.h"

#define NO_DC ((HDC)(ULONG_PTR)0x7ff4)

GOOD(gdi32, GetStockObject, of_each_kind)
{
    handle(gdi32(GetStockObject)(WHITE_BRUSH));
    handle(gdi32(GetStockObject)(BLACK_PEN));
    handle(gdi32(GetStockObject)(SYSTEM_FONT));
    handle(gdi32(GetStockObject)(DEFAULT_PALETTE));
}

WRONG(gdi32, GetStockObject, of_no_number)
{
    handle(gdi32(GetStockObject)(9));
    handle(gdi32(GetStockObject)(-1));
    handle(gdi32(GetStockObject)(1000));
}

GOOD(gdi32, SelectObject, and_back)
{
    HDC dc = CreateCompatibleDC(NULL);
    HBRUSH brush = CreateSolidBrush(RGB(1, 2, 3));
    HGDIOBJ before = gdi32(SelectObject)(dc, brush);
    yes(before == GetStockObject(WHITE_BRUSH));
    yes(gdi32(SelectObject)(dc, before) == brush);
    yes(DeleteObject(brush));
    DeleteDC(dc);
}

WRONG(gdi32, SelectObject, of_none)
{
    HDC dc = CreateCompatibleDC(NULL);
    handle(gdi32(SelectObject)(dc, NULL));
    handle(gdi32(SelectObject)(NO_DC, GetStockObject(WHITE_BRUSH)));
    DeleteDC(dc);
}

GOOD(gdi32, CreateFontIndirectA, of_a_name)
{
    LOGFONTA font = {.lfHeight = 20, .lfWeight = FW_BOLD, .lfFaceName = "Arial"}, read;
    HFONT made = gdi32(CreateFontIndirectA)(&font);
    handle(made);
    memset(&read, 0, sizeof read);
    number(gdi32(GetObjectA)(made, sizeof read, &read));
    number(read.lfHeight);
    number(read.lfWeight);
    text(read.lfFaceName);
    DeleteObject(made);
}

WRONG(gdi32, CreateFontIndirectA, of_null)
{
    handle(gdi32(CreateFontIndirectA)(NULL));
}

GOOD(gdi32, GetObjectA, of_a_bitmap)
{
    HBITMAP made = CreateBitmap(6, 4, 1, 1, NULL);
    BITMAP read;
    number(gdi32(GetObjectA)(made, sizeof read, &read) == sizeof read);
    number(read.bmWidth);
    number(read.bmHeight);
    number(read.bmWidthBytes);
    number(read.bmPlanes);
    number(read.bmBitsPixel);
    DeleteObject(made);
}

WRONG(gdi32, GetObjectA, of_none)
{
    BITMAP read;
    number(gdi32(GetObjectA)(NULL, sizeof read, &read));
}

GOOD(gdi32, GetTextAlign, as_it_begins)
{
    HDC dc = CreateCompatibleDC(NULL);
    number(gdi32(GetTextAlign)(dc));
    DeleteDC(dc);
}

WRONG(gdi32, GetTextAlign, of_none)
{
    hex(gdi32(GetTextAlign)(NO_DC));
}

GOOD(gdi32, SetTextAlign, and_again)
{
    HDC dc = CreateCompatibleDC(NULL);
    number(gdi32(SetTextAlign)(dc, TA_CENTER));
    number(gdi32(SetTextAlign)(dc, TA_RIGHT));
    number(gdi32(GetTextAlign)(dc));
    DeleteDC(dc);
}

WRONG(gdi32, SetTextAlign, of_none)
{
    hex(gdi32(SetTextAlign)(NO_DC, TA_CENTER));
}

GOOD(gdi32, GetTextExtentPoint32W, longer_is_wider)
{
    HDC dc = CreateCompatibleDC(NULL);
    SIZE one = {0, 0}, more = {0, 0};
    yes(gdi32(GetTextExtentPoint32W)(dc, L"x", 1, &one));
    yes(gdi32(GetTextExtentPoint32W)(dc, L"xxxx", 4, &more));
    yes(one.cx > 0 && one.cy > 0 && more.cx > one.cx && more.cy == one.cy);
    DeleteDC(dc);
}

WRONG(gdi32, GetTextExtentPoint32W, of_none)
{
    SIZE one = {0, 0};
    yes(gdi32(GetTextExtentPoint32W)(NO_DC, L"x", 1, &one));
}

GOOD(gdi32, GetTextMetricsA, that_agree)
{
    HDC dc = CreateCompatibleDC(NULL);
    TEXTMETRICA read;
    memset(&read, 0, sizeof read);
    yes(gdi32(GetTextMetricsA)(dc, &read));
    yes(read.tmHeight > 0 && read.tmHeight == read.tmAscent + read.tmDescent);
    yes(read.tmAveCharWidth > 0 && read.tmMaxCharWidth >= read.tmAveCharWidth);
    DeleteDC(dc);
}

WRONG(gdi32, GetTextMetricsA, of_none)
{
    TEXTMETRICA read;
    yes(gdi32(GetTextMetricsA)(NO_DC, &read));
}

GOOD(gdi32, SetBkColor, and_again)
{
    HDC dc = CreateCompatibleDC(NULL);
    hex(gdi32(SetBkColor)(dc, RGB(1, 2, 3)));
    hex(gdi32(SetBkColor)(dc, 0));
    DeleteDC(dc);
}

WRONG(gdi32, SetBkColor, of_none)
{
    hex(gdi32(SetBkColor)(NO_DC, 0));
}

GOOD(gdi32, SetBkMode, and_again)
{
    HDC dc = CreateCompatibleDC(NULL);
    number(gdi32(SetBkMode)(dc, TRANSPARENT));
    number(gdi32(SetBkMode)(dc, OPAQUE));
    DeleteDC(dc);
}

WRONG(gdi32, SetBkMode, of_none)
{
    HDC dc = CreateCompatibleDC(NULL);
    number(gdi32(SetBkMode)(NO_DC, OPAQUE));
    number(gdi32(SetBkMode)(dc, 9));
    DeleteDC(dc);
}

GOOD(gdi32, SetTextColor, and_again)
{
    HDC dc = CreateCompatibleDC(NULL);
    hex(gdi32(SetTextColor)(dc, RGB(1, 2, 3)));
    hex(gdi32(SetTextColor)(dc, 0));
    DeleteDC(dc);
}

WRONG(gdi32, SetTextColor, of_none)
{
    hex(gdi32(SetTextColor)(NO_DC, 0));
}

GOOD(gdi32, TextOutA, of_a_word)
{
    HDC dc = CreateCompatibleDC(NULL);
    yes(gdi32(TextOutA)(dc, 0, 0, "text", 4));
    DeleteDC(dc);
}

WRONG(gdi32, TextOutA, of_none)
{
    yes(gdi32(TextOutA)(NO_DC, 0, 0, "text", 4));
}

GOOD(gdi32, SetDIBitsToDevice, of_a_picture)
{
    static const char pixels[6 * 4 * 4];
    BITMAPINFO info = {{.biSize = sizeof(BITMAPINFOHEADER), .biWidth = 6, .biHeight = 4, .biPlanes = 1, .biBitCount = 32}};
    HDC dc = CreateCompatibleDC(NULL);
    number(gdi32(SetDIBitsToDevice)(dc, 0, 0, 6, 4, 0, 0, 0, 4, pixels, &info, DIB_RGB_COLORS));
    DeleteDC(dc);
}

WRONG(gdi32, SetDIBitsToDevice, of_none)
{
    BITMAPINFO info = {{.biSize = sizeof(BITMAPINFOHEADER), .biWidth = 6, .biHeight = 4, .biPlanes = 1, .biBitCount = 32}};
    HDC dc = CreateCompatibleDC(NULL);
    number(gdi32(SetDIBitsToDevice)(dc, 0, 0, 6, 4, 0, 0, 0, 4, NULL, &info, DIB_RGB_COLORS));
    DeleteDC(dc);
}
