// swift-tools-version:6.2
import PackageDescription

// Every folder under Sources/ is a target, so an import that the architecture
// does not allow does not compile. README.md draws the arrows.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let nioHTTPTypes: [Target.Dependency] = [
    .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
    .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
]
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

let package = Package(
    name: "hothouse",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "hothouse", targets: ["hothouse"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.36.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "hothouse",
            dependencies: [
                "Console", "Simulation", "FakeCloud", "HTTPAPI", "Storage", "Scenarios", "Runtime", "Auth",
                "WebSockets", "Deployments", "Workers", "OpenStack", lifecycle,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"), logging, yams,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
            ],
            swiftSettings: settings),
        .target(
            name: "Simulation",
            dependencies: [
                "HTTPAPI", "WebSockets", "Workers", "Storage", "FakeCloud", "Scenarios",
                "Deployments", "Auth", "OpenStack", "Runtime",
                hummingbird, logging, httpTypes, nioCore, crypto,
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: settings),
        .target(
            name: "HTTPAPI",
            dependencies: [
                "Deployments", "Auth", "WebSockets", "Runtime",
                hummingbird, httpTypes, lifecycle, logging, nioCore, nioPosix, nioHTTP1, nioWebSocket,
            ] + nioHTTPTypes,
            swiftSettings: settings),
        .target(
            name: "WebSockets",
            dependencies: [
                "Deployments", "Auth", "Runtime", logging,
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "OrderedCollections", package: "swift-collections"),
            ],
            swiftSettings: settings),
        .target(
            name: "Workers",
            dependencies: ["Deployments", "OpenStack", "Runtime", lifecycle, logging, yams],
            swiftSettings: settings),
        .target(
            name: "Storage",
            dependencies: [
                "Deployments", "Auth", "Runtime", .product(name: "GRDB", package: "GRDB.swift"), logging,
            ],
            swiftSettings: settings),
        .target(name: "Deployments", dependencies: ["Runtime", crypto, logging], swiftSettings: settings),
        .target(
            name: "Auth",
            dependencies: [
                "Runtime", crypto, .product(name: "CryptoExtras", package: "swift-crypto"), logging,
            ],
            swiftSettings: settings),
        .target(
            name: "OpenStack",
            dependencies: [
                "Runtime", httpTypes, logging, yams, nioCore, nioHTTP1, nioPosix,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings),
        .target(name: "Scenarios", dependencies: ["Runtime", yams], swiftSettings: settings),
        .target(
            name: "FakeCloud",
            dependencies: [
                "Scenarios", "Runtime", hummingbird, httpTypes, lifecycle, logging, nioCore, nioPosix, nioHTTP1, yams,
                crypto,
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "OrderedCollections", package: "swift-collections"),
            ],
            path: "fakecloud",
            exclude: ["README.md", "Heat/README.md"],
            resources: [.embedInCode("Catalog/standard.yaml"), .embedInCode("Engine/resource-types.yaml")],
            swiftSettings: settings),
        .target(name: "Console", exclude: ["web", "build", "tsconfig.json"], swiftSettings: settings),
        .target(
            name: "Runtime",
            dependencies: [logging, crypto, .product(name: "HeapModule", package: "swift-collections")],
            swiftSettings: settings),
        .testTarget(name: "RuntimeTests", dependencies: ["Runtime", "Simulation"], swiftSettings: settings),
        .testTarget(
            name: "DeploymentsTests", dependencies: ["Deployments", "Storage", "Runtime"], swiftSettings: settings),
        .testTarget(
            name: "AuthTests", dependencies: ["Auth", "Storage", "Runtime", crypto, logging], swiftSettings: settings),
        .testTarget(
            name: "StorageTests",
            dependencies: ["Storage", "Deployments", "Runtime", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: settings),
        .testTarget(
            name: "OpenStackTests", dependencies: ["OpenStack", "Runtime", httpTypes, nioCore, nioPosix],
            swiftSettings: settings),
        .testTarget(
            name: "WorkersTests",
            dependencies: ["Workers", "OpenStack", "Deployments", "Storage", "Runtime", httpTypes],
            swiftSettings: settings),
        .testTarget(
            name: "WebSocketsTests",
            dependencies: ["WebSockets", "Deployments", "Auth", "Storage", "Runtime", logging],
            swiftSettings: settings),
        .testTarget(
            name: "HTTPAPITests",
            dependencies: [
                "HTTPAPI", "WebSockets", "Deployments", "Auth", "Storage", "Simulation", "FakeCloud", "Scenarios",
                "OpenStack", "Workers", "Runtime", nioCore, nioPosix, nioHTTP1, nioWebSocket, lifecycle, logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ],
            swiftSettings: settings),
        .testTarget(name: "ConsoleTests", dependencies: ["Console"], swiftSettings: settings),
        .testTarget(
            name: "ScenariosTests", dependencies: ["Scenarios", "FakeCloud", "Runtime"], swiftSettings: settings),
        .testTarget(
            name: "FakeCloudTests",
            dependencies: [
                "FakeCloud", "Scenarios", "Runtime", hummingbird, httpTypes, logging, nioCore,
                .product(name: "OrderedCollections", package: "swift-collections"),
            ],
            resources: [.copy("Golden"), .copy("Requests")],
            swiftSettings: settings),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Simulation", "WebSockets", "Workers", "OpenStack", "Scenarios", "FakeCloud", "Runtime", httpTypes,
            ],
            swiftSettings: settings),
    ]
)
