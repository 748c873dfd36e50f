import Core
import Foundation
import TestSupport
import Testing

@testable import Datasets

@Suite struct FashionMNISTTests {
    private static let folders = FashionMNIST.searchPath(data: nil, environment: ProcessInfo.processInfo.environment)

    private static var isInstalled: Bool {
        folders.contains { folder in
            ["", ".gz"].contains { FileManager.default.fileExists(atPath: "\(folder)/t10k-labels-idx1-ubyte\($0)") }
        }
    }

    @Test("a named folder is the only one; without a name the system's folder is searched, then the cache")
    func searchPath() {
        let environment = ["SELVEDGE_DATA": "/b", "XDG_CACHE_HOME": "/c", "HOME": "/d/d"]
        let system = "/usr/share/datasets/fashion-mnist"
        #expect(
            FashionMNIST.searchPath(data: "/a", environment: environment)
                == ["/a"])
        #expect(FashionMNIST.searchPath(data: nil, environment: environment) == ["/b"])
        #expect(
            FashionMNIST.searchPath(data: nil, environment: ["HOME": "/d/d", "SELVEDGE_DATA": ""])
                == [system, "/d/d/.cache/selvedge/fashion-mnist"])
        #expect(FashionMNIST.searchPath(data: "", environment: ["XDG_CACHE_HOME": "relative"]) == [system])
    }

    @Test(
        "the installed data set loads, whole and right",
        .enabled(if: isInstalled, "needs Fashion-MNIST: install dataset-fashion-mnist or set SELVEDGE_DATA"))
    func load() throws {
        let (training, test) = try FashionMNIST.load(searching: Self.folders)
        #expect((training.sampleCount, training.height, training.width, training.channels) == (60_000, 28, 28, 1))
        #expect(test.sampleCount == 10_000)
        #expect(training.labels.prefix(10) == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5])
        #expect(test.labels.prefix(10) == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7])
        for label: UInt8 in 0..<10 {
            #expect(training.labels.count { $0 == label } == 6000)
            #expect(test.labels.count { $0 == label } == 1000)
        }
        #expect(training.digest.hexadecimal == "9083d0d53b39dd9651153465e2c6cd616cc69489e92907af862f40c6c5c8df2a")
        #expect(test.digest.hexadecimal == "ef51d9278c91822e349e26e2b0e3a83f6155c08e5b3eaebfef0b9d754fd826e3")
        #expect((training.name, test.name) == ("fashion-mnist", "fashion-mnist test"))
    }

    @Test("a missing file is named with all folders that were searched")
    func missing() throws {
        try withTemporaryFolder { folder in
            let error = failure { () throws(DatasetError) in
                try FashionMNIST.load(searching: [folder, folder + "/none"]).training
            }
            #expect(error == .missing(file: "train-labels-idx1-ubyte", searched: [folder, folder + "/none"]))
        }
    }

    @Test("other content in the right shape is refused with both digests, plain and packed", arguments: [false, true])
    func wrongDigest(isPacked: Bool) throws {
        try withTemporaryFolder { folder in
            let bytes = IDXFile.encode(labels: [UInt8](repeating: 1, count: 60_000))
            let path = "\(folder)/train-labels-idx1-ubyte" + (isPacked ? ".gz" : "")
            try Data(isPacked ? Gzip.packed(bytes) : bytes).write(to: URL(fileURLWithPath: path))
            let error = failure { () throws(DatasetError) in try FashionMNIST.load(searching: [folder]).training }
            let expected = FashionMNISTFile.trainingLabels.digest
            #expect(
                error
                    == .wrongDigest(file: path, found: SHA256Digest(of: bytes), expected: expected, isMNIST: false))
            #expect("\(error ?? .shape(name: "", problem: ""))".contains(path))
        }
    }

    @Test("MNIST under the same names is called by its name")
    func mnist() {
        let file = FashionMNISTFile.trainingImages
        let error = DatasetError.wrongDigest(
            file: "x", found: file.digestInMNIST, expected: file.digest, isMNIST: true)
        #expect("\(error)".contains("this is MNIST, not Fashion-MNIST"))
    }

    @Test("the test set under the training set's name is refused by its shape")
    func swapped() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/train-labels-idx1-ubyte"
            try Data(IDXFile.encode(labels: [UInt8](repeating: 1, count: 10_000))).write(to: URL(fileURLWithPath: path))
            let error = failure { () throws(DatasetError) in try FashionMNIST.load(searching: [folder]).training }
            #expect(error == .malformed(file: path, problem: .dimensions(found: [10_000], expected: "60000")))
        }
    }

    @Test("a folder, an empty file and an empty packed file are refused with their path")
    func unusableFiles() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/train-labels-idx1-ubyte"
            try Data().write(to: URL(fileURLWithPath: path + ".gz"))
            let packed = failure { () throws(DatasetError) in try FashionMNIST.load(searching: [folder]).training }
            #expect(packed == .compression(file: path + ".gz", problem: "it is cut short"))
            try Data().write(to: URL(fileURLWithPath: path))
            let empty = failure { () throws(DatasetError) in try FashionMNIST.load(searching: [folder]).training }
            #expect(empty == .malformed(file: path, problem: .truncatedHeader(byteCount: 0, expected: 8)))
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            let directory = failure { () throws(DatasetError) in try FashionMNIST.load(searching: [folder]).training }
            #expect(directory == .unreadable(file: path, reason: "it is not a regular file"))
        }
    }

    @Test("CSV files are read where no IDX files are, and must have all images")
    func text() throws {
        try withTemporaryFolder { folder in
            let header = "label" + String(repeating: ",p", count: 784) + "\n"
            let row = "1" + String(repeating: ",7", count: 784) + "\n"
            let path = "\(folder)/fashion-mnist_train.csv"
            try Data((header + row).utf8).write(to: URL(fileURLWithPath: path))
            let error = failure { () throws(DatasetError) in try FashionMNIST.load(searching: [folder]).training }
            #expect(error.map { "\($0)" }?.contains("\(path) has 1 images, expected 60000") ?? false)
            try Data().write(to: URL(fileURLWithPath: "\(folder)/train-labels-idx1-ubyte"))
            let binary = failure { () throws(DatasetError) in try FashionMNIST.load(searching: [folder]).training }
            #expect(
                binary
                    == .malformed(
                        file: "\(folder)/train-labels-idx1-ubyte",
                        problem: .truncatedHeader(byteCount: 0, expected: 8)))
        }
    }
}
