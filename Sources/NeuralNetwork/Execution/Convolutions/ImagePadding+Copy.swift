extension ImagePadding {
    /// Copies an image of `height` × `width` × `channels` into the middle of a padded one, whose border is zero already
    /// and stays as it is.
    @inline(__always)
    func copy(
        _ image: UnsafePointer<Float>, height: Int, width: Int, channels: Int, into padded: UnsafeMutablePointer<Float>
    ) {
        let rowCount = width * channels
        let paddedRowCount = (left + width + right) * channels
        var source = image
        var target = padded + top * paddedRowCount + left * channels
        for _ in 0..<height {
            target.update(from: source, count: rowCount)
            source += rowCount
            target += paddedRowCount
        }
    }
}
