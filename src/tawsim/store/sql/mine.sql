-- Statements on what one person sees of their own work in a project.

-- name: own_states
SELECT state, COUNT(*) AS n FROM annotation WHERE project_id = :project_id AND worker_id = :worker_id GROUP BY state;

-- name: own_reviews
SELECT r.* FROM annotation a JOIN review r ON r.annotation_id = a.id
WHERE a.project_id = :project_id AND a.worker_id = :worker_id AND a.id >= :first AND a.id <= :last AND r.undone_at IS NULL
ORDER BY r.id;

-- name: own_disputes
SELECT d.* FROM annotation a JOIN dispute d ON d.annotation_id = a.id
WHERE a.project_id = :project_id AND a.worker_id = :worker_id AND a.id >= :first AND a.id <= :last;

-- name: own_review_counts
SELECT r.verdict, COUNT(*) AS n FROM annotation a JOIN review r ON r.annotation_id = a.id
WHERE a.project_id = :project_id AND a.worker_id = :worker_id AND r.undone_at IS NULL GROUP BY r.verdict;

-- name: own_version
SELECT answers FROM annotation_version WHERE annotation_id = :annotation_id AND version = :version;

-- name: own_evidence
SELECT source, score, at, fair FROM evidence
WHERE worker_id = :worker_id AND project_id = :project_id AND act = 'label' AND replaced_by IS NULL ORDER BY id;

-- name: own_last_guideline
SELECT guideline_version FROM annotation WHERE project_id = :project_id AND worker_id = :worker_id ORDER BY id DESC LIMIT 1;

-- name: own_guideline_seen
SELECT guideline_seen FROM project_member WHERE project_id = :project_id AND worker_id = :worker_id;

-- name: own_guideline_see
INSERT INTO project_member (project_id, worker_id, guideline_seen, changed_at) VALUES (:project_id, :worker_id, :version, :now)
ON CONFLICT (project_id, worker_id) DO UPDATE SET changed_at = excluded.changed_at, guideline_seen = CASE
  WHEN excluded.guideline_seen > project_member.guideline_seen THEN excluded.guideline_seen
  ELSE project_member.guideline_seen END;

-- name: own_timing
SELECT profile FROM worker WHERE id = :id;

-- Everybody who works in the project: they answered, or were let in.
-- name: project_people
SELECT worker_id FROM worker_project WHERE project_id = :project_id AND last_at IS NOT NULL
UNION SELECT worker_id FROM project_member WHERE project_id = :project_id AND member = 1;

-- Those that a review did not leave as they were.
-- name: annotation_mine_replied
SELECT a.*, v.answers, v.comment, v.flag, t.seq, c.content, l.shown, l.number FROM annotation a
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version JOIN lease l ON l.id = a.lease_id
JOIN task t ON t.id = a.task_id JOIN task_content c ON c.task_id = a.task_id
WHERE a.project_id = :project_id AND a.worker_id = :worker_id AND a.id < :before
  AND EXISTS (SELECT 1 FROM review r WHERE r.annotation_id = a.id AND r.verdict <> 'accept' AND r.undone_at IS NULL)
ORDER BY a.id DESC LIMIT :n;
