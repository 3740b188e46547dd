-- What people say of devices, where it came from, and the papers of what is to come.

CREATE TABLE device_record (
  id TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES site (id),
  device_id TEXT, -- observed device whose it is; absent where none was seen
  conflict TEXT, -- JSON: why that is not plain
  anchors TEXT NOT NULL, -- JSON: what identifies the device
  title TEXT NOT NULL, -- lower case; order and search
  clinical_owner TEXT NOT NULL,
  it_owner TEXT NOT NULL,
  unit TEXT NOT NULL,
  state TEXT NOT NULL,
  tags TEXT NOT NULL, -- JSON
  doc TEXT NOT NULL, -- the record
  created {INT} NOT NULL,
  changed {INT} NOT NULL,
  version {INT} NOT NULL
) {STRICT};
CREATE INDEX record_by_title ON device_record (site_id, title, id);
CREATE INDEX record_of_device ON device_record (site_id, device_id);
CREATE INDEX record_by_unit ON device_record (site_id, unit);

CREATE TABLE device_record_tag (
  record_id TEXT NOT NULL REFERENCES device_record (id),
  site_id TEXT NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (record_id, tag)
) {STRICT};
CREATE INDEX record_by_tag ON device_record_tag (site_id, tag);

CREATE TABLE attachment (
  id TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES site (id),
  record_id TEXT NOT NULL,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes {INT} NOT NULL,
  sha256 TEXT NOT NULL, -- name of the file in the data folder
  added {INT} NOT NULL,
  added_by TEXT NOT NULL
) {STRICT};
CREATE INDEX attachment_of_record ON attachment (record_id);
CREATE INDEX attachment_by_hash ON attachment (sha256);

CREATE TABLE saved_view (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenant (id),
  person_id TEXT NOT NULL, -- whose it is
  is_shared {INT} NOT NULL,
  screen TEXT NOT NULL, -- devices, findings …
  name TEXT NOT NULL,
  query TEXT NOT NULL, -- JSON
  version {INT} NOT NULL
) {STRICT};
CREATE INDEX view_of_tenant ON saved_view (tenant_id, person_id);

-- Which interfaces people say are one device, or are not. Taken back, not deleted.
CREATE TABLE identity_statement (
  id TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES site (id),
  doc TEXT NOT NULL, -- JSON: parts, who, when, why
  made {INT} NOT NULL,
  undone {INT}
) {STRICT};
CREATE INDEX statement_of_site ON identity_statement (site_id, made);

CREATE TABLE record_import (
  id TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES site (id),
  source TEXT NOT NULL, -- csv, xlsx, netbox, snipe_it
  name TEXT NOT NULL,
  state TEXT NOT NULL, -- read, applied, undone
  created {INT} NOT NULL,
  created_by TEXT NOT NULL,
  columns TEXT NOT NULL, -- JSON
  rows_read {INT} NOT NULL,
  mapping TEXT NOT NULL, -- JSON
  version {INT} NOT NULL
) {STRICT};
CREATE INDEX import_of_site ON record_import (site_id, created);

-- Lines as read, in pieces; dropped when the import is undone or old.
CREATE TABLE import_rows (
  import_id TEXT NOT NULL REFERENCES record_import (id),
  part {INT} NOT NULL,
  body TEXT NOT NULL, -- JSON: a list of rows
  PRIMARY KEY (import_id, part)
) {STRICT};

CREATE TABLE import_applied (
  import_id TEXT NOT NULL REFERENCES record_import (id),
  record_id TEXT NOT NULL,
  body TEXT NOT NULL, -- JSON: before and after
  PRIMARY KEY (import_id, record_id)
) {STRICT};

CREATE TABLE onboarding (
  id TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES site (id),
  record_id TEXT NOT NULL,
  state TEXT NOT NULL,
  coming TEXT NOT NULL, -- JSON: what is to come
  papers TEXT NOT NULL, -- JSON: who signed what
  created {INT} NOT NULL,
  version {INT} NOT NULL
) {STRICT};
CREATE INDEX onboarding_of_site ON onboarding (site_id, state, created);
CREATE INDEX onboarding_of_record ON onboarding (record_id);

CREATE TABLE checklist_item (
  site_id TEXT NOT NULL REFERENCES site (id),
  record_id TEXT NOT NULL,
  item_id TEXT NOT NULL,
  state TEXT NOT NULL, -- open, done, not_applicable
  by_id TEXT NOT NULL,
  by_name TEXT NOT NULL,
  at {INT} NOT NULL,
  note TEXT NOT NULL,
  version {INT} NOT NULL,
  PRIMARY KEY (record_id, item_id)
) {STRICT};
