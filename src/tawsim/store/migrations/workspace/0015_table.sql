-- The table of tasks: tags, saved views, and changes of many tasks at once that can be taken back.

-- A tag belongs to a project. `number` counts from 0 within it.
CREATE TABLE tag (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX tag_name ON tag (project_id, name);
CREATE UNIQUE INDEX tag_number ON tag (project_id, number);
CREATE TABLE task_tag (
  task_id TEXT NOT NULL REFERENCES task (id),
  tag_id TEXT NOT NULL REFERENCES tag (id),
  PRIMARY KEY (task_id, tag_id)
);
CREATE INDEX task_tag_of_tag ON task_tag (tag_id, task_id);

-- A filter and its columns under a name: its maker's own, or the team's.
CREATE TABLE saved_view (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  columns TEXT NOT NULL DEFAULT '[]',
  shared INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX saved_view_name ON saved_view (project_id, worker_id, name);

-- One action on many tasks, done in pieces. The tasks of a job are fixed before its first piece is done; `before` of a piece
-- (JSON) is what its undoing puts back. A job that undoes another names it in `undoes`.
CREATE TABLE bulk_job (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  action TEXT NOT NULL,
  value TEXT NOT NULL,
  query TEXT NOT NULL,
  undoes TEXT REFERENCES bulk_job (id),
  undone_by TEXT REFERENCES bulk_job (id),
  state TEXT NOT NULL CHECK (state IN ('preparing', 'running', 'done', 'dropped')),
  total BIGINT NOT NULL DEFAULT 0,
  looked BIGINT NOT NULL DEFAULT 0,
  changed BIGINT NOT NULL DEFAULT 0,
  left_out TEXT NOT NULL DEFAULT '{}',
  created_at BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE INDEX bulk_job_of_project ON bulk_job (project_id, id);
CREATE INDEX bulk_job_running ON bulk_job (id) WHERE state IN ('preparing', 'running');
CREATE TABLE bulk_piece (
  job_id TEXT NOT NULL REFERENCES bulk_job (id),
  number INTEGER NOT NULL,
  first_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  seqs TEXT NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  before TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (job_id, number)
);

-- The history of one task is read at once, whatever else happened.
CREATE INDEX event_of_task ON event (task_id) WHERE task_id IS NOT NULL;
