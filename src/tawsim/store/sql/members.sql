-- Statements on who may label in a project of access 'members'.

-- name: member_set
INSERT INTO project_member (project_id, worker_id, member, changed_at) VALUES (:project_id, :worker_id, :member, :now)
ON CONFLICT (project_id, worker_id) DO UPDATE SET member = excluded.member, changed_at = excluded.changed_at;

-- Everybody of the workspace, and whether they are a member; limits of their own.
-- name: member_list
SELECT w.id, w.name, w.kind, w.role, w.active, COALESCE(m.member, 0) AS member, m.quota FROM worker w
LEFT JOIN project_member m ON m.worker_id = w.id AND m.project_id = :project_id ORDER BY w.id;

-- Live leases of people who are neither members nor in charge.
-- name: member_strangers_leases
SELECT l.* FROM lease l JOIN worker w ON w.id = l.worker_id
LEFT JOIN project_member m ON m.worker_id = l.worker_id AND m.project_id = l.project_id
WHERE l.project_id = :project_id AND l.state = 'live' AND w.role NOT IN ('owner', 'manager') AND COALESCE(m.member, 0) = 0;
