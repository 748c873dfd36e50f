internal import CZeroMQ
package import Core

/// A CURVE key pair. The secret half leaves this value only for a key file and for libzmq; descriptions show the public
/// half.
package struct KeyPair: Sendable, Equatable, CustomStringConvertible {
    package let publicKey: PublicKey
    /// The secret half in Z85, for a key file.
    package let secretText: String

    private static let textByteCount = 41

    /// A new random pair, made by libzmq. Throws when libzmq was built without CURVE.
    package init() throws(TransportError) {
        var (publicText, secretText) = (Self.buffer, Self.buffer)
        guard zmq_curve_keypair(&publicText, &secretText) == 0 else { throw .current("make", "a key pair") }
        guard let key = PublicKey(z85: Self.text(publicText)) else {
            throw .failed(operation: "make", endpoint: "a key pair", reason: "libzmq gave a key that is not Z85")
        }
        publicKey = key
        self.secretText = Self.text(secretText)
    }

    /// The pair with a secret half in Z85; nil for a text that is not one.
    package init?(secretText: String) {
        guard PublicKey(z85: secretText) != nil else { return nil }
        var publicText = Self.buffer
        guard zmq_curve_public(&publicText, secretText) == 0, let key = PublicKey(z85: Self.text(publicText)) else {
            return nil
        }
        publicKey = key
        self.secretText = secretText
    }

    private static var buffer: [CChar] { [CChar](repeating: 0, count: textByteCount) }

    private static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package var description: String { "a key pair with the public key \(publicKey)" }
}

extension PublicKey {
    /// The public keys of the manual page zmq_curve(7), whose secret halves everybody can read.
    static let published: Set<PublicKey> = Set(
        ["rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"]
            .compactMap { PublicKey(z85: $0) })
}

/// What a coordinator needs to admit workers: its own pair, and the keys that workers may have.
package struct CoordinatorKeys: Sendable, Equatable {
    package var pair: KeyPair
    /// One key for each worker, or one join key that all have.
    package var admitted: Set<PublicKey>

    package init(pair: KeyPair, admitted: Set<PublicKey>) {
        self.pair = pair
        self.admitted = admitted
    }
}

/// What a worker needs to be admitted: its own pair, and the keys of the coordinators that it trusts.
package struct WorkerKeys: Sendable, Equatable {
    package var pair: KeyPair
    /// Tried one after the other; more than one while a coordinator's key is replaced.
    package var coordinators: [PublicKey]

    /// - Precondition: there is a coordinator.
    package init(pair: KeyPair, coordinators: [PublicKey]) {
        precondition(!coordinators.isEmpty, "a worker trusts a coordinator")
        self.pair = pair
        self.coordinators = coordinators
    }
}
