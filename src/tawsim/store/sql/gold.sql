-- Statements on tasks of known answer, on what was answered to them, and on where people stand in the training round.

-- name: gold_insert
INSERT INTO gold (task_id, project_id, purpose, answers, explanation, place, given, by_worker, made_at)
VALUES (:task_id, :project_id, :purpose, :answers, :explanation, :place, :given, :by_worker, :made_at);

-- name: gold_get
SELECT * FROM gold WHERE task_id = :task_id;

-- name: gold_change
UPDATE gold SET purpose = :purpose, answers = :answers, explanation = :explanation, state = :state, place = :place,
  version = version + 1
WHERE task_id = :task_id;

-- name: gold_set_state
UPDATE gold SET state = :state WHERE task_id = :task_id;

-- name: gold_set_sums
UPDATE gold SET answers_n = :n, right_sum = :right_sum, doubt = :doubt WHERE task_id = :task_id;

-- name: gold_add
UPDATE gold SET answers_n = answers_n + :n, right_sum = right_sum + :score, doubt = doubt + :weight
WHERE task_id = :task_id;

-- name: gold_take
UPDATE gold SET given = given + 1 WHERE task_id = :task_id;

-- name: gold_delete
DELETE FROM gold WHERE task_id = :id;

-- Those that come next, at most n. Bounded, however many there are and however many of them this worker had.
-- name: gold_next
SELECT g.task_id AS id, g.place, t.round, t.lane_id FROM gold g JOIN task t ON t.id = g.task_id
WHERE g.project_id = :project_id AND g.purpose = :purpose AND g.state = 'active' AND g.place > :after
  AND t.state = 'open' AND t.seq <= :visible_seq
ORDER BY g.place LIMIT :n;

-- name: gold_page
SELECT g.*, t.seq, c.content FROM gold g JOIN task t ON t.id = g.task_id JOIN task_content c ON c.task_id = g.task_id
WHERE g.project_id = :project_id AND g.task_id > :after AND t.state <> 'removed' AND t.seq <= :visible_seq
ORDER BY g.task_id LIMIT :n;

-- name: gold_one
SELECT g.*, t.seq, c.content FROM gold g JOIN task t ON t.id = g.task_id JOIN task_content c ON c.task_id = g.task_id
WHERE g.task_id = :task_id;

-- name: gold_counts
SELECT purpose, state, COUNT(*) AS n FROM gold g WHERE g.project_id = :project_id
  AND EXISTS (SELECT 1 FROM task t WHERE t.id = g.task_id AND t.state <> 'removed' AND t.seq <= :visible_seq)
GROUP BY purpose, state;

-- name: gold_last_place
SELECT MAX(place) AS place FROM gold WHERE project_id = :project_id AND purpose = :purpose;

-- name: task_set_purpose
UPDATE task SET purpose = :purpose,
  is_open = CASE WHEN :purpose = 'work' AND state = 'open' AND load < overlap THEN 1 ELSE 0 END,
  returned_rank = :returned_rank,
  changed = (SELECT revision + 1 FROM project_count c WHERE c.project_id = task.project_id)
WHERE id = :id;

-- name: lease_ever
SELECT 1 AS had FROM lease WHERE worker_id = :worker_id AND task_id = :task_id LIMIT 1;

-- name: gold_answers
SELECT g.annotation_id, g.worker_id, g.score, g.weight, g.at, w.name, v.answers
FROM gold_answer g JOIN annotation a ON a.id = g.annotation_id JOIN worker w ON w.id = g.worker_id
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
WHERE g.task_id = :task_id ORDER BY g.annotation_id LIMIT :n;

-- name: gold_answer_put
INSERT INTO gold_answer (annotation_id, task_id, worker_id, score, weight, at)
VALUES (:annotation_id, :task_id, :worker_id, :score, :weight, :at)
ON CONFLICT (annotation_id) DO UPDATE SET score = excluded.score, weight = excluded.weight;

-- name: gold_answer_get
SELECT * FROM gold_answer WHERE annotation_id = :annotation_id;

-- name: gold_answer_delete
DELETE FROM gold_answer WHERE annotation_id = :annotation_id;

-- name: gold_answers_delete
DELETE FROM gold_answer WHERE task_id = :task_id;

-- name: annotation_accepted_of_task
SELECT a.*, v.answers, v.comment, v.flag FROM annotation a
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
WHERE a.task_id = :task_id AND a.state = 'accepted' ORDER BY a.id;

-- An answer that was taken back says nothing any more.
-- name: evidence_withdraw
UPDATE evidence SET replaced_by = :annotation_id
WHERE annotation_id = :annotation_id AND act = 'label' AND source = 'gold' AND replaced_by IS NULL;

-- name: evidence_gold_of_task_withdraw
UPDATE evidence SET replaced_by = task_id
WHERE task_id = :task_id AND act = 'label' AND source IN ('gold', 'training') AND replaced_by IS NULL;

-- name: evidence_training_done
SELECT COUNT(*) AS n FROM evidence
WHERE worker_id = :worker_id AND project_id = :project_id AND act = 'label' AND replaced_by IS NULL AND source = 'training'
  AND at >= :since;

-- name: evidence_training_of_task
SELECT 1 AS had FROM evidence WHERE task_id = :task_id AND worker_id = :worker_id AND source = 'training'
  AND replaced_by IS NULL;

-- name: evidence_qualifying
SELECT COUNT(*) AS n, COALESCE(SUM(score), 0) AS right_ FROM evidence
WHERE worker_id = :worker_id AND project_id = :project_id AND act = 'label' AND replaced_by IS NULL AND source <> 'training'
  AND fair = 1 AND at >= :since;

-- name: member_get
SELECT * FROM project_member WHERE project_id = :project_id AND worker_id = :worker_id;

-- name: member_set_stage
INSERT INTO project_member (project_id, worker_id, stage, stage_since, qualifying_since, changed_at)
VALUES (:project_id, :worker_id, :stage, :now, :qualifying_since, :now)
ON CONFLICT (project_id, worker_id) DO UPDATE SET stage = excluded.stage, stage_since = excluded.stage_since,
  qualifying_since = COALESCE(NULLIF(excluded.qualifying_since, 0), project_member.qualifying_since),
  changed_at = excluded.changed_at;

-- name: member_stages
SELECT w.id, w.name, w.kind, w.role, w.active, m.stage, m.stage_since, m.qualifying_since, m.quota FROM worker w
LEFT JOIN project_member m ON m.worker_id = w.id AND m.project_id = :project_id
WHERE w.role IN ('labeller', 'reviewer') ORDER BY w.id;

-- name: workers_who_manage
SELECT id FROM worker WHERE role IN ('owner', 'manager') AND active = 1 ORDER BY id;
