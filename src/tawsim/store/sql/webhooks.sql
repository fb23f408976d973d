-- Statements on webhooks, and on what is to be sent.

-- name: webhook_insert
INSERT INTO webhook (id, url, kinds, project_id, state, place, by_worker, created_at)
VALUES (:id, :url, :kinds, :project_id, 'on', :place, :by_worker, :created_at);

-- name: webhook_get
SELECT * FROM webhook WHERE id = :id AND state <> 'removed';

-- name: webhook_list
SELECT * FROM webhook WHERE state <> 'removed' ORDER BY id;

-- name: webhook_set_state
UPDATE webhook SET state = :state, failing_since = NULL WHERE id = :id AND state <> 'removed';

-- name: webhook_set_place
UPDATE webhook SET place = :place WHERE id = :id AND place < :place;

-- name: webhook_worked
UPDATE webhook SET failing_since = NULL WHERE id = :id AND failing_since IS NOT NULL;

-- name: webhook_failed
UPDATE webhook SET failing_since = COALESCE(failing_since, :now) WHERE id = :id;

-- name: webhook_change
UPDATE webhook SET kinds = :kinds WHERE id = :id AND state <> 'removed';

-- name: delivery_insert
INSERT INTO delivery (id, lane, position, signed_by, kind, url, headers, body, created_at, next_at)
VALUES (:id, :lane, :position, :signed_by, :kind, :url, :headers, :body, :created_at, :created_at);

-- name: delivery_get
SELECT * FROM delivery WHERE id = :id;

-- The first of each lane, if it is due. One that lies further ahead than any pause was put there by a clock that jumped.
-- name: delivery_due
SELECT d.* FROM delivery d LEFT JOIN webhook w ON w.id = d.signed_by
WHERE d.state = 'waiting' AND (d.next_at <= :now OR d.next_at > :far) AND (d.signed_by IS NULL OR w.state = 'on')
  AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.lane = d.lane AND e.state = 'waiting'
                  AND (e.position < d.position OR (e.position = d.position AND e.id < d.id)))
ORDER BY d.next_at LIMIT :n;

-- name: delivery_due_in_lane
SELECT d.* FROM delivery d LEFT JOIN webhook w ON w.id = d.signed_by
WHERE d.lane = :lane AND d.state = 'waiting' AND (d.signed_by IS NULL OR w.state = 'on')
ORDER BY d.position, d.id LIMIT 1;

-- name: delivery_waiting_in_lane
SELECT COUNT(*) AS n FROM delivery WHERE lane = :lane AND state = 'waiting';

-- name: delivery_tried
UPDATE delivery SET state = :state, tries = tries + 1, tried_at = :now, next_at = :next_at, status = :status, error = :error
WHERE id = :id AND state = 'waiting';

-- name: delivery_again
UPDATE delivery SET state = 'waiting', tries = 0, next_at = :now, error = '' WHERE id = :id;

-- name: delivery_lane_again
UPDATE delivery SET tries = 0, next_at = :now WHERE lane = :lane AND state = 'waiting';

-- name: delivery_leave_out
UPDATE delivery SET state = 'failed' WHERE id = :id AND state = 'waiting';

-- name: delivery_page
SELECT id, kind, position, state, tries, created_at, next_at, tried_at, status, error FROM delivery
WHERE lane = :lane AND (position < :before OR (position = :before AND id < :before_id))
ORDER BY position DESC, id DESC LIMIT :n;

-- name: delivery_trim
DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE state = 'sent' AND tried_at < :before LIMIT :n);

-- name: hook_key_set
INSERT INTO webhook_key (webhook_id, workspace_id, url, secret, allow, created_at)
VALUES (:webhook_id, :workspace_id, :url, :secret, :allow, :created_at)
ON CONFLICT (webhook_id) DO UPDATE SET url = excluded.url, secret = excluded.secret, allow = excluded.allow,
  created_at = excluded.created_at;

-- name: hook_key_get
SELECT url, secret, allow FROM webhook_key WHERE webhook_id = :webhook_id AND workspace_id = :workspace_id;

-- name: hook_key_delete
DELETE FROM webhook_key WHERE webhook_id = :webhook_id;
