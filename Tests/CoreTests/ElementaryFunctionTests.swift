import Foundation
import TestSupport
import Testing

@testable import Core

@Suite struct ElementaryFunctionTests {
    @Test("sine and cosine of degrees are within 2 ulp, and exact at quarter turns")
    func angles() {
        for (degrees, sine, cosine) in [(0.0, 0.0, 1.0), (90, 1, 0), (180, 0, -1), (-90, -1, 0), (-180, 0, -1)] {
            let result = ElementaryFunctions.sineAndCosine(degrees: degrees)
            #expect(result.sine == sine && result.cosine == cosine)
        }
        var generator = SeededGenerator(seed: 1)
        var worst = 0.0
        for _ in 0..<20_000 {
            let degrees = Double.random(in: -45...45, using: &generator)
            let result = ElementaryFunctions.sineAndCosine(degrees: degrees)
            let angle = degrees * (Double.pi / 180)
            worst = max(worst, abs(result.sine - sin(angle)) / sin(angle).ulp)
            worst = max(worst, abs(result.cosine - cos(angle)) / cos(angle).ulp)
        }
        #expect(worst <= 2)
        for _ in 0..<2000 {
            let degrees = Double.random(in: -180...180, using: &generator)
            let result = ElementaryFunctions.sineAndCosine(degrees: degrees)
            #expect(abs(result.sine - sin(degrees * .pi / 180)) < 1e-15)
            #expect(abs(result.cosine - cos(degrees * .pi / 180)) < 1e-15)
        }
    }

    @Test("exponential and logarithm are within 2 ulp")
    func exponentials() {
        var generator = SeededGenerator(seed: 2)
        var worst = 0.0
        for _ in 0..<20_000 {
            let x = Double.random(in: -10...10, using: &generator)
            worst = max(worst, abs(ElementaryFunctions.exponential(x) - exp(x)) / exp(x).ulp)
            let y = Double.random(in: 0.01...100, using: &generator)
            if abs(y - 1) > 0.01 {
                worst = max(worst, abs(ElementaryFunctions.logarithm(y) - log(y)) / log(y).ulp)
            }
        }
        #expect(worst <= 2)
        #expect(ElementaryFunctions.exponential(0) == 1)
        #expect(ElementaryFunctions.logarithm(1) == 0)
    }

    @Test("powers by squaring agree with the library's to a few roundings")
    func powers() {
        for exponent in [0, 1, 2, 3, 10, 93, 1000, 4700] {
            for base in [Double(Float(0.9)), Double(Float(0.999))] {
                let expected = pow(base, Double(exponent))
                #expect(abs(ElementaryFunctions.power(base, exponent) - expected) <= 1e-12 * expected)
            }
        }
    }
}
