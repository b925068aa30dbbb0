-- Vouchers: codes with a package in place of a kind and days. What one was made under stays with it; its days are 0.
-- Text in braces differs between engines: see dialect.rs. The first column of each table is its key.
ALTER TABLE code ADD COLUMN voucher TEXT;      -- JSON: the package's name, term and settings; null: an activation code

CREATE INDEX code_used_by ON code (account, used_at) WHERE voucher IS NOT NULL;

-- What an account paid for, on whichever device it is.
CREATE INDEX service_paid_by ON service (account, granted_at) WHERE place IS NOT NULL;

-- What was paid for and moved from one device to another. Kept for ever.
CREATE TABLE transfer (
    id           {serial},
    service_id   {text}   NOT NULL,
    account      {text}   NOT NULL,
    from_device  {text}   NOT NULL,
    to_device    {text}   NOT NULL,
    at           BIGINT NOT NULL       -- ms since 1970
);

CREATE INDEX transfer_by_service ON transfer (service_id, id);
CREATE INDEX transfer_by_account ON transfer (account, id);
CREATE INDEX transfer_by_from ON transfer (from_device, id);
CREATE INDEX transfer_by_to ON transfer (to_device, id);
