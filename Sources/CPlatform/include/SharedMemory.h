// Memory and pipes that processes of one host share by their descriptors.
#ifndef SELVEDGE_SHARED_MEMORY_H
#define SELVEDGE_SHARED_MEMORY_H

#include <stdint.h>

/// An empty file in memory without a name in any folder. Returns its descriptor, or -1.
int selvedge_memory_create(void);

/// Forbids for ever that the file shrinks: memory that another process has mapped stays there. Returns 0, or -1.
int selvedge_memory_seal(int descriptor);

/// 1 if the file is one that can never shrink, else 0.
int selvedge_memory_is_sealed(int descriptor);

/// Takes memory for bytes of the file, which grows if needed. Returns 0, or an error number.
int selvedge_memory_reserve(int descriptor, int64_t offset, int64_t count);

/// A pipe whose ends do not block. Returns 0, or -1.
int selvedge_pipe_create(int descriptors[2]);

/// Opens what another process of this user has open under `descriptor`, without blocking. Returns a descriptor, or -1.
int selvedge_open_descriptor(int32_t process, int32_t descriptor, int writable);

#endif
