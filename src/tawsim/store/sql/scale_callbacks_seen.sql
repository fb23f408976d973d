-- Callbacks as owners look at them: newest first, how many wait and how many failed, and sending these again.

-- name: scale_callback_seen
SELECT c.id, c.task_id, b.name AS batch, c.url, c.state, c.tries, c.created_at, c.next_at, c.tried_at, c.status, c.error
FROM scale_callback c LEFT JOIN batch b ON b.id = c.batch_id
WHERE c.id < :before ORDER BY c.id DESC LIMIT :n;

-- name: scale_callback_seen_failed
SELECT c.id, c.task_id, b.name AS batch, c.url, c.state, c.tries, c.created_at, c.next_at, c.tried_at, c.status, c.error
FROM scale_callback c LEFT JOIN batch b ON b.id = c.batch_id
WHERE c.state = 'failed' AND c.id < :before ORDER BY c.id DESC LIMIT :n;

-- name: scale_callback_count_failed
SELECT COUNT(*) AS n FROM scale_callback WHERE state = 'failed';

-- name: scale_callback_count_waiting
SELECT COUNT(*) AS n FROM scale_callback WHERE state = 'waiting';

-- name: scale_callback_failed_again
UPDATE scale_callback SET state = 'waiting', tries = 0, next_at = :now, error = ''
WHERE id IN (SELECT id FROM scale_callback WHERE state = 'failed' ORDER BY id LIMIT :n);
