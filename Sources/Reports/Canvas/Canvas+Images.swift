import CCairo

/// A small picture of bytes, as data sets hold them.
struct PixelImage {
    var height: Int
    var width: Int
    /// 1 (grey) or 3 (red, green, blue); of any other number the first is shown as grey.
    var channels: Int
    /// `[height, width, channels]`, 0…255.
    var pixels: ArraySlice<UInt8>

    /// The pixel as 0x00RRGGBB.
    fileprivate func word(_ index: Int) -> UInt32 {
        let start = pixels.startIndex + index * channels
        let red = UInt32(pixels[start])
        guard channels == 3 else { return red << 16 | red << 8 | red }
        return red << 16 | UInt32(pixels[start + 1]) << 8 | UInt32(pixels[start + 2])
    }
}

extension Canvas {
    /// Fills the rectangle with the image; pixels stay squares with sharp edges.
    func image(_ image: PixelImage, in rectangle: Rectangle) {
        precondition(image.pixels.count == image.height * image.width * image.channels, "an image of another size")
        guard let small = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(image.width), Int32(image.height))
        else { return }
        defer { cairo_surface_destroy(small) }
        guard let bytes = cairo_image_surface_get_data(small) else { return }
        let stride = Int(cairo_image_surface_get_stride(small))
        for y in 0..<image.height {
            for x in 0..<image.width {
                UnsafeMutableRawPointer(bytes).storeBytes(
                    of: image.word(y * image.width + x), toByteOffset: y * stride + 4 * x, as: UInt32.self)
            }
        }
        cairo_surface_mark_dirty(small)
        cairo_save(context)
        cairo_translate(context, rectangle.x, rectangle.y)
        cairo_scale(context, rectangle.width / Double(image.width), rectangle.height / Double(image.height))
        cairo_set_source_surface(context, small, 0, 0)
        cairo_pattern_set_filter(cairo_get_source(context), CAIRO_FILTER_NEAREST)
        cairo_rectangle(context, 0, 0, Double(image.width), Double(image.height))
        cairo_fill(context)
        cairo_restore(context)
    }
}
