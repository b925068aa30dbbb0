-- Whose codes are: of a tenant, or of none. Accounts of a tenant are spelled TENANT/NAME wherever there is one, so that
-- what was written before is no tenant's. Text in braces differs between engines: see dialect.rs.
ALTER TABLE code ADD COLUMN tenant {text} NOT NULL DEFAULT '';      -- empty: none's

-- What subscriptions take out of stock is no tenant's: others' codes are not walked past.
DROP INDEX code_stock;
CREATE INDEX code_stock ON code (provider, kind, tenant, days, key) WHERE state = 'unused';
