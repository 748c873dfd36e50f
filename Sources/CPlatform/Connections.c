// Bounds the connections that this process accepts, and the bytes that it receives from them before it takes them.
//
// libzmq 4.3 ends the process when `accept4` fails for lack of descriptors on an ipc socket, has no option that limits accepted
// connections, and counts only complete messages: one whose frames never end grows without a limit. The dynamic linker
// resolves libzmq's calls to these functions instead of the C library's.
//
// A message of two bytes takes more than 64 in libzmq's queue, so frames are counted as well as bytes: the stream of a counted
// connection is followed from frame to frame. Encryption leaves the borders of frames visible.
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
// No reader takes the two heartbeats a second and the handshake: so many bytes a second do not count.
#define FREE_BYTES_PER_SECOND 1024

// ZMTP 3: a greeting, then frames of flags, a size of one or eight bytes, and content.
#define GREETING_BYTE_COUNT 64
#define LONG_FRAME 2

/// Where a stream of ZMTP 3 is.
typedef struct {
    uint8_t greeting_count;
    uint8_t header_count;
    uint8_t header[9];
    /// Bytes of the frame's content that are still to come.
    uint64_t content_count;
} stream;

/// An accepted connection, by its descriptor.
typedef struct {
    atomic_bool is_accepted;
    /// Whether its bytes are counted: those of other hosts and users are, those of socket files are not.
    atomic_bool is_counted;
    /// What was received and not taken: bytes of content, and a charge for each frame.
    _Atomic int64_t unread;
    /// The second until which free bytes were deducted.
    _Atomic int64_t second;
    /// Used by the thread that receives.
    stream stream;
} connection;

static connection connections[DESCRIPTOR_COUNT];
static atomic_bool accepts = true;
static atomic_int accepted_count;
static _Atomic int64_t unread_in_all;
/// The part of closed connections: libzmq keeps their messages until they are taken.
static _Atomic int64_t unread_of_closed;
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

static bool has_too_much_unread(void) {
    return atomic_load_explicit(&unread_in_all, memory_order_relaxed) / 2
           > atomic_load_explicit(&unread_limit, memory_order_relaxed);
}

/// What these bytes of a connection count; less than 0 where they are not ZMTP 3, of which every process of a run speaks a
/// version: older ones have other frames.
static int64_t charge(stream *stream, const uint8_t *bytes, size_t count) {
    int64_t total = 0;
    while (count > 0) {
        if (stream->content_count > 0) {
            size_t part = count < stream->content_count ? count : (size_t)stream->content_count;
            stream->content_count -= part;
            total += (int64_t)part;
            bytes += part;
            count -= part;
            continue;
        }
        uint8_t byte = *bytes++;
        count--;
        if (stream->greeting_count < GREETING_BYTE_COUNT) {
            uint8_t place = stream->greeting_count++;
            if ((place == 0 && byte != 0xFF) || (place == 9 && (byte & 1) == 0) || (place == 10 && byte < 3)) return -1;
            continue;
        }
        stream->header[stream->header_count++] = byte;
        if (stream->header_count < ((stream->header[0] & LONG_FRAME) != 0 ? 9 : 2)) continue;
        for (int index = 1; index < stream->header_count; index++)
            stream->content_count = stream->content_count << 8 | stream->header[index];
        stream->header_count = 0;
        total += SELVEDGE_FRAME_CHARGE;
    }
    return total;
}

/// Accepts a connection, and closes it at once where fewer than the reserve of descriptors would be left, too many are open or
/// too much is unread: the peer sees a closed connection, and this process can still open its files. Fails with ENFILE, which
/// libzmq takes as a refused connection.
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
        || atomic_load(&accepted_count) >= SELVEDGE_CONNECTION_LIMIT || has_too_much_unread()) {
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
    accepted->stream = (stream){0};
    atomic_store(&accepted->is_counted, family != AF_UNIX && atomic_load(&unread_limit) != INT64_MAX);
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
            atomic_fetch_add(&unread_of_closed, atomic_exchange(&closed->unread, 0));
        }
    }
    return (int)syscall(SYS_close, descriptor);
}

/// Receives from a socket. A connection with too many unread bytes counts as broken.
ssize_t recv(int descriptor, void *buffer, size_t length, int flags) {
    bool is_counted = descriptor >= 0 && descriptor < DESCRIPTOR_COUNT
                      && atomic_load_explicit(&connections[descriptor].is_counted, memory_order_relaxed);
    if (!is_counted) return syscall(SYS_recvfrom, descriptor, buffer, length, flags, NULL, NULL);
    connection *source = &connections[descriptor];
    int64_t now = current_second();
    int64_t last = atomic_exchange_explicit(&source->second, now, memory_order_relaxed);
    if (now > last) add_unread(source, -(now - last) * FREE_BYTES_PER_SECOND);
    int64_t own = atomic_load_explicit(&source->unread, memory_order_relaxed);
    int64_t limit = atomic_load_explicit(&unread_limit, memory_order_relaxed);
    // With too much in all, those are broken that have more than an equal share: no number of connections exceeds it.
    if (own > limit || (has_too_much_unread() && own * atomic_load(&accepted_count) / 2 > limit)) {
        errno = ECONNRESET;
        return -1;
    }
    ssize_t received = syscall(SYS_recvfrom, descriptor, buffer, length, flags, NULL, NULL);
    if (received <= 0) return received;
    int64_t charged = charge(&source->stream, buffer, (size_t)received);
    if (charged < 0) {
        errno = ECONNRESET;
        return -1;
    }
    add_unread(source, charged);
    return received;
}

void selvedge_frame_taken(int descriptor, int64_t byte_count) {
    if (descriptor < 0 || descriptor >= DESCRIPTOR_COUNT) return;
    connection *source = &connections[descriptor];
    if (atomic_load_explicit(&source->is_counted, memory_order_relaxed))
        add_unread(source, -(byte_count + SELVEDGE_FRAME_CHARGE));
}

void selvedge_all_frames_taken(void) {
    if (atomic_load_explicit(&unread_of_closed, memory_order_relaxed) == 0) return;
    int64_t count = atomic_exchange_explicit(&unread_of_closed, 0, memory_order_relaxed);
    atomic_fetch_sub_explicit(&unread_in_all, count, memory_order_relaxed);
}

int64_t selvedge_unread_bytes(int descriptor) {
    if (descriptor < 0 || descriptor >= DESCRIPTOR_COUNT) return 0;
    return atomic_load_explicit(&connections[descriptor].unread, memory_order_relaxed);
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
