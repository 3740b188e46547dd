-- Second steps of sign-in, sign-in elsewhere, invitations, exceptions, tokens, break-glass.

ALTER TABLE person ADD COLUMN tenant_id TEXT NOT NULL DEFAULT ''; -- whose person it is; who manages its people manages the account
ALTER TABLE person ADD COLUMN kind TEXT NOT NULL DEFAULT 'person'; -- person, or sealed: stands for a credential kept on a ward
UPDATE person SET tenant_id = COALESCE((SELECT MIN(tenant_id) FROM person_role WHERE person_id = person.id), '');

ALTER TABLE session ADD COLUMN address TEXT NOT NULL DEFAULT ''; -- where it was begun
ALTER TABLE site ADD COLUMN version {INT} NOT NULL DEFAULT 1;

-- An app that makes one-time codes.
CREATE TABLE totp (
  person_id TEXT PRIMARY KEY REFERENCES person (id),
  secret TEXT NOT NULL, -- sealed with the key in the data folder
  is_confirmed {INT} NOT NULL, -- a first code was right
  last_step {INT} NOT NULL, -- of the last code taken; a code is good once
  created {INT} NOT NULL
) {STRICT};

CREATE TABLE passkey (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id),
  name TEXT NOT NULL,
  body TEXT NOT NULL, -- public key and counter, JSON
  created {INT} NOT NULL,
  last_used {INT} NOT NULL
) {STRICT};
CREATE INDEX passkey_of_person ON passkey (person_id);

-- Gone when it was used.
CREATE TABLE recovery_code (
  digest TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id)
) {STRICT};
CREATE INDEX recovery_of_person ON recovery_code (person_id);

-- Browsers at which somebody signed in whole; the failures of others do not slow them.
CREATE TABLE known_device (
  digest TEXT NOT NULL,
  person_id TEXT NOT NULL REFERENCES person (id),
  last_used {INT} NOT NULL,
  PRIMARY KEY (digest, person_id)
) {STRICT};

-- Who somebody is at a provider of OpenID Connect.
CREATE TABLE identity (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  person_id TEXT NOT NULL REFERENCES person (id),
  PRIMARY KEY (issuer, subject)
) {STRICT};

-- Lets somebody choose a password once.
CREATE TABLE invitation (
  person_id TEXT PRIMARY KEY REFERENCES person (id),
  digest TEXT NOT NULL UNIQUE,
  expires {INT} NOT NULL
) {STRICT};

-- Somebody whose role needs a second step may do without, until then, for a reason.
CREATE TABLE second_step_exception (
  person_id TEXT PRIMARY KEY REFERENCES person (id),
  reason TEXT NOT NULL,
  given_by TEXT NOT NULL,
  until {INT} NOT NULL
) {STRICT};

CREATE TABLE token (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  person_id TEXT NOT NULL REFERENCES person (id),
  name TEXT NOT NULL,
  rights TEXT NOT NULL, -- JSON array; what the person may not do, the token may not either
  created {INT} NOT NULL,
  expires {INT} NOT NULL,
  last_used {INT} NOT NULL -- 0 for never
) {STRICT};
CREATE INDEX token_of_person ON token (person_id);

-- Credentials on paper, sealed, on a ward; each opens once.
CREATE TABLE sealed_credential (
  id TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES site (id),
  label TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  rights TEXT NOT NULL, -- JSON array
  minutes {INT} NOT NULL,
  made_by TEXT NOT NULL,
  created {INT} NOT NULL,
  state TEXT NOT NULL -- sealed, used, withdrawn
) {STRICT};

CREATE TABLE break_glass (
  id TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES site (id),
  person_id TEXT NOT NULL REFERENCES person (id),
  credential_id TEXT, -- of the ward, where it was one
  who TEXT NOT NULL, -- name at the time; of a ward's credential as it was given
  rights TEXT NOT NULL, -- JSON array
  reason TEXT NOT NULL,
  begun {INT} NOT NULL,
  ends {INT} NOT NULL,
  review_due {INT} NOT NULL,
  reviewed_by TEXT, -- name at the time
  reviewed {INT} NOT NULL, -- 0 for not yet
  outcome TEXT, -- proper, improper
  note TEXT
) {STRICT};
CREATE INDEX break_glass_of_person ON break_glass (person_id, ends);
CREATE INDEX break_glass_of_site ON break_glass (site_id, begun);
