-- Statements on how the work goes on, on alerts, and on summaries by e-mail.

-- Answers that count, by person and hour. A whole pass over a project's answers: whoever asks keeps the result for a while.
-- name: progress_hours
SELECT a.worker_id, a.created_at / 3600000000 AS hour, COUNT(*) AS n FROM annotation a JOIN task t ON t.id = a.task_id
WHERE a.project_id = :project_id AND a.state = 'accepted' AND a.round = t.round AND t.purpose = 'work' AND t.state <> 'removed'
GROUP BY a.worker_id, a.created_at / 3600000000;

-- name: progress_waiting
SELECT (SELECT COUNT(*) FROM review_item i WHERE i.project_id = :project_id AND i.state IN ('waiting', 'held')) AS reviews,
  (SELECT COUNT(*) FROM dispute d WHERE d.project_id = :project_id AND d.state = 'open') AS disputes,
  (SELECT MIN(d.at) FROM dispute d WHERE d.project_id = :project_id AND d.state = 'open') AS oldest_dispute,
  (SELECT COUNT(*) FROM gold g WHERE g.project_id = :project_id AND g.state = 'flagged') AS gold_flagged,
  (SELECT COUNT(*) FROM draft r WHERE r.project_id = :project_id AND r.adopted_as IS NULL) AS drafts;

-- name: progress_stages
SELECT m.stage, COUNT(*) AS n FROM project_member m JOIN worker w ON w.id = m.worker_id
WHERE m.project_id = :project_id AND w.active = 1 GROUP BY m.stage;

-- name: progress_imports_failed
SELECT id, source, ended_at FROM import WHERE project_id = :project_id AND state = 'failed' AND ended_at >= :since
ORDER BY ended_at DESC LIMIT 20;

-- name: alert_insert
INSERT INTO alert (id, project_id, kind, object_id, data, since) VALUES (:id, :project_id, :kind, :object_id, :data, :since);

-- name: alert_standing
SELECT * FROM alert WHERE ended_at IS NULL ORDER BY since DESC;

-- name: alert_get
SELECT * FROM alert WHERE id = :id;

-- name: alert_update
UPDATE alert SET data = :data WHERE id = :id;

-- name: alert_end
UPDATE alert SET ended_at = :now WHERE id = :id AND ended_at IS NULL;

-- name: alert_put_off
UPDATE alert SET put_off_until = :until WHERE id = :id AND ended_at IS NULL;

-- name: digest_get
SELECT every, language, sent_at, tried_at, error FROM digest WHERE worker_id = :worker_id;

-- name: digest_set
INSERT INTO digest (worker_id, every, language, sent_at) VALUES (:worker_id, :every, :language, :now)
ON CONFLICT (worker_id) DO UPDATE SET every = excluded.every, language = excluded.language;

-- name: digest_due
SELECT d.worker_id, d.every, d.language, d.sent_at, w.name, w.role FROM digest d JOIN worker w ON w.id = d.worker_id
WHERE d.every <> 'off' AND w.active = 1 AND d.tried_at <= :tried_before
  AND ((d.every = 'daily' AND d.sent_at <= :daily) OR (d.every = 'weekly' AND d.sent_at <= :weekly))
ORDER BY d.sent_at LIMIT :n;

-- name: digest_tried
UPDATE digest SET tried_at = :now, error = :error, sent_at = :sent_at WHERE worker_id = :worker_id;

-- name: digest_notices
SELECT kind, COUNT(*) AS n FROM notice WHERE worker_id = :worker_id AND seen_at IS NULL GROUP BY kind;
