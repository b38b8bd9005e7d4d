-- What was recorded of co-browsing: the key of each recording, locked by a key of the server's that is not in here.
-- The recordings themselves are files.
CREATE TABLE recordings (
    business BLOB NOT NULL,
    id       BLOB NOT NULL,
    contact  BLOB NOT NULL,
    began_at INTEGER NOT NULL,
    lock     TEXT NOT NULL,
    locked   BLOB NOT NULL,
    PRIMARY KEY (business, id),
    FOREIGN KEY (business, contact) REFERENCES contacts (business, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX recordings_contact ON recordings (business, contact, began_at, id);
CREATE INDEX recordings_began ON recordings (business, began_at, id);
