-- What the folds were made under, and what was taken out of them. Text in braces differs between engines: see
-- dialect.rs.

-- One row, from the first opening on. Folds that are made again because of a setting read no message anew.
ALTER TABLE refold ADD COLUMN queue_disorder_ms BIGINT;             -- carrier.queue_disorder_max_s, in ms
ALTER TABLE refold ADD COLUMN reads BIGINT NOT NULL DEFAULT 0;      -- 1: messages are read anew too

-- Nobody wrote down the setting until now: all folds are made again.
UPDATE refold SET reads = 1 WHERE after <> '~';
UPDATE refold SET after = '' WHERE after = '~';
INSERT INTO refold (id, after) SELECT 1, '' FROM notice WHERE NOT EXISTS (SELECT 1 FROM refold) LIMIT 1;

-- What notices were that an operator laid aside: a retry puts them back so.
CREATE TABLE aside (
    notice_id    {key},
    scope        TEXT,                   -- what it said in the fold; null: it did not stand in it
    outcome      TEXT   NOT NULL,        -- what had become of it
    held         TEXT   NOT NULL         -- what its number held with it, as a hash
);
