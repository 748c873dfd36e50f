/// The accumulators of a tile, each a property of its own so that each can live in a register; vector `v` of row `r` is element
/// `2 · r + v`. Indices are literals at every use, so that the choice vanishes from the machine code.
struct TileAccumulators {
    private var vector0: Vector
    private var vector1: Vector
    private var vector2: Vector
    private var vector3: Vector
    private var vector4: Vector
    private var vector5: Vector
    private var vector6: Vector
    private var vector7: Vector
    private var vector8: Vector
    private var vector9: Vector
    private var vector10: Vector
    private var vector11: Vector
    private var vector12: Vector
    private var vector13: Vector
    private var vector14: Vector
    private var vector15: Vector
    private var vector16: Vector
    private var vector17: Vector
    private var vector18: Vector
    private var vector19: Vector
    private var vector20: Vector
    private var vector21: Vector
    private var vector22: Vector
    private var vector23: Vector
    private var vector24: Vector
    private var vector25: Vector
    private var vector26: Vector
    private var vector27: Vector

    @inline(__always)
    init(repeating value: Vector) {
        vector0 = value
        vector1 = value
        vector2 = value
        vector3 = value
        vector4 = value
        vector5 = value
        vector6 = value
        vector7 = value
        vector8 = value
        vector9 = value
        vector10 = value
        vector11 = value
        vector12 = value
        vector13 = value
        vector14 = value
        vector15 = value
        vector16 = value
        vector17 = value
        vector18 = value
        vector19 = value
        vector20 = value
        vector21 = value
        vector22 = value
        vector23 = value
        vector24 = value
        vector25 = value
        vector26 = value
        vector27 = value
    }

    @inline(__always)
    subscript(unchecked index: Int) -> Vector {
        get {
            switch index {
            case 0: vector0
            case 1: vector1
            case 2: vector2
            case 3: vector3
            case 4: vector4
            case 5: vector5
            case 6: vector6
            case 7: vector7
            case 8: vector8
            case 9: vector9
            case 10: vector10
            case 11: vector11
            case 12: vector12
            case 13: vector13
            case 14: vector14
            case 15: vector15
            case 16: vector16
            case 17: vector17
            case 18: vector18
            case 19: vector19
            case 20: vector20
            case 21: vector21
            case 22: vector22
            case 23: vector23
            case 24: vector24
            case 25: vector25
            case 26: vector26
            default: vector27
            }
        }
        set {
            switch index {
            case 0: vector0 = newValue
            case 1: vector1 = newValue
            case 2: vector2 = newValue
            case 3: vector3 = newValue
            case 4: vector4 = newValue
            case 5: vector5 = newValue
            case 6: vector6 = newValue
            case 7: vector7 = newValue
            case 8: vector8 = newValue
            case 9: vector9 = newValue
            case 10: vector10 = newValue
            case 11: vector11 = newValue
            case 12: vector12 = newValue
            case 13: vector13 = newValue
            case 14: vector14 = newValue
            case 15: vector15 = newValue
            case 16: vector16 = newValue
            case 17: vector17 = newValue
            case 18: vector18 = newValue
            case 19: vector19 = newValue
            case 20: vector20 = newValue
            case 21: vector21 = newValue
            case 22: vector22 = newValue
            case 23: vector23 = newValue
            case 24: vector24 = newValue
            case 25: vector25 = newValue
            case 26: vector26 = newValue
            default: vector27 = newValue
            }
        }
    }
}
