/// Why a picture could not be drawn: what cairo says of it.
package struct DrawingError: Error, Sendable, Equatable, CustomStringConvertible {
    package var problem: String

    package var description: String { "a picture cannot be drawn: \(problem)" }
}
