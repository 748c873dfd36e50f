#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Numbers of libcurl's options, which its interface keeps for ever: 10000 is added for pointers, 20000 for functions.
enum {
    OPTION_WRITE_DATA = 10001,
    OPTION_URL = 10002,
    OPTION_PROXY = 10004,
    OPTION_CREDENTIALS = 10005,
    OPTION_PROBLEM_BUFFER = 10010,
    OPTION_BODY = 10015,
    OPTION_HEADERS = 10023,
    OPTION_METHOD = 10036,
    OPTION_AUTHORITY_FILE = 10065,
    OPTION_WRITE_FUNCTION = 20011,
    OPTION_NO_SIGNALS = 99,
    OPTION_TIMEOUT_MILLISECONDS = 155,
    OPTION_PROTOCOLS = 181,
    OPTION_BODY_BYTE_COUNT = 30120,
    INFORMATION_STATUS = 0x200002,
    PROTOCOL_HTTP = 1,
    PROTOCOL_HTTPS = 2,
    GLOBAL_ALL = 3,
};

static struct {
    int (*global_init)(long);
    void *(*easy_init)(void);
    int (*easy_setopt)(void *, int, ...);
    int (*easy_perform)(void *);
    int (*easy_getinfo)(void *, int, ...);
    void (*easy_cleanup)(void *);
    const char *(*easy_strerror)(int);
    void *(*slist_append)(void *, const char *);
    void (*slist_free_all)(void *);
} curl;

static bool is_loaded;

static void load(void) {
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so"};
    void *library = NULL;
    for (size_t index = 0; index < sizeof names / sizeof names[0] && library == NULL; index++) {
        library = dlopen(names[index], RTLD_NOW | RTLD_LOCAL);
    }
    if (library == NULL) return;
    const struct {
        const char *symbol;
        void *place;
    } functions[] = {
        {"curl_global_init", &curl.global_init},     {"curl_easy_init", &curl.easy_init},
        {"curl_easy_setopt", &curl.easy_setopt},     {"curl_easy_perform", &curl.easy_perform},
        {"curl_easy_getinfo", &curl.easy_getinfo},   {"curl_easy_cleanup", &curl.easy_cleanup},
        {"curl_easy_strerror", &curl.easy_strerror}, {"curl_slist_append", &curl.slist_append},
        {"curl_slist_free_all", &curl.slist_free_all},
    };
    for (size_t index = 0; index < sizeof functions / sizeof functions[0]; index++) {
        void *function = dlsym(library, functions[index].symbol);
        if (function == NULL) return;
        memcpy(functions[index].place, &function, sizeof function);
    }
    is_loaded = curl.global_init(GLOBAL_ALL) == 0;
}

struct reception {
    struct selvedge_http_answer *answer;
    size_t limit;
};

/// Less than everything is a failure for libcurl.
static size_t receive(const char *bytes, size_t size, size_t count, void *context) {
    struct reception *reception = context;
    struct selvedge_http_answer *answer = reception->answer;
    if (size != 0 && count > reception->limit / size) return 0;
    const size_t added = size * count;
    if (added > reception->limit - answer->byte_count) return 0;
    uint8_t *grown = realloc(answer->bytes, answer->byte_count + added + 1);
    if (grown == NULL) return 0;
    memcpy(grown + answer->byte_count, bytes, added);
    answer->bytes = grown;
    answer->byte_count += added;
    return added;
}

/// The headers as libcurl's list; NULL for none, or where memory is missing.
static void *header_list(const char *text) {
    void *list = NULL;
    while (*text != '\0') {
        const size_t length = strcspn(text, "\n");
        char *line = strndup(text, length);
        void *longer = line == NULL ? NULL : curl.slist_append(list, line);
        free(line);
        if (longer == NULL) break;
        list = longer;
        text += length + (text[length] == '\n' ? 1 : 0);
    }
    return list;
}

bool selvedge_http_perform(const struct selvedge_http_request *request, struct selvedge_http_answer *answer) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    memset(answer, 0, sizeof *answer);
    pthread_once(&once, load);
    void *handle = is_loaded ? curl.easy_init() : NULL;
    if (handle == NULL) {
        snprintf(answer->problem, sizeof answer->problem, "libcurl cannot be loaded: install libcurl4");
        return false;
    }
    struct reception reception = {.answer = answer, .limit = request->answer_byte_limit};
    char problem[256] = "";
    void *headers = header_list(request->headers);
    curl.easy_setopt(handle, OPTION_NO_SIGNALS, 1L);
    curl.easy_setopt(handle, OPTION_PROTOCOLS, (long)(PROTOCOL_HTTP | PROTOCOL_HTTPS));
    curl.easy_setopt(handle, OPTION_TIMEOUT_MILLISECONDS, request->timeout_milliseconds);
    curl.easy_setopt(handle, OPTION_URL, request->url);
    curl.easy_setopt(handle, OPTION_HEADERS, headers);
    curl.easy_setopt(handle, OPTION_PROBLEM_BUFFER, problem);
    curl.easy_setopt(handle, OPTION_WRITE_FUNCTION, receive);
    curl.easy_setopt(handle, OPTION_WRITE_DATA, &reception);
    if (request->body != NULL) {
        curl.easy_setopt(handle, OPTION_BODY_BYTE_COUNT, (int64_t)request->body_byte_count);
        curl.easy_setopt(handle, OPTION_BODY, request->body);
    }
    curl.easy_setopt(handle, OPTION_METHOD, request->method);
    if (request->authority_file != NULL) curl.easy_setopt(handle, OPTION_AUTHORITY_FILE, request->authority_file);
    if (request->credentials != NULL) curl.easy_setopt(handle, OPTION_CREDENTIALS, request->credentials);
    if (request->avoids_proxies) curl.easy_setopt(handle, OPTION_PROXY, "");
    const int code = curl.easy_perform(handle);
    if (code == 0) {
        curl.easy_getinfo(handle, INFORMATION_STATUS, &answer->status);
    } else {
        snprintf(answer->problem, sizeof answer->problem, "%s", problem[0] != '\0' ? problem : curl.easy_strerror(code));
    }
    curl.slist_free_all(headers);
    curl.easy_cleanup(handle);
    return code == 0;
}

void selvedge_http_release(struct selvedge_http_answer *answer) {
    free(answer->bytes);
    answer->bytes = NULL;
    answer->byte_count = 0;
}
