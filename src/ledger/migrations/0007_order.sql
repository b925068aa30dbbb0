-- The order of notices by both of their measures. Text in braces differs between engines: see dialect.rs.

ALTER TABLE notice ADD COLUMN start_at BIGINT;   -- startTime, ms since 1970: breaks ties of the event time
ALTER TABLE notice ADD COLUMN odd TEXT;          -- the times that are not believed, by the carrier's names

-- How far a fold has come: the highest queueID, and the latest time whatever its notice.
ALTER TABLE subscription RENAME COLUMN newest_queue_at TO newest_at;
ALTER TABLE subscription DROP COLUMN newest_other_at;

-- How far the folds were made again since identities and the order have changed; no row: there is nothing to be done.
CREATE TABLE refold (
    id           BIGINT NOT NULL PRIMARY KEY,
    after        {text}   NOT NULL       -- the last number that is done
) {clustered};

INSERT INTO refold (id, after) SELECT 1, '' FROM notice LIMIT 1;
