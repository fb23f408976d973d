-- Tasks answered before their changes were counted: answers are read by the index of changed tasks.
UPDATE task SET changed = 1 WHERE changed = 0 AND id IN (SELECT task_id FROM annotation);
