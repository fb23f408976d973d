-- Statements on suggestions: answers that came before anybody was asked.

-- name: suggestion_of_task
SELECT question, source, answer, p FROM suggestion WHERE task_id = :task_id
ORDER BY question, CASE WHEN p IS NULL THEN 1 ELSE 0 END, p DESC, created_at DESC, source;

-- name: suggestion_put
INSERT INTO suggestion (task_id, question, source, answer, p, created_at)
VALUES (:task_id, :question, :source, :answer, :p, :created_at)
ON CONFLICT (task_id, question, source) DO UPDATE SET answer = excluded.answer, p = excluded.p, created_at = excluded.created_at;
