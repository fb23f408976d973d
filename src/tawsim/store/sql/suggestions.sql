-- Statements on suggestions: answers that came before anybody was asked.

-- name: suggestion_of_task
SELECT question, source, answer, p FROM suggestion WHERE task_id = :task_id
ORDER BY question, CASE WHEN p IS NULL THEN 1 ELSE 0 END, p DESC, created_at DESC, source;

-- name: suggestion_put
INSERT INTO suggestion (task_id, question, source, answer, p, created_at)
VALUES (:task_id, :question, :source, :answer, :p, :created_at)
ON CONFLICT (task_id, question, source) DO UPDATE SET answer = excluded.answer, p = excluded.p, created_at = excluded.created_at;

-- name: suggestion_get
SELECT answer, p FROM suggestion WHERE task_id = :task_id AND question = :question AND source = :source;

-- name: suggestion_sources
SELECT s.source, s.question, COUNT(*) AS n FROM task t JOIN suggestion s ON s.task_id = t.id
WHERE t.project_id = :project_id AND t.state <> 'removed' GROUP BY s.source, s.question ORDER BY s.source, s.question;
