#ifndef SELVEDGE_CZLIB_H
#define SELVEDGE_CZLIB_H

#include <zlib.h>

/// inflateInit2 is a macro, which Swift cannot see: sets a stream up for one gzip member (window of 32 KiB, gzip framing only).
static inline int selvedge_inflate_gzip_start(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}

/// deflateInit2 is a macro, which Swift cannot see: sets a stream up to write one gzip member.
static inline int selvedge_deflate_gzip_start(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

#endif
