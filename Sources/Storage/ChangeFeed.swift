import Deployments
import GRDB
import Runtime

/// The sequence of committed changes as other processes on the database read it: a row for each change, written in
/// its transaction. A row says what has changed, and the change itself is read from where it is kept, so a deployment
/// that has changed again since is told of once as it is now.
struct ChangeFeed {
    let db: Database

    static let schema = """
        CREATE TABLE feed (
          seq INTEGER PRIMARY KEY AUTOINCREMENT,
          ts INTEGER NOT NULL,
          deployment_id TEXT NOT NULL,
          event_seq INTEGER
        ) STRICT;
        CREATE INDEX feed_age ON feed (ts);
        """

    /// How long a row is kept. A process that stood still for longer has lost its sockets.
    static let retention: Duration = .seconds(3600)

    /// The number of the newest row that there was, 0 before the first.
    func end() throws -> Int {
        try db.count("SELECT seq FROM sqlite_sequence WHERE name = 'feed'")
    }

    func append(_ changes: [CommittedChange], at now: Timestamp) throws {
        for change in changes {
            let eventSeq: Int? = if case .event(let event) = change { event.seq } else { nil }
            try db.run(
                "INSERT INTO feed (ts, deployment_id, event_seq) VALUES (?, ?, ?)",
                [now, change.deploymentId, eventSeq])
        }
    }

    /// What was committed after a row, in its order.
    func changes(after seq: Int) throws -> [[CommittedChange]] {
        guard try end() > seq else { return [] }
        return try db.rows("SELECT deployment_id, event_seq FROM feed WHERE seq > ? ORDER BY seq", [seq])
            .compactMap { row in
                let id: String = row["deployment_id"]
                // One that is damaged is nobody's news.
                guard let eventSeq: Int = row["event_seq"] else {
                    return try db.row("SELECT * FROM deployments WHERE id = ?", [id])
                        .flatMap { (try? Deployment(row: $0)).map { [.updated($0)] } }
                }
                return try db.row(
                    "SELECT * FROM deployment_events WHERE deployment_id = ? AND seq = ?", [id, eventSeq]
                ).flatMap { (try? DeploymentEvent(row: $0)).map { [.event($0)] } }
            }
    }

    func forget(before instant: Timestamp) throws {
        try db.run("DELETE FROM feed WHERE ts < ?", [instant])
    }
}
