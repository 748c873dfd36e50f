#ifndef SELVEDGE_ALLOCATION_COUNTER_H
#define SELVEDGE_ALLOCATION_COUNTER_H

// Counts allocations of chosen threads. The program that links this takes malloc and its kin from here; they pass every request on to the C library.
//
// A group is a set of threads. A thread joins at most one group at a time; what it allocates is counted while the group is armed. Requests whose
// nearest callers lie in libzmq are counted apart.

#define SELVEDGE_ALLOCATION_THREADS 16
#define SELVEDGE_ALLOCATION_FRAMES 24

// A new group, from 1; 0 when there are no more.
int selvedge_allocation_group(void);

// The calling thread belongs to this group from now on; joining again changes nothing.
void selvedge_allocation_join(int group);

// The calling thread belongs to no group.
void selvedge_allocation_leave(void);

void selvedge_allocation_arm(int group, int armed);

// How many threads have joined.
int selvedge_allocation_thread_count(int group);

// Requests of the group's thread number `thread`, in the order of joining; those from libzmq apart.
long selvedge_allocation_count(int group, int thread);
long selvedge_allocation_zeromq_count(int group, int thread);

// Writes the call stack of the group's first counted request that did not come from libzmq, innermost first: "file+0xoffset" lines, as
// addr2line takes them. Empty when there was none.
void selvedge_allocation_first_stack(int group, char *text, long byte_count);

// Calls malloc and frees the block, in a way that no compiler removes.
void selvedge_allocation_touch(long byte_count);

#endif
