#ifndef SELVEDGE_DESCRIPTORS_H
#define SELVEDGE_DESCRIPTORS_H

/// Descriptors that accepted connections leave free, for files and pipes.
#define SELVEDGE_RESERVED_DESCRIPTORS 64

/// Raises this process's limit of descriptors to its hard limit.
void selvedge_raise_descriptor_limit(void);

#endif
