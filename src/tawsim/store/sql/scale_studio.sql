-- Statements on people as the Scale-compatible API knows them: by e-mail. And on what Studio shows of projects and batches.

-- Those who are here first, so that of two who have one e-mail they are found.
-- name: scale_people
SELECT id, name, role, active, profile, version FROM worker WHERE kind = 'person' ORDER BY active DESC, id;

-- name: scale_assigned
SELECT m.worker_id, s.name FROM project_member m JOIN scale_project s ON s.project_id = m.project_id
JOIN project p ON p.id = m.project_id
WHERE m.member = 1 AND s.named = 1 AND p.state <> 'removed' ORDER BY s.created_at, s.project_id;

-- name: scale_assigned_to
SELECT worker_id FROM project_member WHERE project_id = :project_id AND member = 1;

-- name: scale_studio_batches
SELECT b.*, s.name AS project_name FROM batch b JOIN scale_project s ON s.project_id = b.project_id
JOIN project p ON p.id = b.project_id
WHERE b.state IN ('staging', 'in_progress', 'paused') AND p.state <> 'removed'
ORDER BY b.rank IS NULL, b.rank, b.kind <> 'calibration', b.created_at, b.id;

-- name: scale_studio_batch
SELECT b.*, s.name AS project_name FROM batch b JOIN scale_project s ON s.project_id = b.project_id
JOIN project p ON p.id = b.project_id WHERE b.name = :name AND p.state <> 'removed';

-- CROSS: from the batches to their tasks, so that nothing is read of those that are over.
-- name: scale_studio_counts
SELECT t.batch_id, COUNT(*) AS total, SUM(CASE WHEN t.status = 'completed' THEN 1 ELSE 0 END) AS completed
FROM batch b CROSS JOIN scale_task t
WHERE t.batch_id = b.id AND b.state IN ('staging', 'in_progress', 'paused') AND t.purpose = 'work' AND t.status <> 'canceled'
GROUP BY t.batch_id;

-- name: scale_studio_counts_of
SELECT COUNT(*) AS total, COALESCE(SUM(CASE WHEN status = 'completed' THEN 1 ELSE 0 END), 0) AS completed
FROM scale_task WHERE batch_id = :batch_id AND purpose = 'work' AND status <> 'canceled';

-- name: scale_studio_groups
SELECT x.batch_id, g.name FROM batch_group x JOIN project_group g ON g.id = x.group_id JOIN batch b ON b.id = x.batch_id
WHERE b.state IN ('staging', 'in_progress', 'paused') ORDER BY g.created_at, g.id;
