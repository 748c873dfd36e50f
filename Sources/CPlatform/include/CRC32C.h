#ifndef SELVEDGE_CRC32C_H
#define SELVEDGE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/// 1 if this processor has the CRC-32C instruction (SSE4.2) and carry-less multiplication, else 0.
int selvedge_crc32c_supported(void);

/// Advances the raw register of CRC-32C (not inverted before or after) over `count` bytes at any alignment.
/// Only where `selvedge_crc32c_supported` gives 1.
uint32_t selvedge_crc32c(uint32_t state, const void *bytes, size_t count);

/// 1 if this processor also multiplies four pairs of 64 bits without carries at once (VPCLMULQDQ with AVX-512), else 0.
int selvedge_crc32c_wide_supported(void);

/// The same register over at least 256 bytes, by folding (Gopal et al., "Fast CRC Computation for Generic Polynomials
/// Using PCLMULQDQ Instruction", Intel 2009). Only where `selvedge_crc32c_wide_supported` gives 1.
uint32_t selvedge_crc32c_wide(uint32_t state, const void *bytes, size_t count);

#endif
