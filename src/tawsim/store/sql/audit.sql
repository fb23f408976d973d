-- Statements on the chain of events, and on the content whose digests it holds.

-- name: event_head
SELECT number, hash FROM event WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1;

-- name: event_chain
SELECT number, hash, id, at, kind, actor_id, project_id, task_id, object_id, content, data FROM event
WHERE number > :after ORDER BY number LIMIT :n;

-- name: event_page
SELECT number, hash, id, at, kind, actor_id, project_id, task_id, object_id, content, data FROM event
WHERE number < :before AND number >= :floor AND kind >= :kind_from AND kind <= :kind_to
  AND (:actor_id = '' OR actor_id = :actor_id) AND (:project_id = '' OR project_id = :project_id)
  AND at >= :since AND at < :until
ORDER BY number DESC LIMIT :n;

-- name: event_at_number
SELECT number, hash, at FROM event WHERE number = :number;

-- The + keeps the order of ids: by the index of numbers every piece would be sorted anew.
-- name: event_earlier
SELECT id, at, kind, actor_id, project_id, task_id, object_id, data FROM event
WHERE +number IS NULL AND id > :after ORDER BY id LIMIT :n;

-- name: event_any_earlier
SELECT 1 AS found FROM event WHERE number IS NULL LIMIT 1;

-- name: audit_salt_insert
INSERT INTO audit_salt (worker_id, salt) VALUES (:worker_id, :salt);

-- name: audit_salt_delete
DELETE FROM audit_salt WHERE worker_id = :worker_id;

-- Version 0 asks for the newest. Each gives the version, whose it is, what is mixed in, and then the content itself.
-- name: audit_answer
SELECT v.version, a.worker_id AS author, s.salt, v.answers, v.comment, v.flag FROM annotation a
JOIN annotation_version v ON v.annotation_id = a.id
  AND v.version = CASE WHEN :version = 0 THEN a.version ELSE :version END
LEFT JOIN audit_salt s ON s.worker_id = a.worker_id WHERE a.id = :id;

-- name: audit_draft
SELECT 1 AS version, d.worker_id AS author, s.salt, d.answers, d.comment, d.flag FROM draft d
LEFT JOIN audit_salt s ON s.worker_id = d.worker_id WHERE d.id = :id;

-- name: audit_review
SELECT 1 AS version, r.reviewer_id AS author, s.salt, r.annotation_id, r.seen_version, r.verdict, r.reason, r.words, r.answers
FROM review r LEFT JOIN audit_salt s ON s.worker_id = r.reviewer_id WHERE r.id = :id;

-- name: audit_decision
SELECT 1 AS version, d.decider_id AS author, s.salt, d.task_id, d.round, d.settles, d.answers, d.chosen_id, d.words
FROM decision d LEFT JOIN audit_salt s ON s.worker_id = d.decider_id WHERE d.id = :id;

-- name: audit_dispute
SELECT 1 AS version, d.judge_id AS author, s.salt, d.review_id, d.right_is, d.reason, d.answers
FROM dispute d LEFT JOIN audit_salt s ON s.worker_id = d.judge_id WHERE d.id = :id;

-- name: audit_guideline
SELECT g.version, '' AS author, '' AS salt, g.text FROM guideline g JOIN project p ON p.id = g.project_id
WHERE g.project_id = :id AND g.version = CASE WHEN :version = 0 THEN p.guideline_version ELSE :version END;

-- name: audit_schema
SELECT c.version, '' AS author, '' AS salt, c.questions, c.content, c.renamed FROM project_schema c
JOIN project p ON p.id = c.project_id
WHERE c.project_id = :id AND c.version = CASE WHEN :version = 0 THEN p.schema_version ELSE :version END;

-- name: audit_settings
SELECT 0 AS version, '' AS author, '' AS salt, name, state, overlap, lease_seconds, max_lease_seconds, max_leases, skip_limit,
  task_order, text_column, settings, guideline_version, schema_version FROM project WHERE id = :id;

-- name: audit_person
SELECT 0 AS version, '' AS author, '' AS salt, name, kind, role, active, profile FROM worker WHERE id = :id;

-- Why an answer was taken out of the count, once or again: the words are those of who did it.
-- name: audit_rejection
SELECT r.n AS version, r.by_worker AS author, s.salt, r.reason, r.review_id FROM rejection r
LEFT JOIN audit_salt s ON s.worker_id = r.by_worker
WHERE r.annotation_id = :id AND r.n = CASE
  WHEN :version = 0 THEN (SELECT MAX(n) FROM rejection WHERE annotation_id = :id) ELSE :version END;

-- Why somebody was let out: what is said is theirs to have erased.
-- name: audit_let_out
SELECT 0 AS version, o.worker_id AS author, s.salt, o.by_worker, o.reason, o.at FROM let_out o
LEFT JOIN audit_salt s ON s.worker_id = o.worker_id WHERE o.worker_id = :id;

-- Answers that do not count: what the events of the chain tell of is compared with this.
-- name: audit_states
SELECT id, state FROM annotation WHERE state <> 'accepted' ORDER BY id;

-- name: audit_answer_keys
SELECT v.annotation_id AS id, v.version, v.answers, v.comment, v.flag FROM annotation_version v
WHERE v.annotation_id > :after OR (v.annotation_id = :after AND v.version > :after_version)
ORDER BY v.annotation_id, v.version LIMIT :n;

-- name: audit_versions
SELECT 'guideline' AS what, project_id AS id, version FROM guideline
UNION ALL SELECT 'schema', project_id, version FROM project_schema
UNION ALL SELECT 'review', id, 1 FROM review
UNION ALL SELECT 'decision', id, 1 FROM decision
UNION ALL SELECT 'rejection', annotation_id, n FROM rejection
UNION ALL SELECT 'let_out', worker_id, 0 FROM let_out
UNION ALL SELECT 'settings', id, 0 FROM project
UNION ALL SELECT 'person', id, 0 FROM worker;

-- name: anchor_insert
INSERT INTO audit_anchor (workspace_id, number, hash, at) VALUES (:workspace_id, :number, :hash, :at)
ON CONFLICT (workspace_id, number) DO NOTHING;

-- name: anchor_list
SELECT number, hash, at FROM audit_anchor WHERE workspace_id = :workspace_id ORDER BY number;

-- name: anchor_last
SELECT number, hash, at FROM audit_anchor WHERE workspace_id = :workspace_id ORDER BY number DESC LIMIT 1;

-- Looked for in the chain's beginning: the link is made soon after the migration.
-- name: event_of_kind
SELECT number, data FROM event WHERE number IS NOT NULL AND kind = :kind ORDER BY number LIMIT 1;

-- name: audit_answer_count
SELECT COUNT(*) AS n FROM annotation_version;
