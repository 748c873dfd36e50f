#ifndef SELVEDGE_THREADS_H
#define SELVEDGE_THREADS_H

#include <stdint.h>
#include <sys/prctl.h>

/// Sleeps while `*word == expected`; returns when woken, when the word differs, or at a signal. The caller checks the word again.
void selvedge_futex_wait(const uint32_t *word, uint32_t expected);

/// Wakes at most `count` threads of this process that sleep on `word`.
void selvedge_futex_wake(const uint32_t *word, int32_t count);

/// Gives the rest of the time slice to another thread.
void selvedge_yield(void);

/// Names the calling thread, with at most 15 bytes, for tools that list threads.
static inline void selvedge_name_thread(const char *name) {
    prctl(PR_SET_NAME, name);
}

/// Hints to the processor that the caller spins.
static inline void selvedge_spin_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/// The control and status register of SSE and AVX arithmetic of the calling thread.
static inline uint32_t selvedge_mxcsr(void) {
#if defined(__x86_64__)
    return __builtin_ia32_stmxcsr();
#else
    return 0x1F80;
#endif
}

/// Sets that register for the calling thread.
static inline void selvedge_set_mxcsr(uint32_t value) {
#if defined(__x86_64__)
    __builtin_ia32_ldmxcsr(value);
#else
    (void)value;
#endif
}

#endif
