-- Batches: tasks that came for one delivery. They wait together (staging, paused), are given to groups together, and come
-- before or after other batches. The tasks of a batch stand in lanes of their own, so holding it back writes no task.
CREATE TABLE batch (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL DEFAULT 'production' CHECK (kind IN ('production', 'calibration', 'self_label')),
  state TEXT NOT NULL CHECK (state IN ('staging', 'in_progress', 'paused', 'completed', 'cancelled')),
  groups TEXT NOT NULL DEFAULT '[]',
  rank BIGINT,
  metadata TEXT NOT NULL DEFAULT '{}',
  callback TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  completed_at BIGINT
);
CREATE INDEX batch_of_project ON batch (project_id, created_at, id);
CREATE INDEX batch_by_time ON batch (created_at, id);

-- `held`: nobody is given a task of this lane. `batch_id`: '' where its tasks belong to no batch.
ALTER TABLE lane ADD COLUMN batch_id TEXT NOT NULL DEFAULT '';
ALTER TABLE lane ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN batch_id TEXT REFERENCES batch (id);
CREATE INDEX task_of_batch ON task (batch_id) WHERE batch_id IS NOT NULL;
