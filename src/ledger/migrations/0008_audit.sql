-- What operators put right: who, when, why, and what it changed. Kept for ever. Text in braces differs between
-- engines: see dialect.rs.
CREATE TABLE audit (
    id           {serial},
    at           BIGINT NOT NULL,      -- ms since 1970
    who          TEXT   NOT NULL,      -- command:LOGIN, admin:ADDRESS or admin:NAME
    why          TEXT,                 -- where they said so
    action       TEXT   NOT NULL,      -- retry, discard, end, grant
    msisdn       {text},                 -- whose, where a number is known
    notice_id    BIGINT,               -- the notice that it was done to, or that it made
    before       TEXT   NOT NULL,      -- the notice's outcome and what its number held, in words
    after        TEXT   NOT NULL
);

CREATE INDEX audit_by_msisdn ON audit (msisdn, id) WHERE msisdn IS NOT NULL;
CREATE INDEX audit_by_notice ON audit (notice_id, id) WHERE notice_id IS NOT NULL;
