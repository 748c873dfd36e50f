extension IDXFile {
    /// Images of any one size and their labels, from two files that are looked for in some folders, plain or with `.gz`.
    ///
    /// Throws `DatasetError` when a file is missing everywhere or malformed, when counts differ, or a label is no class.
    package static func dataset(
        images: String, labels: String, classNames: [String], searching folders: [String]
    ) throws(DatasetError) -> ImageDataset {
        let (labelContent, labelPath) = try content(of: labels, magic: labelsMagic, searching: folders)
        let (imageContent, imagePath) = try content(of: images, magic: imagesMagic, searching: folders)
        try check(labelContent.payload, below: classNames.count, file: labelPath)
        let (count, dimensions) = (labelContent.payload.count, imageContent.dimensions)
        guard count == dimensions[0] else {
            throw .shape(
                name: images, problem: "\(imagePath) has \(dimensions[0]) images, \(labelPath) has \(count) labels")
        }
        return try ImageDataset(
            name: images, height: dimensions[1], width: dimensions[2], channels: 1, classNames: classNames,
            pixels: imageContent.payload, labels: labelContent.payload)
    }

    private static func content(
        of name: String, magic: UInt32, searching folders: [String]
    ) throws(DatasetError) -> (content: IDXContent, path: String) {
        let file = try FoundFile.find(name, searching: folders)
        let path = file.path
        return (try IDXContent.read(from: file, file: path, magic: magic, dimensions: nil), path)
    }
}
