#define _GNU_SOURCE
#include "Processors.h"

#include <sched.h>

int32_t selvedge_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}

int32_t selvedge_processors(int32_t *processors, int32_t capacity) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
    int32_t count = 0;
    for (int32_t processor = 0; processor < CPU_SETSIZE && count < capacity; processor++) {
        if (CPU_ISSET(processor, &set)) processors[count++] = processor;
    }
    return count;
}

int32_t selvedge_use_processors(const int32_t *processors, int32_t count) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int32_t index = 0; index < count; index++) {
        if (processors[index] >= 0 && processors[index] < CPU_SETSIZE) CPU_SET(processors[index], &set);
    }
    return sched_setaffinity(0, sizeof set, &set);
}
