-- The writers that have this ledger open, each with the number of its last transaction: whether a
-- commit whose answer was lost took place. Only used where the ledger is on a server.
CREATE TABLE writer (
    id           {text}   NOT NULL PRIMARY KEY,   -- random, of one connection of one process
    batch        BIGINT NOT NULL,
    seen_at      BIGINT NOT NULL       -- ms since 1970
) {clustered};
