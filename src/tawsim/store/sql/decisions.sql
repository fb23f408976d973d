-- Statements on decisions that settle tasks, and on how reviews and decisions enter the truth.

-- name: decision_insert
INSERT INTO decision (id, project_id, task_id, round, decider_id, settles, answers, chosen_id, words, seen, peeked, schema_version, at)
VALUES (:id, :project_id, :task_id, :round, :decider_id, :settles, :answers, :chosen_id, :words, :seen, :peeked, :schema_version, :at);

-- name: decision_current
SELECT d.*, w.name AS decider_name FROM decision d JOIN worker w ON w.id = d.decider_id
WHERE d.task_id = :task_id AND d.replaced_by IS NULL;

-- name: decision_replace
UPDATE decision SET replaced_by = :id WHERE task_id = :task_id AND replaced_by IS NULL;

-- name: decision_page
SELECT d.id, d.task_id, t.seq, d.settles, d.words, d.at, d.peeked, d.replaced_by, w.name AS decider_name
FROM decision d JOIN task t ON t.id = d.task_id JOIN worker w ON w.id = d.decider_id
WHERE d.project_id = :project_id AND d.id < :before AND d.replaced_by IS NULL AND t.state <> 'removed'
ORDER BY d.id DESC LIMIT :n;

-- name: decision_count_of
SELECT COUNT(*) AS n FROM decision WHERE project_id = :project_id AND decider_id = :decider_id;

-- name: decision_answers
SELECT a.id, a.worker_id, a.version, a.state, a.round, a.task_id, a.project_id, a.schema_version, v.answers, v.comment, v.flag
FROM annotation a JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
WHERE a.task_id = :task_id AND a.round = :round AND a.state IN ('accepted', 'rejected') ORDER BY a.id;

-- What reviewers answered themselves, and judges of disputes where neither side was right: of each the last, but not where
-- they hold an answer of their own, and no fix that a dispute overturned.
-- name: decision_fixes
SELECT r.id, r.reviewer_id, r.answers, r.schema_version, r.words FROM review r
WHERE r.project_id = :project_id AND r.task_id = :task_id AND r.round = :round AND r.verdict = 'fix' AND r.undone_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM dispute x WHERE x.review_id = r.id AND x.right_is IN ('author', 'neither'))
  AND NOT EXISTS (SELECT 1 FROM review l WHERE l.project_id = r.project_id AND l.task_id = r.task_id AND l.round = r.round
                  AND l.reviewer_id = r.reviewer_id AND l.verdict = 'fix' AND l.undone_at IS NULL AND l.id > r.id)
  AND NOT EXISTS (SELECT 1 FROM annotation a WHERE a.task_id = r.task_id AND a.worker_id = r.reviewer_id AND a.round = r.round
                  AND a.state = 'accepted')
UNION ALL
SELECT d.id, d.judge_id, d.answers, d.schema_version, d.reason
FROM dispute d JOIN review r ON r.id = d.review_id JOIN task t ON t.id = d.task_id AND t.round = r.round
WHERE d.project_id = :project_id AND d.task_id = :task_id AND r.round = :round AND d.right_is = 'neither' AND r.undone_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM dispute l WHERE l.task_id = d.task_id AND l.judge_id = d.judge_id AND l.right_is = 'neither'
                  AND l.id > d.id)
  AND NOT EXISTS (SELECT 1 FROM review l WHERE l.project_id = d.project_id AND l.task_id = d.task_id
                  AND l.reviewer_id = d.judge_id AND l.verdict = 'fix' AND l.undone_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM annotation a WHERE a.task_id = d.task_id AND a.worker_id = d.judge_id AND a.round = t.round
                  AND a.state = 'accepted')
ORDER BY 1;

-- name: decision_reviews
SELECT r.id, r.annotation_id, r.reviewer_id, r.verdict, r.seen_version, r.answers, r.schema_version
FROM review r WHERE r.task_id = :task_id AND r.round = :round AND r.undone_at IS NULL AND r.bulk_id IS NULL ORDER BY r.id;

-- name: decision_evidence
SELECT id FROM evidence WHERE task_id = :task_id AND source = 'decision' AND replaced_by IS NULL;

-- name: decision_close_task
UPDATE task SET state = 'skipped_out', is_open = 0 WHERE id = :id AND state = 'open';

-- name: decision_open_task
UPDATE task SET state = 'open', is_open = CASE WHEN load < overlap THEN 1 ELSE 0 END, returned_rank = :returned_rank
WHERE id = :id AND state = 'skipped_out';

-- One decider at a time has a task before them.
-- name: decision_hold
INSERT INTO decision_hold (task_id, project_id, worker_id, held_until) VALUES (:task_id, :project_id, :worker_id, :held_until)
ON CONFLICT (task_id) DO UPDATE SET worker_id = excluded.worker_id, held_until = excluded.held_until,
  peeked = CASE WHEN decision_hold.worker_id = excluded.worker_id THEN decision_hold.peeked ELSE 0 END;

-- name: decision_held
SELECT h.* FROM decision_hold h JOIN worker w ON w.id = h.worker_id
WHERE h.task_id = :task_id AND h.held_until > :now AND w.active = 1 AND w.role <> 'labeller';

-- name: decision_peek
UPDATE decision_hold SET peeked = 1 WHERE task_id = :task_id AND worker_id = :worker_id;

-- name: decision_unhold
DELETE FROM decision_hold WHERE task_id = :task_id;

-- name: decision_unhold_mine
DELETE FROM decision_hold WHERE project_id = :project_id AND worker_id = :worker_id;

