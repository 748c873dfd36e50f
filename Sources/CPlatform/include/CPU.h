#pragma once

#include <stdint.h>

/// Bits of `selvedge_cpu_features`: each means that the processor has the instructions of an x86-64 level and that the
/// operating system saves the registers they need.
enum {
    SELVEDGE_CPU_X86_64_V3 = 1,
    SELVEDGE_CPU_X86_64_V4 = 2,
};

/// The x86-64 levels that code may use on this host.
uint32_t selvedge_cpu_features(void);
