#ifndef SELVEDGE_THREAD_CONTROL_H
#define SELVEDGE_THREAD_CONTROL_H

#include <sys/types.h>

// Stops single threads of a descendant process, as no signal can. The thread that stops one has to be the one that goes on with it.

// Stops a thread; 0, or an error number.
int selvedge_thread_stop(pid_t thread);

// Lets a stopped thread go on; 0, or an error number.
int selvedge_thread_continue(pid_t thread);

// Ends a stopped thread, and nothing else of its process; 0, or an error number.
int selvedge_thread_end(pid_t thread);

#endif
