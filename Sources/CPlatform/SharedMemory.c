#define _GNU_SOURCE
#include "SharedMemory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int selvedge_memory_create(void) {
    return memfd_create("selvedge", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int selvedge_memory_seal(int descriptor) {
    return fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL);
}

int selvedge_memory_is_sealed(int descriptor) {
    int seals = fcntl(descriptor, F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
}

int selvedge_memory_reserve(int descriptor, int64_t offset, int64_t count) {
    return posix_fallocate(descriptor, offset, count);
}

int selvedge_pipe_create(int descriptors[2]) {
    return pipe2(descriptors, O_CLOEXEC | O_NONBLOCK);
}

int selvedge_open_descriptor(int32_t process, int32_t descriptor, int writable) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", process, descriptor);
    return open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
}
