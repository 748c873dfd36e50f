/// Images as text, as Kaggle has them: a header `label,pixel1,…`, then a line an image: its label, then its values 0 to 255, row
/// after row. Lines end with LF or CRLF; the last may lack it.
package enum CSVImages {
    /// Reads the bytes of a file; `name` stands in errors.
    ///
    /// Throws `DatasetError.text` with line and column for what is not as it should be.
    package static func parse(
        bytes: [UInt8], name: String, format: ImageFormat
    ) throws(DatasetError) -> ImageDataset {
        try read(from: MemorySource(bytes), file: name, name: name, format: format)
    }

    /// Reads a file from the first of some folders that has it, plain or with `.gz`. Its images get the name of the file, or
    /// another.
    package static func load(
        _ file: String, name: String? = nil, format: ImageFormat, searching folders: [String]
    ) throws(DatasetError) -> ImageDataset {
        let source = try FoundFile.find(file, searching: folders)
        let path = source.path
        return try read(from: source, file: path, name: name ?? file, format: format)
    }

    static func read<Source: ByteSource & ~Copyable>(
        from source: consuming Source, file: String, name: String, format: ImageFormat
    ) throws(DatasetError) -> ImageDataset {
        let reader = try CSVReader(file: file, format: format)
        try reader.read(from: &source)
        return try ImageDataset(
            name: name, height: format.height, width: format.width, channels: format.channels,
            classNames: format.classNames, pixels: reader.pixels, labels: reader.labels)
    }
}
