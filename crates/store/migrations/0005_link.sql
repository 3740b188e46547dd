-- Sensors that enrol with a token used once, and the certificates they were given. The highest durable batch is the journal's to know.
ALTER TABLE sensor DROP COLUMN last_number;
ALTER TABLE sensor ADD COLUMN enrol_hash TEXT;
ALTER TABLE sensor ADD COLUMN enrol_until {INT};

CREATE TABLE sensor_certificate (
  fingerprint TEXT PRIMARY KEY,
  sensor_id TEXT NOT NULL REFERENCES sensor (id),
  not_after {INT} NOT NULL
) {STRICT};
CREATE INDEX sensor_certificate_by_sensor ON sensor_certificate (sensor_id);
