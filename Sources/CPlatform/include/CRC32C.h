#ifndef SELVEDGE_CRC32C_H
#define SELVEDGE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/// 1 if this processor has the CRC-32C instruction (SSE4.2) and carry-less multiplication, else 0.
int selvedge_crc32c_supported(void);

/// Advances the raw register of CRC-32C (not inverted before or after) over `count` bytes at any alignment.
/// Only where `selvedge_crc32c_supported` gives 1.
uint32_t selvedge_crc32c(uint32_t state, const void *bytes, size_t count);

#endif
