import Crypto
import NIOCore
import Runtime

/// What Glance remembers of an image's bytes, which are not kept themselves.
struct ImageData: Equatable, Sendable {
    let size: Int
    /// MD5, in hexadecimal digits.
    let checksum: String
    /// SHA-512, likewise.
    let hash: String

    init(_ bytes: [UInt8]) {
        var digest = Digest()
        digest.add(bytes)
        self = digest.data
    }

    /// Of bytes that come one after the other and are not held together: images are large.
    init(_ body: some AsyncSequence<ByteBuffer, any Error>) async throws {
        var digest = Digest()
        for try await buffer in body { digest.add(Array(buffer.readableBytesView)) }
        self = digest.data
    }

    /// Reads what ``json`` wrote; nil for anything else.
    init?(_ json: JSONValue?) {
        guard let size = json?["size"]?.integer, let checksum = json?["checksum"]?.string,
            let hash = json?["hash"]?.string
        else { return nil }
        self.init(size: size, checksum: checksum, hash: hash)
    }

    private init(size: Int, checksum: String, hash: String) {
        self.size = size
        self.checksum = checksum
        self.hash = hash
    }

    var json: JSONValue { ["size": .integer(size), "checksum": .string(checksum), "hash": .string(hash)] }

    private struct Digest {
        private var size = 0
        private var md5 = Insecure.MD5()
        private var sha512 = SHA512()

        mutating func add(_ bytes: [UInt8]) {
            size += bytes.count
            md5.update(data: bytes)
            sha512.update(data: bytes)
        }

        var data: ImageData {
            func hex(_ digest: some Sequence<UInt8>) -> String {
                digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
            return ImageData(size: size, checksum: hex(md5.finalize()), hash: hex(sha512.finalize()))
        }
    }
}
