//! What gdi32.dll exports.

use crate::gdi32::{bitmap, context, draw, font, object};

library! {
    /// gdi32.
    LIBRARY, Stdcall, ["gdi32.dll"], "https://learn.microsoft.com/windows/win32/api/";
    bitmap::CreateBitmap, "wingdi/nf-wingdi-createbitmap";
    bitmap::CreateCompatibleBitmap, "wingdi/nf-wingdi-createcompatiblebitmap";
    bitmap::CreateDIBSection, "wingdi/nf-wingdi-createdibsection";
    context::CreateCompatibleDC, "wingdi/nf-wingdi-createcompatibledc";
    context::CreateDC as "CreateDCA", "wingdi/nf-wingdi-createdca";
    context::CreateDC as "CreateDCW", "wingdi/nf-wingdi-createdcw";
    context::CreateDC as "CreateICA", "wingdi/nf-wingdi-createica";
    context::CreateDC as "CreateICW", "wingdi/nf-wingdi-createicw";
    context::DeleteDC, "wingdi/nf-wingdi-deletedc";
    context::GetBkColor, "wingdi/nf-wingdi-getbkcolor";
    context::GetBkMode, "wingdi/nf-wingdi-getbkmode";
    context::GetCurrentObject, "wingdi/nf-wingdi-getcurrentobject";
    context::GetDeviceCaps, "wingdi/nf-wingdi-getdevicecaps";
    context::GetMapMode, "wingdi/nf-wingdi-getmapmode";
    context::GetTextAlign, "wingdi/nf-wingdi-gettextalign";
    context::GetTextColor, "wingdi/nf-wingdi-gettextcolor";
    context::RealizePalette, "wingdi/nf-wingdi-realizepalette";
    context::RestoreDC, "wingdi/nf-wingdi-restoredc";
    context::SaveDC, "wingdi/nf-wingdi-savedc";
    context::SelectObject, "wingdi/nf-wingdi-selectobject";
    context::SelectPalette, "wingdi/nf-wingdi-selectpalette";
    context::SetBkColor, "wingdi/nf-wingdi-setbkcolor";
    context::SetBkMode, "wingdi/nf-wingdi-setbkmode";
    context::SetMapMode, "wingdi/nf-wingdi-setmapmode";
    context::SetROP2, "wingdi/nf-wingdi-setrop2";
    context::SetStretchBltMode, "wingdi/nf-wingdi-setstretchbltmode";
    context::SetTextAlign, "wingdi/nf-wingdi-settextalign";
    context::SetTextColor, "wingdi/nf-wingdi-settextcolor";
    draw::BitBlt, "wingdi/nf-wingdi-bitblt";
    draw::ExtTextOut as "ExtTextOutA", "wingdi/nf-wingdi-exttextouta";
    draw::ExtTextOut as "ExtTextOutW", "wingdi/nf-wingdi-exttextoutw";
    draw::TextOut as "TextOutA", "wingdi/nf-wingdi-textouta";
    draw::TextOut as "TextOutW", "wingdi/nf-wingdi-textoutw";
    draw::GdiFlush, "wingdi/nf-wingdi-gdiflush";
    draw::LineTo, "wingdi/nf-wingdi-lineto";
    draw::MoveToEx, "wingdi/nf-wingdi-movetoex";
    draw::PatBlt, "wingdi/nf-wingdi-patblt";
    draw::Rectangle, "wingdi/nf-wingdi-rectangle";
    draw::SetDIBitsToDevice, "wingdi/nf-wingdi-setdibitstodevice";
    draw::StretchDIBits, "wingdi/nf-wingdi-stretchdibits";
    draw::Rectangle as "Ellipse", "wingdi/nf-wingdi-ellipse";
    font::GetTextExtentPoint32<u8> as "GetTextExtentPoint32A", "wingdi/nf-wingdi-gettextextentpoint32a";
    font::GetTextExtentPoint32<u16> as "GetTextExtentPoint32W", "wingdi/nf-wingdi-gettextextentpoint32w";
    font::GetTextFace<u8> as "GetTextFaceA", "wingdi/nf-wingdi-gettextfacea";
    font::GetTextFace<u16> as "GetTextFaceW", "wingdi/nf-wingdi-gettextfacew";
    font::GetTextMetrics<u8> as "GetTextMetricsA", "wingdi/nf-wingdi-gettextmetricsa";
    font::GetTextMetrics<u16> as "GetTextMetricsW", "wingdi/nf-wingdi-gettextmetricsw";
    object::CreateBrushIndirect, "wingdi/nf-wingdi-createbrushindirect";
    object::CreateHatchBrush, "wingdi/nf-wingdi-createhatchbrush";
    object::CreatePalette, "wingdi/nf-wingdi-createpalette";
    object::CreatePen, "wingdi/nf-wingdi-createpen";
    object::CreateSolidBrush, "wingdi/nf-wingdi-createsolidbrush";
    object::DeleteObject, "wingdi/nf-wingdi-deleteobject";
    object::GetObjectType, "wingdi/nf-wingdi-getobjecttype";
    object::GetStockObject, "wingdi/nf-wingdi-getstockobject";
    object::CreateFontIndirect<u8> as "CreateFontIndirectA", "wingdi/nf-wingdi-createfontindirecta";
    object::CreateFontIndirect<u16> as "CreateFontIndirectW", "wingdi/nf-wingdi-createfontindirectw";
    object::GetObject<u8> as "GetObjectA", "wingdi/nf-wingdi-getobject";
    object::GetObject<u16> as "GetObjectW", "wingdi/nf-wingdi-getobjectw";
    font::GetTextExtentPoint32<u8> as "GetTextExtentPointA", "wingdi/nf-wingdi-gettextextentpointa";
    font::GetTextExtentPoint32<u16> as "GetTextExtentPointW", "wingdi/nf-wingdi-gettextextentpointw";
}
