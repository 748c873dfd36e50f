#include "CRC32C.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define CRC32C_TARGET __attribute__((target("sse4.2,pclmul")))

int selvedge_crc32c_supported(void) {
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}

static inline uint64_t load64(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/// Multiplies a register by a power of x modulo the polynomial. For a shift over n zero bytes the factor is x^(8n - 33),
/// bit-reflected: the reflected product carries one factor of x, and the instruction that reduces it another x^32.
CRC32C_TARGET static inline uint64_t shifted(uint64_t state, uint32_t factor) {
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)state), _mm_cvtsi32_si128((int)factor), 0);
    return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

/// Consumes blocks of three neighbouring lanes of `laneByteCount` bytes. The instruction has a latency of three cycles and
/// can start every cycle, so three independent lanes keep it busy.
CRC32C_TARGET static inline uint64_t lanes(
    uint64_t state, const uint8_t **bytes, size_t *count, size_t laneByteCount, uint32_t factorOne, uint32_t factorTwo) {
    while (*count >= 3 * laneByteCount) {
        uint64_t second = 0, third = 0;
        for (const uint8_t *place = *bytes, *end = *bytes + laneByteCount; place < end; place += 8) {
            state = _mm_crc32_u64(state, load64(place));
            second = _mm_crc32_u64(second, load64(place + laneByteCount));
            third = _mm_crc32_u64(third, load64(place + 2 * laneByteCount));
        }
        state = shifted(state, factorTwo) ^ shifted(second, factorOne) ^ third;
        *bytes += 3 * laneByteCount;
        *count -= 3 * laneByteCount;
    }
    return state;
}

CRC32C_TARGET uint32_t selvedge_crc32c(uint32_t state, const void *start, size_t count) {
    const uint8_t *bytes = start;
    uint64_t wide = state;
    wide = lanes(wide, &bytes, &count, 4096, 0x82f89c77, 0x54a86326);
    wide = lanes(wide, &bytes, &count, 128, 0x0d3b6092, 0xb9e02b86);
    for (; count >= 8; bytes += 8, count -= 8) {
        wide = _mm_crc32_u64(wide, load64(bytes));
    }
    for (; count > 0; bytes++, count--) {
        wide = _mm_crc32_u8((uint32_t)wide, *bytes);
    }
    return (uint32_t)wide;
}

#else

int selvedge_crc32c_supported(void) { return 0; }

uint32_t selvedge_crc32c(uint32_t state, const void *start, size_t count) {
    (void)start;
    (void)count;
    return state;
}

#endif
