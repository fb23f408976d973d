-- What the Scale-compatible API keeps beside the project, batch and task that it made: what was sent, word for word, and what
-- was answered to it. A task of it is at first a row here alone; placing it (loop/scale/placing.py) makes the task, under the
-- same id, once its batch is in progress and its attachments are here. In a workspace of test keys none is ever placed.

-- `name`: as it was sent, which a project's own name need not be able to hold. `params`: every version, oldest first, JSON
-- [{…, "version", "created_at"}]. `named` 0: made for tasks that name no project.
CREATE TABLE scale_project (
  project_id TEXT PRIMARY KEY REFERENCES project (id),
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  named INTEGER NOT NULL DEFAULT 1,
  params TEXT NOT NULL,
  facts TEXT NOT NULL DEFAULT '{}',
  created_at BIGINT NOT NULL,
  archived_at BIGINT
);
CREATE UNIQUE INDEX scale_project_name ON scale_project (name) WHERE named = 1;

-- `params`: as sent, those of the project not merged in, of which `version` is this task's; `response` NULL until there is one;
-- `tags` NULL until first set; `clear_on_error`: `unique_id` goes with an error; `is_test`: made with a test key.
-- `stage`: waiting (for its batch, its attachments, or to be placed), placed, or over (test, error, canceled before).
-- `purpose`: evaluation and training tasks are Tawsim's gold and training; they are in no list. `basis`: digest of the answers,
-- fixes and decision that `response` was made of: it changes with them alone.
CREATE TABLE scale_task (
  task_id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  project_id TEXT REFERENCES project (id),
  batch_id TEXT REFERENCES batch (id),
  purpose TEXT NOT NULL DEFAULT 'work' CHECK (purpose IN ('work', 'gold', 'training')),
  status TEXT NOT NULL CHECK (status IN ('pending', 'completed', 'canceled', 'error')),
  stage TEXT NOT NULL CHECK (stage IN ('waiting', 'placed', 'over')),
  unique_id TEXT,
  instruction TEXT NOT NULL DEFAULT '',
  callback_url TEXT NOT NULL DEFAULT '',
  params TEXT NOT NULL DEFAULT '{}',
  version BIGINT NOT NULL DEFAULT 0,
  clear_on_error INTEGER NOT NULL DEFAULT 0,
  is_test INTEGER NOT NULL DEFAULT 0,
  metadata TEXT NOT NULL DEFAULT '{}',
  tags TEXT,
  priority TEXT,
  response TEXT,
  basis TEXT NOT NULL DEFAULT '',
  expected TEXT,
  initial TEXT,
  prior_responses TEXT,
  review_status TEXT,
  review_comments TEXT,
  callback_succeeded INTEGER,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  completed_at BIGINT
);
CREATE UNIQUE INDEX scale_task_unique_id ON scale_task (unique_id) WHERE unique_id IS NOT NULL;
CREATE INDEX scale_task_list ON scale_task (created_at, task_id) WHERE purpose = 'work';
CREATE INDEX scale_task_of_project ON scale_task (project_id, created_at, task_id) WHERE purpose = 'work';
CREATE INDEX scale_task_of_batch ON scale_task (batch_id, status, created_at, task_id) WHERE batch_id IS NOT NULL;
CREATE INDEX scale_task_to_place ON scale_task (batch_id, created_at, task_id) WHERE stage = 'waiting';
CREATE TABLE scale_task_tag (
  tag TEXT NOT NULL,
  task_id TEXT NOT NULL REFERENCES scale_task (task_id),
  PRIMARY KEY (tag, task_id)
);

-- What a creation that carried an Idempotency-Key was answered with; kept for a day and more.
CREATE TABLE scale_key (
  key TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  task_id TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX scale_key_at ON scale_key (at);

-- Files that were uploaded, or are to be fetched from `source`. The bytes stand in file pieces, as those of media do.
CREATE TABLE scale_file (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  mime TEXT NOT NULL DEFAULT '',
  size BIGINT NOT NULL DEFAULT 0,
  source TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL CHECK (state IN ('here', 'waiting', 'failed')),
  error TEXT NOT NULL DEFAULT '',
  projects TEXT NOT NULL DEFAULT '[]',
  reference_id TEXT NOT NULL DEFAULT '',
  metadata TEXT NOT NULL DEFAULT '{}',
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX scale_file_waiting ON scale_file (created_at) WHERE state = 'waiting';
CREATE TABLE scale_file_piece (
  file_id TEXT NOT NULL REFERENCES scale_file (id),
  piece INTEGER NOT NULL,
  data BYTEA NOT NULL,
  PRIMARY KEY (file_id, piece)
);

-- Where the follower of completions stands in the chain of events.
CREATE TABLE scale_place (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  number BIGINT NOT NULL
);
INSERT INTO scale_place (id, number) VALUES (1, 0);

-- For lists of a project's tasks in one state; `completed_at` stands in it so that a range of it reads no rows beside.
CREATE INDEX scale_task_by_status ON scale_task (project_id, status, created_at, task_id, completed_at)
  WHERE purpose = 'work';

-- Deliveries: a frozen, named set of completed tasks, as they were then. Nothing of one that is `ready` is ever changed; until
-- then its tasks come piece by piece, nobody sees it, and `delivered_at` is the time of the last piece.
CREATE TABLE scale_delivery (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  name TEXT NOT NULL,
  task_count BIGINT NOT NULL DEFAULT 0,
  ready INTEGER NOT NULL DEFAULT 0,
  delivered_at BIGINT NOT NULL,
  UNIQUE (project_id, name)
);
CREATE INDEX scale_delivery_by_time ON scale_delivery (delivered_at, id);
CREATE TABLE scale_delivered (
  delivery_id TEXT NOT NULL REFERENCES scale_delivery (id),
  task_id TEXT NOT NULL REFERENCES scale_task (task_id),
  batch_id TEXT REFERENCES batch (id),
  metadata TEXT NOT NULL,
  response TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  completed_at BIGINT,
  PRIMARY KEY (delivery_id, task_id)
);
CREATE INDEX scale_delivered_task ON scale_delivered (task_id, delivery_id);

-- Callbacks: that a task or batch changed, to be told to `url` until it answers 2xx. What is told is the task as it is when
-- it is sent. `receiver` is scheme, host and port: what is slow there delays nobody else.
CREATE TABLE scale_callback (
  id TEXT PRIMARY KEY,
  task_id TEXT REFERENCES scale_task (task_id),
  batch_id TEXT REFERENCES batch (id),
  url TEXT NOT NULL,
  receiver TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
  tries INTEGER NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  tried_at BIGINT,
  status INTEGER,
  error TEXT NOT NULL DEFAULT '',
  CHECK ((task_id IS NULL) <> (batch_id IS NULL))
);
CREATE INDEX scale_callback_waiting ON scale_callback (receiver, next_at, id) WHERE state = 'waiting';
CREATE INDEX scale_callback_of_task ON scale_callback (task_id, id) WHERE task_id IS NOT NULL;
CREATE INDEX scale_callback_sent ON scale_callback (tried_at) WHERE state = 'sent';
