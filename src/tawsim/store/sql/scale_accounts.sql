-- Statements on the accounts file: keys of the Scale-compatible API, and the two worlds of a workspace.

-- name: scale_account_get
SELECT * FROM scale_account WHERE workspace_id = :workspace_id;

-- name: scale_account_home
SELECT workspace_id FROM scale_account WHERE twin_id = :twin_id;

-- name: scale_account_twins
SELECT file FROM scale_account WHERE mode = 'test';

-- name: scale_account_insert
INSERT INTO scale_account (workspace_id, mode, file, callback_key, created_at)
VALUES (:workspace_id, :mode, :file, :callback_key, :now);

-- name: scale_account_pair
UPDATE scale_account SET twin_id = :twin_id WHERE workspace_id = :workspace_id;

-- name: scale_account_update
UPDATE scale_account SET callback_url = :callback_url, allow = :allow, callback_key = :callback_key
WHERE workspace_id = :workspace_id;

-- name: scale_key_list
SELECT * FROM credential
WHERE way = 'scale' AND kind = 'token' AND revoked_at IS NULL AND expires_at > :now AND workspace_id IN (
  :workspace_id, (SELECT twin_id FROM scale_account WHERE workspace_id = :workspace_id)
)
ORDER BY id DESC;

-- name: scale_key_end
UPDATE credential SET revoked_at = :now
WHERE id = :id AND way = 'scale' AND revoked_at IS NULL AND workspace_id IN (
  :workspace_id, (SELECT twin_id FROM scale_account WHERE workspace_id = :workspace_id)
);
