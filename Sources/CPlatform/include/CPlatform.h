// Operations of the machine that Swift does not offer: CPU features, the CRC-32C instruction, threads, descriptors, spawning.
#ifndef SELVEDGE_CPLATFORM_H
#define SELVEDGE_CPLATFORM_H

#include "CPU.h"
#include "CRC32C.h"
#include "Connections.h"
#include "Events.h"
#include "Prefetch.h"
#include "Processors.h"
#include "SharedMemory.h"
#include "Spawn.h"
#include "Threads.h"

#endif
