import Hummingbird
import Runtime
import Scenarios

extension ControlAPI {
    static let clockRoutes = [
        Route(.get, "/clock", "How the cloud's time goes.") { parts, _ in .json(.ok, parts.clock.state.json) },
        Route(.post, "/clock", "Pause time, let it run, step it on, or set its speed.") { parts, call in
            try await moveClock(parts.clock, try ClockAction(call.object()))
            return .json(.ok, parts.clock.state.json)
        },
    ]

    private static func moveClock(_ clock: ControlledTime, _ action: ClockAction) async throws {
        do {
            switch action {
            case .pause: try clock.pause()
            case .resume: try clock.resume()
            case .step(let duration): try await clock.step(by: duration)
            case .speed(let speed): try clock.setSpeed(speed)
            }
        } catch let refusal as ControlledTime.Refusal {
            throw ControlProblem(refusal.isConflict ? 409 : 422, refusal.description)
        }
    }
}

/// What is asked of the clock: `{"action": "pause" | "resume" | "step" | "speed", "by": "30s", "speed": 10}`.
private enum ClockAction {
    case pause, resume
    case step(Duration)
    case speed(Double)

    /// - Throws: ``ControlProblem``, 422.
    init(_ body: [String: JSONValue]) throws {
        let needed = ["pause": "", "resume": "", "step": "by", "speed": "speed"]
        guard let action = body["action"]?.string, let field = needed[action] else {
            let found = body["action"].map { "\($0)" } ?? "missing"
            throw ControlProblem(422, "action is pause, resume, step or speed; it is \(found).")
        }
        for key in body.keys.sorted() where key != "action" && key != field {
            throw ControlProblem(422, "\(action) has no \(key).")
        }
        switch action {
        case "pause": self = .pause
        case "resume": self = .resume
        case "step":
            guard let duration = body["by"]?.string.flatMap({ Duration(unit: $0) }) else {
                throw ControlProblem(422, "by is a duration with a unit, such as \"30s\", \"5m\" or \"250ms\".")
            }
            self = .step(duration)
        default:
            switch body["speed"] {
            case .integer(let speed): self = .speed(Double(speed))
            case .number(let speed): self = .speed(speed)
            default: throw ControlProblem(422, "speed is a number from 0.001 to 1000.")
            }
        }
    }
}

extension ControlledTime.State {
    fileprivate var json: JSONValue {
        [
            "now": .string(now.description), "uptimeSeconds": .number(uptime.inSeconds),
            "state": isPaused ? "paused" : "running", "speed": .number(speed),
            "nextWake": JSONValue(nextWake?.description), "sleepers": .integer(sleepers),
        ]
    }
}
