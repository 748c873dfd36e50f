#pragma once

#include <stdint.h>

/// How many processors this process may run on; at least 1.
int32_t selvedge_processor_count(void);

/// Writes the numbers of these processors to `processors`, ascending, at most `capacity`. Returns how many it wrote.
int32_t selvedge_processors(int32_t *processors, int32_t capacity);

/// Restricts this thread, and all threads and processes that it starts from now on, to these processors. Returns 0, or -1
/// with errno.
int32_t selvedge_use_processors(const int32_t *processors, int32_t count);
