-- Statements on what is known of people, and on their roles.

-- name: profile_get
SELECT profile, version FROM worker WHERE id = :id;

-- name: profile_all
SELECT id, profile, version FROM worker;

-- name: profile_set
UPDATE worker SET profile = :profile, version = version + 1 WHERE id = :id;
