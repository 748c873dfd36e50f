import Core

extension FashionMNIST {
    /// Loads both sets, each from the first folder that has it: as two IDX files, plain or with `.gz`, or, where they are not,
    /// as Kaggle's CSV file.
    ///
    /// Throws `DatasetError` when a file is missing everywhere, when an IDX file is not Fashion-MNIST's byte for byte, or when a
    /// CSV file has not as many images. Cost: inflating and digesting 55 MB.
    package static func load(
        searching folders: [String]
    ) throws(DatasetError) -> (training: ImageDataset, test: ImageDataset) {
        (try trainingSet.load(searching: folders), try testSet.load(searching: folders))
    }

    static var format: ImageFormat { ImageFormat(height: 28, width: 28, channels: 1, classNames: classNames) }

    private static var trainingSet: FashionMNISTSet {
        FashionMNISTSet(
            name: name, images: .trainingImages, labels: .trainingLabels, csv: "fashion-mnist_train.csv")
    }

    private static var testSet: FashionMNISTSet {
        FashionMNISTSet(name: "\(name) test", images: .testImages, labels: .testLabels, csv: "fashion-mnist_test.csv")
    }
}

/// The training set or the test set, with the names of its files.
private struct FashionMNISTSet {
    let name: String
    let images: FashionMNISTFile
    let labels: FashionMNISTFile
    /// Kaggle's edition of the same images. Its rows have an order of their own, so no digest is known for it.
    let csv: String

    func load(searching folders: [String]) throws(DatasetError) -> ImageDataset {
        for folder in folders {
            let (hasImages, hasLabels) = (try isThere(images.name, folder), try isThere(labels.name, folder))
            if hasImages || hasLabels { break }
            if try isThere(csv, folder) { return try loadText(folder) }
        }
        let labels = try labels.payload(searching: folders)
        let pixels = try images.payload(searching: folders)
        return try ImageDataset(
            name: name, height: 28, width: 28, channels: 1, classNames: FashionMNIST.classNames,
            pixels: pixels, labels: labels)
    }

    private func isThere(_ file: String, _ folder: String) throws(DatasetError) -> Bool {
        // What is found is closed again at once.
        switch try FoundFile.find(file, in: folder) {
        case .some: true
        case nil: false
        }
    }

    private func loadText(_ folder: String) throws(DatasetError) -> ImageDataset {
        let dataset = try CSVImages.load(csv, name: name, format: FashionMNIST.format, searching: [folder])
        guard dataset.sampleCount == images.dimensions[0] else {
            throw .shape(
                name: name,
                problem: "\(folder)/\(csv) has \(dataset.sampleCount) images, expected \(images.dimensions[0]); fetch "
                    + "it again, or name it in an experiment of your own with set: {csv: …}")
        }
        return dataset
    }
}

extension FashionMNISTFile {
    /// The samples' bytes of this file, if its content is Fashion-MNIST's.
    func payload(searching folders: [String]) throws(DatasetError) -> [UInt8] {
        let file = try FoundFile.find(name, searching: folders)
        let path = file.path
        let magic = dimensions.count == 3 ? IDXFile.imagesMagic : IDXFile.labelsMagic
        let content = try IDXContent.read(from: file, file: path, magic: magic, dimensions: dimensions)
        let found = content.digest
        guard found == digest else {
            throw .wrongDigest(file: path, found: found, expected: digest, isMNIST: found == digestInMNIST)
        }
        return content.payload
    }
}
