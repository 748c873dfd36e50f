#ifndef SELVEDGE_SPAWN_H
#define SELVEDGE_SPAWN_H

/// Has a spawned process close all descriptors from `first` on. `actions` is a `posix_spawn_file_actions_t *`, untyped here
/// because a second definition of its header would hide Glibc's. Returns 0, or an error number.
int selvedge_spawn_close_from(void *actions, int first);

#endif
