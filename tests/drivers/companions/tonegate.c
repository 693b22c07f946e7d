/*
 * A library that leads on to another one.
 */
__asm__(".section .drectve\n"
        "\t.ascii \" -export:far_away=tonefar.further\"\n"
        "\t.text");

__declspec(dllexport) int own_gate(void)
{
    return 3;
}
