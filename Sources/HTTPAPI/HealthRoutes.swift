import Hummingbird
import Runtime

/// `/healthz` and `/readyz`: whether the process lives, and whether it should get traffic.
struct HealthRoutes {
    let health: any HealthSource

    func add(to routes: inout RouteTable) {
        routes.on(.get, "/healthz", access: .open) { _, _ in
            let isDegraded = await health.checks().contains { !$0.isFine }
            return Response(status: .ok, json: ["status": isDegraded ? "degraded" : "ok"])
        }
        routes.on(.get, "/readyz", access: .open) { _, _ in
            let checks = await health.checks()
            let isReady = !checks.contains { $0.isNeeded && !$0.isFine }
            return Response(
                status: isReady ? .ok : .serviceUnavailable,
                json: [
                    "status": isReady ? "ready" : "not ready",
                    "checks": .array(
                        checks.map {
                            ["name": .string($0.name), "status": .string($0.status), "needed": .bool($0.isNeeded)]
                        }),
                ])
        }
    }
}

/// What the server knows of its own state.
public protocol HealthSource: Sendable {
    /// In a fixed order.
    func checks() async -> [HealthCheck]
}

public struct HealthCheck: Equatable, Sendable {
    public let name: String
    /// `ok`, or what is wrong in a few words.
    public let status: String
    /// Whether the server can't serve without it.
    public let isNeeded: Bool

    public init(name: String, status: String, isNeeded: Bool) {
        self.name = name
        self.status = status
        self.isNeeded = isNeeded
    }

    public var isFine: Bool { status == "ok" }
}
