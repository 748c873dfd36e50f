package import Core

/// Fashion-MNIST: 60,000 training and 10,000 test images of clothes, 28 × 28 grey, ten classes (Xiao, Rasul and
/// Vollgraf 2017).
package enum FashionMNIST {
    package static let name = "fashion-mnist"

    package static let classNames = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]

    /// Where the files are looked for: in the folder named by the user or by `$SELVEDGE_DATA`, and nowhere else;
    /// without either in the system's folder (Debian's package dataset-fashion-mnist), then in the user's cache.
    /// Wherever they are found, their digests must be right.
    package static func searchPath(data: String?, environment: [String: String]) -> [String] {
        if let named = DataRequest.namedFolder(data: data, environment: environment) { return [named] }
        return ["/usr/share/datasets/fashion-mnist"] + (cacheFolder(environment: environment).map { [$0] } ?? [])
    }

    /// `selvedge/fashion-mnist` in `$XDG_CACHE_HOME` or `~/.cache`; nil where neither is set.
    package static func cacheFolder(environment: [String: String]) -> String? {
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return "\(cache)/selvedge/fashion-mnist" }
        if let home = environment["HOME"], !home.isEmpty { return "\(home)/.cache/selvedge/fashion-mnist" }
        return nil
    }
}

extension FashionMNIST {
    /// Loads both sets, each from the first folder that has it: as two IDX files, plain or with `.gz`, or, where they
    /// are not, as Kaggle's CSV file.
    ///
    /// Throws `DatasetError` when a file is missing everywhere, when an IDX file is not Fashion-MNIST's byte for byte,
    /// or when a CSV file has not as many images. Cost: inflating and digesting 55 MB.
    package static func load(
        searching folders: [String]
    ) throws(DatasetError) -> (training: ImageDataset, test: ImageDataset) {
        (try trainingSet.load(searching: folders), try testSet.load(searching: folders))
    }

    static var format: ImageFormat { ImageFormat(height: 28, width: 28, channels: 1, classNames: classNames) }

    /// The names of all files, in both forms.
    static var files: [String] { [trainingSet, testSet].flatMap { [$0.images.name, $0.labels.name, $0.csv] } }

    fileprivate static var trainingSet: FashionMNISTSet {
        FashionMNISTSet(
            name: name, images: .trainingImages, labels: .trainingLabels, csv: "fashion-mnist_train.csv")
    }

    fileprivate static var testSet: FashionMNISTSet {
        FashionMNISTSet(name: "\(name) test", images: .testImages, labels: .testLabels, csv: "fashion-mnist_test.csv")
    }
}

/// The training set or the test set, with the names of its files.
private struct FashionMNISTSet {
    let name: String
    let images: FashionMNISTFile
    let labels: FashionMNISTFile
    /// Kaggle's edition of the same images. Its rows have another order, so that there is no digest to check.
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
        // The file is closed again at once.
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

/// One of the four files: its name, its shape and the digest of its unpacked content.
struct FashionMNISTFile {
    let name: String
    let dimensions: [Int]
    let digest: SHA256Digest
    /// The digest of the file of the same name in MNIST, which has the same shape.
    let digestInMNIST: SHA256Digest

    private init(_ name: String, dimensions: [Int], digest: String, digestInMNIST: String) {
        guard let digest = SHA256Digest(hexadecimal: digest), let other = SHA256Digest(hexadecimal: digestInMNIST)
        else {
            preconditionFailure("a digest of \(name) is written wrong")
        }
        self.name = name
        self.dimensions = dimensions
        self.digest = digest
        self.digestInMNIST = other
    }

    static var trainingImages: Self {
        Self(
            "train-images-idx3-ubyte", dimensions: [60_000, 28, 28],
            digest: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            digestInMNIST: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db")
    }

    static var trainingLabels: Self {
        Self(
            "train-labels-idx1-ubyte", dimensions: [60_000],
            digest: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            digestInMNIST: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5")
    }

    static var testImages: Self {
        Self(
            "t10k-images-idx3-ubyte", dimensions: [10_000, 28, 28],
            digest: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            digestInMNIST: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7")
    }

    static var testLabels: Self {
        Self(
            "t10k-labels-idx1-ubyte", dimensions: [10_000],
            digest: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            digestInMNIST: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2")
    }
}

/// Fashion-MNIST as an experiment's data.
package struct FashionMNISTSource: DataSource {
    package static let key = FashionMNIST.name
    package static let documentation = """
        Fashion-MNIST: 60,000 training and 10,000 test images of clothes, 28 × 28 grey, ten classes (Xiao, Rasul and \
        Vollgraf 2017), as its four IDX files, plain or with `.gz`, or as Kaggle's CSV files. The IDX files are checked by \
        their SHA-256.
        """

    package init() {}

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {}

    package var classNames: [String] { FashionMNIST.classNames }

    package var files: [String] { FashionMNIST.files }

    package func folders(_ request: DataRequest) -> [String] {
        FashionMNIST.searchPath(data: request.data, environment: request.environment)
    }

    package func sets(_ request: DataRequest) throws(DatasetError) -> (training: ImageDataset, test: ImageDataset?) {
        let folders = folders(request)
        return (
            try FashionMNIST.trainingSet.load(searching: folders),
            request.needsTest ? try FashionMNIST.testSet.load(searching: folders) : nil
        )
    }
}

extension DataSourceConfiguration {
    /// Fashion-MNIST: 60,000 training and 10,000 test images, 28 × 28 grey, ten classes.
    public static let fashionMNIST = DataSourceConfiguration(FashionMNISTSource())
}
