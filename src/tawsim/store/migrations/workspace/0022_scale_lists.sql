-- A range of completion times within a batch reads the index alone, however many tasks of it are done.
DROP INDEX scale_task_of_batch;
CREATE INDEX scale_task_of_batch ON scale_task (batch_id, status, created_at, task_id, completed_at) WHERE batch_id IS NOT NULL;
