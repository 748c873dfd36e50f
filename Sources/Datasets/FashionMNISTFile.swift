import Core

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
