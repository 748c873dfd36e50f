// Descriptors for signals and wake-ups; Swift's Glibc module leaves these headers out.
#ifndef SELVEDGE_EVENTS_H
#define SELVEDGE_EVENTS_H

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#endif
