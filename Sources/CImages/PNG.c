#include "CImages.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

/// What is left of the file.
typedef struct {
    const uint8_t *next;
    size_t count;
} remaining_bytes;

static void read_bytes(png_structp png, png_bytep target, size_t count) {
    remaining_bytes *remaining = png_get_io_ptr(png);
    if (count > remaining->count) {
        png_error(png, "it is cut short");
    }
    memcpy(target, remaining->next, count);
    remaining->next += count;
    remaining->count -= count;
}

static void fail(png_structp png, png_const_charp message) {
    selvedge_image *image = png_get_error_ptr(png);
    snprintf(image->problem, sizeof image->problem, "%s", message);
    png_longjmp(png, 1);
}

/// Warnings are about chunks that do not change a pixel.
static void ignore(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

/// Reads the header, and with `pixels` the whole file.
static bool read_png(const uint8_t *bytes, size_t count, selvedge_image *image, uint8_t *pixels) {
    remaining_bytes remaining = {bytes, count};
    image->problem[0] = 0;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, image, fail, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_read_struct(&png, NULL, NULL);
        snprintf(image->problem, sizeof image->problem, "libpng has no memory left");
        return false;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        return false;
    }
    png_set_read_fn(png, &remaining, read_bytes);
    // The caller checks the size before it takes memory.
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    // Texts, profiles and other chunks that do not change a pixel are not even unpacked.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(png, info);
    const bool is_grey = !(png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR);
    if (!pixels) {
        image->height = png_get_image_height(png, info);
        image->width = png_get_image_width(png, info);
        image->channels = is_grey ? 1 : 3;
        png_destroy_read_struct(&png, &info, NULL);
        return true;
    }
    png_set_palette_to_rgb(png);
    if (is_grey) {
        png_set_expand_gray_1_2_4_to_8(png);
    }
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    const size_t stride = (size_t)image->width * image->channels;
    if (png_get_rowbytes(png, info) != stride) {
        png_error(png, "its rows have another length than its header announces");
    }
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t y = 0; y < image->height; y++) {
            png_read_row(png, pixels + y * stride, NULL);
        }
    }
    png_read_end(png, NULL);
    png_destroy_read_struct(&png, &info, NULL);
    return true;
}

bool selvedge_png_header(const uint8_t *bytes, size_t count, selvedge_image *image) {
    return read_png(bytes, count, image, NULL);
}

bool selvedge_png_pixels(const uint8_t *bytes, size_t count, selvedge_image *image, uint8_t *pixels) {
    return read_png(bytes, count, image, pixels);
}
