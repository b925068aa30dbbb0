-- What camera apps sell: orders, the payments that settle them or are kept, and the coupons that accounts have received.
-- Kept for ever. Text in braces differs between engines: see dialect.rs. The first column of each table is its key.

CREATE TABLE vas_order (
    id             {text}   NOT NULL PRIMARY KEY,
    account        {text}   NOT NULL,
    device_id      {text}   NOT NULL,
    package        TEXT   NOT NULL,
    sold           TEXT   NOT NULL,      -- JSON: what it was made under
    amount         BIGINT NOT NULL,      -- minor units of currency
    discount       BIGINT NOT NULL,
    currency       TEXT   NOT NULL,
    coupon         {text},                 -- the code of the coupon that it holds or used
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    state          {text}   NOT NULL,      -- unpaid, closed, paid, refunded
    ended_at       BIGINT,               -- when it was closed or refunded
    paid_at        BIGINT,
    pay_type       {text},
    transaction_id {text},
    service_id     {text},                 -- what it gave
    due_at         BIGINT,               -- when its time is over, while it is unpaid
    sdp_for        {text}                  -- device and offer, while the carrier's notice can settle it
) {clustered};

CREATE INDEX vas_order_by_device ON vas_order (device_id, created_at, id);
CREATE INDEX vas_order_by_account ON vas_order (account, created_at, id);
CREATE INDEX vas_order_by_time ON vas_order (created_at, id);
CREATE INDEX vas_order_by_state ON vas_order (state, created_at, id);
CREATE INDEX vas_order_due ON vas_order (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX vas_order_sdp ON vas_order (sdp_for) WHERE sdp_for IS NOT NULL;

-- Payments that were proven, each once.
CREATE TABLE payment (
    key            {text}   NOT NULL PRIMARY KEY,   -- pay_type/transaction_id
    pay_type       {text}   NOT NULL,
    transaction_id {text}   NOT NULL,
    order_id       {text}   NOT NULL,      -- as it names it
    amount         BIGINT,               -- null: the carrier's, which does not say
    currency       TEXT,
    paid_at        BIGINT NOT NULL,
    received_at    BIGINT NOT NULL,
    count          BIGINT NOT NULL,      -- how often it was heard of
    became         {text}   NOT NULL,      -- settled, or why it is kept
    refunded_at    BIGINT
) {clustered};

CREATE INDEX payment_by_order ON payment (order_id);
CREATE INDEX payment_by_time ON payment (received_at, key);
CREATE INDEX payment_kept ON payment (became, received_at, key) WHERE became <> 'settled';

-- Coupons that accounts have received.
CREATE TABLE coupon (
    code           {text}   NOT NULL PRIMARY KEY,
    coupon_id      {text}   NOT NULL,
    account        {text}   NOT NULL,
    terms          TEXT   NOT NULL,      -- JSON: what it promises
    received_at    BIGINT NOT NULL,
    state          {text}   NOT NULL,      -- unused, held, used
    order_id       {text},                 -- that holds it or used it
    held_until     BIGINT,
    claim          {text}   NOT NULL       -- coupon_id and account: what one account may have so many of
) {clustered};

CREATE INDEX coupon_by_account ON coupon (account, received_at, code);
CREATE INDEX coupon_by_claim ON coupon (claim);

-- How many of each coupon were received.
CREATE TABLE coupon_count (
    coupon_id      {text}   NOT NULL PRIMARY KEY,
    received       BIGINT NOT NULL
) {clustered};

-- What an operator's repair is about where it is no notice: an order, a payment.
ALTER TABLE audit ADD COLUMN about {text};
