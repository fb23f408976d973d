-- Statements on projects that are moved here from an account at Scale: rows as they were there, times and ids too.

-- name: scale_moved_project
UPDATE scale_project SET params = :params, facts = :facts, created_at = :created_at WHERE project_id = :project_id;

-- name: scale_moved_batch
UPDATE batch SET state = :state, created_at = :created_at, completed_at = :completed_at WHERE id = :id;

-- name: scale_moved_there
SELECT task_id FROM scale_task WHERE task_id = :task_id;

-- name: scale_moved_task_insert
INSERT INTO scale_task (task_id, type, project_id, batch_id, status, stage, unique_id, instruction, callback_url, params, version,
  metadata, tags, priority, response, prior_responses, review_status, review_comments, callback_succeeded, created_at, updated_at,
  completed_at)
VALUES (:task_id, :type, :project_id, :batch_id, :status, :stage, :unique_id, :instruction, :callback_url, :params, :version,
  :metadata, :tags, :priority, :response, :prior_responses, :review_status, :review_comments, :callback_succeeded, :created_at,
  :updated_at, :completed_at);

-- name: scale_moved_tag_insert
INSERT INTO scale_task_tag (tag, task_id) VALUES (:tag, :task_id) ON CONFLICT (tag, task_id) DO NOTHING;
