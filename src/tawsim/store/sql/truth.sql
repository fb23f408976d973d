-- Statements that gather what truth inference and exports read: every accepted answer of the current rounds.

-- Whoever has an answer was changed by it: the index leads past the tasks that nobody has come to.
-- name: truth_answers
SELECT t.seq, a.worker_id, v.answers, a.schema_version
FROM task t JOIN annotation a ON a.task_id = t.id AND a.round = t.round AND a.state = 'accepted'
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
WHERE t.project_id = :project_id AND t.changed > 0 AND t.seq <= :visible_seq AND t.state <> 'removed' AND t.purpose = 'work';

-- Gold that nobody doubts, and what people said to it.
-- name: truth_gold
SELECT t.seq, g.answers FROM gold g JOIN task t ON t.id = g.task_id
WHERE g.project_id = :project_id AND g.purpose = 'gold' AND g.state <> 'flagged' AND t.state <> 'removed'
  AND t.seq <= :visible_seq;

-- name: truth_gold_answers
SELECT t.seq, a.worker_id, v.answers, a.schema_version FROM gold g JOIN task t ON t.id = g.task_id
JOIN annotation a ON a.task_id = t.id AND a.round = t.round AND a.state = 'accepted'
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
WHERE g.project_id = :project_id AND g.purpose = 'gold' AND g.state <> 'flagged' AND t.state <> 'removed'
  AND t.seq <= :visible_seq;

-- The tasks whose answers changed after a revision, and what is accepted of them now; a removed task and one that lost its
-- last answer are among the first and not the second. (“> 0” lets SQLite see that the partial index serves.)
-- name: truth_changed
SELECT seq, changed FROM task
WHERE project_id = :project_id AND changed > :seen AND changed > 0 AND seq <= :visible_seq ORDER BY changed, seq LIMIT :n;

-- name: truth_changed_answers
SELECT t.seq, a.worker_id, v.answers, a.schema_version
FROM task t JOIN annotation a ON a.task_id = t.id AND a.round = t.round AND a.state = 'accepted'
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
WHERE t.project_id = :project_id AND t.changed > :seen AND t.changed > 0 AND t.changed <= :until AND t.seq <= :visible_seq
  AND t.state <> 'removed' AND t.purpose = 'work';

-- What the truth of a project rests on has not changed while this is the same. Leases come and go without touching it.
-- name: truth_revision
SELECT revision FROM project_count WHERE project_id = :project_id;

-- name: task_by_seq
SELECT t.*, c.content FROM task t JOIN task_content c ON c.task_id = t.id
WHERE t.project_id = :project_id AND t.seq = :seq AND t.state <> 'removed';

-- name: task_content_page
SELECT t.seq, c.content FROM task t JOIN task_content c ON c.task_id = t.id
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :visible_seq AND t.state <> 'removed' AND t.purpose = 'work'
ORDER BY t.seq LIMIT :n;

-- name: task_page_of_work
SELECT t.*, c.content FROM task t JOIN task_content c ON c.task_id = t.id
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :visible_seq AND t.state <> 'removed' AND t.purpose = 'work'
ORDER BY t.seq LIMIT :n;

-- name: task_contents
SELECT c.content FROM task t JOIN task_content c ON c.task_id = t.id
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :until AND t.purpose = 'work' ORDER BY t.seq;

-- name: import_columns
SELECT id, first_seq, added, columns FROM import WHERE project_id = :project_id AND state = 'done' ORDER BY first_seq, id;

-- name: import_set_columns
UPDATE import SET columns = :columns WHERE id = :id AND columns IS NULL;

-- name: schema_answers
SELECT t.id AS task_id, t.seq, t.round, a.schema_version, v.answers
FROM task t JOIN annotation a ON a.task_id = t.id AND a.round = t.round AND a.state = 'accepted'
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :until AND t.state <> 'removed'
ORDER BY t.seq, a.id;
