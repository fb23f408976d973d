-- Statements on leases, annotations and drafts.

-- name: lease_insert
INSERT INTO lease (id, project_id, task_id, worker_id, round, slot, state, granted_at, deadline, shown, number, day)
VALUES (:id, :project_id, :task_id, :worker_id, :round, :slot, 'live', :granted_at, :deadline, :shown, :number, :day);

-- name: lease_get
SELECT * FROM lease WHERE id = :id;

-- name: lease_live_of_worker
SELECT * FROM lease WHERE project_id = :project_id AND worker_id = :worker_id AND state = 'live' ORDER BY id;

-- An answer that was taken back does not stand in the way: who undid it and then let go may be given the task again.
-- name: lease_had
SELECT 1 AS had FROM lease l WHERE l.worker_id = :worker_id AND l.task_id = :task_id AND l.round = :round
  AND (l.state IN ('live', 'skipped')
       OR EXISTS (SELECT 1 FROM annotation a WHERE a.lease_id = l.id AND a.state <> 'withdrawn')) LIMIT 1;

-- name: lease_live_on_task
SELECT * FROM lease WHERE task_id = :task_id AND worker_id = :worker_id AND state = 'live';

-- name: lease_slots
SELECT slot FROM lease WHERE task_id = :task_id AND round = :round AND slot IS NOT NULL;

-- name: lease_end
UPDATE lease SET state = :state, ended_at = :now, reason = :reason,
  slot = CASE WHEN :state = 'submitted' THEN slot ELSE NULL END
WHERE id = :id AND state = 'live';

-- name: lease_mark_late
UPDATE lease SET late = 1, slot = :slot WHERE id = :id AND state <> 'live';

-- name: lease_drop_slot
UPDATE lease SET slot = NULL WHERE id = :id;

-- name: lease_extend
UPDATE lease SET deadline = :deadline WHERE id = :id AND state = 'live';

-- name: lease_overdue
SELECT * FROM lease WHERE state = 'live' AND deadline <= :now ORDER BY deadline LIMIT :n;

-- name: lease_next_deadline
SELECT MIN(l.deadline) AS deadline FROM lease l JOIN task t ON t.id = l.task_id
WHERE l.project_id = :project_id AND l.state = 'live' AND l.worker_id <> :worker_id AND t.state = 'open' AND t.purpose = 'work'
  AND NOT EXISTS (SELECT 1 FROM lease m WHERE m.worker_id = :worker_id AND m.task_id = l.task_id AND m.round = t.round
                  AND (m.state IN ('live', 'skipped')
                       OR EXISTS (SELECT 1 FROM annotation a WHERE a.lease_id = m.id AND a.state <> 'withdrawn')));

-- name: lease_live_of_task
SELECT * FROM lease WHERE task_id = :task_id AND state = 'live';

-- name: lease_live_of_anyone
SELECT * FROM lease WHERE worker_id = :worker_id AND state = 'live';

-- name: lease_live_of_project
SELECT * FROM lease WHERE project_id = :project_id AND state = 'live';

-- name: annotation_insert
INSERT INTO annotation (id, project_id, task_id, lease_id, worker_id, round, state, late, guideline_version, schema_version,
                        created_at)
VALUES (:id, :project_id, :task_id, :lease_id, :worker_id, :round, 'accepted', :late, :guideline_version, :schema_version,
        :created_at);

-- name: annotation_version_insert
INSERT INTO annotation_version (annotation_id, version, answers, by_worker, at, comment, flag)
VALUES (:annotation_id, :version, :answers, :by_worker, :at, :comment, :flag);

-- name: annotation_get
SELECT a.*, v.answers, v.comment, v.flag FROM annotation a
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
WHERE a.id = :id;

-- name: annotation_of_lease
SELECT id FROM annotation WHERE lease_id = :lease_id;

-- name: annotation_set_version
UPDATE annotation SET version = version + 1, schema_version = :schema_version
WHERE id = :id AND version = :seen_version AND state = 'accepted';

-- name: annotation_set_active
UPDATE annotation SET active = :active WHERE id = :id;

-- name: rejection_insert
INSERT INTO rejection (annotation_id, n, by_worker, reason, review_id, at)
VALUES (:annotation_id, (SELECT COUNT(*) + 1 FROM rejection WHERE annotation_id = :annotation_id), :by_worker, :reason,
        :review_id, :at);

-- name: annotation_set_state
UPDATE annotation SET state = :state WHERE id = :id AND state = 'accepted';

-- name: annotation_mine
SELECT a.*, v.answers, v.comment, v.flag, t.seq, c.content, l.shown, l.number FROM annotation a
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version JOIN lease l ON l.id = a.lease_id
JOIN task t ON t.id = a.task_id JOIN task_content c ON c.task_id = a.task_id
WHERE a.project_id = :project_id AND a.worker_id = :worker_id AND a.id < :before
ORDER BY a.id DESC LIMIT :n;

-- name: annotation_of_tasks
SELECT a.id, a.task_id, a.lease_id, a.worker_id, a.round, a.version, a.late, a.guideline_version, a.schema_version,
  a.created_at, v.answers, v.comment, v.flag, t.seq, l.shown
FROM task t JOIN annotation a ON a.task_id = t.id AND a.round = t.round AND a.state = 'accepted'
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version JOIN lease l ON l.id = a.lease_id
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :until AND t.state <> 'removed' AND t.purpose = 'work'
ORDER BY t.seq, a.id;

-- name: draft_insert
INSERT INTO draft (id, project_id, task_id, lease_id, worker_id, answers, schema_version, comment, flag, created_at)
VALUES (:id, :project_id, :task_id, :lease_id, :worker_id, :answers, :schema_version, :comment, :flag, :created_at);

-- name: draft_get
SELECT * FROM draft WHERE id = :id;

-- name: draft_of_worker
SELECT d.*, w.name AS worker_name, t.seq, c.content, l.shown, l.number FROM draft d JOIN worker w ON w.id = d.worker_id
JOIN lease l ON l.id = d.lease_id
JOIN task t ON t.id = d.task_id JOIN task_content c ON c.task_id = d.task_id
WHERE d.worker_id = :worker_id AND d.id > :after ORDER BY d.id LIMIT :n;

-- name: draft_list
SELECT d.*, w.name AS worker_name, t.seq, c.content FROM draft d JOIN worker w ON w.id = d.worker_id
JOIN task t ON t.id = d.task_id JOIN task_content c ON c.task_id = d.task_id
WHERE d.id > :after ORDER BY d.id LIMIT :n;

-- name: draft_adopt
UPDATE draft SET adopted_as = :annotation_id WHERE id = :id AND adopted_as IS NULL;
