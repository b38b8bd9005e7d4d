-- Written by those who ask whether the database takes writes. Never read.
CREATE TABLE probe (
    id   BIGINT NOT NULL PRIMARY KEY,
    room BYTEA  NOT NULL
);
INSERT INTO probe (id, room) VALUES (1, '');
