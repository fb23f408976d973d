-- Statements on the accounts file: who may enter which workspace.

-- name: credential_insert
INSERT INTO credential (id, digest, kind, workspace_id, worker_id, created_at, expires_at, name, scopes, way)
VALUES (:id, :digest, :kind, :workspace_id, :worker_id, :created_at, :expires_at, :name, :scopes, :way);

-- name: credential_get
SELECT * FROM credential WHERE digest = :digest;

-- name: credential_use_once
UPDATE credential SET used_at = :now
WHERE digest = :digest AND kind IN ('launch', 'invite') AND used_at IS NULL AND revoked_at IS NULL AND expires_at > :now
RETURNING workspace_id, worker_id;

-- name: credential_revoke
UPDATE credential SET revoked_at = :now WHERE digest = :digest AND revoked_at IS NULL;

-- Keys of the workspace that test keys reach, too: there the same person has the same id.
-- name: credential_revoke_worker
UPDATE credential SET revoked_at = :now
WHERE worker_id = :worker_id AND revoked_at IS NULL
  AND workspace_id IN (:workspace_id, (SELECT a.twin_id FROM scale_account a WHERE a.workspace_id = :workspace_id));

-- name: credential_revoke_invites
UPDATE credential SET revoked_at = :now
WHERE workspace_id = :workspace_id AND worker_id = :worker_id AND kind = 'invite' AND used_at IS NULL
  AND revoked_at IS NULL;

-- name: credential_invited
SELECT DISTINCT worker_id FROM credential
WHERE workspace_id = :workspace_id AND kind = 'invite' AND used_at IS NULL AND revoked_at IS NULL AND expires_at > :now;

-- name: credential_stands
SELECT id FROM credential WHERE id = :id AND revoked_at IS NULL AND expires_at > :now;

-- name: credential_seen
UPDATE credential SET seen_at = :now WHERE id = :id;

-- name: credential_of_worker
SELECT * FROM credential
WHERE workspace_id = :workspace_id AND worker_id = :worker_id AND kind = :kind AND revoked_at IS NULL AND expires_at > :now
ORDER BY id DESC;

-- name: credential_end
UPDATE credential SET revoked_at = :now
WHERE id = :id AND workspace_id = :workspace_id AND worker_id = :worker_id AND kind = :kind AND revoked_at IS NULL;

-- name: credential_end_sessions
UPDATE credential SET revoked_at = :now
WHERE workspace_id = :workspace_id AND worker_id = :worker_id AND kind = 'session' AND revoked_at IS NULL AND id <> :but;

-- name: credential_last_seen
SELECT worker_id, MAX(seen_at) AS seen_at FROM credential
WHERE workspace_id = :workspace_id AND seen_at IS NOT NULL GROUP BY worker_id;

-- name: password_get
SELECT hash, set_at FROM password WHERE workspace_id = :workspace_id AND worker_id = :worker_id;

-- name: password_set
INSERT INTO password (workspace_id, worker_id, hash, set_at) VALUES (:workspace_id, :worker_id, :hash, :now)
ON CONFLICT (workspace_id, worker_id) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at;

-- name: password_delete
DELETE FROM password WHERE workspace_id = :workspace_id AND worker_id = :worker_id;

-- name: failure_get
SELECT count, last_at, until_at FROM failure WHERE subject = :subject;

-- name: failure_set
INSERT INTO failure (subject, count, last_at, until_at) VALUES (:subject, :count, :now, :until_at)
ON CONFLICT (subject) DO UPDATE SET count = excluded.count, last_at = excluded.last_at, until_at = excluded.until_at;

-- name: failure_clear
DELETE FROM failure WHERE subject = :subject;

-- name: failure_forget
DELETE FROM failure WHERE last_at < :before;

-- name: known_address_get
SELECT last_at FROM known_address WHERE subject = :subject AND last_at > :after;

-- name: known_address_set
INSERT INTO known_address (subject, last_at) VALUES (:subject, :now)
ON CONFLICT (subject) DO UPDATE SET last_at = excluded.last_at;

-- name: passkey_insert
INSERT INTO passkey (id, workspace_id, worker_id, data, counter, name, created_at)
VALUES (:id, :workspace_id, :worker_id, :data, :counter, :name, :now);

-- name: passkey_get
SELECT * FROM passkey WHERE id = :id;

-- name: passkey_of_worker
SELECT id, name, created_at, used_at FROM passkey
WHERE workspace_id = :workspace_id AND worker_id = :worker_id ORDER BY created_at, id;

-- name: passkey_used
UPDATE passkey SET counter = :counter, used_at = :now WHERE id = :id;

-- name: passkey_delete
DELETE FROM passkey WHERE id = :id AND workspace_id = :workspace_id AND worker_id = :worker_id;

-- name: passkey_delete_all
DELETE FROM passkey WHERE workspace_id = :workspace_id AND worker_id = :worker_id;

-- name: challenge_insert
INSERT INTO challenge (digest, kind, data, expires_at) VALUES (:digest, :kind, :data, :expires_at);

-- name: challenge_take
DELETE FROM challenge WHERE digest = :digest AND kind = :kind AND expires_at > :now RETURNING data;

-- name: challenge_forget
DELETE FROM challenge WHERE expires_at <= :now;

-- name: challenge_count
SELECT COUNT(*) AS n FROM challenge WHERE kind = :kind;

-- name: challenge_make_room
DELETE FROM challenge WHERE digest IN (
  SELECT c.digest FROM challenge c WHERE c.kind = :kind ORDER BY c.expires_at, c.digest LIMIT :n
);

-- name: ways_in
SELECT worker_id, 'password' AS way FROM password WHERE workspace_id = :workspace_id
UNION SELECT worker_id, 'passkey' AS way FROM passkey WHERE workspace_id = :workspace_id
UNION SELECT worker_id, 'sign_on' AS way FROM sign_on_person WHERE workspace_id = :workspace_id;

-- name: sign_on_insert
INSERT INTO sign_on (workspace_id, name, issuer, client_id, secret_env, address, allow_private, set_at)
VALUES (:workspace_id, :name, :issuer, :client_id, :secret_env, :address, :allow_private, :now);

-- name: sign_on_delete
DELETE FROM sign_on WHERE workspace_id = :workspace_id;

-- name: sign_on_get
SELECT * FROM sign_on WHERE workspace_id = :workspace_id;

-- name: sign_on_person_insert
INSERT INTO sign_on_person (workspace_id, worker_id, email, set_at) VALUES (:workspace_id, :worker_id, :email, :now);

-- name: sign_on_person_delete
DELETE FROM sign_on_person WHERE workspace_id = :workspace_id AND worker_id = :worker_id;

-- name: sign_on_person_by_email
SELECT * FROM sign_on_person WHERE workspace_id = :workspace_id AND email = :email;

-- name: sign_on_person_learn
UPDATE sign_on_person SET issuer = :issuer, subject = :subject WHERE workspace_id = :workspace_id AND worker_id = :worker_id;

-- name: sign_on_people
SELECT worker_id, email FROM sign_on_person WHERE workspace_id = :workspace_id;
