import HTTPTypes
import Hummingbird
import Runtime
import Scenarios
import Synchronization

extension FakeCloud {
    typealias Handler = @Sendable (inout CloudEngine, ServiceCall) throws -> ServiceAnswer

    /// Carries out a call as the rules for faults have it: half of its latency, the effect, the other half.
    ///
    /// - Throws: ``BrokenConnection`` where a fault says so, `CancellationError`.
    func perform(
        _ named: CloudOperation?, _ call: ServiceCall, needsToken: Bool, _ handler: @escaping Handler
    ) async throws -> Response {
        let operation = named ?? call.dialect.otherOperation
        let handler = guarded(operation, handler, needsToken: needsToken)
        let time = surroundings.time
        let arrival = time.uptime
        let subject = FaultSubject(operation: operation, region: call.region, stack: call.stackName)
        let verdict = faultBook.withLock { $0.meet(subject, at: time.now) }
        let latency = latency(of: operation, in: call.region)
        func log(_ answer: ServiceAnswer?) { note(operation, call, answer, verdict, since: arrival) }

        switch verdict.answer?.breakage {
        case .refuse:
            log(nil)
            throw BrokenConnection(effect: .impossible, sent: nil)
        case .reset(.beforeRequest):
            log(nil)
            throw BrokenConnection(effect: .possible, sent: nil)
        default: break
        }
        try await time.sleepWhileRunning(for: latency / 2)
        let real = carryOut(call, verdict.effect, handler)
        wakeUp.raise()
        try await time.sleepWhileRunning(for: latency - latency / 2 + verdict.delay)
        if verdict.hang > .zero { try await time.sleep(for: verdict.hang) }
        if case .late = verdict.effect {
            applyLater(call, after: verdict.lateBy, handler)
            wakeUp.raise()
        }
        switch verdict.answer?.breakage {
        case .reset(.beforeAnswer), .hang:
            log(nil)
            throw BrokenConnection(effect: .possible, sent: nil)
        case .reset(.midBody):
            let answer = verdict.spoiled(real, of: call)
            log(answer)
            throw BrokenConnection(
                effect: .possible,
                sent: (answer.response(to: call).head, Array(answer.body.prefix(answer.body.count / 2))))
        default:
            let answer = verdict.spoiled(real, of: call)
            log(answer)
            var response = answer.response(to: call)
            if let pace = verdict.answer?.slow { response.body = pace.body(answer.body, time: time) }
            return response
        }
    }

    /// Lets a call take effect now, or only tries what it would be answered.
    private func carryOut(_ call: ServiceCall, _ effect: FaultRule.Effect, _ handler: Handler) -> ServiceAnswer {
        engine.withLock { engine in
            advance(&engine)
            engine.baseURL = call.baseURL
            guard effect != .applied else { return Self.answer(call, &engine, handler) }
            var copy = engine
            copy.isRehearsal = true
            return Self.answer(call, &copy, handler)
        }
    }

    private func applyLater(_ call: ServiceCall, after delay: Duration, _ handler: @escaping Handler) {
        let instant = surroundings.time.now + delay
        engine.withLock { _ in
            lateEffects.withLock { $0.add(at: instant) { engine in _ = Self.answer(call, &engine, handler) } }
        }
    }

    /// A handler that first looks who asks, and whether Keystone lets the service do what it must.
    private func guarded(_ operation: CloudOperation, _ handler: @escaping Handler, needsToken: Bool) -> Handler {
        { [weak self] engine, call in
            guard let self else { return ServiceAnswer(status: 503) }
            if let region = call.region, engine.regions[region] == nil { return call.dialect.notFound(of: call) }
            if let refusal = call.dialect.refusal(ofBodyOf: call) { return refusal }
            guard needsToken else { return try handler(&engine, call) }
            /// Services ask Keystone themselves; the rules for faults hold for them too.
            func isKeystoneDown() -> Bool {
                let subject = FaultSubject(operation: .keystoneTokenValidate, region: nil, stack: nil)
                return faultBook.withLock { $0.meet(subject, at: surroundings.time.now) }.isOutage
            }
            var call = call
            let value = call.headers[.authToken]
            if call.dialect == .keystone {
                call.token = try engine.keystoneToken(value)
                return try handler(&engine, call)
            }
            let service = "\(call.dialect) \(call.region ?? "")"
            if let value, !value.isEmpty, !engine.remembers(value, service: service), isKeystoneDown() {
                return CloudDialect.keystoneIsDown
            }
            call.token = try engine.serviceToken(value, service: service)
            try call.checkSizeForHeat()
            guard operation == .heatStackCreate else { return try handler(&engine, call) }
            // The last thing of a create is a trust, with which Heat acts for the user later (golden outage,
            // `keystone-down-create-cached-token`, `strict-keystone-create-with-application-credential`).
            let isForbidden = !engine.scenario.allowsTrusts && call.token?.credentialId != nil
            guard isForbidden || isKeystoneDown() else { return try handler(&engine, call) }
            var copy = engine
            copy.isRehearsal = true
            let answer = try handler(&copy, call)
            if answer.status == 201 { throw HeatFault(status: 500, type: "RemoteError", message: nil) }
            return answer
        }
    }

    private static func answer(_ call: ServiceCall, _ engine: inout CloudEngine, _ handler: Handler) -> ServiceAnswer {
        let answer: ServiceAnswer
        do {
            answer = try handler(&engine, call)
        } catch {
            answer = call.dialect.answer(for: error, to: call)
        }
        return call.method == "HEAD" ? answer.headOnly : answer
    }

    /// Lets time pass for the cloud, with the late effects of calls each at its own instant.
    func advance(_ engine: inout CloudEngine) {
        let now = surroundings.time.now
        while let (instant, apply) = lateEffects.withLock({ $0.take(until: now) }) {
            engine.advance(to: instant)
            apply(&engine)
        }
        engine.advance(to: now)
    }

    private func note(
        _ operation: CloudOperation, _ call: ServiceCall, _ answer: ServiceAnswer?, _ verdict: FaultVerdict,
        since arrival: Duration
    ) {
        let record = CloudCall(
            at: surroundings.time.now, operation: operation, region: call.region, method: call.method,
            path: call.path, status: answer?.status, stack: answer?.stack ?? call.stackName, faults: verdict.rules)
        let effect =
            switch verdict.effect {
            case .none: "none"
            case .applied: "applied"
            case .late: "late"
            }
        let exchange = CallLog.Exchange(
            took: surroundings.time.uptime - arrival, effect: effect, requestHeaders: call.headers,
            requestBody: Array(call.body.prefix(CallLog.Exchange.longestBody)), requestSize: call.bodySize,
            answerHeaders: answer?.headers ?? [:],
            answerBody: Array((answer?.body ?? []).prefix(CallLog.Exchange.longestBody)),
            answerSize: answer?.body.count ?? 0)
        callLog.withLock { $0.append(record, exchange) }
        observer(record)
    }
}

extension ServiceCall {
    /// The name of the stack that the call is about, where it says so.
    fileprivate var stackName: String? {
        if let name = parameters.get("name") { return name }
        guard dialect == .heat, method == "POST", path.prefix(while: { $0 != "?" }).hasSuffix("/stacks") else {
            return nil
        }
        return json?["stack_name"]?.string
    }
}

extension ServiceAnswer {
    fileprivate func response(to call: ServiceCall) -> Response {
        var response = response
        for (name, value) in call.dialect.headers(of: call, answered: status) {
            response.headers.append(HTTPField(name: name, value: value))
        }
        return response
    }
}
