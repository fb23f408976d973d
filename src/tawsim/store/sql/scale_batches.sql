-- Statements on batches as the Scale-compatible API lists them, and on Studio's view of them.

-- The newest first; '' where nothing is asked of project or state.
-- name: scale_batch_page
SELECT b.*, COALESCE(s.name, p.name) AS project_name FROM batch b JOIN project p ON p.id = b.project_id
LEFT JOIN scale_project s ON s.project_id = b.project_id
WHERE b.created_at >= :since AND b.created_at <= :until AND p.state <> 'removed'
  AND (:project_id = '' OR b.project_id = :project_id) AND (:state = '' OR b.state = :state)
  AND (:archived = 1 OR b.state <> 'cancelled')
ORDER BY b.created_at DESC, b.id DESC LIMIT :n OFFSET :offset;

-- name: scale_batch_total
SELECT COUNT(*) AS n FROM batch b JOIN project p ON p.id = b.project_id
WHERE b.created_at >= :since AND b.created_at <= :until AND p.state <> 'removed'
  AND (:project_id = '' OR b.project_id = :project_id) AND (:state = '' OR b.state = :state)
  AND (:archived = 1 OR b.state <> 'cancelled');

-- name: scale_batch_project
SELECT COALESCE(s.name, p.name) AS name, p.state FROM project p LEFT JOIN scale_project s ON s.project_id = p.id
WHERE p.id = :project_id;

-- name: scale_batch_statuses
SELECT status, COUNT(*) AS n FROM scale_task WHERE batch_id = :batch_id AND purpose = 'work' GROUP BY status;
