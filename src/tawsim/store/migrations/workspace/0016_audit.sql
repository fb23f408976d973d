-- The log of events becomes a chain: every event from here on has a number without gaps, a hash over the one before it and
-- its own row, and the digests of what it wrote. Events from before keep no number; one link takes them all in.
ALTER TABLE event ADD COLUMN number BIGINT;
ALTER TABLE event ADD COLUMN hash BYTEA;
ALTER TABLE event ADD COLUMN content TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX event_number ON event (number);

-- What is mixed into the digests of a person's content. Once it is gone, together with the content, nobody can try short
-- answers against the digests that stay in the log.
CREATE TABLE audit_salt (
  worker_id TEXT PRIMARY KEY REFERENCES worker (id),
  salt TEXT NOT NULL
);

-- Who is told of which events. `place`: the number of the last event that was looked at. Its secret is not here: that stands
-- beside the workspace, so that a file that is copied and mailed sends nothing anywhere.
CREATE TABLE webhook (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  kinds TEXT NOT NULL,
  project_id TEXT REFERENCES project (id),
  state TEXT NOT NULL CHECK (state IN ('on', 'off', 'failed', 'removed')),
  place BIGINT NOT NULL,
  by_worker TEXT NOT NULL REFERENCES worker (id),
  created_at BIGINT NOT NULL,
  failing_since BIGINT
);

-- What is to be sent, whoever asked for it: webhooks, and callbacks of other interfaces. One lane is sent in order, one at
-- a time. `signed_by`: the webhook whose secret signs it, where one does.
CREATE TABLE delivery (
  id TEXT PRIMARY KEY,
  lane TEXT NOT NULL,
  position BIGINT NOT NULL,
  signed_by TEXT REFERENCES webhook (id),
  kind TEXT NOT NULL,
  url TEXT NOT NULL,
  headers TEXT NOT NULL DEFAULT '{}',
  body TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
  tries INTEGER NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  tried_at BIGINT,
  status INTEGER,
  error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX delivery_waiting ON delivery (lane, position, id) WHERE state = 'waiting';
CREATE INDEX delivery_of_lane ON delivery (lane, position, id);

-- What somebody should look at: raised once, until it ends.
CREATE TABLE alert (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL,
  object_id TEXT NOT NULL DEFAULT '',
  data TEXT NOT NULL DEFAULT '{}',
  since BIGINT NOT NULL,
  put_off_until BIGINT NOT NULL DEFAULT 0,
  ended_at BIGINT
);
CREATE UNIQUE INDEX alert_standing ON alert (project_id, kind, object_id) WHERE ended_at IS NULL;

-- Who wants a summary by e-mail, how often, in which language, and when the last one went.
CREATE TABLE digest (
  worker_id TEXT PRIMARY KEY REFERENCES worker (id),
  every TEXT NOT NULL CHECK (every IN ('off', 'daily', 'weekly')),
  language TEXT NOT NULL CHECK (language IN ('en', 'ar')),
  sent_at BIGINT NOT NULL,
  tried_at BIGINT NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT ''
);
