//! What the file keeps of results: a row for each commit, and for each fold where the results of a page of tasks
//! stand among them.

/// The tables.
pub(super) const SCHEMA: &str = "
    CREATE TABLE result (
        first_n INTEGER PRIMARY KEY, last_n INTEGER NOT NULL, at_ms INTEGER NOT NULL,
        last_seq INTEGER NOT NULL, checksum INTEGER NOT NULL, entries BLOB NOT NULL
    );
    CREATE TABLE result_page (
        page INTEGER NOT NULL, first_n INTEGER NOT NULL, checksum INTEGER NOT NULL, runs BLOB NOT NULL,
        PRIMARY KEY (page, first_n)
    ) WITHOUT ROWID;
";
