import Runtime

/// What the servers of a project used in a time (Compute API v2.1, "Usage reports"). Of deleted ones the fake keeps no
/// record.
extension NovaView {
    /// Of one project; nothing where it had no server.
    func usage(of project: String) throws(ServiceFault) -> ServiceAnswer {
        .json(200, ["tenant_usage": try report(of: project, isDetailed: true) ?? [:]])
    }

    /// Of all projects.
    func usages(for requester: Requester) throws(ServiceFault) -> ServiceAnswer {
        guard requester.isAdmin else { throw .policy("os_compute_api:os-simple-tenant-usage:list") }
        var projects: [String] = []
        for server in services.compute.servers.all where !projects.contains(server.projectId) {
            projects.append(server.projectId)
        }
        let isDetailed = call.query("detailed").map { $0 == "1" || $0.lowercased() == "true" } ?? false
        var reports: [JSONValue] = []
        for project in projects {
            if let report = try report(of: project, isDetailed: isDetailed) { reports.append(report) }
        }
        return .json(200, ["tenant_usages": .array(reports)])
    }

    private func instant(_ name: String) throws(ServiceFault) -> Timestamp? {
        guard let text = call.query(name) else { return nil }
        let whole = text.replacing(" ", with: "T")
        guard let instant = Timestamp(whole) ?? Timestamp(whole + "Z") ?? Timestamp(whole + "T00:00:00Z") else {
            throw ServiceFault(400, "Datetime is in invalid format")
        }
        return instant
    }

    private func report(of project: String, isDetailed: Bool) throws(ServiceFault) -> JSONValue? {
        let end = try instant("end") ?? now
        let start = try instant("start") ?? end
        guard start <= end else {
            throw ServiceFault(400, "Invalid start time. The start time cannot occur after the end time.")
        }
        let until = min(end, now)
        let servers = services.compute.servers.records(ofProject: project).filter { $0.createdAt <= until }
        guard !servers.isEmpty else { return nil }
        func hours(_ server: Instance) -> Double {
            max(0, (until - max(start, server.launchedAt ?? until)).inSeconds / 3600)
        }
        func total(_ amount: (Flavor) -> Int) -> JSONValue {
            .number(servers.reduce(0) { $0 + hours($1) * Double(amount($1.flavor)) })
        }
        var report: [String: JSONValue] = [
            "tenant_id": .string(project), "start": .string(start.novaText), "stop": .string(end.novaText),
            "total_hours": total { _ in 1 }, "total_vcpus_usage": total(\.vcpus),
            "total_memory_mb_usage": total(\.ramMiB), "total_local_gb_usage": total(\.diskGiB),
        ]
        guard isDetailed else { return .object(report) }
        report["server_usages"] = .array(
            servers.map { server in
                [
                    "instance_id": .string(server.id), "name": .string(server.name), "hours": .number(hours(server)),
                    "vcpus": .integer(server.flavor.vcpus), "memory_mb": .integer(server.flavor.ramMiB),
                    "local_gb": .integer(server.flavor.diskGiB), "flavor": .string(server.flavor.name),
                    "tenant_id": .string(project), "state": .string(server.state.rawValue),
                    "started_at": .string((server.launchedAt ?? server.createdAt).novaText), "ended_at": .null,
                    "uptime": .integer(Int(max(0, (now - (server.launchedAt ?? now)).inSeconds))),
                ]
            })
        return .object(report)
    }
}
