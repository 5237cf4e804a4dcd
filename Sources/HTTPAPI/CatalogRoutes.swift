import Deployments
import Hummingbird
import Runtime

/// `/catalog`: what can be asked for (design.md section 5).
struct CatalogRoutes {
    let catalog: any Catalog

    func add(to routes: inout RouteTable) {
        routes.on(.get, "/catalog/regions") { _, _ in
            items(catalog.regions.map { ["id": .string($0.id), "name": .string($0.name)] })
        }
        routes.on(.get, "/catalog/instance-types") { request, _ in
            items(
                try await region(of: request).instanceTypes.map {
                    [
                        "id": .string($0.id), "name": .string($0.name), "vcpus": .integer($0.vcpus),
                        "ramMiB": .integer($0.ramMiB), "diskGiB": .integer($0.diskGiB),
                    ]
                })
        }
        routes.on(.get, "/catalog/images") { request, _ in
            items(
                try await region(of: request).images.map {
                    [
                        "id": .string($0.id), "name": .string($0.name), "minDiskGiB": .integer($0.minDiskGiB),
                        "minRamMiB": .integer($0.minRamMiB), "sshUser": JSONValue($0.sshUser),
                    ]
                })
        }
    }

    /// The region that the query names, or the first one.
    private func region(of request: Request) async throws -> RegionCatalog {
        guard let id = try request.query("regionId") ?? catalog.regions.first?.id,
            let region = try await catalog.catalog(of: id)
        else {
            let known = catalog.regions.map(\.id).joined(separator: ", ")
            throw APIError.badRequest("regionId is one of \(known).")
        }
        return region
    }

    private func items(_ items: [JSONValue]) -> Response {
        Response(status: .ok, json: ["items": .array(items)])
    }
}
