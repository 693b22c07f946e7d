/*
 * A MIDI driver that answers as it is told, by words in the text of the last DRV_OPEN: `init=`, `enable=`, `devices=`, `open=`, `data=`, `prepare=`, `unprepare=`, `long=`,
 * `reset=` and `close=` are its answers to the messages of these names. `caps=1` says success and fills nothing in, `caps=2` fills in what is nothing, and more than was asked for,
 * `caps=3` refuses. Only `long=0` and `keeps=0` give a buffer back.
 */
#include "codec.h"

static WCHAR text_copy[MAX_TEXT + 1];

static DWORD option(const char *name, LRESULT otherwise)
{
    return (DWORD)behaviour(text_copy, name, otherwise).answer;
}

__declspec(dllexport) DWORD WINAPI modMessage(UINT device, UINT message, DWORD_PTR user, DWORD_PTR p1, DWORD_PTR p2)
{
    MIDIHDR *header = (MIDIHDR *)p1;
    see(0x10000 + message, 0, 0);
    race(p1);
    switch (message) {
    case 100: /* DRVM_INIT */
        return option("init=", 0);
    case 103: /* DRVM_ENABLE */
        return option("enable=", 0);
    case 1: /* MODM_GETNUMDEVS */
        return option("devices=", 1);
    case 2: /* MODM_GETDEVCAPS */
        switch (option("caps=", 1)) {
        case 1:
            return MMSYSERR_NOERROR;
        case 2:
            memset((void *)p1, 0xD8, p2 + 10);
            return MMSYSERR_NOERROR;
        default:
            return MMSYSERR_NODRIVER;
        }
    case 3: /* MODM_OPEN */
        return option("open=", 0);
    case 4: /* MODM_CLOSE */
        return option("close=", 0);
    case 5: /* MODM_PREPARE */
        return option("prepare=", 0);
    case 6: /* MODM_UNPREPARE */
        return option("unprepare=", 0);
    case 7: /* MODM_DATA */
        return option("data=", 0);
    case 8: /* MODM_LONGDATA */
        if (!option("long=", 0) && !option("keeps=", 0))
            header->dwFlags |= MHDR_DONE;
        return option("long=", 0);
    case 9: /* MODM_RESET */
        return option("reset=", 0);
    default:
        return MMSYSERR_NOTSUPPORTED;
    }
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    int n;
    if (message == CODEC_SEEN)
        return tell((struct seen *)l1);
    if (message == DRV_OPEN) {
        for (n = 0; l1 && ((const WCHAR *)l1)[n] && n < MAX_TEXT; n++)
            text_copy[n] = ((const WCHAR *)l1)[n];
        text_copy[n] = 0;
    }
    return spy(id, hdrvr, message, l1, l2);
}
