#ifndef SELVEDGE_PREFETCH_H
#define SELVEDGE_PREFETCH_H

/// Asks the processor to bring the cache line of an address into the second-level cache. Any address is allowed.
static inline void selvedge_prefetch(const void *address) {
    __builtin_prefetch(address, 0, 2);
}

/// The same for a line that will be written.
static inline void selvedge_prefetch_for_writing(const void *address) {
    __builtin_prefetch(address, 1, 2);
}

#endif
