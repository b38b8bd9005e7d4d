-- Ids are 16 bytes big-endian, hashes 32 bytes, times milliseconds since the Unix epoch.
-- `body` is the JSON of the record; the columns beside it are what queries need of it.

CREATE TABLE businesses (
    id         BYTEA NOT NULL PRIMARY KEY,
    public_key TEXT  NOT NULL UNIQUE,
    body       TEXT  NOT NULL
);

-- Who may commit, and the counters that a commit moves: one row is the fence and the lock of a business.
CREATE TABLE owners (
    business   BYTEA  NOT NULL PRIMARY KEY REFERENCES businesses (id) ON DELETE CASCADE,
    epoch      BIGINT NOT NULL DEFAULT 0,
    last_seq   BIGINT NOT NULL DEFAULT 0,
    last_view  BIGINT NOT NULL DEFAULT 0,
    last_place BIGINT NOT NULL DEFAULT 0,
    last_at    BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE settings (
    business BYTEA  NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    version  BIGINT NOT NULL,
    body     TEXT   NOT NULL,
    PRIMARY KEY (business, version)
);

-- A removed agent keeps its row, so that old contacts still name it.
CREATE TABLE agents (
    business      BYTEA   NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    id            BYTEA   NOT NULL,
    body          TEXT    NOT NULL,
    login         TEXT,
    login_key     TEXT    UNIQUE,
    password_hash TEXT,
    removed       BOOLEAN NOT NULL DEFAULT false,
    PRIMARY KEY (business, id)
);

CREATE TABLE agent_states (
    business BYTEA NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    agent    BYTEA NOT NULL,
    body     TEXT  NOT NULL,
    PRIMARY KEY (business, agent)
);

CREATE TABLE contacts (
    business     BYTEA   NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    id           BYTEA   NOT NULL,
    body         TEXT    NOT NULL,
    place        BIGINT  NOT NULL,
    requested_at BIGINT  NOT NULL,
    settings     BIGINT  NOT NULL,
    agent        BYTEA,
    bridged_at   BIGINT,
    talked_ms    BIGINT  NOT NULL,
    ended_at     BIGINT,
    merged       BOOLEAN NOT NULL,
    closed       BOOLEAN NOT NULL,
    PRIMARY KEY (business, id)
);
CREATE INDEX contacts_open ON contacts (business, place) WHERE NOT closed;
CREATE INDEX contacts_history ON contacts (business, requested_at, id) WHERE NOT merged;
CREATE INDEX contacts_ended ON contacts (business, ended_at) WHERE bridged_at IS NOT NULL;

-- Personal data. `search` is what a search looks in, lower case; `digits` are those of the number.
CREATE TABLE persons (
    business BYTEA NOT NULL,
    contact  BYTEA NOT NULL,
    body     TEXT  NOT NULL,
    e164     TEXT,
    digits   TEXT,
    search   TEXT  NOT NULL,
    context  TEXT,
    PRIMARY KEY (business, contact),
    FOREIGN KEY (business, contact) REFERENCES contacts (business, id) ON DELETE CASCADE
);
CREATE INDEX persons_number ON persons (business, e164);

CREATE TABLE page_views (
    business BYTEA  NOT NULL,
    contact  BYTEA  NOT NULL,
    position BIGINT NOT NULL,
    url      TEXT   NOT NULL,
    title    TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (business, contact, position),
    FOREIGN KEY (business, contact) REFERENCES contacts (business, id) ON DELETE CASCADE
);

CREATE TABLE wrap_ups (
    business BYTEA   NOT NULL,
    contact  BYTEA   NOT NULL,
    agent    BYTEA   NOT NULL,
    body     TEXT    NOT NULL,
    search   TEXT    NOT NULL,
    done     BOOLEAN NOT NULL,
    PRIMARY KEY (business, contact),
    FOREIGN KEY (business, contact) REFERENCES contacts (business, id) ON DELETE CASCADE
);

CREATE TABLE legs (
    business   BYTEA  NOT NULL,
    id         BYTEA  NOT NULL,
    contact    BYTEA  NOT NULL,
    started_at BIGINT NOT NULL,
    body       TEXT   NOT NULL,
    PRIMARY KEY (business, id),
    FOREIGN KEY (business, contact) REFERENCES contacts (business, id) ON DELETE CASCADE
);
CREATE INDEX legs_contact ON legs (business, contact, started_at, id);
CREATE INDEX legs_started ON legs (business, started_at, id);

-- Append-only; no personal data.
CREATE TABLE events (
    business BYTEA  NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    seq      BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    version  BIGINT NOT NULL,
    payload  TEXT   NOT NULL,
    PRIMARY KEY (business, seq)
);

CREATE TABLE contact_tokens (
    hash       BYTEA  NOT NULL PRIMARY KEY,
    business   BYTEA  NOT NULL,
    contact    BYTEA  NOT NULL,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (business, contact) REFERENCES contacts (business, id) ON DELETE CASCADE
);
CREATE INDEX contact_tokens_contact ON contact_tokens (business, contact);
CREATE INDEX contact_tokens_expiry ON contact_tokens (expires_at);

-- `agent` is set on what ends with an agent's sessions.
CREATE TABLE tokens (
    hash       BYTEA  NOT NULL PRIMARY KEY,
    business   BYTEA  NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    agent      BYTEA,
    scope      TEXT   NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX tokens_agent ON tokens (business, agent) WHERE agent IS NOT NULL;
CREATE INDEX tokens_expiry ON tokens (expires_at);

CREATE TABLE idempotency (
    business   BYTEA  NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    request    BYTEA  NOT NULL,
    body_hash  BYTEA  NOT NULL,
    contact    BYTEA  NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (business, request)
);
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE opt_outs (
    business BYTEA  NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    e164     TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (business, e164)
);

CREATE TABLE prompts (
    business BYTEA NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    slot     TEXT  NOT NULL,
    wav      BYTEA NOT NULL,
    PRIMARY KEY (business, slot)
);

-- One row, whose version counts up with every change of the setup (businesses, agents, prompts).
CREATE TABLE setup (
    version BIGINT NOT NULL
);
INSERT INTO setup (version) VALUES (0);
