// PNG and JPEG files for Swift: libpng and libjpeg report errors by long jumps, which must not cross Swift's frames. Each
// function returns after the library has ended; what it could not read is a line of text.
#ifndef SELVEDGE_CIMAGES_H
#define SELVEDGE_CIMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What the header of an image file announces, or why the file cannot be used.
typedef struct {
    uint32_t height;
    uint32_t width;
    /// Values of a decoded pixel, 8 bits each: 1 grey, 3 RGB, 4 cyan, magenta, yellow and black, each as 255 minus its ink.
    uint32_t channels;
    /// Empty unless a function returned false.
    char problem[200];
} selvedge_image;

/// Reads the header of a PNG file. Takes memory for the header only.
bool selvedge_png_header(const uint8_t *bytes, size_t count, selvedge_image *image);

/// Decodes a PNG file into `pixels`, which has height * width * channels zeros for the header that was read from the same
/// bytes. Palettes become RGB, 1, 2 and 4 bits are widened, of 16 bits the upper 8 are kept, transparency is left out.
bool selvedge_png_pixels(const uint8_t *bytes, size_t count, selvedge_image *image, uint8_t *pixels);

/// Reads the header of a JPEG file. Takes memory for the header only.
bool selvedge_jpeg_header(const uint8_t *bytes, size_t count, selvedge_image *image);

/// Decodes a JPEG file into `pixels`, which has height * width * channels bytes for the header that was read from the same
/// bytes. A file that is cut short or damaged is refused, where libjpeg would fill the rest with grey.
bool selvedge_jpeg_pixels(const uint8_t *bytes, size_t count, selvedge_image *image, uint8_t *pixels);

#endif
