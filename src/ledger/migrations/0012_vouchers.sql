-- Vouchers: codes with a package in place of a kind and days. What one was made under stays with it; its days are 0.
-- Text in braces differs between engines: see dialect.rs.
ALTER TABLE code ADD COLUMN voucher TEXT;      -- JSON: the package's name, term and settings; null: an activation code
