-- Statements on disputes.

-- name: dispute_insert
INSERT INTO dispute (id, project_id, task_id, annotation_id, review_id, author_id, reviewer_id, words, a_is, shown, at)
VALUES (:id, :project_id, :task_id, :annotation_id, :review_id, :author_id, :reviewer_id, :words, :a_is, :shown, :at);

-- name: dispute_get
SELECT * FROM dispute WHERE id = :id;

-- name: dispute_of_review
SELECT id FROM dispute WHERE review_id = :review_id;

-- The oldest that this judge may have, first the one they hold: of a review that stands, by people who are neither of the
-- two, have not answered the task, reviewed the answer or decided the task, and that nobody else holds.
-- name: dispute_head
SELECT d.* FROM dispute d JOIN review r ON r.id = d.review_id LEFT JOIN worker h ON h.id = d.judge_id
WHERE d.project_id = :project_id AND d.state = 'open' AND r.undone_at IS NULL
  AND d.author_id <> :judge_id AND d.reviewer_id <> :judge_id
  AND (h.id IS NULL OR h.id = :judge_id OR d.held_until <= :now OR h.active = 0 OR h.role = 'labeller')
  AND NOT EXISTS (SELECT 1 FROM annotation a WHERE a.task_id = d.task_id AND a.worker_id = :judge_id AND a.state <> 'withdrawn')
  AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.task_id = d.task_id AND l.worker_id = :judge_id AND l.state = 'live')
  AND NOT EXISTS (SELECT 1 FROM review o WHERE o.annotation_id = d.annotation_id AND o.reviewer_id = :judge_id)
  AND NOT EXISTS (SELECT 1 FROM decision c WHERE c.task_id = d.task_id AND c.decider_id = :judge_id)
ORDER BY CASE WHEN d.judge_id = :judge_id AND d.held_until > :now THEN 0 ELSE 1 END, d.id LIMIT 1;

-- People who may judge it, whether or not somebody holds it now.
-- name: dispute_judges
SELECT COUNT(*) AS n FROM dispute d JOIN worker w ON w.active = 1 AND w.kind = 'person' AND w.role <> 'labeller'
  AND w.id <> d.author_id AND w.id <> d.reviewer_id
WHERE d.id = :id
  AND NOT EXISTS (SELECT 1 FROM annotation a WHERE a.task_id = d.task_id AND a.worker_id = w.id AND a.state <> 'withdrawn')
  AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.task_id = d.task_id AND l.worker_id = w.id AND l.state = 'live')
  AND NOT EXISTS (SELECT 1 FROM review o WHERE o.annotation_id = d.annotation_id AND o.reviewer_id = w.id)
  AND NOT EXISTS (SELECT 1 FROM decision c WHERE c.task_id = d.task_id AND c.decider_id = w.id);

-- name: dispute_may
SELECT 1 AS may FROM dispute d WHERE d.id = :id AND d.author_id <> :judge_id AND d.reviewer_id <> :judge_id
  AND NOT EXISTS (SELECT 1 FROM annotation a WHERE a.task_id = d.task_id AND a.worker_id = :judge_id AND a.state <> 'withdrawn')
  AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.task_id = d.task_id AND l.worker_id = :judge_id AND l.state = 'live')
  AND NOT EXISTS (SELECT 1 FROM review o WHERE o.annotation_id = d.annotation_id AND o.reviewer_id = :judge_id)
  AND NOT EXISTS (SELECT 1 FROM decision c WHERE c.task_id = d.task_id AND c.decider_id = :judge_id);

-- name: dispute_hold
UPDATE dispute SET judge_id = :judge_id, hold = hold + 1, held_at = :now, held_until = :held_until, shown = :shown
WHERE id = :id AND state = 'open' AND hold = :hold;

-- name: dispute_hold_on
UPDATE dispute SET held_until = :held_until WHERE id = :id AND state = 'open' AND hold = :hold AND judge_id = :judge_id;

-- name: dispute_release
UPDATE dispute SET judge_id = NULL, held_until = 0 WHERE id = :id AND state = 'open' AND judge_id = :judge_id;

-- name: dispute_judge
UPDATE dispute SET state = 'judged', right_is = :right_is, reason = :reason, answers = :answers,
  schema_version = :schema_version, judged_at = :now
WHERE id = :id AND state = 'open' AND hold = :hold AND judge_id = :judge_id;

-- name: dispute_count
UPDATE dispute SET counts = :counts WHERE id = :id;

-- name: dispute_open_list
SELECT d.id, d.at, d.judge_id, d.held_until FROM dispute d JOIN review r ON r.id = d.review_id
WHERE d.project_id = :project_id AND d.state = 'open' AND r.undone_at IS NULL ORDER BY d.id LIMIT :n;

-- name: dispute_judged_by
SELECT * FROM dispute WHERE project_id = :project_id AND judge_id = :judge_id AND state = 'judged' ORDER BY judged_at DESC LIMIT :n;

-- name: dispute_untold
SELECT d.id, d.project_id, d.at, p.settings, p.name FROM dispute d JOIN project p ON p.id = d.project_id
JOIN review r ON r.id = d.review_id
WHERE d.state = 'open' AND d.told_at IS NULL AND d.at <= :before AND r.undone_at IS NULL AND p.state <> 'removed'
ORDER BY d.at LIMIT :n;

-- name: dispute_told
UPDATE dispute SET told_at = :now WHERE id = :id AND told_at IS NULL;

-- A version of an answer, with what its worker wrote beside it.
-- name: dispute_version
SELECT answers, comment FROM annotation_version WHERE annotation_id = :annotation_id AND version = :version;
