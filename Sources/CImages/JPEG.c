#include "CImages.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

// jpeglib.h needs FILE and size_t before it.
#include <jpeglib.h>
#include <jerror.h>

/// libjpeg's error handler with a place to return to.
typedef struct {
    struct jpeg_error_mgr base;
    jmp_buf place;
    selvedge_image *image;
} error_handler;

/// A file may make libjpeg go over the whole image for a few bytes of each scan; no usual file has more scans.
static const int scan_limit = 500;

static void fail(j_common_ptr reader) {
    error_handler *errors = (error_handler *)reader->err;
    char text[JMSG_LENGTH_MAX];
    reader->err->format_message(reader, text);
    snprintf(errors->image->problem, sizeof errors->image->problem, "%s", text);
    longjmp(errors->place, 1);
}

/// Fails where libjpeg would guess pixels. Negative levels are warnings.
static void emit_message(j_common_ptr reader, int level) {
    if (level >= 0) {
        return;
    }
    switch (reader->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
        return;
    default:
        fail(reader);
    }
}

static void limit_scans(j_common_ptr reader) {
    if (reader->is_decompressor && ((j_decompress_ptr)reader)->input_scan_number > scan_limit) {
        error_handler *errors = (error_handler *)reader->err;
        snprintf(errors->image->problem, sizeof errors->image->problem, "it has more than %d scans", scan_limit);
        longjmp(errors->place, 1);
    }
}

/// Reads the header, and with `pixels` the whole file.
static bool read_jpeg(const uint8_t *bytes, size_t count, selvedge_image *image, uint8_t *pixels) {
    struct jpeg_decompress_struct reader = {0};
    struct jpeg_progress_mgr progress = {0};
    error_handler errors;
    image->problem[0] = 0;
    errors.image = image;
    reader.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = fail;
    errors.base.emit_message = emit_message;
    progress.progress_monitor = limit_scans;
    if (setjmp(errors.place)) {
        jpeg_destroy_decompress(&reader);
        return false;
    }
    jpeg_create_decompress(&reader);
    reader.progress = &progress;
    jpeg_mem_src(&reader, bytes, count);
    jpeg_read_header(&reader, TRUE);
    switch (reader.jpeg_color_space) {
    case JCS_GRAYSCALE: reader.out_color_space = JCS_GRAYSCALE; break;
    case JCS_RGB:
    case JCS_YCbCr: reader.out_color_space = JCS_RGB; break;
    case JCS_CMYK:
    case JCS_YCCK: reader.out_color_space = JCS_CMYK; break;
    default:
        snprintf(
            image->problem, sizeof image->problem, "its %d components are of an unknown kind", reader.num_components);
        longjmp(errors.place, 1);
    }
    if (!pixels) {
        image->height = reader.image_height;
        image->width = reader.image_width;
        image->channels = reader.out_color_space == JCS_GRAYSCALE ? 1 : reader.out_color_space == JCS_RGB ? 3 : 4;
        jpeg_destroy_decompress(&reader);
        return true;
    }
    // The method whose results do not depend on the machine.
    reader.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&reader);
    const size_t stride = (size_t)image->width * image->channels;
    while (reader.output_scanline < reader.output_height) {
        JSAMPROW row = pixels + reader.output_scanline * stride;
        jpeg_read_scanlines(&reader, &row, 1);
    }
    jpeg_finish_decompress(&reader);
    jpeg_destroy_decompress(&reader);
    return true;
}

bool selvedge_jpeg_header(const uint8_t *bytes, size_t count, selvedge_image *image) {
    return read_jpeg(bytes, count, image, NULL);
}

bool selvedge_jpeg_pixels(const uint8_t *bytes, size_t count, selvedge_image *image, uint8_t *pixels) {
    return read_jpeg(bytes, count, image, pixels);
}
