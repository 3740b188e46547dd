-- {INT} and {STRICT} stand for what differs between SQLite and PostgreSQL; see src/migrate.rs.
-- Times are nanoseconds since 1970 (UTC).

CREATE TABLE tenant (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created {INT} NOT NULL
) {STRICT};

CREATE TABLE site (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenant (id),
  name TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  networks TEXT NOT NULL, -- CIDR, a JSON array
  created {INT} NOT NULL
) {STRICT};
CREATE INDEX site_of_tenant ON site (tenant_id);

CREATE TABLE setting (
  scope TEXT NOT NULL, -- hub, or the id of a site
  name TEXT NOT NULL,
  value TEXT NOT NULL, -- JSON
  PRIMARY KEY (scope, name)
) {STRICT};

-- Written in the transaction of the change that it speaks of; seq has no holes.
CREATE TABLE ledger_entry (
  seq {INT} PRIMARY KEY,
  time {INT} NOT NULL,
  actor_id TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  site_id TEXT,
  tenant_id TEXT,
  body TEXT NOT NULL
) {STRICT};
CREATE INDEX ledger_by_subject ON ledger_entry (subject, seq);
CREATE INDEX ledger_by_actor ON ledger_entry (actor_id, seq);

-- What observation amounts to; rewritten by the hub as it learns.
CREATE TABLE observed_device (
  site_id TEXT NOT NULL REFERENCES site (id),
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  maker TEXT NOT NULL,
  model TEXT NOT NULL,
  class TEXT NOT NULL,
  impact TEXT NOT NULL,
  os TEXT NOT NULL,
  first_seen {INT} NOT NULL,
  last_seen {INT} NOT NULL,
  search TEXT NOT NULL, -- lower case: names, addresses, maker, model, serial
  version {INT} NOT NULL,
  doc TEXT NOT NULL, -- the report's Device
  PRIMARY KEY (site_id, id)
) {STRICT};
CREATE INDEX device_by_name ON observed_device (site_id, name, id);
CREATE INDEX device_by_class ON observed_device (site_id, class);
CREATE INDEX device_by_maker ON observed_device (site_id, maker);
CREATE INDEX device_by_last_seen ON observed_device (site_id, last_seen);
CREATE INDEX device_by_id ON observed_device (id);

CREATE TABLE observed_conversation (
  site_id TEXT NOT NULL REFERENCES site (id),
  id TEXT NOT NULL,
  client_device TEXT,
  server_device TEXT,
  protocol TEXT NOT NULL,
  last_seen {INT} NOT NULL,
  bytes {INT} NOT NULL,
  doc TEXT NOT NULL, -- the report's Conversation
  PRIMARY KEY (site_id, id)
) {STRICT};
CREATE INDEX conversation_of_client ON observed_conversation (site_id, client_device);
CREATE INDEX conversation_of_server ON observed_conversation (site_id, server_device);

CREATE TABLE finding (
  site_id TEXT NOT NULL REFERENCES site (id),
  id TEXT NOT NULL,
  detector TEXT NOT NULL,
  severity {INT} NOT NULL, -- 0 info to 4 critical
  impact TEXT NOT NULL,
  first_seen {INT} NOT NULL,
  last_seen {INT} NOT NULL,
  holds {INT} NOT NULL, -- the evidence still stands
  doc TEXT NOT NULL, -- the report's Finding
  state TEXT NOT NULL, -- open, working, accepted, closed
  assignee TEXT,
  note TEXT,
  accepted_until {INT},
  version {INT} NOT NULL,
  PRIMARY KEY (site_id, id)
) {STRICT};
CREATE INDEX finding_by_severity ON finding (site_id, state, severity);

CREATE TABLE finding_device (
  site_id TEXT NOT NULL,
  finding_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  PRIMARY KEY (site_id, device_id, finding_id)
) {STRICT};

CREATE TABLE capture (
  id TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES site (id),
  name TEXT NOT NULL,
  received {INT} NOT NULL,
  bytes {INT} NOT NULL,
  state TEXT NOT NULL, -- reading, done, failed
  outcome TEXT NOT NULL -- JSON: frames, devices, damage
) {STRICT};

CREATE TABLE sensor (
  id TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES site (id),
  name TEXT NOT NULL,
  state TEXT NOT NULL, -- waiting, enrolled, revoked
  last_number {INT} NOT NULL, -- highest durable batch
  last_seen {INT},
  health TEXT NOT NULL -- JSON
) {STRICT};

-- Segments of history: one is there when its row is.
CREATE TABLE segment (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  site_id TEXT NOT NULL,
  first {INT} NOT NULL,
  last {INT} NOT NULL,
  rows_held {INT} NOT NULL,
  bytes {INT} NOT NULL,
  path TEXT NOT NULL,
  schema_version {INT} NOT NULL,
  state TEXT NOT NULL -- good, set_aside
) {STRICT};
CREATE INDEX segment_by_time ON segment (kind, site_id, first, last);

CREATE TABLE person (
  id TEXT PRIMARY KEY,
  login TEXT NOT NULL UNIQUE, -- lower case
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  password TEXT, -- PHC string; absent where sign-in is elsewhere
  state TEXT NOT NULL, -- active, disabled
  created {INT} NOT NULL,
  version {INT} NOT NULL
) {STRICT};

CREATE TABLE person_role (
  person_id TEXT NOT NULL REFERENCES person (id),
  role TEXT NOT NULL,
  tenant_id TEXT NOT NULL REFERENCES tenant (id),
  site_id TEXT NOT NULL, -- '*' for every site of the tenant
  PRIMARY KEY (person_id, role, tenant_id, site_id)
) {STRICT};

CREATE TABLE session (
  token_hash TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id),
  csrf TEXT NOT NULL,
  created {INT} NOT NULL,
  last_used {INT} NOT NULL,
  expires {INT} NOT NULL,
  strength TEXT NOT NULL -- password, mfa
) {STRICT};
CREATE INDEX session_of_person ON session (person_id);
