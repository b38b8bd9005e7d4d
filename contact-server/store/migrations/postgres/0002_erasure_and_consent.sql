-- What stood above the button, by version. A version's text never changes.
CREATE TABLE consents (
    business BYTEA  NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    version  TEXT   NOT NULL,
    text     TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (business, version)
);

-- The journal of erasures: ids of contacts (a JSON list), never a name or a number. `taken_at`: somebody is at
-- it; `done_at`: the rows are erased.
CREATE TABLE erasures (
    id       BYTEA  NOT NULL PRIMARY KEY,
    business BYTEA  NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    contacts TEXT   NOT NULL,
    asked_at BIGINT NOT NULL,
    taken_at BIGINT,
    done_at  BIGINT
);
CREATE INDEX erasures_waiting ON erasures (asked_at) WHERE done_at IS NULL;
