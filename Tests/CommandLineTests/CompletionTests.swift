import Foundation
import Testing

extension CommandLineTests {
    /// What shells offer for a command line that is not finished.
    @Suite struct CompletionsOfShells {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
            for name in ["own.yaml", "notes.txt", "weights.safetensors"] { try scratch.write("", to: name) }
            try FileManager.default.createDirectory(
                atPath: scratch.path + "/folder", withIntermediateDirectories: false)
            try scratch.write("", to: "folder/inner.yaml")
        }

        /// The words that bash offers after a line, in a folder with the files above.
        private func offered(_ line: String) throws -> [String] {
            let script = try Selvedge.run(["--generate-completion-script", "bash"], in: scratch)
            #expect(script.code == 0, "\(script.lines)")
            try FileManager.default.copyItem(atPath: scratch.path + "/output", toPath: scratch.path + "/completions")
            try scratch.write(Self.completing, to: "complete.sh")
            let (process, pipe) = (Process(), Pipe())
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = ["complete.sh", line]
            process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
            let folder = URL(fileURLWithPath: Selvedge.path).deletingLastPathComponent().path
            process.environment = ["PATH": "\(folder):/usr/bin:/bin", "HOME": scratch.path]
            process.standardOutput = pipe
            try process.run()
            let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        }

        /// Does what bash does at the key Tab, for a line whose words have no blanks.
        private static let completing = """
            shopt -s extglob
            source ./completions
            COMP_LINE=$1
            COMP_POINT=${#COMP_LINE}
            read -ra COMP_WORDS <<<"$COMP_LINE"
            [[ $COMP_LINE != *' ' ]] || COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            COMP_TYPE=9
            _selvedge selvedge "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\\n' "${COMPREPLY[@]}"

            """

        @Test func `experiments are completed by shipped names, YAML files and folders`() throws {
            let all = try offered("selvedge train ")
            #expect(Set(["A-1", "E-3", "own.yaml", "small.yaml", "folder/"]).isSubset(of: all), "\(all)")
            #expect(!all.contains("notes.txt"), "\(all)")
        }

        @Test func `a checkpoint is completed by files of its kind`() throws {
            let all = try offered("selvedge evaluate we")
            #expect(all == ["weights.safetensors"], "\(all)")
        }
    }
}
