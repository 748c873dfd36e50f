import Core
import Glibc

/// Why a safetensors file cannot be read: the file, or what stands in it.
package enum CheckpointReadError: Error, Sendable, Equatable, CustomStringConvertible {
    case file(FileError)
    case damaged(path: String, SafetensorsError)

    /// What is wrong, without the path.
    var problem: String {
        switch self {
        case .file(let error): error.code == ENOENT ? "it does not exist" : error.reason
        case .damaged(_, let error): error.description
        }
    }

    package var description: String {
        switch self {
        case .file(let error): error.description
        case .damaged(let path, let error): "\(quoted(path)): \(error)"
        }
    }
}

extension Safetensors {
    /// Reads and checks a file.
    package init(path: String, files: FileOperations = FileOperations()) throws(CheckpointReadError) {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try files.read(path, byteLimit: RunDirectory.checkpointByteLimit)
        } catch {
            throw .file(error)
        }
        do throws(SafetensorsError) {
            try self.init(bytes: bytes)
        } catch {
            throw .damaged(path: path, error)
        }
    }
}
