/*
 * A MIDI synth in C++ with habits that those share which were made after the Windows driver of Munt, such as libADLMIDI's, and that midisynth.c has not:
 *
 * - it plays at 49,716 Hz, as an OPL3 chip does, ten buffers of a hundredth of a second, and looks which of them are done when its event comes;
 * - it goes on playing once its first client has come, whether that leaves or not, until it is unloaded;
 * - an event counts from the sample on that the device had played when it came, one round of the buffers later;
 * - it tells the forms of capabilities by their sizes, keeps a number of 32 bits for a client where pointers go, and leaves it to others to prepare buffers;
 * - while it is attached it asks the registry to be told of changes, and finds DriverCallback by its name.
 *
 * With the word `ring` in the text of the last DRV_OPEN it plays one buffer over and over instead, and writes behind the device's position into that.
 *
 * Each note is a square wave of 1000, upside down on the right: (n * key / 4000) & 1 says which half of the wave the note's n-th sample is in.
 */
#include <windows.h>
#include <mmsystem.h>
#include <mmddk.h>
#include <process.h>

#include <cwchar>
#include <iostream>
#include <map>
#include <vector>

namespace {

constexpr DWORD rate = 49716;
constexpr DWORD chunk = rate / 100;
constexpr DWORD chunks = 10;
// A round of the buffers.
constexpr DWORD whole = chunk * chunks;

struct Event {
    DWORD message;
    DWORD at;
};

class Lock {
    HANDLE event;

public:
    Lock() : event(CreateEventW(nullptr, FALSE, TRUE, nullptr)) {}
    void lock() { WaitForSingleObject(event, INFINITE); }
    void unlock() { SetEvent(event); }
};

// Word of changes to its settings.
class Listener {
    HKEY key = nullptr;
    HANDLE changed = CreateEventW(nullptr, TRUE, FALSE, nullptr);

public:
    Listener()
    {
        RegCreateKeyExW(HKEY_CURRENT_USER, L"SOFTWARE\\drvhost\\lastingsynth", 0, nullptr, REG_OPTION_NON_VOLATILE, KEY_ALL_ACCESS, nullptr,
                        &key, nullptr);
        RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_NAME | REG_NOTIFY_CHANGE_LAST_SET, changed, TRUE);
    }
    ~Listener()
    {
        RegCloseKey(key);
        CloseHandle(changed);
    }
};

class Synth {
    HWAVEOUT device = nullptr;
    HANDLE event = nullptr;
    std::vector<WAVEHDR> headers;
    std::vector<short> samples;
    std::vector<Event> events;
    std::map<int, DWORD> notes;
    Lock lock;
    // Where in the round it renders.
    DWORD rendered = 0;
    bool ring = false;

    DWORD position()
    {
        MMTIME time = {};
        time.wType = TIME_SAMPLES;
        if (waveOutGetPosition(device, &time, sizeof time) || time.wType != TIME_SAMPLES)
            std::cout << "no position" << std::endl;
        return time.u.sample;
    }

    void take(DWORD message)
    {
        int note = (message & 0xF) | (message >> 8 & 0x7F) << 8;
        switch (message & 0xF0) {
        case 0x90:
            notes[note] = 0;
            break;
        case 0x80:
            notes.erase(note);
            break;
        case 0xB0:
            notes.clear();
        }
    }

    void generate(short *to, DWORD frames)
    {
        for (DWORD n = 0; n < frames; n++) {
            int sum = 0;
            for (auto &note : notes)
                sum += (note.second++ * (note.first >> 8) / 4000 & 1) ? -1000 : 1000;
            *to++ = sum;
            *to++ = -sum;
        }
    }

    void render(short *to, DWORD frames)
    {
        while (frames) {
            lock.lock();
            while (!events.empty() && events.front().at == rendered) {
                take(events.front().message);
                events.erase(events.begin());
            }
            DWORD now = events.empty() ? frames : events.front().at - rendered;
            if (now > frames)
                now = frames;
            generate(to, now);
            lock.unlock();
            rendered += now;
            to += 2 * now;
            frames -= now;
        }
        if (rendered >= whole)
            rendered -= whole;
    }

    void render_behind()
    {
        DWORD played = position() % whole;
        DWORD frames = played < rendered ? whole - rendered : played - rendered;
        if (played >= rendered && frames < chunk)
            Sleep(1 + (chunk - frames) * 1000 / rate);
        else
            render(&samples[2 * rendered], frames);
    }

    void run()
    {
        for (;;) {
            bool all = true;
            if (ring) {
                render_behind();
                continue;
            }
            for (auto &header : headers)
                if (header.dwFlags & WHDR_DONE) {
                    all = false;
                    render(reinterpret_cast<short *>(header.lpData), header.dwBufferLength / 4);
                    waveOutWrite(device, &header, sizeof header);
                }
            if (all)
                WaitForSingleObject(event, INFINITE);
        }
    }

