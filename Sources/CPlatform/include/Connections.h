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

/// What a frame counts beside its bytes until it is taken. libzmq 4.3.4 was measured to use 76 to 170 bytes more than those of
/// the frame, where it copies received frames.
#define SELVEDGE_FRAME_CHARGE 256

/// Counts a frame as taken that arrived on a connection with so many bytes of content.
void selvedge_frame_taken(int descriptor, int64_t byte_count);

/// The socket of the counted connections has no message: frames of closed connections count no longer.
void selvedge_all_frames_taken(void);

/// Sets how many bytes of one connection may wait to be taken, and twice as many of all together. At first there is no limit,
/// and connections that are accepted before there is one are not counted.
void selvedge_set_unread_limit(int64_t byte_count);

/// The bytes of a connection that wait to be taken.
int64_t selvedge_unread_bytes(int descriptor);

/// Raises this process's limit of descriptors to its hard limit.
void selvedge_raise_descriptor_limit(void);

#endif
