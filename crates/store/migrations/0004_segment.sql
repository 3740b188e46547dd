-- What it takes to trust a segment of history, and to take each batch of a sensor into history once.

ALTER TABLE segment ADD COLUMN sha256 TEXT NOT NULL DEFAULT '';
ALTER TABLE segment ADD COLUMN reason TEXT; -- why it was set aside

CREATE TABLE segment_mark (
  sensor_id TEXT PRIMARY KEY,
  number {INT} NOT NULL -- highest batch whose rows are in segments
) {STRICT};
