-- What is told to others by webhooks, and answers kept for requests that are sent again.

CREATE TABLE webhook (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenant (id),
  site_id TEXT NOT NULL, -- '*' for every site of the tenant
  url TEXT NOT NULL,
  kinds TEXT NOT NULL, -- JSON array
  secret TEXT NOT NULL, -- sealed
  is_active {INT} NOT NULL,
  created {INT} NOT NULL,
  created_by TEXT NOT NULL -- name at the time
) {STRICT};
CREATE INDEX webhook_of_tenant ON webhook (tenant_id);

CREATE TABLE webhook_message (
  id TEXT PRIMARY KEY,
  webhook_id TEXT NOT NULL REFERENCES webhook (id),
  body TEXT NOT NULL, -- JSON, as it is sent
  made {INT} NOT NULL,
  state TEXT NOT NULL, -- waiting, delivered, given_up
  attempts {INT} NOT NULL,
  next {INT} NOT NULL, -- not before
  outcome TEXT NOT NULL -- of the last attempt, in words
) {STRICT};
CREATE INDEX message_waiting ON webhook_message (state, next);
CREATE INDEX message_of_webhook ON webhook_message (webhook_id, made);

CREATE TABLE kept_answer (
  digest TEXT PRIMARY KEY, -- of who asked, and their key
  request TEXT NOT NULL, -- digest of what was asked
  answer TEXT, -- sealed; absent while it is being done
  made {INT} NOT NULL
) {STRICT};
CREATE INDEX answer_by_age ON kept_answer (made);
