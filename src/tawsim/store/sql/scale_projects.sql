-- Statements on projects of the Scale-compatible API.

-- name: scale_project_get
SELECT s.*, p.state FROM scale_project s JOIN project p ON p.id = s.project_id WHERE s.project_id = :project_id;

-- name: scale_project_type
SELECT type FROM scale_project WHERE project_id = :project_id;

-- name: scale_project_named
SELECT s.*, p.state FROM scale_project s JOIN project p ON p.id = s.project_id WHERE s.name = :name AND s.named = 1;

-- The one for tasks of a type that name no project.
-- name: scale_project_unnamed
SELECT s.*, p.state FROM scale_project s JOIN project p ON p.id = s.project_id
WHERE s.type = :type AND s.named = 0 AND p.state <> 'removed' ORDER BY s.created_at LIMIT 1;

-- name: scale_project_list
SELECT s.*, p.state FROM scale_project s JOIN project p ON p.id = s.project_id
WHERE s.named = 1 AND (s.archived_at IS NOT NULL OR p.state = 'removed') = :archived
ORDER BY s.created_at, s.project_id;

-- name: scale_project_insert
INSERT INTO scale_project (project_id, name, type, named, params, facts, created_at)
VALUES (:project_id, :name, :type, :named, :params, :facts, :now);

-- name: scale_project_set_params
UPDATE scale_project SET params = :params WHERE project_id = :project_id;

-- name: scale_project_rename
UPDATE scale_project SET name = :name WHERE project_id = :project_id;
