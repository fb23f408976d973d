-- Statements on batches.

-- name: batch_get
SELECT * FROM batch WHERE id = :id;
