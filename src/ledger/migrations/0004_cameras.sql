-- Providers whose cameras are compared with what is in force. Text in braces differs between engines: see
-- dialect.rs.

-- Cameras by name: a page of a provider's list is looked up at once.
CREATE INDEX device_by_camera ON device (camera) WHERE camera IS NOT NULL;

-- What one worker of all does every so often.
CREATE TABLE duty (
    name         {text}   NOT NULL PRIMARY KEY,
    token        TEXT,                 -- who is at it; null: nobody
    next_at      BIGINT NOT NULL       -- the end of the lease, or when it is due again
) {clustered};
