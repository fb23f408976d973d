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

-- A task that was removed is there again, in front of the queue for everybody.
-- name: task_restore
UPDATE task SET state = :state, is_open = CASE WHEN :state = 'open' AND load < overlap THEN 1 ELSE 0 END,
  returned_rank = :returned_rank,
  changed = (SELECT revision + 1 FROM project_count c WHERE c.project_id = task.project_id)
WHERE id = :id AND state = 'removed';

-- Back to the round before, as long as nothing was done in this one.
-- name: task_unreopen
UPDATE task SET round = round - 1, load = :accepted, accepted = :accepted, skips = :skips, state = :state,
  is_open = CASE WHEN :state = 'open' AND :accepted < overlap THEN 1 ELSE 0 END,
  changed = (SELECT revision + 1 FROM project_count c WHERE c.project_id = task.project_id)
WHERE id = :id AND round = :round AND load = 0 AND accepted = 0 AND skips = 0;

-- name: task_round_accepted
SELECT COUNT(*) AS n FROM annotation WHERE task_id = :task_id AND round = :round AND state = 'accepted';

-- name: bulk_job_insert
INSERT INTO bulk_job (id, project_id, worker_id, action, value, query, undoes, state, total, created_at)
VALUES (:id, :project_id, :worker_id, :action, :value, :query, :undoes, :state, :total, :created_at);

-- name: bulk_job_get
SELECT j.*, w.name AS worker_name FROM bulk_job j JOIN worker w ON w.id = j.worker_id WHERE j.id = :id;

-- name: bulk_job_list
SELECT j.*, w.name AS worker_name FROM bulk_job j JOIN worker w ON w.id = j.worker_id
WHERE j.project_id = :project_id AND j.id < :before ORDER BY j.id DESC LIMIT :n;

-- name: bulk_job_unfinished
SELECT id, state, created_at FROM bulk_job WHERE state IN ('preparing', 'running') ORDER BY id;

-- name: bulk_job_run
UPDATE bulk_job SET state = 'running' WHERE id = :id AND state = 'preparing';

-- name: bulk_job_count
UPDATE bulk_job SET looked = looked + :looked, changed = changed + :changed, left_out = :left_out WHERE id = :id;

-- name: bulk_job_end
UPDATE bulk_job SET state = :state, ended_at = :now WHERE id = :id AND state IN ('preparing', 'running');

-- name: bulk_job_undone
UPDATE bulk_job SET undone_by = :undone_by WHERE id = :id AND undone_by IS NULL;

-- name: bulk_piece_insert
INSERT INTO bulk_piece (job_id, number, first_seq, last_seq, seqs) VALUES (:job_id, :number, :first_seq, :last_seq, :seqs);

-- name: bulk_piece_copy
INSERT INTO bulk_piece (job_id, number, first_seq, last_seq, seqs)
SELECT :job_id, number, first_seq, last_seq, before FROM bulk_piece WHERE job_id = :undoes AND LENGTH(before) > 2;

-- name: bulk_piece_next
SELECT * FROM bulk_piece WHERE job_id = :job_id AND done >= 0 ORDER BY number LIMIT 1;

-- name: bulk_piece_save
UPDATE bulk_piece SET done = :done, before = :before WHERE job_id = :job_id AND number = :number;

-- name: bulk_pieces_drop
DELETE FROM bulk_piece WHERE job_id = :job_id;

-- name: bulk_pieces_of_task
SELECT j.id, j.worker_id, j.action, j.value, j.undoes, j.created_at, p.before
FROM bulk_job j JOIN bulk_piece p ON p.job_id = j.id
WHERE j.project_id = :project_id AND p.first_seq <= :seq AND p.last_seq >= :seq AND LENGTH(p.before) > 2 ORDER BY j.id;

-- name: table_import_of
SELECT source, started_at, ended_at FROM import
WHERE project_id = :project_id AND state = 'done' AND first_seq <= :seq AND :seq < first_seq + added LIMIT 1;

-- name: table_events_of
SELECT id, at, kind, actor_id, object_id, data FROM event WHERE task_id = :task_id ORDER BY id LIMIT :n;

-- name: table_versions_of
SELECT v.annotation_id, v.version, v.answers, v.by_worker, v.at, v.comment, v.flag, a.worker_id, a.round, a.late
FROM annotation a JOIN annotation_version v ON v.annotation_id = a.id WHERE a.task_id = :task_id ORDER BY v.at, v.version;

-- name: table_reviews_said
SELECT id, annotation_id, verdict, reason, words, answers, reviewer_id, undone_at, at FROM review WHERE task_id = :task_id;

-- name: table_rejections_said
SELECT r.annotation_id, r.reason, r.at FROM annotation a JOIN rejection r ON r.annotation_id = a.id WHERE a.task_id = :task_id;

-- name: table_decisions_said
SELECT id, words FROM decision WHERE task_id = :task_id;

-- name: table_leases_of
SELECT id, worker_id, state, reason FROM lease WHERE task_id = :task_id;
