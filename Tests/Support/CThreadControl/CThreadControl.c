#define _GNU_SOURCE
#include "CThreadControl.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

int selvedge_thread_stop(pid_t thread) {
    if (ptrace(PTRACE_SEIZE, thread, 0, 0) != 0 || ptrace(PTRACE_INTERRUPT, thread, 0, 0) != 0) return errno;
    int status;
    while (waitpid(thread, &status, __WALL) < 0) {
        if (errno != EINTR) return errno;
    }
    return WIFSTOPPED(status) ? 0 : ESRCH;
}

int selvedge_thread_continue(pid_t thread) {
    return ptrace(PTRACE_DETACH, thread, 0, 0) == 0 ? 0 : errno;
}

int selvedge_thread_end(pid_t thread) {
#if defined(__x86_64__)
    // It waits in a system call, which the interruption has ended: the instruction before its next one is `syscall`.
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, thread, 0, &registers) != 0) return errno;
    registers.rip -= 2;
    registers.orig_rax = (unsigned long long)-1;
    registers.rax = SYS_exit;
    registers.rdi = 0;
    if (ptrace(PTRACE_SETREGS, thread, 0, &registers) != 0) return errno;
    return selvedge_thread_continue(thread);
#else
    (void)thread;
    return ENOSYS;
#endif
}
