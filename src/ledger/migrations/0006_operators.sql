-- What operators are told beside the journal. Text in braces differs between engines: see dialect.rs.

-- The gateways that have this ledger open, and what each judges notices by.
CREATE TABLE gateway (
    name         {text}   NOT NULL PRIMARY KEY,   -- its host and address
    version      TEXT   NOT NULL,
    rules        TEXT   NOT NULL,      -- the fingerprint of its catalog and settings
    offers       BIGINT NOT NULL,
    since        BIGINT NOT NULL,      -- when these rules came into force there, ms since 1970
    seen_at      BIGINT NOT NULL       -- 0: it has stopped
) {clustered};

-- What would have become of notices that are kept and not applied (carrier.record_only), by the catalog in force.
CREATE TABLE foreseen (
    notice_id    {key},
    would_be     TEXT,                 -- null: it was judged since
    rules        TEXT   NOT NULL       -- the fingerprint of those it was foreseen by
);

CREATE INDEX foreseen_by_word ON foreseen (would_be) WHERE would_be IS NOT NULL;
