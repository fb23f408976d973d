-- Names and scopes of tokens, and what each session is. `scopes`: words apart by spaces; NULL: all of the worker's role.
ALTER TABLE credential ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE credential ADD COLUMN scopes TEXT;
ALTER TABLE credential ADD COLUMN way TEXT NOT NULL DEFAULT '';
ALTER TABLE credential ADD COLUMN seen_at BIGINT;

-- argon2id in its own text form, which names its parameters.
CREATE TABLE password (
  workspace_id TEXT NOT NULL,
  worker_id TEXT NOT NULL,
  hash TEXT NOT NULL,
  set_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, worker_id)
);

-- Public keys: nothing here signs anybody in by itself. `counter`: the authenticator's own count of signatures.
CREATE TABLE passkey (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL,
  worker_id TEXT NOT NULL,
  data TEXT NOT NULL,
  counter BIGINT NOT NULL,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX passkey_worker ON passkey (workspace_id, worker_id);

-- What waits for its second half: a passkey's answer, or the way back from single sign-on. Taken once.
CREATE TABLE challenge (
  digest TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('passkey_new', 'passkey', 'sign_on')),
  data TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX challenge_expires ON challenge (expires_at);

-- Wrong passwords, by account, by address, and by both; `subject` is a digest.
CREATE TABLE failure (
  subject TEXT PRIMARY KEY,
  count BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL
);
CREATE INDEX failure_last ON failure (last_at);
-- Where somebody has signed in from: strangers' wrong passwords do not slow them down there. `subject` is a digest.
CREATE TABLE known_address (
  subject TEXT PRIMARY KEY,
  last_at BIGINT NOT NULL
);

-- Where single sign-on asks, one a workspace. The secret is in no table: `secret_env` names the variable that holds it.
CREATE TABLE sign_on (
  workspace_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  issuer TEXT NOT NULL,
  client_id TEXT NOT NULL,
  secret_env TEXT NOT NULL,
  address TEXT NOT NULL,
  allow_private INTEGER NOT NULL,
  set_at BIGINT NOT NULL
);
-- Whom an owner let in by it. `subject` is learned at the first time: an address that goes to somebody else later does not.
CREATE TABLE sign_on_person (
  workspace_id TEXT NOT NULL,
  worker_id TEXT NOT NULL,
  email TEXT NOT NULL,
  issuer TEXT NOT NULL DEFAULT '',
  subject TEXT NOT NULL DEFAULT '',
  set_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, worker_id)
);
CREATE UNIQUE INDEX sign_on_email ON sign_on_person (workspace_id, email);
