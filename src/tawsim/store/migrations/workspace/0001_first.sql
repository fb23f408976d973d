-- The tables of one workspace. Written in the SQL that SQLite (3.40) and PostgreSQL (15) share: TEXT ids (UUIDv7),
-- BIGINT times in microseconds, JSON as TEXT, flags as 0/1, partial unique indexes, no autoincrement.

CREATE TABLE workspace (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE worker (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('person', 'model', 'simulated')),
  role TEXT NOT NULL CHECK (role IN ('owner', 'labeller')),
  active INTEGER NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL
);

CREATE TABLE project (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  questions TEXT NOT NULL,
  text_column TEXT NOT NULL,
  guideline TEXT NOT NULL,
  guideline_version INTEGER NOT NULL,
  overlap INTEGER NOT NULL CHECK (overlap >= 1),
  lease_seconds INTEGER NOT NULL,
  max_lease_seconds INTEGER NOT NULL,
  max_leases INTEGER NOT NULL,
  skip_limit INTEGER NOT NULL,
  task_order TEXT NOT NULL CHECK (task_order IN ('fifo', 'random')),
  state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'removed')),
  version INTEGER NOT NULL,
  created_at BIGINT NOT NULL
);

-- What changes on the way: apart from project, so that a settings change and a grant never rewrite each other's row.
-- An import writes tasks beyond visible_seq and visible_position; moving these two numbers is its commit.
CREATE TABLE project_count (
  project_id TEXT PRIMARY KEY REFERENCES project (id),
  visible_seq BIGINT NOT NULL DEFAULT 0,
  visible_position BIGINT NOT NULL DEFAULT 0,
  import_number BIGINT NOT NULL DEFAULT 0,
  returned_rank BIGINT NOT NULL DEFAULT 0,
  tasks BIGINT NOT NULL DEFAULT 0,
  done BIGINT NOT NULL DEFAULT 0,
  skipped_out BIGINT NOT NULL DEFAULT 0,
  answers BIGINT NOT NULL DEFAULT 0,
  answers_wanted BIGINT NOT NULL DEFAULT 0,
  leases BIGINT NOT NULL DEFAULT 0,
  duplicates BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE import (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  source TEXT NOT NULL,
  digest TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  pid INTEGER NOT NULL,
  number BIGINT NOT NULL,
  first_seq BIGINT NOT NULL,
  rows_read BIGINT NOT NULL DEFAULT 0,
  added BIGINT NOT NULL DEFAULT 0,
  duplicate_count BIGINT NOT NULL DEFAULT 0,
  duplicates TEXT NOT NULL DEFAULT '[]',
  started_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE UNIQUE INDEX import_running ON import (project_id) WHERE state = 'running';
CREATE INDEX import_digest ON import (project_id, digest) WHERE state = 'done';

-- Hot numbers of a task; its content stands in task_content, so that a grant never rewrites a long text.
CREATE TABLE task (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  seq BIGINT NOT NULL,
  position BIGINT NOT NULL,
  returned_rank BIGINT,
  overlap INTEGER NOT NULL CHECK (overlap >= 1),
  round INTEGER NOT NULL DEFAULT 0,
  load INTEGER NOT NULL DEFAULT 0 CHECK (load >= 0),
  accepted INTEGER NOT NULL DEFAULT 0 CHECK (accepted >= 0),
  skips INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'skipped_out', 'removed')),
  is_open INTEGER NOT NULL DEFAULT 1,
  text_key BIGINT NOT NULL,
  CHECK (is_open = 0 OR (state = 'open' AND load < overlap))
);
CREATE UNIQUE INDEX task_seq ON task (project_id, seq);
CREATE INDEX task_text_key ON task (project_id, text_key, seq);
-- The queue: the head of one of these two, past the worker's own cursor, is the next task. Constant time.
CREATE INDEX task_queue ON task (project_id, position) WHERE is_open = 1;
CREATE INDEX task_queue_returned ON task (project_id, returned_rank) WHERE is_open = 1 AND returned_rank IS NOT NULL;

CREATE TABLE task_content (
  task_id TEXT PRIMARY KEY REFERENCES task (id),
  content TEXT NOT NULL
);

-- One worker's place in a project's queue, and their counts. Everything before the cursors was theirs already or full.
CREATE TABLE worker_project (
  project_id TEXT NOT NULL REFERENCES project (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  position BIGINT NOT NULL DEFAULT 0,
  returned_rank BIGINT NOT NULL DEFAULT 0,
  answers BIGINT NOT NULL DEFAULT 0,
  skips BIGINT NOT NULL DEFAULT 0,
  leases BIGINT NOT NULL DEFAULT 0,
  last_at BIGINT,
  PRIMARY KEY (project_id, worker_id)
);

-- slot is 1..overlap while the lease is live or its answer accepted, else NULL: a coding error that would hand out a
-- (k+1)-th paid answer meets the unique index instead.
CREATE TABLE lease (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  task_id TEXT NOT NULL REFERENCES task (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  round INTEGER NOT NULL,
  slot INTEGER,
  state TEXT NOT NULL CHECK (state IN ('live', 'submitted', 'skipped', 'released', 'expired', 'revoked')),
  granted_at BIGINT NOT NULL,
  deadline BIGINT NOT NULL,
  ended_at BIGINT,
  late INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX lease_slot ON lease (task_id, round, slot) WHERE slot IS NOT NULL;
CREATE UNIQUE INDEX lease_one_live ON lease (task_id, worker_id) WHERE state = 'live';
CREATE INDEX lease_of_worker ON lease (worker_id, task_id);
CREATE INDEX lease_live ON lease (project_id, worker_id) WHERE state = 'live';
CREATE INDEX lease_deadline ON lease (deadline) WHERE state = 'live';

CREATE TABLE annotation (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  task_id TEXT NOT NULL REFERENCES task (id),
  lease_id TEXT NOT NULL UNIQUE REFERENCES lease (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  round INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('accepted', 'rejected', 'withdrawn')),
  version INTEGER NOT NULL DEFAULT 1,
  late INTEGER NOT NULL DEFAULT 0,
  guideline_version INTEGER NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX annotation_once ON annotation (task_id, worker_id, round) WHERE state = 'accepted';
CREATE INDEX annotation_of_worker ON annotation (project_id, worker_id, id);

-- Append-only: what was submitted, and each edit of it.
CREATE TABLE annotation_version (
  annotation_id TEXT NOT NULL REFERENCES annotation (id),
  version INTEGER NOT NULL,
  answers TEXT NOT NULL,
  by_worker TEXT NOT NULL REFERENCES worker (id),
  at BIGINT NOT NULL,
  PRIMARY KEY (annotation_id, version)
);

CREATE TABLE draft (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  task_id TEXT NOT NULL REFERENCES task (id),
  lease_id TEXT NOT NULL REFERENCES lease (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  answers TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  adopted_as TEXT REFERENCES annotation (id)
);
CREATE INDEX draft_of_worker ON draft (worker_id, id);

-- Every write that changes the work leaves one line here. Append-only.
CREATE TABLE event (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  project_id TEXT,
  task_id TEXT,
  object_id TEXT,
  data TEXT NOT NULL DEFAULT '{}'
);

CREATE TABLE request_key (
  actor_id TEXT NOT NULL,
  key TEXT NOT NULL,
  digest TEXT NOT NULL,
  result TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (actor_id, key)
);
