/// One input pointer for each row of a tile, each a property of its own. Indices are literals where they matter.
struct TilePointers {
    private var pointer0: UnsafePointer<Float>
    private var pointer1: UnsafePointer<Float>
    private var pointer2: UnsafePointer<Float>
    private var pointer3: UnsafePointer<Float>
    private var pointer4: UnsafePointer<Float>
    private var pointer5: UnsafePointer<Float>
    private var pointer6: UnsafePointer<Float>
    private var pointer7: UnsafePointer<Float>
    private var pointer8: UnsafePointer<Float>
    private var pointer9: UnsafePointer<Float>
    private var pointer10: UnsafePointer<Float>
    private var pointer11: UnsafePointer<Float>
    private var pointer12: UnsafePointer<Float>
    private var pointer13: UnsafePointer<Float>

    @inline(__always)
    init(repeating value: UnsafePointer<Float>) {
        pointer0 = value
        pointer1 = value
        pointer2 = value
        pointer3 = value
        pointer4 = value
        pointer5 = value
        pointer6 = value
        pointer7 = value
        pointer8 = value
        pointer9 = value
        pointer10 = value
        pointer11 = value
        pointer12 = value
        pointer13 = value
    }

    @inline(__always)
    subscript(unchecked index: Int) -> UnsafePointer<Float> {
        get {
            switch index {
            case 0: pointer0
            case 1: pointer1
            case 2: pointer2
            case 3: pointer3
            case 4: pointer4
            case 5: pointer5
            case 6: pointer6
            case 7: pointer7
            case 8: pointer8
            case 9: pointer9
            case 10: pointer10
            case 11: pointer11
            case 12: pointer12
            default: pointer13
            }
        }
        set {
            switch index {
            case 0: pointer0 = newValue
            case 1: pointer1 = newValue
            case 2: pointer2 = newValue
            case 3: pointer3 = newValue
            case 4: pointer4 = newValue
            case 5: pointer5 = newValue
            case 6: pointer6 = newValue
            case 7: pointer7 = newValue
            case 8: pointer8 = newValue
            case 9: pointer9 = newValue
            case 10: pointer10 = newValue
            case 11: pointer11 = newValue
            case 12: pointer12 = newValue
            default: pointer13 = newValue
            }
        }
    }
}
