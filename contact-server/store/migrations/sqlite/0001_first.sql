-- Ids are 16 bytes big-endian, hashes 32 bytes, times milliseconds since the Unix epoch.
-- `body` is the JSON of the record; the columns beside it are what queries need of it.

CREATE TABLE businesses (
    id         BLOB NOT NULL PRIMARY KEY,
    public_key TEXT NOT NULL UNIQUE,
    body       TEXT NOT NULL
) STRICT;

-- Who may commit, and the counters that a commit moves: one row is the fence and the lock of a business.
CREATE TABLE owners (
    business   BLOB    NOT NULL PRIMARY KEY REFERENCES businesses (id) ON DELETE CASCADE,
    epoch      INTEGER NOT NULL DEFAULT 0,
    last_seq   INTEGER NOT NULL DEFAULT 0,
    last_view  INTEGER NOT NULL DEFAULT 0,
    last_place INTEGER NOT NULL DEFAULT 0,
    last_at    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    business BLOB    NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    version  INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    PRIMARY KEY (business, version)
) STRICT;

-- A removed agent keeps its row, so that old contacts still name it.
CREATE TABLE agents (
    business      BLOB    NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    id            BLOB    NOT NULL,
    body          TEXT    NOT NULL,
    login         TEXT,
    login_key     TEXT    UNIQUE,
    password_hash TEXT,
    removed       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (business, id)
) STRICT;

CREATE TABLE agent_states (
    business BLOB NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    agent    BLOB NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (business, agent)
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
    business     BLOB    NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    id           BLOB    NOT NULL,
    body         TEXT    NOT NULL,
    place        INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    settings     INTEGER NOT NULL,
    agent        BLOB,
    bridged_at   INTEGER,
    talked_ms    INTEGER NOT NULL,
    ended_at     INTEGER,
    merged       INTEGER NOT NULL,
    closed       INTEGER NOT NULL,
    PRIMARY KEY (business, id)
) STRICT;
CREATE INDEX contacts_open ON contacts (business, place) WHERE NOT closed;
CREATE INDEX contacts_history ON contacts (business, requested_at, id) WHERE NOT merged;
CREATE INDEX contacts_ended ON contacts (business, ended_at) WHERE bridged_at IS NOT NULL;

-- Personal data. `search` is what a search looks in, lower case; `digits` are those of the number.
CREATE TABLE persons (
    business BLOB NOT NULL,
    contact  BLOB NOT NULL,
    body     TEXT NOT NULL,
    e164     TEXT,
    digits   TEXT,
    search   TEXT NOT NULL,
    context  TEXT,
    PRIMARY KEY (business, contact),
    FOREIGN KEY (business, contact) REFERENCES contacts (business, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX persons_number ON persons (business, e164);

CREATE TABLE page_views (
    business BLOB    NOT NULL,
    contact  BLOB    NOT NULL,
    position INTEGER NOT NULL,
    url      TEXT    NOT NULL,
    title    TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (business, contact, position),
    FOREIGN KEY (business, contact) REFERENCES contacts (business, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE wrap_ups (
    business BLOB    NOT NULL,
    contact  BLOB    NOT NULL,
    agent    BLOB    NOT NULL,
    body     TEXT    NOT NULL,
    search   TEXT    NOT NULL,
    done     INTEGER NOT NULL,
    PRIMARY KEY (business, contact),
    FOREIGN KEY (business, contact) REFERENCES contacts (business, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE legs (
    business   BLOB    NOT NULL,
    id         BLOB    NOT NULL,
    contact    BLOB    NOT NULL,
    started_at INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    PRIMARY KEY (business, id),
    FOREIGN KEY (business, contact) REFERENCES contacts (business, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX legs_contact ON legs (business, contact, started_at, id);
CREATE INDEX legs_started ON legs (business, started_at, id);

-- Append-only; no personal data.
CREATE TABLE events (
    business BLOB    NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    seq      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    payload  TEXT    NOT NULL,
    PRIMARY KEY (business, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_tokens (
    hash       BLOB    NOT NULL PRIMARY KEY,
    business   BLOB    NOT NULL,
    contact    BLOB    NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (business, contact) REFERENCES contacts (business, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_tokens_contact ON contact_tokens (business, contact);
CREATE INDEX contact_tokens_expiry ON contact_tokens (expires_at);

-- `agent` is set on what ends with an agent's sessions.
CREATE TABLE tokens (
    hash       BLOB    NOT NULL PRIMARY KEY,
    business   BLOB    NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    agent      BLOB,
    scope      TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_agent ON tokens (business, agent) WHERE agent IS NOT NULL;
CREATE INDEX tokens_expiry ON tokens (expires_at);

CREATE TABLE idempotency (
    business   BLOB    NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    request    BLOB    NOT NULL,
    body_hash  BLOB    NOT NULL,
    contact    BLOB    NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (business, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE opt_outs (
    business BLOB    NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    e164     TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (business, e164)
) STRICT, WITHOUT ROWID;

CREATE TABLE prompts (
    business BLOB NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    slot     TEXT NOT NULL,
    wav      BLOB NOT NULL,
    PRIMARY KEY (business, slot)
) STRICT;

-- One row, whose version counts up with every change of the setup (businesses, agents, prompts).
CREATE TABLE setup (
    version INTEGER NOT NULL
) STRICT;
INSERT INTO setup (version) VALUES (0);
