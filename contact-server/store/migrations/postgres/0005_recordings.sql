-- What was recorded of co-browsing: the key of each recording, locked by a key of the server's that is not in here.
-- The recordings themselves are files.
CREATE TABLE recordings (
    business BYTEA NOT NULL,
    id       BYTEA NOT NULL,
    contact  BYTEA NOT NULL,
    began_at BIGINT NOT NULL,
    lock     TEXT NOT NULL,
    locked   BYTEA NOT NULL,
    PRIMARY KEY (business, id),
    FOREIGN KEY (business, contact) REFERENCES contacts (business, id) ON DELETE CASCADE
);
CREATE INDEX recordings_contact ON recordings (business, contact, began_at, id);
CREATE INDEX recordings_began ON recordings (business, began_at, id);
