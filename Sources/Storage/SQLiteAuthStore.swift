import GRDB

// Placeholder until the accounts' tables are written.
enum SQLiteAuthStore {
    static func migrate(_ migrator: inout DatabaseMigrator) {}
}
