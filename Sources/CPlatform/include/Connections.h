#ifndef SELVEDGE_CONNECTIONS_H
#define SELVEDGE_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

/// Descriptors that accepted connections leave free, for files and pipes.
#define SELVEDGE_RESERVED_DESCRIPTORS 64

/// The most connections that this process accepts at a time: twice the peers of a full view, and as many again.
#define SELVEDGE_CONNECTION_LIMIT 4096

/// Closes new connections at once until they are accepted again.
void selvedge_accept_connections(bool is_accepting);

/// Counts bytes of a message as taken that arrived on a connection.
void selvedge_bytes_taken(int descriptor, int64_t count);

/// Sets how many bytes of one connection may wait to be taken, and twice as many of all together. At first there is no limit.
void selvedge_set_unread_limit(int64_t byte_count);

/// Raises this process's limit of descriptors to its hard limit.
void selvedge_raise_descriptor_limit(void);

#endif
