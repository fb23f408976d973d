-- Files that came by the Scale-compatible API: what is known of each, and its bytes in pieces of 1 MiB.
-- One is there for readers once its state is `here`. Without a source, `waiting` is an upload that has not ended.

-- name: scale_file_insert
INSERT INTO scale_file (id, name, mime, size, source, state, projects, reference_id, metadata, created_at, updated_at)
VALUES (:id, :name, :mime, :size, :source, 'waiting', :projects, :reference_id, :metadata, :now, :now);

-- name: scale_file_get
SELECT id, name, mime, size, source, state, error, projects, reference_id, metadata, created_at, updated_at
FROM scale_file WHERE id = :id;

-- name: scale_file_piece_insert
INSERT INTO scale_file_piece (file_id, piece, data) VALUES (:file_id, :piece, :data)
ON CONFLICT (file_id, piece) DO UPDATE SET data = excluded.data;

-- name: scale_file_piece_get
SELECT data FROM scale_file_piece WHERE file_id = :file_id AND piece = :piece;

-- name: scale_file_here
UPDATE scale_file SET state = 'here', mime = :mime, size = :size, error = '', updated_at = :now
WHERE id = :id AND state = 'waiting';

-- name: scale_file_failed
UPDATE scale_file SET state = 'failed', error = :error, updated_at = :now WHERE id = :id AND state = 'waiting';

-- name: scale_file_to_fetch
SELECT id, source, created_at FROM scale_file
WHERE state = 'waiting' AND source <> '' AND created_at >= :created_at AND (created_at, id) > (:created_at, :id)
ORDER BY created_at, id LIMIT :n;

-- name: scale_file_broken_off
SELECT id FROM scale_file WHERE state = 'waiting' AND source = '' AND created_at < :before ORDER BY created_at LIMIT 1;

-- name: scale_file_piece_some
SELECT piece FROM scale_file_piece WHERE file_id = :file_id ORDER BY piece LIMIT :n;

-- name: scale_file_piece_delete
DELETE FROM scale_file_piece WHERE file_id = :file_id AND piece = :piece;

-- name: scale_file_delete
DELETE FROM scale_file WHERE id = :id AND state = 'waiting' AND source = '';
