// Bounds the connections that this process accepts.
//
// libzmq 4.3 ends the process when `accept4` fails for lack of descriptors on an ipc socket, and it has no option that
// limits accepted connections. The dynamic linker resolves libzmq's call to this function instead of the C library's.
#define _GNU_SOURCE
#include "Descriptors.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Accepts a connection, and closes it at once where fewer than the reserve of descriptors would be left: the peer sees a closed
/// connection, and this process can still open its files. Fails with ENFILE, which libzmq takes as a refused connection.
int accept4(int listener, struct sockaddr *restrict address, socklen_t *restrict length, int flags) {
    int descriptor = (int)syscall(SYS_accept4, listener, address, length, flags);
    if (descriptor < 0) {
        if (errno == EMFILE) errno = ENFILE;
        return descriptor;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)descriptor + SELVEDGE_RESERVED_DESCRIPTORS >= limit.rlim_cur) {
        close(descriptor);
        errno = ENFILE;
        return -1;
    }
    return descriptor;
}

void selvedge_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}
