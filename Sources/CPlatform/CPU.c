#include "CPU.h"

#include <cpuid.h>

/// XCR0: which register states the operating system saves.
static uint64_t saved_register_states(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static int has_all(uint32_t value, uint32_t wanted) { return (value & wanted) == wanted; }

uint32_t selvedge_cpu_features(void) {
    const uint32_t osxsave = 1u << 27;
    uint32_t eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !has_all(ecx, osxsave)) return 0;
    // SSE3, SSSE3, FMA, CMPXCHG16B, SSE4.1, SSE4.2, MOVBE, POPCNT, AVX, F16C
    const uint32_t basic = 1u << 0 | 1u << 9 | 1u << 12 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 22 | 1u << 23 |
                           1u << 28 | 1u << 29;
    if (!has_all(ecx, basic)) return 0;
    // XMM and YMM, then also opmask and both halves of ZMM
    const uint64_t states = saved_register_states();
    if ((states & 0x06) != 0x06) return 0;

    uint32_t extended_ecx;
    if (!__get_cpuid(0x80000001, &eax, &ebx, &extended_ecx, &edx)) return 0;
    const uint32_t lzcnt = 1u << 5;
    if (!has_all(extended_ecx, lzcnt)) return 0;

    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return 0;
    // BMI1, AVX2, BMI2
    if (!has_all(ebx, 1u << 3 | 1u << 5 | 1u << 8)) return 0;
    // AVX512F, DQ, CD, BW, VL
    const uint32_t wide = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
    if (!has_all(ebx, wide) || (states & 0xe6) != 0xe6) return SELVEDGE_CPU_X86_64_V3;
    return SELVEDGE_CPU_X86_64_V3 | SELVEDGE_CPU_X86_64_V4;
}
