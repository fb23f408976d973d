-- Statements on projects that are moved here from an account at Scale: rows as they were there, times and ids too.

-- name: scale_moved_project
UPDATE scale_project SET params = :params, facts = :facts, created_at = :created_at WHERE project_id = :project_id;

-- name: scale_moved_batch
UPDATE batch SET created_at = :created_at WHERE id = :id;

-- name: scale_task_there
SELECT task_id FROM scale_task WHERE task_id = :task_id;

-- name: scale_moving_insert
INSERT INTO scale_moving (run, task_id, type, batch, status, stage, unique_id, instruction, callback_url, params, version,
  metadata, tags, priority, response, prior_responses, review_status, review_comments, callback_succeeded, created_at, updated_at,
  completed_at)
VALUES (:run, :task_id, :type, :batch, :status, :stage, :unique_id, :instruction, :callback_url, :params, :version, :metadata,
  :tags, :priority, :response, :prior_responses, :review_status, :review_comments, :callback_succeeded, :created_at, :updated_at,
  :completed_at)
ON CONFLICT (run, task_id) DO NOTHING;

-- name: scale_moving_tag_insert
INSERT INTO scale_moving_tag (run, task_id, tag) VALUES (:run, :task_id, :tag) ON CONFLICT (run, task_id, tag) DO NOTHING;

-- Where a piece of so many tasks ends; the last one where fewer are left.
-- name: scale_moving_end
SELECT MAX(task_id) AS task_id FROM (
  SELECT task_id FROM scale_moving WHERE run = :run AND task_id > :after ORDER BY task_id LIMIT :n
) piece;

-- name: scale_moving_mark
UPDATE scale_moving SET is_new = 1
WHERE run = :run AND task_id > :after AND task_id <= :until
  AND NOT EXISTS (SELECT 1 FROM scale_task t WHERE t.task_id = scale_moving.task_id);

-- name: scale_moving_counts
SELECT status, is_new, COUNT(*) AS n, SUM(CASE WHEN response LIKE :lost THEN 1 ELSE 0 END) AS lost
FROM scale_moving WHERE run = :run AND task_id > :after AND task_id <= :until GROUP BY status, is_new ORDER BY status, is_new;

-- name: scale_moving_types
SELECT type, COUNT(*) AS n FROM scale_moving WHERE run = :run GROUP BY type ORDER BY type;

-- Projects that a move has not finished: few projects are of the API, so all are looked at.
-- name: scale_moving_unfinished
SELECT s.project_id, s.name, s.named, s.facts FROM scale_project s JOIN project p ON p.id = s.project_id
WHERE s.facts LIKE :mark AND p.state <> 'removed' ORDER BY s.project_id;

-- name: scale_moving_names
SELECT DISTINCT type, batch FROM scale_moving
WHERE run = :run AND task_id > :after AND task_id <= :until AND is_new = 1 ORDER BY type, batch;

-- A unique_id that another task has here.
-- name: scale_moving_clash
SELECT m.task_id, m.unique_id, t.task_id AS holder
FROM scale_moving m JOIN scale_task t ON t.unique_id = m.unique_id
WHERE m.run = :run AND m.task_id > :after AND m.task_id <= :until AND t.task_id <> m.task_id
  AND NOT EXISTS (SELECT 1 FROM scale_task h WHERE h.task_id = m.task_id) LIMIT 1;

-- name: scale_moving_put
INSERT INTO scale_task (task_id, type, project_id, batch_id, status, stage, unique_id, instruction, callback_url, params, version,
  metadata, tags, priority, response, prior_responses, review_status, review_comments, callback_succeeded, created_at, updated_at,
  completed_at)
SELECT task_id, type, :project_id, :batch_id, status, stage, unique_id, instruction, callback_url, params, version, metadata, tags,
  priority, response, prior_responses, review_status, review_comments, callback_succeeded, created_at, updated_at, completed_at
FROM scale_moving
WHERE run = :run AND task_id > :after AND task_id <= :until AND is_new = 1 AND type = :type AND batch = :batch;

-- name: scale_moving_put_tags
INSERT INTO scale_task_tag (tag, task_id)
SELECT g.tag, g.task_id FROM scale_moving_tag g
JOIN scale_moving m ON m.run = g.run AND m.task_id = g.task_id
WHERE g.run = :run AND g.task_id > :after AND g.task_id <= :until AND m.is_new = 1;

-- name: scale_moved_batch_state
UPDATE batch SET state = :state, completed_at = :completed_at WHERE id = :id AND state = 'staging';

-- name: scale_moved_facts
UPDATE scale_project SET facts = :facts WHERE project_id = :project_id;

-- name: scale_moving_some
SELECT task_id FROM scale_moving WHERE run = :run ORDER BY task_id LIMIT :n;

-- name: scale_moving_delete
DELETE FROM scale_moving WHERE run = :run AND task_id = :task_id;

-- name: scale_moving_tag_delete
DELETE FROM scale_moving_tag WHERE run = :run AND task_id = :task_id;
