-- Statements on lanes, on where a worker stands in each, and on quotas.

-- name: lane_list
SELECT id, priority, requirement, batch_id, held FROM lane WHERE project_id = :project_id;

-- The lanes that have an open task, from one to the next along the index of the queue: lanes of what is done are not met.
-- name: lane_open
WITH RECURSIVE met (id) AS (
  SELECT MIN(f.lane_id) FROM task f WHERE f.project_id = :project_id AND f.is_open = 1 AND f.lane_id > ''
  UNION ALL
  SELECT (SELECT MIN(t.lane_id) FROM task t WHERE t.project_id = :project_id AND t.is_open = 1 AND t.lane_id > m.id)
  FROM met m WHERE m.id IS NOT NULL
)
SELECT l.id, l.priority, l.requirement, l.batch_id, l.held, b.rank, b.kind, b.grouped
FROM met m JOIN lane l ON l.id = m.id LEFT JOIN batch b ON b.id = l.batch_id
WHERE l.held = 0;

-- The same of those that are held, but for what a cancelled batch has left.
-- name: lane_waiting
WITH RECURSIVE met (id) AS (
  SELECT MIN(f.lane_id) FROM task f WHERE f.project_id = :project_id AND f.is_open = 1 AND f.lane_id > ''
  UNION ALL
  SELECT (SELECT MIN(t.lane_id) FROM task t WHERE t.project_id = :project_id AND t.is_open = 1 AND t.lane_id > m.id)
  FROM met m WHERE m.id IS NOT NULL
)
SELECT l.requirement, l.batch_id, b.grouped
FROM met m JOIN lane l ON l.id = m.id JOIN batch b ON b.id = l.batch_id
WHERE l.held = 1 AND b.state <> 'cancelled';

-- name: lane_with_batch
SELECT l.requirement, l.batch_id, l.held, b.grouped FROM lane l LEFT JOIN batch b ON b.id = l.batch_id WHERE l.id = :id;

-- name: lane_find
SELECT id FROM lane WHERE project_id = :project_id AND batch_id = :batch_id AND priority = :priority AND requirement = :requirement;

-- name: lane_count
SELECT COUNT(*) AS n FROM lane WHERE project_id = :project_id AND batch_id = :batch_id;

-- name: lane_get
SELECT * FROM lane WHERE id = :id;

-- name: lane_insert
INSERT INTO lane (id, project_id, priority, requirement, batch_id, held, created_at)
VALUES (:id, :project_id, :priority, :requirement, :batch_id, :held, :created_at);

-- name: lane_count_add
UPDATE project_count SET lanes = lanes + 1 WHERE project_id = :project_id;

-- Lanes that are held though their batch is not, and the other way round, counted by batch. Also of batches that are gone.
-- name: lane_unlike_batch
SELECT COALESCE(b.name, l.batch_id) AS name, COALESCE(b.state, 'gone') AS state, l.held, COUNT(*) AS n
FROM lane l LEFT JOIN batch b ON b.id = l.batch_id
WHERE (l.batch_id = '' AND l.held <> 0)
  OR (l.batch_id <> '' AND l.held <> (CASE WHEN b.state IN ('staging', 'paused', 'cancelled') THEN 1 ELSE 0 END))
GROUP BY l.batch_id, b.name, b.state, l.held ORDER BY l.batch_id, l.held;

-- name: lane_sizes
SELECT lane_id, COUNT(*) AS n FROM task
WHERE project_id = :project_id AND is_open = 1 GROUP BY lane_id;

-- name: worker_lane_get
SELECT position, returned_rank FROM worker_lane WHERE project_id = :project_id AND worker_id = :worker_id AND lane_id = :lane_id;

-- name: worker_lane_move
INSERT INTO worker_lane (project_id, worker_id, lane_id, position, returned_rank)
VALUES (:project_id, :worker_id, :lane_id, :position, :returned_rank)
ON CONFLICT (project_id, worker_id, lane_id) DO UPDATE SET position = excluded.position, returned_rank = excluded.returned_rank;

-- A task that changes its lane gets a new rank there, past every worker's place.
-- name: task_set_lane
UPDATE task SET lane_id = :lane_id, priority = :priority, returned_rank = :returned_rank WHERE id = :id;

-- When an overdue or live lease of somebody else may open a task again, lane by lane.
-- name: lease_next_deadline_by_lane
SELECT t.lane_id, MIN(l.deadline) AS deadline FROM lease l JOIN task t ON t.id = l.task_id
WHERE l.project_id = :project_id AND l.state = 'live' AND l.worker_id <> :worker_id AND t.state = 'open' AND t.purpose = 'work'
  AND NOT EXISTS (SELECT 1 FROM lease m WHERE m.worker_id = :worker_id AND m.task_id = l.task_id AND m.round = t.round
                  AND (m.state IN ('live', 'skipped')
                       OR EXISTS (SELECT 1 FROM annotation a WHERE a.lease_id = m.id AND a.state <> 'withdrawn')))
GROUP BY t.lane_id;

-- name: day_get
SELECT * FROM worker_day WHERE project_id = :project_id AND worker_id = :worker_id;

-- name: day_put
INSERT INTO worker_day (project_id, worker_id, day, zone, ends_at, taken)
VALUES (:project_id, :worker_id, :day, :zone, :ends_at, :taken)
ON CONFLICT (project_id, worker_id) DO UPDATE SET day = excluded.day, zone = excluded.zone, ends_at = excluded.ends_at,
  taken = excluded.taken;

-- name: day_give
UPDATE worker_day SET taken = taken - 1
WHERE project_id = :project_id AND worker_id = :worker_id AND day = :day AND taken > 0;

-- name: quota_set
INSERT INTO project_member (project_id, worker_id, quota, changed_at) VALUES (:project_id, :worker_id, :quota, :now)
ON CONFLICT (project_id, worker_id) DO UPDATE SET quota = excluded.quota, changed_at = excluded.changed_at;

-- name: quota_count_set
UPDATE project_count SET quotas = (SELECT COUNT(*) FROM project_member m WHERE m.project_id = :project_id AND m.quota <> '{}')
WHERE project_id = :project_id;
