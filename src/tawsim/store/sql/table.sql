-- Statements of the task table: what its columns in memory are read from, and the rows that are shown.

-- name: table_tasks
SELECT seq, CASE state WHEN 'open' THEN 1 WHEN 'skipped_out' THEN 2 ELSE 3 END AS state_code, accepted, overlap, load, skips,
  round, priority, due_at, CASE purpose WHEN 'work' THEN 0 WHEN 'gold' THEN 1 ELSE 2 END AS purpose_code, lane_id
FROM task WHERE project_id = :project_id AND seq > :after AND seq <= :until ORDER BY seq;

-- name: table_answers
SELECT t.seq, a.worker_id, v.flag, CASE WHEN v.comment <> '' THEN 1 ELSE 0 END AS said, v.at, v.answers
FROM task t JOIN annotation a ON a.task_id = t.id AND a.round = t.round AND a.state = 'accepted'
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :until ORDER BY t.seq;

-- name: table_reviews
SELECT t.seq, r.verdict FROM review r JOIN task t ON t.id = r.task_id
WHERE r.project_id = :project_id AND r.undone_at IS NULL AND r.round = t.round;

-- name: table_reviews_of
SELECT t.seq, r.verdict FROM task t JOIN review r ON r.task_id = t.id
WHERE t.project_id = :project_id AND t.seq = :seq AND r.undone_at IS NULL AND r.round = t.round;

-- name: table_tags
SELECT t.seq, g.number FROM tag g JOIN task_tag x ON x.tag_id = g.id JOIN task t ON t.id = x.task_id
WHERE g.project_id = :project_id;

-- name: table_tags_of
SELECT g.number FROM task t JOIN task_tag x ON x.task_id = t.id JOIN tag g ON g.id = x.tag_id
WHERE t.project_id = :project_id AND t.seq = :seq;

-- What happened after an event: the tasks it names, and whether anything happened to the project as a whole.
-- name: table_events
SELECT e.number, e.kind, e.task_id, e.object_id, e.data, t.seq FROM event e LEFT JOIN task t ON t.id = e.task_id
WHERE e.number > :after AND e.project_id = :project_id ORDER BY e.number LIMIT :n;

-- name: table_last_event
SELECT MAX(number) AS number FROM event WHERE number IS NOT NULL;

-- name: table_row
SELECT t.*, c.content FROM task t LEFT JOIN task_content c ON c.task_id = t.id
WHERE t.project_id = :project_id AND t.seq = :seq;

-- name: table_task_by_id
SELECT t.seq FROM task t JOIN project_count c ON c.project_id = t.project_id
WHERE t.project_id = :project_id AND t.id = :id AND t.seq <= c.visible_seq;

-- name: table_task_by_seq
SELECT * FROM task WHERE project_id = :project_id AND seq = :seq;

-- name: table_answers_of
SELECT a.id, a.worker_id, a.round, a.state, a.version, a.late, a.schema_version, a.guideline_version, a.created_at, v.answers,
  v.comment, v.flag, v.at
FROM annotation a JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
WHERE a.task_id = :task_id ORDER BY a.id;

-- name: tag_list
SELECT g.id, g.number, g.name, (SELECT COUNT(*) FROM task_tag x WHERE x.tag_id = g.id) AS tasks
FROM tag g WHERE g.project_id = :project_id ORDER BY g.name;

-- name: tag_names
SELECT id, number, name FROM tag WHERE project_id = :project_id ORDER BY number;

-- name: tag_find
SELECT id, number, name FROM tag WHERE project_id = :project_id AND name = :name;

-- name: tag_next_number
SELECT COALESCE(MAX(number) + 1, 0) AS number FROM tag WHERE project_id = :project_id;

-- name: tag_insert
INSERT INTO tag (id, project_id, number, name, created_at) VALUES (:id, :project_id, :number, :name, :created_at);

-- name: tag_rename
UPDATE tag SET name = :name WHERE id = :id;

-- name: task_tag_insert
INSERT INTO task_tag (task_id, tag_id) VALUES (:task_id, :tag_id) ON CONFLICT (task_id, tag_id) DO NOTHING;

-- name: task_tag_delete
DELETE FROM task_tag WHERE task_id = :task_id AND tag_id = :tag_id;

-- name: task_tag_has
SELECT 1 AS had FROM task_tag WHERE task_id = :task_id AND tag_id = :tag_id;

-- name: view_list
SELECT v.*, w.name AS worker_name, w.active FROM saved_view v JOIN worker w ON w.id = v.worker_id
WHERE v.project_id = :project_id AND (v.worker_id = :worker_id OR v.shared = 1) ORDER BY v.created_at, v.id;

-- name: view_get
SELECT * FROM saved_view WHERE id = :id AND project_id = :project_id;

-- name: view_by_name
SELECT id FROM saved_view WHERE project_id = :project_id AND worker_id = :worker_id AND name = :name;

-- name: view_count
SELECT COUNT(*) AS n FROM saved_view WHERE project_id = :project_id AND worker_id = :worker_id;

-- name: view_insert
INSERT INTO saved_view (id, project_id, worker_id, name, query, columns, shared, created_at)
VALUES (:id, :project_id, :worker_id, :name, :query, :columns, :shared, :created_at);

-- name: view_update
UPDATE saved_view SET name = :name, query = :query, columns = :columns, shared = :shared, version = version + 1
WHERE id = :id AND version = :seen_version;

-- name: view_delete
DELETE FROM saved_view WHERE id = :id;

-- name: task_contents_of
SELECT t.seq, c.content FROM task t JOIN task_content c ON c.task_id = t.id
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :until ORDER BY t.seq;

-- name: task_set_due
UPDATE task SET due_at = :due_at WHERE id = :id;
