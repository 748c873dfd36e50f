/// Why a picture could not be drawn: what cairo says of it.
public struct DrawingError: Error, Sendable, Equatable, CustomStringConvertible {
    public var problem: String

    public var description: String { "a picture cannot be drawn: \(problem)" }
}
