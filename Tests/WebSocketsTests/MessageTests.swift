import Deployments
import Runtime
import Testing

@testable import WebSockets

@Suite struct ClientMessageTests {
    @Test(
        "commands are read with what they carry; what nobody knows is ignored",
        arguments: [
            (#"{"type":"subscribe","deploymentId":"dep_1"}"#, .subscribe("dep_1")),
            (
                #"{"id":"a","type":"subscribe","deploymentId":"dep_1","revision":3,"eventsAfter":0,"x":[]}"#,
                .subscribe("dep_1", revision: 3, eventsAfter: 0, id: "a")
            ),
            (
                #"{"id":7,"type":"subscribe","deploymentId":"dep_1","revision":null,"eventsAfter":null}"#,
                .subscribe("dep_1", id: 7)
            ),
            (
                #"{"type":"subscribe","deploymentId":"dep_1","revision":2.0,"id":null}"#,
                .subscribe("dep_1", revision: 2)
            ),
            (#"{"type":"unsubscribe","deploymentId":"dep_1","id":1}"#, .unsubscribe(deploymentId: "dep_1")),
        ] as [(String, ClientMessage)])
    func command(text: String, expected: ClientMessage) throws {
        #expect(try ClientMessage(parsing: text) == expected)
    }

    @Test(
        "a frame that is no command is named with its mark and its deployment, as far as they can be read",
        arguments: [
            ("", nil, nil), ("hello", nil, nil), ("[]", nil, nil), ("\"subscribe\"", nil, nil), ("{}", nil, nil),
            (#"{"deploymentId":"dep_1","id":"a"}"#, "dep_1", "a"), (#"{"type":null,"id":1}"#, nil, 1),
            (#"{"type":7,"id":1}"#, nil, 1), (#"{"type":"ping","id":1}"#, nil, 1),
            (#"{"type":"Subscribe","deploymentId":"dep_1"}"#, "dep_1", nil),
            (#"{"type":"subscribe","id":"a"}"#, nil, "a"), (#"{"type":"unsubscribe"}"#, nil, nil),
            (#"{"type":"subscribe","deploymentId":7}"#, nil, nil),
            (#"{"type":"subscribe","deploymentId":["dep_1"]}"#, nil, nil),
            (#"{"type":"subscribe","deploymentId":"dep_1","revision":-1}"#, "dep_1", nil),
            (#"{"type":"subscribe","deploymentId":"dep_1","revision":1.5}"#, "dep_1", nil),
            (#"{"type":"subscribe","deploymentId":"dep_1","revision":"1"}"#, "dep_1", nil),
            (#"{"type":"subscribe","deploymentId":"dep_1","eventsAfter":true,"id":2}"#, "dep_1", 2),
            (#"{"type":"subscribe","deploymentId":"dep_1","id":{}}"#, "dep_1", nil),
            (#"{"type":"subscribe","deploymentId":"dep_1","id":1.5}"#, "dep_1", nil),
        ] as [(String, String?, JSONValue?)])
    func noCommand(text: String, deploymentId: String?, id: JSONValue?) throws {
        let bad = try #require(throws: BadMessage.self) { try ClientMessage(parsing: text) }
        #expect(!bad.reason.isEmpty)
        #expect(bad.deploymentId == deploymentId)
        #expect(bad.id == id)
    }
}

extension ClientMessage {
    fileprivate static func subscribe(
        _ deploymentId: String, revision: Int? = nil, eventsAfter: Int? = nil, id: JSONValue? = nil
    ) -> ClientMessage {
        .subscribe(Subscribe(deploymentId: deploymentId, revision: revision, eventsAfter: eventsAfter, id: id))
    }
}

@Suite struct ServerMessageTests {
    @Test("an update has all its keys, with null for what is not known")
    func update() {
        var deployment = Deployment.new()
        let unknown = """
            {"data":{"lastError":null,"revision":1,"runtime":{"privateIp":null,"publicIp":null,"sshUser":null},\
            "status":"REQUESTED","updatedAt":"2026-01-06T10:00:00.001Z"},"deploymentId":"dep_1",\
            "type":"deployment.updated"}
            """
        #expect(ServerMessage.updated(deployment).text == unknown)
        deployment.status = .error
        deployment.runtime = .init(publicIp: "192.0.2.7", privateIp: "10.0.0.7", sshUser: "debian")
        deployment.lastError = Failure(.noCapacity, "No room.")
        let known = """
            {"data":{"lastError":{"code":"NO_CAPACITY","message":"No room."},"revision":1,\
            "runtime":{"privateIp":"10.0.0.7","publicIp":"192.0.2.7","sshUser":"debian"},\
            "status":"ERROR","updatedAt":"2026-01-06T10:00:00.001Z"},"deploymentId":"dep_1",\
            "type":"deployment.updated"}
            """
        #expect(ServerMessage.updated(deployment).text == known)
    }

    @Test("an event, an ack and an error; a mark is echoed, and left out where there is none")
    func others() {
        #expect(
            ServerMessage.event(.new(2)).text == """
                {"data":{"level":"INFO","message":"Creating server…","seq":2,"ts":"2026-01-06T10:00:00.000Z"},\
                "deploymentId":"dep_1","type":"deployment.event"}
                """)
        #expect(
            ServerMessage.subscribed(deploymentId: "dep_1").text == #"{"deploymentId":"dep_1","type":"subscribed"}"#)
        #expect(
            ServerMessage.subscribed(deploymentId: "dep_1", id: 7).text
                == #"{"deploymentId":"dep_1","id":7,"type":"subscribed"}"#)
        #expect(
            ServerMessage.error(code: "BAD_MESSAGE", message: "not JSON").text
                == #"{"code":"BAD_MESSAGE","message":"not JSON","type":"error"}"#)
        #expect(
            ServerMessage.error(code: "FORBIDDEN", message: "No", deploymentId: "dep_1", id: "a").text
                == #"{"code":"FORBIDDEN","deploymentId":"dep_1","id":"a","message":"No","type":"error"}"#)
    }

    @Test("a close code tells the client what to do by its range, and those from 4001 on announce themselves")
    func closeCodes() {
        let announced = CloseCode.allCases.filter { $0.farewell != nil }
        #expect(announced == [.sessionEnded, .slowConsumer, .rateLimited, .resync, .overloaded])
        for code in CloseCode.allCases where code.rawValue >= 4000 {
            #expect((4000..<4100).contains(code.rawValue) == [.sessionEnded, .protocolAbuse].contains(code))
        }
        // A close frame's payload has at most 125 bytes, two of them the code.
        #expect(CloseCode.allCases.allSatisfy { $0.reason.utf8.count <= 123 })
    }
}
