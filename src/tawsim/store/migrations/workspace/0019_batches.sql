-- Batches: tasks that came for one delivery. They wait together (staging, paused), are given to some people together, and come
-- before or after other batches. The tasks of a batch stand in lanes of their own, so holding it back writes no task.
-- `requirement`: who may be given its tasks, beside what each task asks for itself. `rank`: its place among batches, NULL after
-- all that have one. `closing`: of a cancelled batch the number of the last task that was closed; NULL when none is left.
CREATE TABLE batch (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL DEFAULT 'production' CHECK (kind IN ('production', 'calibration', 'self_label')),
  state TEXT NOT NULL CHECK (state IN ('staging', 'in_progress', 'paused', 'completed', 'cancelled')),
  requirement TEXT NOT NULL DEFAULT '{}',
  rank BIGINT,
  metadata TEXT NOT NULL DEFAULT '{}',
  callback TEXT NOT NULL DEFAULT '',
  closing BIGINT,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  completed_at BIGINT
);
CREATE INDEX batch_of_project ON batch (project_id, created_at, id);
CREATE INDEX batch_by_time ON batch (created_at, id);
CREATE INDEX batch_pending ON batch (created_at, id) WHERE state IN ('staging', 'in_progress', 'paused');
CREATE INDEX batch_closing ON batch (id) WHERE closing IS NOT NULL;

-- `held`: nobody is given a task of this lane. `batch_id`: '' where its tasks belong to no batch.
ALTER TABLE lane ADD COLUMN batch_id TEXT NOT NULL DEFAULT '';
ALTER TABLE lane ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
DROP INDEX lane_of_project;
CREATE UNIQUE INDEX lane_of_project ON lane (project_id, batch_id, priority, requirement);
ALTER TABLE task ADD COLUMN batch_id TEXT REFERENCES batch (id);
CREATE INDEX task_of_batch ON task (batch_id, seq) WHERE batch_id IS NOT NULL;
