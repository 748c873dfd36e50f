import Datasets

/// Where images come from. Paths are relative to the folder that the user names for data.
package enum DatasetSource: Sendable, Equatable {
    case fashionMNIST
    case synthetic
    /// Files of the MNIST family, plain or with `.gz`.
    case idx(IDXFiles)
    /// Text with a line an image.
    case csv(CSVFiles)
    /// Folders with a sub-folder a class, named as the class.
    case pngFolders(PNGFolders)

    package struct IDXFiles: Sendable, Equatable {
        package var trainingImages: String
        package var trainingLabels: String
        package var testImages: String
        package var testLabels: String
        package var classNames: [String]

        package init(
            trainingImages: String, trainingLabels: String, testImages: String, testLabels: String, classNames: [String]
        ) {
            self.trainingImages = trainingImages
            self.trainingLabels = trainingLabels
            self.testImages = testImages
            self.testLabels = testLabels
            self.classNames = classNames
        }
    }

    package struct CSVFiles: Sendable, Equatable {
        package var training: String
        package var test: String
        package var classNames: [String]

        package init(training: String, test: String, classNames: [String]) {
            self.training = training
            self.test = test
            self.classNames = classNames
        }
    }

    package struct PNGFolders: Sendable, Equatable {
        package var training: String
        package var test: String
        package var classNames: [String]

        package init(training: String, test: String, classNames: [String]) {
            self.training = training
            self.test = test
            self.classNames = classNames
        }
    }

    /// The word that stands for it in an experiment's file.
    package var name: String {
        switch self {
        case .fashionMNIST: FashionMNIST.name
        case .synthetic: DatasetConfiguration.syntheticName
        case .idx: "idx"
        case .csv: "csv"
        case .pngFolders: "png_folders"
        }
    }

    /// What each label means.
    package var classNames: [String] {
        switch self {
        case .fashionMNIST, .synthetic: FashionMNIST.classNames
        case .idx(let files): files.classNames
        case .csv(let files): files.classNames
        case .pngFolders(let folders): folders.classNames
        }
    }
}