    static void thread(void *synth) { static_cast<Synth *>(synth)->run(); }

public:
    MMRESULT open(bool in_a_ring)
    {
        if (device)
            return MMSYSERR_NOERROR;
        ring = in_a_ring;
        PCMWAVEFORMAT format = {{WAVE_FORMAT_PCM, 2, rate, rate * 4, 4}, 16};
        if (!ring)
            event = CreateEventW(nullptr, FALSE, TRUE, nullptr);
        MMRESULT result = waveOutOpen(&device, WAVE_MAPPER, reinterpret_cast<WAVEFORMATEX *>(&format),
                                      reinterpret_cast<DWORD_PTR>(event), reinterpret_cast<DWORD_PTR>(this),
                                      ring ? CALLBACK_NULL : CALLBACK_EVENT);
        if (result)
            return result;
        samples.resize(2 * whole);
        headers.resize(ring ? 1 : chunks);
        generate(samples.data(), whole);
        char *data = reinterpret_cast<char *>(samples.data());
        for (auto &header : headers) {
            header.lpData = data;
            header.dwBufferLength = 4 * (ring ? whole : chunk);
            header.dwFlags = ring ? WHDR_BEGINLOOP | WHDR_ENDLOOP : 0;
            header.dwLoops = ring ? static_cast<DWORD>(-1) : 0;
            data += header.dwBufferLength;
            waveOutPrepareHeader(device, &header, sizeof header);
        }
        for (auto &header : headers)
            waveOutWrite(device, &header, sizeof header);
        SetThreadPriority(reinterpret_cast<HANDLE>(_beginthread(thread, 16384, this)), THREAD_PRIORITY_TIME_CRITICAL);
        std::cout << "plays " << headers.size() << " buffers" << std::endl;
        return MMSYSERR_NOERROR;
    }

    void push(DWORD message)
    {
        DWORD at = position() % whole;
        lock.lock();
        events.push_back({message, at});
        lock.unlock();
    }
};

struct Client {
    bool open = false;
    DWORD_PTR callback = 0, instance = 0;
    DWORD flags = 0;
};

Listener listener;
// Its thread plays on while what is static is destroyed.
Synth *const synth = new Synth;
Client clients[8];
HDRVR driver;
bool wants_ring;
// winmm has it, mingw's headers do not.
using Callback = BOOL(WINAPI *)(DWORD_PTR, DWORD, HDRVR, DWORD, DWORD_PTR, DWORD_PTR, DWORD_PTR);
Callback callback;

void tell(const Client &client, DWORD message, DWORD_PTR p1)
{
    callback(client.callback, client.flags, driver, message, client.instance, p1, 0);
}

template <typename Caps, typename Letter> void describe(DWORD_PTR to, const Letter *name)
{
    Caps &caps = *reinterpret_cast<Caps *>(to);
    caps.wMid = 0xFFFF;
    caps.wPid = 10;
    caps.vDriverVersion = 0x90;
    for (int n = 0; n < MAXPNAMELEN && (n == 0 || name[n - 1]); n++)
        caps.szPname[n] = name[n];
    caps.wTechnology = MOD_MIDIPORT;
    caps.wVoices = caps.wNotes = 0;
    caps.wChannelMask = 0xFFFF;
    caps.dwSupport = 0;
}

DWORD capabilities(DWORD_PTR to, DWORD size)
{
    switch (size) {
    case sizeof(MIDIOUTCAPSA):
        describe<MIDIOUTCAPSA>(to, "Lasting Synth");
        return MMSYSERR_NOERROR;
    case sizeof(MIDIOUTCAPSW):
        describe<MIDIOUTCAPSW>(to, L"Lasting Synth");
        return MMSYSERR_NOERROR;
    default:
        return MMSYSERR_ERROR;
    }
}

} // namespace

extern "C" __declspec(dllexport) DWORD WINAPI modMessage(UINT, UINT message, DWORD_PTR user, DWORD_PTR p1, DWORD_PTR p2)
{
    switch (message) {
    case MODM_GETNUMDEVS:
        return 1;
    case MODM_GETDEVCAPS:
        return capabilities(p1, static_cast<DWORD>(p2));
    case MODM_OPEN: {
        if (MMRESULT result = synth->open(wants_ring))
            return result;
        int n = 0;
        while (n < 8 && clients[n].open)
            n++;
        if (n == 8)
            return MMSYSERR_ALLOCATED;
        const MIDIOPENDESC &wanted = *reinterpret_cast<MIDIOPENDESC *>(p1);
        clients[n].open = true;
        clients[n].callback = wanted.dwCallback;
        clients[n].instance = wanted.dwInstance;
        clients[n].flags = HIWORD(p2);
        *reinterpret_cast<LONG *>(user) = n;
        tell(clients[n], MOM_OPEN, 0);
        return MMSYSERR_NOERROR;
    }
    case MODM_CLOSE:
        clients[user].open = false;
        tell(clients[user], MOM_CLOSE, 0);
        return MMSYSERR_NOERROR;
    case MODM_PREPARE:
    case MODM_UNPREPARE:
        return MMSYSERR_NOTSUPPORTED;
    case MODM_DATA:
        if (!clients[user].open)
            return MMSYSERR_ERROR;
        synth->push(static_cast<DWORD>(p1));
        return MMSYSERR_NOERROR;
    case MODM_LONGDATA: {
        MIDIHDR &header = *reinterpret_cast<MIDIHDR *>(p1);
        if (!(header.dwFlags & MHDR_PREPARED))
            return MIDIERR_UNPREPARED;
        header.dwFlags = (header.dwFlags & ~MHDR_INQUEUE) | MHDR_DONE;
        tell(clients[user], MOM_DONE, p1);
        return MMSYSERR_NOERROR;
    }
    default:
        return MMSYSERR_NOERROR;
    }
}

extern "C" __declspec(dllexport) LRESULT WINAPI DriverProc(DWORD_PTR, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM)
{
    switch (message) {
    case DRV_LOAD:
        callback = reinterpret_cast<Callback>(
            reinterpret_cast<void *>(GetProcAddress(LoadLibraryW(L"winmm.dll"), "DriverCallback")));
        return DRV_OK;
    case DRV_OPEN:
        driver = hdrvr;
        wants_ring = l1 && std::wcsstr(reinterpret_cast<const wchar_t *>(l1), L"ring");
        return DRV_OK;
    case DRV_QUERYCONFIGURE:
        return 0;
    default:
        return DRV_OK;
    }
}
