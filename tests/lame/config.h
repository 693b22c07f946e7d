/* What LAME's configure would find out for mingw-w64, as far as the library asks. */
#define PACKAGE "lame"
#define PROTOTYPES 1
#define STDC_HEADERS 1
#define HAVE_ERRNO_H 1
#define HAVE_FCNTL_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_LIMITS_H 1
#define HAVE_MEMCPY 1
#define HAVE_STDINT_H 1
#define HAVE_STRCHR 1
#define HAVE_MPGLIB 1
#define DECODE_ON_THE_FLY 1
#define USE_FAST_LOG 1
#define SIZEOF_DOUBLE 8

#include <stdint.h>

typedef long double ieee854_float80_t;
typedef double ieee754_float64_t;
typedef float ieee754_float32_t;
