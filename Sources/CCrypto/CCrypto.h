#ifndef SELVEDGE_CCRYPTO_H
#define SELVEDGE_CCRYPTO_H

#include <openssl/evp.h>

#endif
