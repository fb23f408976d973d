-- Statements on what acts turned out to be worth, and on what people are told.

-- name: evidence_insert
INSERT INTO evidence (id, project_id, worker_id, act, source, task_id, annotation_id, score, at)
VALUES (:id, :project_id, :worker_id, :act, :source, :task_id, :annotation_id, :score, :at);

-- name: evidence_replace
UPDATE evidence SET replaced_by = :id
WHERE annotation_id = :annotation_id AND act = :act AND worker_id = :worker_id AND replaced_by IS NULL AND id <> :id;

-- name: evidence_current
SELECT * FROM evidence WHERE annotation_id = :annotation_id AND act = :act AND worker_id = :worker_id AND replaced_by IS NULL;

-- name: evidence_sums
SELECT COUNT(*) AS n, COALESCE(SUM(score), 0) AS right_ FROM evidence
WHERE worker_id = :worker_id AND project_id = :project_id AND act = :act AND replaced_by IS NULL AND source <> 'training';

-- name: evidence_sums_of_project
SELECT worker_id, act, COUNT(*) AS n, SUM(score) AS right_ FROM evidence
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
