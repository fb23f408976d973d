-- Statements on what is known of people, and on their roles.

-- name: profile_get
SELECT profile, version FROM worker WHERE id = :id;

-- name: profile_all
SELECT id, profile, version FROM worker;

-- name: profile_set
UPDATE worker SET profile = :profile, version = version + 1 WHERE id = :id;

-- name: worker_set_role
UPDATE worker SET role = :role WHERE id = :id;

-- name: worker_rename
UPDATE worker SET name = :name WHERE id = :id;

-- name: owner_count
SELECT COUNT(*) AS n FROM worker WHERE role = 'owner' AND active = 1 AND kind = 'person';
