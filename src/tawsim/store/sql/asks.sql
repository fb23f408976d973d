-- Statements on what rows ask.

-- The rows of a stretch of tasks, whatever became of them. `is_work`: they count among the project's tasks.
-- name: asks_rows
SELECT t.seq, c.content, CASE WHEN t.purpose = 'work' AND t.state <> 'removed' THEN 1 ELSE 0 END AS is_work
FROM task t JOIN task_content c ON c.task_id = t.id
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :until
ORDER BY t.seq;
