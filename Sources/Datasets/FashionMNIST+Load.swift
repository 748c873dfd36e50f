import Digests

extension FashionMNIST {
    /// Loads both sets; each of the four files is taken from the first folder that has it, plain or with `.gz`.
    ///
    /// Throws `DatasetError` when a file is missing everywhere, or is not Fashion-MNIST's byte for byte. Cost: inflating and
    /// digesting 55 MB.
    public static func load(
        searching folders: [String]
    ) throws(DatasetError) -> (training: ImageDataset, test: ImageDataset) {
        let training = try load(
            name: name, images: .trainingImages, labels: .trainingLabels, searching: folders)
        let test = try load(name: "\(name) test", images: .testImages, labels: .testLabels, searching: folders)
        return (training, test)
    }

    private static func load(
        name: String, images: FashionMNISTFile, labels: FashionMNISTFile, searching folders: [String]
    ) throws(DatasetError) -> ImageDataset {
        let labels = try labels.payload(searching: folders)
        let pixels = try images.payload(searching: folders)
        return try ImageDataset(
            name: name, height: 28, width: 28, channels: 1, classNames: classNames, pixels: pixels, labels: labels)
    }
}

extension FashionMNISTFile {
    /// The samples' bytes of this file, if its content is Fashion-MNIST's.
    func payload(searching folders: [String]) throws(DatasetError) -> [UInt8] {
        for folder in folders {
            let path = "\(folder)/\(name)"
            if let file = try FileSource(path: path) {
                return try payload(of: read(file, path: path), path: path)
            }
            let packedPath = path + ".gz"
            if let file = try FileSource(path: packedPath) {
                return try payload(of: read(GzipSource(file, file: packedPath), path: packedPath), path: packedPath)
            }
        }
        throw .missing(file: name, searched: folders)
    }

    private func read<Source: ByteSource & ~Copyable>(
        _ source: consuming Source, path: String
    ) throws(DatasetError) -> IDXContent {
        let magic = dimensions.count == 3 ? IDXFile.imagesMagic : IDXFile.labelsMagic
        return try IDXContent.read(from: source, file: path, magic: magic, dimensions: dimensions)
    }

    private func payload(of content: IDXContent, path: String) throws(DatasetError) -> [UInt8] {
        let found = content.digest
        guard found == digest else {
            throw .wrongDigest(file: path, found: found, expected: digest, isMNIST: found == digestInMNIST)
        }
        return content.payload
    }
}
