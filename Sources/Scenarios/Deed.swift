import Runtime

extension Scenario {
    /// Something that an operator, somebody else or a fate does to the cloud.
    public struct Deed: Equatable, Sendable {
        public enum Moment: Equatable, Sendable {
            case at(Spread)
            /// So long after a deployment was committed with a status.
            case seen(deployment: String, status: String, after: Spread)
            /// So long after the nth call of an operation was answered.
            case called(String, nth: Int, after: Spread)
        }

        /// What is done to the stack of a deployment.
        public enum StackAct: String, CaseIterable, Sendable {
            /// It is gone, with all its resources.
            case deleteStack
            case suspendStack, resumeStack, checkStack
            /// What is under way is done at once, also where it was stuck.
            case finishStack
            /// What is under way fails.
            case failStack
            /// Heat forgets what has happened so far.
            case pruneEvents
            /// Somebody else makes a stack of the name that the portal will use.
            case occupyName
        }

        /// What is done to the server of a deployment, past Heat.
        public enum ServerAct: String, CaseIterable, Sendable {
            case deleteServer, stopServer
            /// It goes into error.
            case breakServer
        }

        public enum Act: Equatable, Sendable {
            /// All tokens: clients have to sign in again.
            case revokeTokens
            /// The application credential of the portal.
            case revokeCredential, restoreCredential
            case stack(StackAct, deployment: String, reason: String)
            case server(ServerAct, deployment: String, reason: String)
            /// From now on; what is not named stays as it is.
            case quotas(stacks: Int?, [QuotaScenario.Resource: Int])
            /// Keystone's catalog has no endpoints of it any more, or has them again.
            case hideRegion(String)
            case showRegion(String)
        }

        public var id: String?
        public var moment: Moment
        public var act: Act
        public var place: Place
    }
}

extension Scenario.Deed.Act {
    /// The deployment that it is done to.
    public var deployment: String? {
        switch self {
        case .stack(_, let deployment, _), .server(_, let deployment, _): deployment
        default: nil
        }
    }
}
