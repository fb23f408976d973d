-- Statements on batches.

-- name: batch_get
SELECT * FROM batch WHERE id = :id;

-- name: batch_by_name
SELECT * FROM batch WHERE name = :name;

-- name: batch_insert
INSERT INTO batch (id, project_id, name, kind, state, requirement, metadata, callback, created_at, changed_at)
VALUES (:id, :project_id, :name, :kind, :state, :requirement, :metadata, :callback, :now, :now);

-- name: batch_set_state
UPDATE batch SET state = :state, changed_at = :now,
  completed_at = CASE WHEN :state = 'completed' THEN :now ELSE completed_at END,
  closing = CASE WHEN :state = 'cancelled' THEN 0 ELSE closing END
WHERE id = :id;

-- name: batch_set_requirement
UPDATE batch SET requirement = :requirement, changed_at = :now WHERE id = :id;

-- name: batch_set_rank
UPDATE batch SET rank = :rank, changed_at = :now WHERE id = :id;

-- name: batch_set_metadata
UPDATE batch SET metadata = :metadata, changed_at = :now WHERE id = :id;

-- name: batch_hold_lanes
UPDATE lane SET held = :held WHERE project_id = :project_id AND batch_id = :id;

-- name: batch_of_project
SELECT * FROM batch WHERE project_id = :project_id AND (created_at, id) < (:created_at, :id)
ORDER BY created_at DESC, id DESC LIMIT :n;

-- In the order of their turn: those with a rank by it, then calibration, then the older.
-- name: batch_pending
SELECT b.*, p.name AS project_name FROM batch b JOIN project p ON p.id = b.project_id
WHERE b.state IN ('staging', 'in_progress', 'paused') AND p.state <> 'removed'
ORDER BY b.rank IS NULL, b.rank, b.kind <> 'calibration', b.created_at, b.id;

-- Whether a task of it is still asked of people; what was set aside is not.
-- name: batch_has_open
SELECT 1 AS there FROM task WHERE batch_id = :id AND state = 'open' AND purpose = 'work' AND accepted < overlap LIMIT 1;

-- name: batch_counts
SELECT COUNT(*) AS tasks,
  COALESCE(SUM(CASE WHEN state = 'open' AND accepted >= overlap THEN 1 ELSE 0 END), 0) AS done,
  COALESCE(SUM(CASE WHEN state = 'skipped_out' THEN 1 ELSE 0 END), 0) AS skipped_out,
  COALESCE(SUM(accepted), 0) AS answers, COALESCE(SUM(overlap), 0) AS answers_wanted
FROM task WHERE batch_id = :id AND state <> 'removed' AND purpose = 'work';

-- name: batch_live_leases
SELECT l.* FROM lease l JOIN task t ON t.id = l.task_id
WHERE l.project_id = :project_id AND l.state = 'live' AND t.batch_id = :id ORDER BY l.id;

-- name: batch_to_close
SELECT id, project_id, closing FROM batch WHERE closing IS NOT NULL ORDER BY id LIMIT 1;

-- name: batch_tasks_after
SELECT * FROM task WHERE batch_id = :id AND seq > :after AND state <> 'removed' ORDER BY seq LIMIT :n;

-- name: batch_set_closing
UPDATE batch SET closing = :closing WHERE id = :id;
