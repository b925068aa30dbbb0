-- Messages whose bodies came in a coding, such as gzip: kept as they came, with what they are read by.
ALTER TABLE notice_raw ADD COLUMN content_encoding TEXT;
