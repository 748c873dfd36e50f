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

#define WIDE_TARGET __attribute__((target("avx512f,avx512dq,vpclmulqdq,pclmul,sse4.2")))

int selvedge_crc32c_wide_supported(void) {
    return selvedge_crc32c_supported() && __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx512f")
        && __builtin_cpu_supports("avx512dq");
}

WIDE_TARGET static inline __m512i load512(const uint8_t *bytes) { return _mm512_loadu_si512(bytes); }

/// The factors of `moved` for each 128 bits. For a distance of n bytes they are x^(8n + 31) for the first half and
/// x^(8n - 33) for the second one, bit-reflected.
WIDE_TARGET static inline __m512i factors(uint32_t first, uint32_t second) {
    return _mm512_broadcast_i64x2(_mm_set_epi64x(second, first));
}

/// Moves 64 bytes a distance ahead, onto the data there.
WIDE_TARGET static inline __m512i moved(__m512i value, __m512i factors, __m512i data) {
    __m512i first = _mm512_clmulepi64_epi128(value, factors, 0x00);
    __m512i second = _mm512_clmulepi64_epi128(value, factors, 0x11);
    return _mm512_ternarylogic_epi64(first, second, data, 0x96);
}

WIDE_TARGET uint32_t selvedge_crc32c_wide(uint32_t state, const void *start, size_t count) {
    const uint8_t *bytes = start;
    __m512i a = _mm512_xor_si512(load512(bytes), _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)state)));
    __m512i b = load512(bytes + 64);
    __m512i c = load512(bytes + 128);
    __m512i d = load512(bytes + 192);
    const __m512i far = factors(0xdcb17aa4, 0xb9e02b86);
    for (count -= 256, bytes += 256; count >= 256; count -= 256, bytes += 256) {
        a = moved(a, far, load512(bytes));
        b = moved(b, far, load512(bytes + 64));
        c = moved(c, far, load512(bytes + 128));
        d = moved(d, far, load512(bytes + 192));
    }
    const __m512i near = factors(0x740eef02, 0x9e4addf8);
    uint8_t last[64];
    _mm512_storeu_si512(last, moved(moved(moved(a, near, b), near, c), near, d));
    return selvedge_crc32c(selvedge_crc32c(0, last, sizeof last), bytes, count);
}

#else

int selvedge_crc32c_supported(void) { return 0; }

int selvedge_crc32c_wide_supported(void) { return 0; }

uint32_t selvedge_crc32c_wide(uint32_t state, const void *start, size_t count) {
    return selvedge_crc32c(state, start, count);
}

uint32_t selvedge_crc32c(uint32_t state, const void *start, size_t count) {
    (void)start;
    (void)count;
    return state;
}

#endif
