import HTTPTypes
import OpenStack
import Runtime

/// The way to the cloud of a process that may die: once dead it neither sends nor hears.
struct MortalTransport: CloudTransport {
    let inner: InProcessCloud
    let pulse: ServerLife.Pulse
    let crashPoints: CrashPoints

    func send(_ request: CloudRequest) async throws -> CloudResponse {
        try pulse.check()
        // A request on its way is carried out, whatever becomes of the one who sent it.
        let response = try await inner.send(request) {
            if let point = request.crashPoint { try crashPoints.reached(point) }
        }
        try pulse.check()
        return response
    }
}

extension CloudRequest {
    /// The place at which a process can die between this request and its answer.
    fileprivate var crashPoint: CrashPoint? {
        switch method {
        case .post where url.hasSuffix("/stacks"): .workerCreateSent
        case .delete where url.contains("/stacks/"): .workerDeleteSent
        default: nil
        }
    }
}
