#define _GNU_SOURCE
#include "CAllocationCounter.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS = 64, NEAREST_FRAMES = 8 };

struct group {
    atomic_int armed;
    atomic_int thread_count;
    atomic_long counts[SELVEDGE_ALLOCATION_THREADS];
    atomic_long zeromq_counts[SELVEDGE_ALLOCATION_THREADS];
    atomic_int has_stack;
    int frame_count;
    void *frames[SELVEDGE_ALLOCATION_FRAMES];
};

static struct group groups[GROUPS + 1];
static atomic_int group_count;

static __thread int own_group;
static __thread int own_thread;
static __thread int is_noting;

int selvedge_allocation_group(void) {
    void *frames[4];
    // The first call loads the unwinder, which allocates.
    backtrace(frames, 4);
    int group = atomic_fetch_add(&group_count, 1) + 1;
    return group <= GROUPS ? group : 0;
}

void selvedge_allocation_join(int group) {
    if (own_group == group || group < 1 || group > GROUPS) return;
    int thread = atomic_fetch_add(&groups[group].thread_count, 1);
    if (thread >= SELVEDGE_ALLOCATION_THREADS) return;
    own_thread = thread;
    own_group = group;
}

void selvedge_allocation_leave(void) { own_group = 0; }

void selvedge_allocation_arm(int group, int armed) { atomic_store(&groups[group].armed, armed); }

int selvedge_allocation_thread_count(int group) { return atomic_load(&groups[group].thread_count); }

long selvedge_allocation_count(int group, int thread) { return atomic_load(&groups[group].counts[thread]); }

long selvedge_allocation_zeromq_count(int group, int thread) {
    return atomic_load(&groups[group].zeromq_counts[thread]);
}

void selvedge_allocation_first_stack(int group, char *text, long byte_count) {
    text[0] = 0;
    if (!atomic_load(&groups[group].has_stack)) return;
    for (int index = 0; index < groups[group].frame_count; index++) {
        Dl_info place;
        char *frame = groups[group].frames[index];
        if (!dladdr(frame, &place) || !place.dli_fname) continue;
        int length = snprintf(text, (size_t)byte_count, "%s+0x%lx\n", place.dli_fname, (long)(frame - (char *)place.dli_fbase));
        if (length < 0 || length >= byte_count) return;
        text += length;
        byte_count -= length;
    }
}

// Whether the nearest caller outside of this file, the C library and the C++ library is libzmq.
static int is_from_zeromq(void **frames, int count) {
    Dl_info here;
    if (!dladdr((void *)&selvedge_allocation_join, &here)) return 0;
    for (int index = 0; index < count && index < NEAREST_FRAMES; index++) {
        Dl_info place;
        if (!dladdr(frames[index], &place) || !place.dli_fname) return 0;
        if (strstr(place.dli_fname, "libzmq")) return 1;
        int is_library = strstr(place.dli_fname, "libc.so") || strstr(place.dli_fname, "libstdc++");
        // The innermost frames are this file's own.
        if (!is_library && index > 2) return 0;
    }
    return 0;
}

static void note(struct group *group, int thread) {
    int error = errno;
    void *frames[SELVEDGE_ALLOCATION_FRAMES];
    int count = backtrace(frames, SELVEDGE_ALLOCATION_FRAMES);
    if (is_from_zeromq(frames, count)) {
        atomic_fetch_add(&group->zeromq_counts[thread], 1);
    } else {
        atomic_fetch_add(&group->counts[thread], 1);
        int none = 0;
        if (atomic_compare_exchange_strong(&group->has_stack, &none, 1)) {
            memcpy(group->frames, frames, sizeof(frames));
            group->frame_count = count;
        }
    }
    errno = error;
}

static inline void count_request(void) {
    if (!own_group || is_noting || !atomic_load(&groups[own_group].armed)) return;
    is_noting = 1;
    note(&groups[own_group], own_thread);
    is_noting = 0;
}

void selvedge_allocation_touch(long byte_count) {
    void *volatile block = malloc((size_t)byte_count);
    free(block);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
    count_request();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    count_request();
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    count_request();
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    count_request();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count_request();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    count_request();
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
    void *block = __libc_memalign(alignment, size);
    if (!block) return ENOMEM;
    *result = block;
    return 0;
}

#endif
