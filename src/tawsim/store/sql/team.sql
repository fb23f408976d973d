-- Statements on what acts turned out to be worth, and on what people are told.

-- name: evidence_insert
INSERT INTO evidence (id, project_id, worker_id, act, source, task_id, annotation_id, score, at, fair)
VALUES (:id, :project_id, :worker_id, :act, :source, :task_id, :annotation_id, :score, :at, :fair);

-- The act turned out to be one that chance had chosen, after somebody said more of it than that.
-- name: evidence_make_fair
UPDATE evidence SET fair = 1 WHERE id = :id AND fair = 0;

-- name: evidence_replace
UPDATE evidence SET replaced_by = :id
WHERE annotation_id = :annotation_id AND act = :act AND worker_id = :worker_id AND replaced_by IS NULL AND id <> :id;

-- name: evidence_current
SELECT * FROM evidence WHERE annotation_id = :annotation_id AND act = :act AND worker_id = :worker_id AND replaced_by IS NULL;

-- Fair evidence: n and right_; the rest, of acts that somebody chose for a reason: looked and looked_right.
-- name: evidence_sums
SELECT COALESCE(SUM(fair), 0) AS n, COALESCE(SUM(CASE WHEN fair = 1 THEN score ELSE 0 END), 0) AS right_,
  COUNT(*) - COALESCE(SUM(fair), 0) AS looked, COALESCE(SUM(CASE WHEN fair = 1 THEN 0 ELSE score END), 0) AS looked_right
FROM evidence
WHERE worker_id = :worker_id AND project_id = :project_id AND act = :act AND replaced_by IS NULL AND source <> 'training';

-- name: evidence_sums_of_project
SELECT worker_id, act, SUM(fair) AS n, SUM(CASE WHEN fair = 1 THEN score ELSE 0 END) AS right_,
  COUNT(*) - SUM(fair) AS looked, SUM(CASE WHEN fair = 1 THEN 0 ELSE score END) AS looked_right
FROM evidence
WHERE project_id = :project_id AND replaced_by IS NULL AND source <> 'training' GROUP BY worker_id, act;

-- name: notice_insert
INSERT INTO notice (id, worker_id, project_id, kind, object_id, data, at)
VALUES (:id, :worker_id, :project_id, :kind, :object_id, :data, :at);

-- name: notice_page
SELECT * FROM notice WHERE worker_id = :worker_id AND id < :before ORDER BY id DESC LIMIT :n;

-- name: notice_seen
UPDATE notice SET seen_at = :now WHERE worker_id = :worker_id AND id <= :until AND seen_at IS NULL;

-- name: notice_unseen
SELECT COUNT(*) AS n FROM notice WHERE worker_id = :worker_id AND seen_at IS NULL;
