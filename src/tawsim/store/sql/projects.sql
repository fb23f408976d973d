-- Statements on projects, their counts, and imports.

-- name: project_insert
INSERT INTO project (id, name, questions, text_column, guideline, guideline_version, overlap, lease_seconds,
                     max_lease_seconds, max_leases, skip_limit, task_order, state, version, created_at, content, settings)
VALUES (:id, :name, :questions, :text_column, :guideline, 1, :overlap, :lease_seconds,
        :max_lease_seconds, :max_leases, :skip_limit, :task_order, 'running', 1, :created_at, :content, :settings);

-- name: guideline_insert
INSERT INTO guideline (project_id, version, text, by_worker, at) VALUES (:project_id, :version, :text, :by_worker, :at);

-- name: guideline_get
SELECT * FROM guideline WHERE project_id = :project_id AND version = :version;

-- name: guideline_list
SELECT version, by_worker, at, LENGTH(text) AS size FROM guideline WHERE project_id = :project_id ORDER BY version DESC;

-- name: schema_insert
INSERT INTO project_schema (project_id, version, questions, content, by_worker, at, renamed)
VALUES (:project_id, :version, :questions, :content, :by_worker, :at, :renamed);

-- name: schema_get
SELECT * FROM project_schema WHERE project_id = :project_id AND version = :version;

-- name: schema_list
SELECT version, questions, renamed FROM project_schema WHERE project_id = :project_id ORDER BY version;

-- name: project_count_insert
INSERT INTO project_count (project_id) VALUES (:project_id);

-- name: project_get
SELECT * FROM project WHERE id = :id AND state <> 'removed';

-- name: project_even_removed
SELECT * FROM project WHERE id = :id;

-- name: project_by_name
SELECT * FROM project WHERE name = :name AND state <> 'removed';

-- name: project_list
SELECT * FROM project WHERE state <> 'removed' ORDER BY id;

-- name: project_update
UPDATE project SET name = :name, guideline = :guideline, guideline_version = :guideline_version, overlap = :overlap,
  lease_seconds = :lease_seconds, max_lease_seconds = :max_lease_seconds, max_leases = :max_leases,
  skip_limit = :skip_limit, state = :state, text_column = :text_column, settings = :settings, version = version + 1
WHERE id = :id AND version = :seen_version;

-- name: project_set_schema
UPDATE project SET questions = :questions, content = :content, renamed = :renamed, schema_version = schema_version + 1,
  version = version + 1
WHERE id = :id AND version = :seen_version;

-- name: project_count_get
SELECT * FROM project_count WHERE project_id = :project_id;

-- name: project_count_add
UPDATE project_count SET done = done + :done, skipped_out = skipped_out + :skipped_out, answers = answers + :answers,
  answers_wanted = answers_wanted + :answers_wanted, leases = leases + :leases, tasks = tasks + :tasks,
  revision = revision + CASE WHEN :answers <> 0 OR :tasks <> 0 THEN 1 ELSE 0 END
WHERE project_id = :project_id;

-- name: project_count_touch
UPDATE project_count SET revision = revision + 1 WHERE project_id = :project_id;

-- name: project_take_returned_rank
UPDATE project_count SET returned_rank = returned_rank + :n WHERE project_id = :project_id RETURNING returned_rank;

-- name: project_recount
SELECT COUNT(*) AS tasks,
  COALESCE(SUM(CASE WHEN state = 'open' AND accepted >= overlap THEN 1 ELSE 0 END), 0) AS done,
  COALESCE(SUM(CASE WHEN state = 'skipped_out' THEN 1 ELSE 0 END), 0) AS skipped_out,
  COALESCE(SUM(accepted), 0) AS answers,
  COALESCE(SUM(CASE WHEN state = 'removed' THEN 0 ELSE overlap END), 0) AS answers_wanted
FROM task WHERE project_id = :project_id AND seq <= :visible_seq AND state <> 'removed' AND purpose = 'work';

-- name: project_live_leases
SELECT COUNT(*) AS n FROM lease WHERE project_id = :project_id AND state = 'live';

-- name: worker_project_get
SELECT * FROM worker_project WHERE project_id = :project_id AND worker_id = :worker_id;

-- name: worker_project_list
SELECT worker_id, answers, skips, leases, last_at FROM worker_project WHERE project_id = :project_id
ORDER BY answers DESC, worker_id;

-- name: worker_project_move
INSERT INTO worker_project (project_id, worker_id, position, returned_rank, leases, granted)
VALUES (:project_id, :worker_id, :position, :returned_rank, :leases, :leases)
ON CONFLICT (project_id, worker_id) DO UPDATE SET position = excluded.position, returned_rank = excluded.returned_rank,
  leases = worker_project.leases + excluded.leases, granted = worker_project.granted + excluded.leases;

-- name: worker_project_add
INSERT INTO worker_project (project_id, worker_id, answers, skips, leases, last_at)
VALUES (:project_id, :worker_id, :answers, :skips, :leases, :last_at)
ON CONFLICT (project_id, worker_id) DO UPDATE SET answers = worker_project.answers + excluded.answers,
  skips = worker_project.skips + excluded.skips, leases = worker_project.leases + excluded.leases,
  last_at = COALESCE(excluded.last_at, worker_project.last_at);

-- name: import_insert
INSERT INTO import (id, project_id, source, digest, state, pid, number, first_seq, started_at, seen_at)
VALUES (:id, :project_id, :source, :digest, 'running', :pid, :number, :first_seq, :now, :now);

-- name: import_running
SELECT * FROM import WHERE project_id = :project_id AND state = 'running';

-- name: import_get
SELECT * FROM import WHERE id = :id;

-- name: import_same
SELECT * FROM import WHERE project_id = :project_id AND digest = :digest AND state = 'done' ORDER BY id DESC LIMIT 1;

-- name: import_seen
UPDATE import SET seen_at = :now, rows_read = :rows_read WHERE id = :id AND state = 'running';

-- name: import_end
UPDATE import SET state = :state, ended_at = :now, rows_read = :rows_read, added = :added,
  duplicate_count = :duplicate_count, duplicates = :duplicates
WHERE id = :id AND state = 'running';

-- name: import_take_number
UPDATE project_count SET import_number = import_number + 1 WHERE project_id = :project_id RETURNING import_number, visible_seq;

-- name: import_show
UPDATE project_count SET visible_seq = :visible_seq, visible_position = :visible_position, tasks = tasks + :work,
  answers_wanted = answers_wanted + :answers_wanted, duplicates = duplicates + :duplicates, revision = revision + 1
WHERE project_id = :project_id;
