// One HTTP request through libcurl, found at run time: a program that uses this module starts without the library. No header of the library
// is needed.
#ifndef SELVEDGE_CCURL_H
#define SELVEDGE_CCURL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

struct selvedge_http_request {
    const char *method;
    const char *url;
    /// Lines `Name: value`, each with a line feed at its end.
    const char *headers;
    const void *_Nullable body;
    size_t body_byte_count;
    /// Certificates in PEM to trust instead of the system's.
    const char *_Nullable authority_file;
    /// `user:password`.
    const char *_Nullable credentials;
    long timeout_milliseconds;
    /// A longer answer is a failure.
    size_t answer_byte_limit;
    /// Whether the proxies that the environment names are left out.
    bool avoids_proxies;
};

struct selvedge_http_answer {
    long status;
    /// To be released with selvedge_http_release.
    uint8_t *_Nullable bytes;
    size_t byte_count;
    char problem[256];
};

/// Sends a request and waits for the answer. Returns false with a problem, one line, where there is none.
bool selvedge_http_perform(const struct selvedge_http_request *request, struct selvedge_http_answer *answer);

void selvedge_http_release(struct selvedge_http_answer *answer);

#pragma clang assume_nonnull end

#endif
