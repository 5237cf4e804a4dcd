import Auth
import HTTPTypes
import Synchronization
import WebSockets

/// Sees what passes between clients and a served portal.
public protocol PortalObserver: Sendable {
    /// A request was answered.
    ///
    /// - Parameter principal: who asked; nil where nobody is signed in, or the route is open to all.
    func answered(_ request: HTTPRequest, with status: Int, to principal: Principal?)

    /// Puts itself between a socket and the portal.
    func observing(_ socket: any MessageSocket, of identity: SocketIdentity) -> any MessageSocket
}

/// Who made a request, once it is known; for those who see the answer.
final class Caller: Sendable {
    private let known = Mutex<Principal?>(nil)

    var principal: Principal? { known.withLock { $0 } }

    func identify(_ principal: Principal) {
        known.withLock { $0 = principal }
    }
}
