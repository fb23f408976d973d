-- Statements on what rows ask.

-- The rows of a stretch of tasks, whatever became of them.
-- name: asks_rows
SELECT t.seq, c.content FROM task t JOIN task_content c ON c.task_id = t.id
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :until
ORDER BY t.seq;
