/*
 * A driver that throws C++ exceptions (THROWS_..., from src/acts.rs). All else succeeds.
 *
 * What happens is noted as digits, one after the other; answers are these.
 */
#include <windows.h>
#include <mmsystem.h>

#include <stdexcept>
#include <string>

namespace {

LRESULT noted;

void note(int digit)
{
    noted = noted * 10 + digit;
}

struct Guard {
    int digit;
    explicit Guard(int digit) : digit(digit) {}
    ~Guard() { note(digit); }
};

struct Thrown {
    LRESULT value;
};

// Three frames, each with something to destroy; out of line, so that they are frames.
__attribute__((noinline)) void third(LRESULT value)
{
    Guard guard(3);
    if (value == 0)
        throw std::runtime_error("nothing");
    if (value < 0)
        throw 5;
    throw Thrown{value};
}

__attribute__((noinline)) void second(LRESULT value)
{
    Guard guard(2);
    third(value);
    note(9);
}

__attribute__((noinline)) void first(LRESULT value)
{
    Guard guard(1);
    second(value);
    note(9);
}

// 321, then what was caught: 4 and the value, 5 for the standard library's, 6 for what nobody knows.
LRESULT by_type(LRESULT value)
{
    try {
        first(value);
        note(9);
    } catch (const Thrown &thrown) {
        note(4);
        return noted * 1000 + thrown.value;
    } catch (const std::exception &error) {
        note(5);
        return noted * 1000 + static_cast<LRESULT>(std::string(error.what()).size());
    } catch (...) {
        note(6);
        return noted * 1000;
    }
    return 0;
}

// A frame that sees the exception, notes 7 and throws it on.
__attribute__((noinline)) void on(LRESULT value)
{
    Guard guard(8);
    try {
        first(value);
    } catch (...) {
        note(7);
        throw;
    }
}

LRESULT again(LRESULT value)
{
    try {
        on(value);
    } catch (const Thrown &thrown) {
        note(4);
        return noted * 1000 + thrown.value;
    }
    return 0;
}

// Each exception is thrown while the one before is being destroyed or handled.
LRESULT nested(LRESULT value)
{
    try {
        first(value);
    } catch (const Thrown &outer) {
        try {
            first(outer.value + 1);
        } catch (const Thrown &inner) {
            return noted * 1000 + outer.value * 10 + inner.value;
        }
    }
    return 0;
}

LRESULT many(LRESULT count)
{
    LRESULT sum = 0;
    for (LRESULT value = 1; value <= count; value++) {
        try {
            first(value);
        } catch (const Thrown &thrown) {
            sum += thrown.value;
        }
    }
    return sum;
}

} // namespace

extern "C" __declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR, HDRVR, UINT message, LPARAM l1, LPARAM l2)
{
    noted = 0;
    switch (message) {
    case XOR:
        return l1 ^ l2;
    case THROWS_BY_TYPE:
        return by_type(l1);
    case THROWS_AGAIN:
        return again(l1);
    case THROWS_NESTED:
        return nested(l1);
    case THROWS_MANY:
        return many(l1);
    case THROWS_OUT:
        first(l1);
        return 1;
    default:
        return 1;
    }
}
