-- Batches: tasks that came for one delivery. They wait together (staging, paused), are given to some people together, and come
-- before or after other batches. The tasks of a batch stand in lanes of their own, so holding it back writes no task.
-- `grouped`: only people of its groups (batch_group) may be given its tasks. `rank`: its place among batches, NULL after all that
-- have one. `closing`: of a cancelled batch the number of the last task that was closed; NULL when none is left.
CREATE TABLE batch (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL DEFAULT 'production' CHECK (kind IN ('production', 'calibration', 'self_label')),
  state TEXT NOT NULL CHECK (state IN ('staging', 'in_progress', 'paused', 'completed', 'cancelled')),
  grouped INTEGER NOT NULL DEFAULT 0,
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

-- Groups of people inside one project, to whom batches are given.
CREATE TABLE project_group (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX project_group_name ON project_group (project_id, name);
CREATE TABLE project_group_member (
  group_id TEXT NOT NULL REFERENCES project_group (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  PRIMARY KEY (group_id, worker_id)
);
CREATE INDEX project_group_of_worker ON project_group_member (worker_id);
CREATE TABLE batch_group (
  batch_id TEXT NOT NULL REFERENCES batch (id),
  group_id TEXT NOT NULL REFERENCES project_group (id),
  PRIMARY KEY (batch_id, group_id)
);
