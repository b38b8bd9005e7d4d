-- What is still kept of a contact's customer: 2 everything, 1 all but where they went (trail and context),
-- 0 nothing. What is over and too old is found by it.
ALTER TABLE contacts ADD COLUMN holds BIGINT NOT NULL DEFAULT 2;
UPDATE contacts SET holds = 0
    WHERE NOT EXISTS (SELECT 1 FROM persons p WHERE p.business = contacts.business AND p.contact = contacts.id);
CREATE INDEX contacts_holding ON contacts (business, holds, requested_at, id) WHERE closed AND holds > 0;
CREATE INDEX contacts_empty ON contacts (business, requested_at, id) WHERE closed AND holds = 0;

-- What stands for the numbers of legs of the last day whose customer was erased: a hash, for the budgets of that
-- day and for never calling a number whose leg may still be up.
CREATE TABLE erased_legs (
    business   BYTEA NOT NULL,
    leg        BYTEA NOT NULL,
    mark       TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    PRIMARY KEY (business, leg),
    FOREIGN KEY (business, leg) REFERENCES legs (business, id) ON DELETE CASCADE
);
CREATE INDEX erased_legs_started ON erased_legs (started_at);
