/* Cases of the libraries from which few functions are imported. */
#include <shlwapi.h>

#include "survey.h"

GOOD(kernelbase, PathIsRelativeW, of_a_name)
{
    yes(kernelbase(PathIsRelativeW)(L"folder\\file"));
    yes(kernelbase(PathIsRelativeW)(L"C:\\folder"));
}

WRONG(kernelbase, PathIsRelativeW, of_null)
{
    yes(kernelbase(PathIsRelativeW)(NULL));
}
