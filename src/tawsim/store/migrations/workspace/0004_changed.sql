-- The revision at which a task's answers last changed, so that whoever follows the truth reads those tasks and no others.
ALTER TABLE task ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX task_changed ON task (project_id, changed) WHERE changed > 0;
