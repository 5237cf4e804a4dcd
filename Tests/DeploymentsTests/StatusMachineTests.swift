import Deployments
import Runtime
import Testing

@Suite struct StatusMachineTests {
    typealias Desired = DeploymentRecord.DesiredState

    static func record(
        _ status: Deployment.Status, _ desired: Desired = .present, lastError: Failure? = nil, id: String = "dep_1"
    ) -> DeploymentRecord {
        DeploymentRecord(
            deployment: Deployment(
                id: id, customerId: "cus_1", name: "web", regionId: "west",
                spec: .init(instanceTypeId: "small", imageId: "debian", storageGiB: 10, sshKeyId: "key_1"),
                status: status, lastError: lastError, createdAt: Timestamp(milliseconds: 0),
                updatedAt: Timestamp(milliseconds: 1000)),
            desired: desired, work: .init(stackName: "vm-1", sshPublicKey: "ssh-ed25519 AAAA"))
    }

    /// Every edge of semantics.md section 3; what is not here does not exist (S3.1).
    static let edges: [(Transition, Deployment.Status, Desired, Deployment.Status)] = [
        (.sendCreate, .requested, .present, .provisioning),
        (.fail, .requested, .present, .error), (.fail, .provisioning, .present, .error),
        (.fail, .active, .present, .error), (.learnAddresses, .provisioning, .present, .provisioning),
        (.learnAddresses, .active, .present, .active), (.complete, .provisioning, .present, .active),
        (.delete, .requested, .present, .deleting), (.delete, .provisioning, .present, .deleting),
        (.delete, .active, .present, .deleting), (.delete, .error, .present, .deleting),
        (.delete, .error, .absent, .deleting), (.confirmAbsence, .deleting, .absent, .deleted),
        (.confirmAbsence, .error, .absent, .deleted), (.giveUpDeletion, .deleting, .absent, .error),
        (.retry, .error, .present, .provisioning),
    ]

    @Test("the machine has the documented edges and no other")
    func allEdges() {
        for transition in Transition.allCases {
            for status in Deployment.Status.allCases {
                for desired in [Desired.present, .absent] {
                    let expected = Self.edges.first { $0.0 == transition && $0.1 == status && $0.2 == desired }?.3
                    #expect(
                        (try? Self.record(status, desired).status(after: transition)) == expected,
                        "\(transition) from \(status) with \(desired) wanted")
                }
            }
        }
    }

    @Test(
        "a deployment recovers only from what may turn out to have been premature (T14)",
        arguments: Failure.Code.allCases)
    func recovery(code: Failure.Code) {
        for status in Deployment.Status.allCases {
            for desired in [Desired.present, .absent] {
                let isExpected =
                    status == .error && desired == .present
                    && [.provisionTimeout, .stackMissing, .createUnconfirmed].contains(code)
                let after = try? Self.record(status, desired, lastError: Failure(code)).status(after: .recover)
                #expect(after == (isExpected ? .active : nil))
            }
        }
    }

    @Test("a transition raises the revision by one and updatedAt strictly, also when the clock steps back")
    func revisions() throws {
        var record = Self.record(.provisioning)
        try record.apply(.complete, at: Timestamp(milliseconds: 400))
        #expect(record.deployment.revision == 2)
        #expect(record.deployment.updatedAt == Timestamp(milliseconds: 1001))
        try record.apply(.learnAddresses, at: Timestamp(milliseconds: 5000)) { $0.runtime.publicIp = "192.0.2.1" }
        #expect(record.deployment.revision == 3)
        #expect(record.deployment.updatedAt == Timestamp(milliseconds: 5000))
        #expect(record.deployment.runtime.publicIp == "192.0.2.1")
    }

    @Test("a refused transition changes nothing")
    func refusal() {
        var record = Self.record(.deleted, .absent)
        #expect(throws: IllegalTransition.self) {
            try record.apply(.complete, at: Timestamp(milliseconds: 9)) { $0.runtime.publicIp = "192.0.2.1" }
        }
        #expect(record == Self.record(.deleted, .absent))
    }

    @Test("a deletion is never taken back")
    func desiredStaysAbsent() throws {
        var record = Self.record(.active)
        try record.apply(.delete, at: Timestamp(milliseconds: 9))
        #expect(record.desired == .absent)
        for transition in Transition.allCases {
            guard let status = try? record.status(after: transition) else { continue }
            #expect(status != .active && status != .provisioning)
        }
    }

    @Test("another try has a name of its own and remembers the stack to clear away")
    func nextAttempt() {
        var work = DeploymentRecord.Work(stackName: "vm-dep_1", sshPublicKey: "ssh-ed25519 AAAA")
        work.create = .confirmed
        work.stackId = "s-1"
        let second = work.forNextAttempt
        #expect(second.stackName == "vm-dep_1-r2" && second.create == .none && second.stackId == nil)
        #expect(second.replaced == .init(name: "vm-dep_1", id: "s-1"))
        // The second try never got to its create: the first try's stack is still the one to clear away.
        let third = second.forNextAttempt
        #expect(third.stackName == "vm-dep_1-r3" && third.replaced == second.replaced)
    }
}
