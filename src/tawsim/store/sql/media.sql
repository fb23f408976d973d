-- Pictures and sounds: bytes once, by SHA-256, in pieces of 1 MiB; and the names that a project's rows use for them.
-- A medium is there for readers when it is whole; it is anybody's only through a name of one of their projects.

-- name: media_get
SELECT digest, media_type, size, width, height, seconds, whole FROM media WHERE digest = :digest;

-- name: media_insert
INSERT INTO media (digest, media_type, size, width, height, seconds, whole, seen_at)
VALUES (:digest, :media_type, :size, :width, :height, :seconds, 0, :now)
ON CONFLICT (digest) DO UPDATE SET seen_at = excluded.seen_at;

-- name: media_seen
UPDATE media SET seen_at = :now WHERE digest = :digest;

-- name: media_piece_insert
INSERT INTO media_piece (digest, number, bytes) VALUES (:digest, :number, :bytes)
ON CONFLICT (digest, number) DO NOTHING;

-- name: media_piece_total
SELECT COUNT(*) AS pieces, COALESCE(SUM(LENGTH(bytes)), 0) AS size FROM media_piece WHERE digest = :digest;

-- name: media_set_whole
UPDATE media SET whole = :whole WHERE digest = :digest;

-- name: media_piece_get
SELECT bytes FROM media_piece WHERE digest = :digest AND number = :number;

-- name: media_name_insert
INSERT INTO media_name (project_id, name, digest) VALUES (:project_id, :name, :digest)
ON CONFLICT (project_id, name) DO NOTHING;

-- name: media_name_set
UPDATE media_name SET digest = :digest WHERE project_id = :project_id AND name = :name;

-- name: media_name_delete
DELETE FROM media_name WHERE project_id = :project_id AND name = :name;

-- name: media_name_count
SELECT COUNT(*) AS n FROM media_name WHERE project_id = :project_id;

-- name: media_named_in_part
SELECT m.digest FROM media m
WHERE m.whole = 0 AND EXISTS (SELECT 1 FROM media_name n WHERE n.digest = m.digest AND n.project_id = :project_id)
LIMIT 1;

-- name: media_by_name
SELECT n.name, m.digest, m.media_type, m.size, m.width, m.height, m.seconds
FROM media_name n JOIN media m ON m.digest = n.digest
WHERE n.project_id = :project_id AND n.name = :name;

-- name: media_of_project
SELECT n.name, m.digest, m.media_type, m.size, m.width, m.height, m.seconds
FROM media_name n JOIN media m ON m.digest = n.digest
WHERE n.project_id = :project_id AND n.name > :after
ORDER BY n.name LIMIT :n;

-- name: media_served
SELECT m.digest, m.media_type, m.size
FROM media m JOIN project p ON p.id = :project_id
WHERE m.digest = :digest AND m.whole = 1 AND p.state <> 'removed'
  AND EXISTS (SELECT 1 FROM media_name n WHERE n.digest = m.digest AND n.project_id = p.id);

-- name: media_unreferenced
SELECT m.digest FROM media m
WHERE m.seen_at < :before AND NOT EXISTS (SELECT 1 FROM media_name n WHERE n.digest = m.digest)
ORDER BY m.digest LIMIT :n;

-- name: media_has_name
SELECT 1 AS found FROM media_name WHERE digest = :digest LIMIT 1;

-- name: media_piece_batch
SELECT number FROM media_piece WHERE digest = :digest ORDER BY number LIMIT :n;

-- name: media_piece_delete
DELETE FROM media_piece WHERE digest = :digest AND number = :number;

-- name: media_delete
DELETE FROM media WHERE digest = :digest;
