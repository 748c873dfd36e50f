// Bounds the connections that this process accepts, and the bytes that it receives from them before it takes them.
//
// libzmq 4.3 ends the process when `accept4` fails for lack of descriptors on an ipc socket, has no option that limits accepted
// connections, and counts only complete messages: one whose frames never end grows without a limit. The dynamic linker
// resolves libzmq's calls to these functions instead of the C library's.
#define _GNU_SOURCE
#include "Connections.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// More than the connections of a full view in two generations.
#define DESCRIPTOR_COUNT (1 << 16)
// No reader takes heartbeats and what the protocol adds to messages: so many bytes a second do not count.
#define FREE_BYTES_PER_SECOND 1024

/// An accepted connection, by its descriptor.
typedef struct {
    atomic_bool is_accepted;
    /// Whether its bytes are counted: those of other hosts and users are, those of socket files are not.
    atomic_bool is_counted;
    /// Bytes that were received and not taken.
    _Atomic int64_t unread;
    /// The second until which free bytes were deducted.
    _Atomic int64_t second;
} connection;

static connection connections[DESCRIPTOR_COUNT];
static atomic_bool accepts = true;
static atomic_int accepted_count;
static _Atomic int64_t unread_in_all;
// A process that counts no bytes as taken, such as a proxy, sets no limit.
static _Atomic int64_t unread_limit = INT64_MAX;

static int64_t current_second(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return time.tv_sec;
}

/// Changes the count of unread bytes of a connection; it does not fall below zero.
static void add_unread(connection *connection, int64_t count) {
    int64_t before = atomic_load_explicit(&connection->unread, memory_order_relaxed), after;
    do {
        after = before + count < 0 ? 0 : before + count;
    } while (!atomic_compare_exchange_weak_explicit(
        &connection->unread, &before, after, memory_order_relaxed, memory_order_relaxed));
    atomic_fetch_add_explicit(&unread_in_all, after - before, memory_order_relaxed);
}

/// Accepts a connection, and closes it at once where fewer than the reserve of descriptors would be left or too many are
/// open: the peer sees a closed connection, and this process can still open its files. Fails with ENFILE, which libzmq takes as a
/// refused connection.
int accept4(int listener, struct sockaddr *restrict address, socklen_t *restrict length, int flags) {
    int descriptor = (int)syscall(SYS_accept4, listener, address, length, flags);
    if (descriptor < 0) {
        if (errno == EMFILE) errno = ENFILE;
        return descriptor;
    }
    struct rlimit limit;
    bool lacks_reserve =
        getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)descriptor + SELVEDGE_RESERVED_DESCRIPTORS >= limit.rlim_cur;
    if (lacks_reserve || !atomic_load(&accepts) || descriptor >= DESCRIPTOR_COUNT
        || atomic_load(&accepted_count) >= SELVEDGE_CONNECTION_LIMIT) {
        syscall(SYS_close, descriptor);
        errno = ENFILE;
        return -1;
    }
    int family = AF_UNSPEC;
    socklen_t size = sizeof family;
    getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &family, &size);
    connection *accepted = &connections[descriptor];
    atomic_store(&accepted->unread, 0);
    atomic_store(&accepted->second, current_second());
    atomic_store(&accepted->is_counted, family != AF_UNIX);
    atomic_store(&accepted->is_accepted, true);
    atomic_fetch_add(&accepted_count, 1);
    return descriptor;
}

/// Closes a descriptor, and forgets what is known of it as a connection.
int close(int descriptor) {
    if (descriptor >= 0 && descriptor < DESCRIPTOR_COUNT) {
        connection *closed = &connections[descriptor];
        if (atomic_exchange(&closed->is_accepted, false)) {
            atomic_fetch_sub(&accepted_count, 1);
            atomic_store(&closed->is_counted, false);
            atomic_fetch_sub(&unread_in_all, atomic_exchange(&closed->unread, 0));
        }
    }
    return (int)syscall(SYS_close, descriptor);
}

/// Receives from a socket. A connection with too many unread bytes counts as broken.
ssize_t recv(int descriptor, void *buffer, size_t length, int flags) {
    bool is_counted = descriptor >= 0 && descriptor < DESCRIPTOR_COUNT
                      && atomic_load_explicit(&connections[descriptor].is_counted, memory_order_relaxed);
    if (is_counted) {
        connection *source = &connections[descriptor];
        int64_t now = current_second();
        int64_t last = atomic_exchange_explicit(&source->second, now, memory_order_relaxed);
        if (now > last) add_unread(source, -(now - last) * FREE_BYTES_PER_SECOND);
        int64_t own = atomic_load_explicit(&source->unread, memory_order_relaxed);
        int64_t all = atomic_load_explicit(&unread_in_all, memory_order_relaxed);
        int64_t limit = atomic_load_explicit(&unread_limit, memory_order_relaxed);
        // Of all connections together, those are broken that hold more than the others: no number of them exceeds it.
        if (own > limit || (all / 2 > limit && own * atomic_load(&accepted_count) > all)) {
            errno = ECONNRESET;
            return -1;
        }
    }
    ssize_t received = syscall(SYS_recvfrom, descriptor, buffer, length, flags, NULL, NULL);
    if (is_counted && received > 0) add_unread(&connections[descriptor], received);
    return received;
}

void selvedge_bytes_taken(int descriptor, int64_t count) {
    if (descriptor < 0 || descriptor >= DESCRIPTOR_COUNT) return;
    connection *source = &connections[descriptor];
    if (atomic_load_explicit(&source->is_counted, memory_order_relaxed)) add_unread(source, -count);
}

void selvedge_accept_connections(bool is_accepting) {
    atomic_store(&accepts, is_accepting);
}

void selvedge_set_unread_limit(int64_t byte_count) {
    atomic_store(&unread_limit, byte_count);
}

void selvedge_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}
