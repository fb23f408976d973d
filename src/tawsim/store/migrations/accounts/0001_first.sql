-- Who may enter which workspace. Only SHA-256 digests of 256-bit random secrets are stored.
CREATE TABLE credential (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('launch', 'invite', 'session', 'token')),
  workspace_id TEXT NOT NULL,
  worker_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT,
  revoked_at BIGINT
);
CREATE INDEX credential_worker ON credential (workspace_id, worker_id);
