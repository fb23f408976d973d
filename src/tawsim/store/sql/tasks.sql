-- Statements on tasks and the queue.

-- name: task_insert
INSERT INTO task (id, project_id, seq, position, overlap, text_key)
VALUES (:id, :project_id, :seq, :position, :overlap, :text_key);

-- name: task_insert_placed
INSERT INTO task (id, project_id, seq, position, overlap, text_key, purpose, lane_id, priority, due_at, is_open, batch_id)
VALUES (:id, :project_id, :seq, :position, :overlap, :text_key, :purpose, :lane_id, :priority, :due_at, :is_open, :batch_id);

-- name: task_exists
SELECT 1 AS there FROM task WHERE id = :id;

-- name: task_content_insert
INSERT INTO task_content (task_id, content) VALUES (:id, :content);

-- name: task_get
SELECT t.* FROM task t JOIN project_count c ON c.project_id = t.project_id
WHERE t.id = :id AND t.seq <= c.visible_seq AND t.state <> 'removed';

-- name: task_hidden_batch
SELECT id FROM task WHERE project_id = :project_id AND seq > :visible_seq ORDER BY seq LIMIT :n;

-- name: task_content_delete
DELETE FROM task_content WHERE task_id = :id;

-- name: task_delete
DELETE FROM task WHERE id = :id;

-- name: task_same_text
SELECT MIN(seq) AS seq FROM task WHERE project_id = :project_id AND text_key = :text_key;

-- name: task_page
SELECT t.*, c.content FROM task t JOIN task_content c ON c.task_id = t.id
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :visible_seq AND t.state <> 'removed'
ORDER BY t.seq LIMIT :n;

-- The head of a lane past this worker's cursor: tasks that came back first, then fresh ones.
-- name: queue_returned
SELECT id, returned_rank, round, overlap, load FROM task
WHERE project_id = :project_id AND lane_id = :lane_id AND is_open = 1 AND returned_rank IS NOT NULL AND returned_rank > :after
ORDER BY returned_rank LIMIT :n;

-- name: queue_fresh
SELECT id, position, round, overlap, load FROM task
WHERE project_id = :project_id AND lane_id = :lane_id AND is_open = 1 AND position > :after AND position <= :visible_position
ORDER BY position LIMIT :n;

-- A task of known answer is never open to the queue of work, and takes any number of answers.
-- name: task_take_slot
UPDATE task SET load = load + 1,
  is_open = CASE WHEN state = 'open' AND purpose = 'work' AND load + 1 < overlap THEN 1 ELSE 0 END
WHERE id = :id AND (load < overlap OR purpose <> 'work') AND state = 'open';

-- name: task_give_slot
UPDATE task SET load = load - 1,
  is_open = CASE WHEN state = 'open' AND purpose = 'work' AND load - 1 < overlap THEN 1 ELSE 0 END,
  returned_rank = :returned_rank
WHERE id = :id;

-- What changes a task's answers marks it with the revision that the project's count gets next, in the same transaction.
-- name: task_add_accepted
UPDATE task SET accepted = accepted + :n,
  changed = (SELECT revision + 1 FROM project_count c WHERE c.project_id = task.project_id)
WHERE id = :id;

-- name: task_mark_changed
UPDATE task SET changed = (SELECT revision + 1 FROM project_count c WHERE c.project_id = task.project_id)
WHERE id = :id;

-- name: task_add_skip
UPDATE task SET skips = skips + 1,
  state = CASE WHEN skips + 1 >= :skip_limit AND purpose = 'work' THEN 'skipped_out' ELSE state END,
  is_open = CASE WHEN skips + 1 >= :skip_limit THEN 0 ELSE is_open END
WHERE id = :id AND state = 'open' RETURNING skips, state;

-- name: task_set_overlap
UPDATE task SET overlap = :overlap,
  is_open = CASE WHEN state = 'open' AND purpose = 'work' AND load < :overlap THEN 1 ELSE 0 END,
  returned_rank = CASE WHEN :overlap > overlap THEN :returned_rank ELSE returned_rank END
WHERE id = :id;

-- name: task_reopen
UPDATE task SET round = round + 1, load = 0, accepted = 0, skips = 0, state = 'open',
  is_open = CASE WHEN purpose = 'work' THEN 1 ELSE 0 END,
  returned_rank = :returned_rank,
  changed = (SELECT revision + 1 FROM project_count c WHERE c.project_id = task.project_id)
WHERE id = :id RETURNING round;

-- name: task_remove
UPDATE task SET state = 'removed', is_open = 0,
  changed = (SELECT revision + 1 FROM project_count c WHERE c.project_id = task.project_id)
WHERE id = :id;

-- A range at a time, so that changing a million tasks never holds the writer for long.
-- name: task_range_set_overlap
UPDATE task SET overlap = :overlap,
  is_open = CASE WHEN state = 'open' AND purpose = 'work' AND load < :overlap THEN 1 ELSE 0 END,
  returned_rank = CASE WHEN :overlap > overlap THEN :base + seq ELSE returned_rank END
WHERE project_id = :project_id AND seq > :after AND seq <= :until AND overlap <> :overlap AND state <> 'removed';

-- name: task_hidden_set_overlap
UPDATE task SET overlap = :overlap WHERE project_id = :project_id AND seq > :after;

-- name: task_range_counts
SELECT COALESCE(SUM(CASE WHEN state = 'open' AND accepted >= overlap THEN 1 ELSE 0 END), 0) AS done,
  COALESCE(SUM(overlap), 0) AS answers_wanted
FROM task WHERE project_id = :project_id AND seq > :after AND seq <= :until AND state <> 'removed' AND purpose = 'work';

-- name: task_with_content
SELECT t.id, t.seq, c.content FROM task t JOIN task_content c ON c.task_id = t.id WHERE t.id = :id;
