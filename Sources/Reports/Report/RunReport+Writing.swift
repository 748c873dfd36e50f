package import Runs

/// What became of writing a report.
package struct WrittenReport: Sendable {
    /// The files, relative to the folder.
    package var files: [String]
    /// One line about pictures that could not be made, or that look otherwise than meant; nil when all is well.
    package var note: String?
}

extension RunReport {
    /// Writes report.txt, report.json, report.html and plots/*.png into the folder, each file whole or not at all.
    ///
    /// A failure to draw or to write a picture is only noted. Throws `FileError` where report.txt or report.json cannot
    /// be written.
    package func write(
        to folder: String, with files: FileOperations = FileOperations()
    ) throws(FileError) -> WrittenReport {
        let paths = RunPaths(folder)
        try files.makeDirectories(paths.run)
        try AtomicFile.write(text + "\n", to: paths.reportText, with: files)
        try AtomicFile.write(json + "\n", to: paths.reportJSON, with: files)
        var result = WrittenReport(files: ["report.txt", "report.json"], note: PictureFont.note)
        do {
            let pictures = try pictures()
            try files.makeDirectories(paths.plots)
            for picture in pictures {
                try AtomicFile.write(picture.png, to: paths.plot(picture.name), with: files)
            }
            try AtomicFile.write(html(pictures: pictures), to: paths.reportHTML, with: files)
            result.files += ["report.html", "plots/*.png"]
        } catch {
            result.note = "the pictures and report.html are missing: \(error)"
        }
        return result
    }
}
