// cairo for Swift: the library's header alone.
#ifndef SELVEDGE_CCAIRO_H
#define SELVEDGE_CCAIRO_H

#include <cairo/cairo.h>

#endif
