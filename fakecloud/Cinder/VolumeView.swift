import Runtime
import Scenarios

/// Volumes as Cinder's API shows them.
struct VolumeView {
    private let state: VolumeState
    private let call: ServiceCall

    init(_ state: VolumeState, _ call: ServiceCall) {
        self.state = state
        self.call = call
    }

    private func links(_ id: String) -> JSONValue {
        let root = "\(call.baseURL)/volume/\(call.region ?? "")"
        return [
            ["rel": "self", "href": .string("\(root)/v3/volumes/\(id)")],
            ["rel": "bookmark", "href": .string("\(root)/volumes/\(id)")],
        ]
    }

    func detail(_ volume: Volume) -> JSONValue {
        var json: [String: JSONValue] = [
            "id": .string(volume.id), "name": .string(volume.name), "description": JSONValue(volume.description),
            "size": .integer(volume.sizeGiB), "status": .string(volume.status.rawValue),
            "volume_type": .string(volume.type), "bootable": volume.isBootable ? "true" : "false",
            "availability_zone": "nova", "created_at": .string(volume.createdAt.novaText),
            "updated_at": JSONValue(volume.updatedAt?.novaText), "user_id": .string(volume.userId),
            "metadata": .object(volume.metadata.mapValues { .string($0) }), "encrypted": false,
            "replication_status": .null, "snapshot_id": .null, "source_volid": JSONValue(volume.sourceId),
            "consistencygroup_id": .null, "multiattach": .bool(volume.isMultiattach),
            "os-vol-tenant-attr:tenant_id": .string(volume.projectId), "links": links(volume.id),
            "attachments": .array(
                volume.attachments.map { attachment in
                    [
                        "id": .string(volume.id), "attachment_id": .string(attachment.id),
                        "volume_id": .string(volume.id), "server_id": .string(attachment.serverId),
                        "device": .string(attachment.device), "host_name": .null,
                        "attached_at": .string(attachment.attachedAt.novaText),
                    ]
                }),
        ]
        if let image = volume.imageId { json["volume_image_metadata"] = ["image_id": .string(image)] }
        return .object(json)
    }

    private func brief(_ volume: Volume) -> JSONValue {
        ["id": .string(volume.id), "name": .string(volume.name), "links": links(volume.id)]
    }

    /// Newest first.
    func list(for requester: Requester, isDetailed: Bool) throws(ServiceFault) -> ServiceAnswer {
        let isForAll = ["1", "true"].contains(call.query("all_tenants")?.lowercased() ?? "")
        var found = Array(
            (isForAll && requester.isAdmin
                ? Array(state.volumes.all) : state.volumes.records(ofProject: requester.projectId)).reversed())
        for (name, value) in call.query {
            switch name {
            case "name", "display_name": found = found.filter { $0.name == value }
            case "status": found = found.filter { $0.status.rawValue == value.lowercased() }
            case "bootable": found = found.filter { String($0.isBootable) == value.lowercased() }
            default: break
            }
        }
        if let marker = call.query("marker") {
            guard let place = found.firstIndex(where: { $0.id == marker }) else {
                throw ServiceFault(404, "Volume \(marker) could not be found.")
            }
            found.removeFirst(place + 1)
        }
        var body: [String: JSONValue] = [:]
        if let text = call.query("limit") {
            guard let limit = Int(text), limit >= 0 else { throw ServiceFault(400, "limit param must be an integer") }
            found = Array(found.prefix(limit))
            if limit > 0, found.count == limit, let last = found.last {
                let path = call.path.prefix { $0 != "?" }
                body["volumes_links"] = [
                    [
                        "rel": "next",
                        "href": .string("\(call.baseURL)\(path)?limit=\(limit)&marker=\(last.id)"),
                    ]
                ]
            }
        }
        body["volumes"] = .array(found.map(isDetailed ? detail : brief))
        return .json(200, .object(body))
    }

    private func used(by project: String) -> (volumes: Int, gigabytes: Int) {
        (state.volumes.count(ofProject: project), state.gigabytes[project] ?? 0)
    }

    func limits(of project: String) -> JSONValue {
        let used = used(by: project)
        return [
            "rate": [],
            "absolute": [
                "maxTotalVolumes": .integer(state.limit(.volumes, of: project)),
                "maxTotalVolumeGigabytes": .integer(state.limit(.gigabytes, of: project)), "maxTotalSnapshots": -1,
                "maxTotalBackups": -1, "maxTotalBackupGigabytes": -1, "totalVolumesUsed": .integer(used.volumes),
                "totalGigabytesUsed": .integer(used.gigabytes), "totalSnapshotsUsed": 0, "totalBackupsUsed": 0,
                "totalBackupGigabytesUsed": 0,
            ],
        ]
    }

    func quotas(of project: String, withUsage: Bool) -> JSONValue {
        let used = used(by: project)
        let all: [String: (limit: Int, used: Int)] = [
            "volumes": (state.limit(.volumes, of: project), used.volumes),
            "gigabytes": (state.limit(.gigabytes, of: project), used.gigabytes), "snapshots": (-1, 0),
            "backups": (-1, 0), "backup_gigabytes": (-1, 0), "per_volume_gigabytes": (-1, 0), "groups": (-1, 0),
        ]
        var json = all.mapValues { quota -> JSONValue in
            withUsage
                ? ["limit": .integer(quota.limit), "in_use": .integer(quota.used), "reserved": 0]
                : .integer(quota.limit)
        }
        json["id"] = .string(project)
        return .object(json)
    }
}
