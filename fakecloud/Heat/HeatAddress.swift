import Runtime

/// Where a call to Heat goes: the region and the project of its path, and the addresses below them.
///
/// What changes the cloud works with this alone. A ``HeatView`` holds the state that it shows, and a state that is held
/// is copied when it changes.
struct HeatAddress {
    let call: ServiceCall
    let place: StackPlace

    /// - Throws: ``HeatFault`` where the path's project is not the token's (golden heat, `show-other-token-403`).
    init(_ call: ServiceCall) throws {
        self.call = call
        place = StackPlace(region: call.region ?? "", project: call.parameter("project"))
        guard call.token?.project?.id == place.project || call.token?.isAdmin == true else {
            throw HeatFault.otherProject
        }
    }

    init(_ call: ServiceCall, _ place: StackPlace) {
        self.call = call
        self.place = place
    }

    var projectURL: String { "\(call.baseURL)/heat/\(place.region)/v1/\(place.project)" }

    func link(_ name: String, _ id: String) -> String { "\(projectURL)/stacks/\(name)/\(id)" }
}
