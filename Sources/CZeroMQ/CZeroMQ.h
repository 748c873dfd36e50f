// libzmq for Swift: the library's header, and inline shims for what Swift cannot express: error numbers (macros),
// the free callback of a message without copy, and the few system calls that sockets are waited on with.
#ifndef SELVEDGE_CZEROMQ_H
#define SELVEDGE_CZEROMQ_H

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

static const int selvedge_again = EAGAIN;
static const int selvedge_interrupted = EINTR;
static const int selvedge_terminated = ETERM;
static const int selvedge_host_unreachable = EHOSTUNREACH;
// ZMQ_ZAP_ENFORCE_DOMAIN: libzmq 4.3 has it in every build, and names it only where drafts are enabled.
static const int selvedge_zap_enforce_domain = 93;
// ZMQ_ZERO_COPY_RECV, likewise.
static const int selvedge_zero_copy_receive = 10;

// A counter that any thread may raise; aligned to a cache line of its own by the owner.
typedef struct {
    uint64_t value;
} selvedge_counter;

static inline uint64_t selvedge_counter_load(const selvedge_counter *counter) {
    return __atomic_load_n(&counter->value, __ATOMIC_ACQUIRE);
}

static inline void selvedge_counter_raise(selvedge_counter *counter) {
    __atomic_fetch_add(&counter->value, 1, __ATOMIC_RELEASE);
}

// The counter's value before it is raised.
static inline uint64_t selvedge_counter_next(selvedge_counter *counter) {
    return __atomic_fetch_add(&counter->value, 1, __ATOMIC_RELAXED);
}

// libzmq calls this on one of its threads when it no longer needs the bytes.
static inline void selvedge_message_released(void *data, void *counter) {
    (void)data;
    selvedge_counter_raise((selvedge_counter *)counter);
}

// A message over memory that the caller keeps unchanged until `counter` was raised for it.
static inline int selvedge_message_borrowing(
    zmq_msg_t *message, const void *data, size_t byte_count, selvedge_counter *counter) {
    return zmq_msg_init_data(message, (void *)data, byte_count, selvedge_message_released, counter);
}

static inline int selvedge_event_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline int selvedge_event_signal(int descriptor) {
    uint64_t one = 1;
    ssize_t written;
    do {
        written = write(descriptor, &one, sizeof one);
    } while (written < 0 && errno == EINTR);
    return written == (ssize_t)sizeof one || errno == EAGAIN ? 0 : -1;
}

// Whether the event was signalled since the last call.
static inline int selvedge_event_clear(int descriptor) {
    uint64_t count;
    ssize_t received;
    do {
        received = read(descriptor, &count, sizeof count);
    } while (received < 0 && errno == EINTR);
    return received == (ssize_t)sizeof count;
}

static inline void selvedge_event_close(int descriptor) { close(descriptor); }

static inline int selvedge_descriptor_readable(int descriptor) {
    struct pollfd item = {descriptor, POLLIN, 0};
    return poll(&item, 1, 0) == 1;
}

// Keeps freed message memory in the process instead of returning it to the system, where every step would fault it in again.
static inline void selvedge_keep_message_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
}

#endif
