-- Heads of the chain of events of each workspace, left here from time to time: a log that was cut at its end, or made anew
-- as a whole, no longer holds them.
CREATE TABLE audit_anchor (
  workspace_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  hash TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, number)
);

-- What signs the messages of a webhook, and leave to send them from this machine: to this address, as it was then.
CREATE TABLE webhook_key (
  webhook_id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  allow TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
