/// Undoes the filters of a PNG file's rows: each byte was written as its difference from a prediction by the byte one pixel
/// to the left (a), the one above (b) and the one above that to the left (c), which are 0 beyond the edges.
enum PNGFilters {
    /// `rows` holds each row with the number of its filter before it.
    static func undo(_ rows: [UInt8], header: PNGHeader, file: String) throws(DatasetError) -> [UInt8] {
        let (rowByteCount, step) = (header.rowByteCount, header.channels)
        var pixels = [UInt8](repeating: 0, count: header.height * rowByteCount)
        for y in 0..<header.height {
            let filter = rows[y * (rowByteCount + 1)]
            guard filter <= 4 else {
                throw .image(
                    file: file, problem: "its data are damaged: row \(y) has filter \(filter), expected 0 to 4")
            }
            let row = y * rowByteCount
            for x in 0..<rowByteCount {
                let a = x >= step ? pixels[row + x - step] : 0
                let b = y > 0 ? pixels[row + x - rowByteCount] : 0
                let c = x >= step && y > 0 ? pixels[row + x - rowByteCount - step] : 0
                let difference = rows[y * (rowByteCount + 1) + 1 + x]
                pixels[row + x] = difference &+ prediction(filter, a, b, c)
            }
        }
        return pixels
    }

    private static func prediction(_ filter: UInt8, _ a: UInt8, _ b: UInt8, _ c: UInt8) -> UInt8 {
        switch filter {
        case 1: a
        case 2: b
        case 3: UInt8((Int(a) + Int(b)) / 2)
        case 4: paeth(a, b, c)
        default: 0
        }
    }

    /// The neighbour nearest to a + b − c; of equally near ones a before b before c.
    private static func paeth(_ a: UInt8, _ b: UInt8, _ c: UInt8) -> UInt8 {
        let estimate = Int(a) + Int(b) - Int(c)
        let (distanceA, distanceB, distanceC) = (abs(estimate - Int(a)), abs(estimate - Int(b)), abs(estimate - Int(c)))
        if distanceA <= distanceB && distanceA <= distanceC { return a }
        return distanceB <= distanceC ? b : c
    }
}
