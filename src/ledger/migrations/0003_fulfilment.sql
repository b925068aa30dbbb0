-- Fulfilment: what subscriptions, codes and orders become on devices, and what is owed for it. Text in
-- braces differs between engines: see dialect.rs. The first column of each table is its key.

-- Devices, kept after they are unbound: what was paid stays frozen on them.
CREATE TABLE device (
    id           {text}   NOT NULL PRIMARY KEY,
    msisdn       {text},                 -- whose rights reach it; null: bound by account alone, or unbound
    account      {text},                 -- null: unbound
    camera       TEXT,
    bound_at     BIGINT,
    settled_at   BIGINT NOT NULL,      -- all that happens by itself has been done up to here
    due_at       BIGINT                -- when something next happens by itself on it or its number's others
) {clustered};

CREATE INDEX device_by_msisdn ON device (msisdn) WHERE msisdn IS NOT NULL;
CREATE INDEX device_by_account ON device (account) WHERE account IS NOT NULL;
CREATE INDEX device_due ON device (due_at) WHERE due_at IS NOT NULL;

-- Services on devices: rights attached, and time that was paid for. Kept for ever.
CREATE TABLE service (
    id             {text}   NOT NULL PRIMARY KEY,
    device_id      {text}   NOT NULL,
    account        TEXT   NOT NULL,
    source         TEXT   NOT NULL,    -- entitlement, code, voucher, order
    source_id      {text}   NOT NULL,
    kind           TEXT   NOT NULL,
    storage        TEXT,
    retention_days BIGINT,
    provider       TEXT   NOT NULL,
    settings       TEXT   NOT NULL,    -- JSON
    starts_at      BIGINT,             -- of a right: its window
    expires_at     BIGINT,
    lapses_at      BIGINT,
    place          BIGINT,             -- of what was paid: its place in the queue and its time
    granted_ms     BIGINT,
    used_ms        BIGINT,
    begun_at       BIGINT,
    pausable       BIGINT,
    granted_at     BIGINT NOT NULL,
    turn           TEXT   NOT NULL,    -- waiting, asked, in_force
    since          BIGINT,             -- in force since
    ended_at       BIGINT,
    open_on        {text}                -- the device, until it has ended
) {clustered};

CREATE INDEX service_open ON service (open_on) WHERE open_on IS NOT NULL;
CREATE INDEX service_by_device ON service (device_id);
CREATE INDEX service_by_source ON service (source_id);

-- What providers owe. Kept for ever.
CREATE TABLE task (
    id           {serial},
    provider     {text}   NOT NULL,
    action       TEXT   NOT NULL,      -- begin, change, end, redeem, issue
    state        {text}   NOT NULL,      -- due, running, done, dead, discarded, superseded
    msisdn       {text},
    account      TEXT,
    device_id    TEXT,
    service_id   {text},
    entitlement  TEXT,
    order_num    TEXT   NOT NULL,      -- our own number of this step
    body         TEXT   NOT NULL,      -- JSON: what is to be carried out
    code_key     TEXT,                 -- the code that is reserved for it
    attempts     BIGINT NOT NULL,
    doubt        BIGINT NOT NULL,      -- 1: an attempt may have carried it out
    due_at       BIGINT NOT NULL,      -- not before; while it runs, the end of its lease
    token        TEXT,                 -- whose lease
    last_error   TEXT,
    note         TEXT,
    created_at   BIGINT NOT NULL,
    settled_at   BIGINT,
    open_on      {text}                  -- what it is in order for, while it is due or running
);

CREATE INDEX task_due ON task (provider, due_at, id) WHERE open_on IS NOT NULL;
CREATE INDEX task_open ON task (open_on, id) WHERE open_on IS NOT NULL;
CREATE INDEX task_by_service ON task (service_id, id) WHERE service_id IS NOT NULL;
CREATE INDEX task_by_msisdn ON task (msisdn, id) WHERE msisdn IS NOT NULL;
CREATE INDEX task_by_state ON task (state, id);

-- Activation codes, sealed, found by a value that tells nothing of them.
CREATE TABLE code (
    key            {text}   NOT NULL PRIMARY KEY,
    sealed         TEXT   NOT NULL,
    kind           {text}   NOT NULL,
    days           BIGINT NOT NULL,
    storage        TEXT,
    retention_days BIGINT,
    provider       {text}   NOT NULL,
    package        TEXT,
    batch          {text}   NOT NULL,
    expires_at     BIGINT,             -- redeemable until then, exclusively
    state          {text}   NOT NULL,    -- unused, issued, reserved, used, void, bad
    entitlement    {text},               -- for which it was issued
    msisdn         TEXT,
    device_id      {text},               -- on which it was redeemed, or is being
    account        TEXT,
    service_id     TEXT,
    used_at        BIGINT,
    created_at     BIGINT NOT NULL
) {clustered};

CREATE INDEX code_stock ON code (provider, kind, days, key) WHERE state = 'unused';
CREATE INDEX code_by_entitlement ON code (entitlement) WHERE entitlement IS NOT NULL;
CREATE INDEX code_by_device ON code (device_id, used_at) WHERE device_id IS NOT NULL;
CREATE INDEX code_by_batch ON code (batch, kind, state);

-- Nonces that partners have used, until their requests are stale by themselves.
CREATE TABLE nonce (
    key          {text}   NOT NULL PRIMARY KEY,   -- partner/nonce
    until        BIGINT NOT NULL
) {clustered};

CREATE INDEX nonce_until ON nonce (until);

-- What workers know of the providers' health.
CREATE TABLE breaker (
    provider     {text}   NOT NULL PRIMARY KEY,
    failures     BIGINT NOT NULL,      -- in a row
    open_until   BIGINT,
    last_error   TEXT,
    changed_at   BIGINT NOT NULL
) {clustered};