-- Of each reviewer the last fix of a task, in the form of truth_answers: a vote of the reviewer, unless they labelled it too;
-- likewise what judges of disputes answered. A fix that a dispute overturned is none.
-- name: truth_fixes
SELECT t.seq, r.reviewer_id, r.answers, r.schema_version FROM review r JOIN task t ON t.id = r.task_id AND t.round = r.round
WHERE r.project_id = :project_id AND r.verdict = 'fix' AND r.undone_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM dispute x WHERE x.review_id = r.id AND x.right_is IN ('author', 'neither')) AND t.seq <= :visible_seq
  AND t.state <> 'removed' AND t.changed > :seen AND t.changed <= :until
  AND NOT EXISTS (SELECT 1 FROM review l WHERE l.project_id = r.project_id AND l.task_id = r.task_id AND l.round = r.round
                  AND l.reviewer_id = r.reviewer_id AND l.verdict = 'fix' AND l.undone_at IS NULL AND l.id > r.id)
  AND NOT EXISTS (SELECT 1 FROM annotation a WHERE a.task_id = r.task_id AND a.worker_id = r.reviewer_id AND a.round = r.round
                  AND a.state = 'accepted')
UNION ALL
SELECT t.seq, d.judge_id, d.answers, d.schema_version
FROM dispute d JOIN review r ON r.id = d.review_id JOIN task t ON t.id = d.task_id AND t.round = r.round
WHERE d.project_id = :project_id AND t.seq <= :visible_seq AND t.state <> 'removed' AND t.changed > :seen AND t.changed <= :until AND d.right_is = 'neither' AND r.undone_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM dispute l WHERE l.task_id = d.task_id AND l.judge_id = d.judge_id AND l.right_is = 'neither'
                  AND l.id > d.id)
  AND NOT EXISTS (SELECT 1 FROM review l WHERE l.project_id = d.project_id AND l.task_id = d.task_id
                  AND l.reviewer_id = d.judge_id AND l.verdict = 'fix' AND l.undone_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM annotation a WHERE a.task_id = d.task_id AND a.worker_id = d.judge_id AND a.round = t.round
                  AND a.state = 'accepted');

-- name: truth_decisions
SELECT t.seq, d.answers, d.schema_version, w.name AS decider FROM decision d JOIN task t ON t.id = d.task_id AND t.round = d.round
JOIN worker w ON w.id = d.decider_id
WHERE d.project_id = :project_id AND d.settles = 'answers' AND d.replaced_by IS NULL AND t.seq <= :visible_seq
  AND t.state <> 'removed' AND t.changed > :seen AND t.changed <= :until;

-- name: export_reviewed
SELECT 1 AS found FROM project p WHERE p.id = :project_id
  AND (EXISTS (SELECT 1 FROM decision d WHERE d.project_id = p.id)
       OR EXISTS (SELECT 1 FROM review r WHERE r.project_id = p.id AND r.verdict = 'fix' AND r.undone_at IS NULL)
       OR EXISTS (SELECT 1 FROM dispute d WHERE d.project_id = p.id AND d.right_is = 'neither'));

-- name: export_fixes
SELECT t.seq, r.task_id, r.reviewer_id AS worker_id, r.answers, r.schema_version, r.words, r.at, r.seen_version AS version
FROM task t JOIN review r ON r.task_id = t.id AND r.round = t.round
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :until AND t.state <> 'removed' AND t.purpose = 'work'
  AND r.verdict = 'fix' AND r.undone_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM dispute x WHERE x.review_id = r.id AND x.right_is IN ('author', 'neither'))
  AND NOT EXISTS (SELECT 1 FROM review l WHERE l.project_id = r.project_id AND l.task_id = r.task_id AND l.round = r.round
                  AND l.reviewer_id = r.reviewer_id AND l.verdict = 'fix' AND l.undone_at IS NULL AND l.id > r.id)
  AND NOT EXISTS (SELECT 1 FROM annotation a WHERE a.task_id = r.task_id AND a.worker_id = r.reviewer_id AND a.round = r.round
                  AND a.state = 'accepted')
UNION ALL
SELECT t.seq, d.task_id, d.judge_id AS worker_id, d.answers, d.schema_version, d.reason AS words, d.judged_at AS at, 1 AS version
FROM dispute d JOIN review r ON r.id = d.review_id JOIN task t ON t.id = d.task_id AND t.round = r.round
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :until AND t.state <> 'removed' AND t.purpose = 'work' AND d.right_is = 'neither' AND r.undone_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM dispute l WHERE l.task_id = d.task_id AND l.judge_id = d.judge_id AND l.right_is = 'neither'
                  AND l.id > d.id)
  AND NOT EXISTS (SELECT 1 FROM review l WHERE l.project_id = d.project_id AND l.task_id = d.task_id
                  AND l.reviewer_id = d.judge_id AND l.verdict = 'fix' AND l.undone_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM annotation a WHERE a.task_id = d.task_id AND a.worker_id = d.judge_id AND a.round = t.round
                  AND a.state = 'accepted')
ORDER BY 1, 7;

-- name: export_decisions
SELECT t.seq, d.task_id, d.decider_id AS worker_id, d.answers, d.schema_version, d.words, d.at, 1 AS version
FROM task t JOIN decision d ON d.task_id = t.id AND d.round = t.round
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :until AND t.state <> 'removed' AND t.purpose = 'work'
  AND d.settles = 'answers' AND d.replaced_by IS NULL ORDER BY t.seq;
