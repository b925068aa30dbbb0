-- The journal and its fold. Text in braces differs between engines: see dialect.rs.

-- One narrow row per notice, kept for ever. Rows whose scope is not null stand in the fold.
CREATE TABLE notice (
    id           {serial},
    received_at  BIGINT NOT NULL,      -- first receipt, ms since 1970
    caller       TEXT   NOT NULL,
    kind         TEXT   NOT NULL,      -- register, cancel, cdr, other
    outcome      TEXT   NOT NULL,
    reason       TEXT,                 -- of a parked one
    answer       BIGINT NOT NULL,      -- error_id answered
    count        BIGINT NOT NULL,      -- receipts
    identity     TEXT   NOT NULL,      -- the key it occupies, or the hash it is unique by
    msisdn       {text},                 -- canonical
    queue_id     TEXT,                 -- this and the following as sent
    reg_type     TEXT,
    reg_id       TEXT,
    service_id   TEXT,
    package_id   TEXT,
    service_code TEXT,
    package_code TEXT,
    channel      TEXT,
    price        TEXT,
    event_at     BIGINT,               -- times as read, ms since 1970
    subscribe_at BIGINT,
    expire_at    BIGINT,
    auto_renew   BIGINT NOT NULL,
    failed       BIGINT NOT NULL,      -- resultCode other than 0
    scope        TEXT                  -- t1,2: terms; s["id"]: whole services
);

-- A subscriber's story, and all that a fold is made of.
CREATE INDEX notice_by_msisdn ON notice (msisdn, id) WHERE msisdn IS NOT NULL;

-- What waits for an operator.
CREATE INDEX notice_parked ON notice (reason, id) WHERE outcome = 'parked';

-- Which notice holds an identity: what makes "once" true. Apart from the journal, so that it can be
-- partitioned by its own key.
CREATE TABLE identity (
    key          {text}   NOT NULL PRIMARY KEY,
    notice_id    BIGINT NOT NULL
) {clustered};

-- The messages as they came and what was answered; may be purged.
CREATE TABLE notice_raw (
    notice_id    {key},
    method       TEXT   NOT NULL,
    path         TEXT   NOT NULL,
    query        TEXT   NOT NULL,
    content_type TEXT,
    body         {bytes} NOT NULL,
    status       BIGINT NOT NULL,
    reply        TEXT   NOT NULL
);

-- Copies of offers as they stood when notices were applied; equal content, one row.
CREATE TABLE terms (
    id           {serial},
    body         TEXT   NOT NULL UNIQUE
);

-- The fold's result, with its newest run: one row per number and package.
CREATE TABLE subscription (
    msisdn         {text}   NOT NULL,
    service_id     {text}   NOT NULL,
    package_id     {text}   NOT NULL,
    terms_id       BIGINT NOT NULL,
    standing       TEXT   NOT NULL,    -- held, cancelled, replaced
    founder        BIGINT,             -- null, as all of the run: nothing was ever held
    starts_at      BIGINT,
    expires_at     BIGINT,
    lapses_at      BIGINT,
    ended_at       BIGINT,
    auto_renew     BIGINT NOT NULL,
    channel        TEXT,
    reg_id         TEXT,
    updated_at     BIGINT NOT NULL,
    newest_queue   TEXT,               -- how far the fold has come, as this row knows
    newest_queue_at BIGINT,
    newest_other_at BIGINT,
    PRIMARY KEY (msisdn, service_id, package_id)
) {clustered};

-- Runs that ended before a newer one of the same package began: entitlements of old.
CREATE TABLE past_run (
    msisdn       {text}   NOT NULL,
    service_id   {text}   NOT NULL,
    package_id   {text}   NOT NULL,
    founder      BIGINT NOT NULL,
    terms_id     BIGINT NOT NULL,
    starts_at    BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    lapses_at    BIGINT NOT NULL,
    ended_at     BIGINT,
    auto_renew   BIGINT NOT NULL,
    PRIMARY KEY (msisdn, service_id, package_id, founder)
) {clustered};

-- Written by a health check: whether a commit reaches the disk.
CREATE TABLE probe (
    id           BIGINT NOT NULL PRIMARY KEY,
    at           BIGINT NOT NULL
);
