-- Statements on batches.

-- name: batch_get
SELECT * FROM batch WHERE id = :id;

-- name: batch_by_name
SELECT * FROM batch WHERE name = :name;

-- name: batch_rename
UPDATE batch SET name = :name WHERE id = :id;

-- name: batch_insert
INSERT INTO batch (id, project_id, name, kind, state, metadata, callback, created_at, changed_at)
VALUES (:id, :project_id, :name, :kind, :state, :metadata, :callback, :now, :now);

-- name: batch_set_state
UPDATE batch SET state = :state, changed_at = :now,
  completed_at = CASE WHEN :state = 'completed' THEN :now ELSE completed_at END,
  closing = CASE WHEN :state = 'cancelled' THEN 0 ELSE closing END
WHERE id = :id;

-- name: batch_set_grouped
UPDATE batch SET grouped = :grouped, changed_at = :now WHERE id = :id;

-- name: batch_group_insert
INSERT INTO batch_group (batch_id, group_id) VALUES (:batch_id, :group_id);

-- name: batch_groups_delete
DELETE FROM batch_group WHERE batch_id = :batch_id;

-- name: batch_groups
SELECT g.* FROM batch_group b JOIN project_group g ON g.id = b.group_id WHERE b.batch_id = :batch_id ORDER BY g.created_at, g.id;

-- Whether a person is in one of the groups that a batch was given to.
-- name: batch_has_worker
SELECT 1 AS there FROM project_group_member m JOIN batch_group b ON b.group_id = m.group_id
WHERE m.worker_id = :worker_id AND b.batch_id = :batch_id LIMIT 1;

-- name: batch_set_rank
UPDATE batch SET rank = :rank, changed_at = :now WHERE id = :id;

-- name: batch_set_metadata
UPDATE batch SET metadata = :metadata, changed_at = :now WHERE id = :id;

-- name: batch_hold_lanes
UPDATE lane SET held = :held WHERE project_id = :project_id AND batch_id = :id;

-- name: batch_of_project
SELECT * FROM batch WHERE project_id = :project_id AND (created_at, id) < (:created_at, :id)
ORDER BY created_at DESC, id DESC LIMIT :n;

-- name: batch_names
SELECT id, name FROM batch WHERE project_id = :project_id;

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

-- ---- groups of people
-- name: group_insert
INSERT INTO project_group (id, project_id, name, created_at) VALUES (:id, :project_id, :name, :now);

-- name: group_get
SELECT * FROM project_group WHERE id = :id;

-- name: group_by_name
SELECT * FROM project_group WHERE project_id = :project_id AND name = :name;

-- name: group_list
SELECT * FROM project_group WHERE project_id = :project_id ORDER BY created_at, id;

-- name: group_members
SELECT w.id, w.name, w.profile FROM project_group_member m JOIN worker w ON w.id = m.worker_id
WHERE m.group_id = :group_id ORDER BY w.id;

-- name: group_member_insert
INSERT INTO project_group_member (group_id, worker_id) VALUES (:group_id, :worker_id) ON CONFLICT (group_id, worker_id) DO NOTHING;

-- name: group_member_delete
DELETE FROM project_group_member WHERE group_id = :group_id AND worker_id = :worker_id;

-- name: group_members_leave
DELETE FROM project_group_member WHERE worker_id = :worker_id
  AND group_id IN (SELECT g.id FROM project_group g WHERE g.project_id = :project_id);
