-- Statements on what is known of people, and on their roles.

-- name: profile_get
SELECT profile, version FROM worker WHERE id = :id;

-- name: profile_all
SELECT id, profile, version FROM worker;

-- name: profile_set
UPDATE worker SET profile = :profile, version = version + 1 WHERE id = :id;

-- name: worker_set_role
UPDATE worker SET role = :role WHERE id = :id;

-- name: let_out_put
INSERT INTO let_out (worker_id, by_worker, reason, at) VALUES (:worker_id, :by_worker, :reason, :now)
ON CONFLICT (worker_id) DO UPDATE SET by_worker = excluded.by_worker, reason = excluded.reason, at = excluded.at;

-- name: let_out_get
SELECT by_worker, reason, at FROM let_out WHERE worker_id = :worker_id;

-- Whom somebody who was let out may ask.
-- name: owners_to_ask
SELECT name FROM worker WHERE role = 'owner' AND active = 1 AND kind = 'person' ORDER BY id LIMIT 3;

-- name: worker_rename
UPDATE worker SET name = :name WHERE id = :id;

-- name: owner_count
SELECT COUNT(*) AS n FROM worker WHERE role = 'owner' AND active = 1 AND kind = 'person';
