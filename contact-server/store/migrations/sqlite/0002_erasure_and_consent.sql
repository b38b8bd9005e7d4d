-- What stood above the button, by version. A version's text never changes.
CREATE TABLE consents (
    business BLOB    NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    version  TEXT    NOT NULL,
    text     TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (business, version)
) STRICT, WITHOUT ROWID;

-- The journal of erasures: ids of contacts (a JSON list), never a name or a number. `taken_at`: somebody is at
-- it; `done_at`: the rows are erased.
CREATE TABLE erasures (
    id       BLOB    NOT NULL PRIMARY KEY,
    business BLOB    NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    contacts TEXT    NOT NULL,
    asked_at INTEGER NOT NULL,
    taken_at INTEGER,
    done_at  INTEGER
) STRICT;
CREATE INDEX erasures_waiting ON erasures (asked_at) WHERE done_at IS NULL;
