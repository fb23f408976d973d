-- Statements on the accounts file: who may enter which workspace.

-- name: credential_insert
INSERT INTO credential (id, digest, kind, workspace_id, worker_id, created_at, expires_at)
VALUES (:id, :digest, :kind, :workspace_id, :worker_id, :created_at, :expires_at);

-- name: credential_get
SELECT * FROM credential WHERE digest = :digest;

-- name: credential_use_once
UPDATE credential SET used_at = :now
WHERE digest = :digest AND kind IN ('launch', 'invite') AND used_at IS NULL AND revoked_at IS NULL AND expires_at > :now
RETURNING workspace_id, worker_id;

-- name: credential_revoke
UPDATE credential SET revoked_at = :now WHERE digest = :digest AND revoked_at IS NULL;

-- name: credential_revoke_worker
UPDATE credential SET revoked_at = :now
WHERE workspace_id = :workspace_id AND worker_id = :worker_id AND revoked_at IS NULL;

-- name: credential_revoke_invites
UPDATE credential SET revoked_at = :now
WHERE workspace_id = :workspace_id AND worker_id = :worker_id AND kind = 'invite' AND used_at IS NULL
  AND revoked_at IS NULL;

-- name: credential_invited
SELECT DISTINCT worker_id FROM credential
WHERE workspace_id = :workspace_id AND kind = 'invite' AND used_at IS NULL AND revoked_at IS NULL AND expires_at > :now;
