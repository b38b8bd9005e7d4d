-- Written by those who ask whether the database takes writes. Never read.
CREATE TABLE probe (
    id   INTEGER NOT NULL PRIMARY KEY,
    room BLOB    NOT NULL
) STRICT;
INSERT INTO probe (id, room) VALUES (1, x'');
