-- A second look at answers, and the decisions that settle tasks. `review` and `decision` are append-only but for what takes
-- an entry back (`undone_at`, `replaced_by`); `review_item` and `decision_hold` are queues, and can be made again.
CREATE TABLE review (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  task_id TEXT NOT NULL REFERENCES task (id),
  annotation_id TEXT NOT NULL REFERENCES annotation (id),
  round INTEGER NOT NULL,
  seen_version INTEGER NOT NULL,
  reviewer_id TEXT NOT NULL REFERENCES worker (id),
  verdict TEXT NOT NULL CHECK (verdict IN ('accept', 'fix', 'reject')),
  reason TEXT NOT NULL DEFAULT '',
  words TEXT NOT NULL DEFAULT '',
  answers TEXT,
  schema_version INTEGER NOT NULL,
  bulk_id TEXT,
  evidence_id TEXT,
  at BIGINT NOT NULL,
  undone_at BIGINT,
  CHECK ((verdict = 'fix') = (answers IS NOT NULL))
);
-- Of several verdicts on one version exactly one stands.
CREATE UNIQUE INDEX review_once ON review (annotation_id, seen_version) WHERE undone_at IS NULL;
CREATE INDEX review_of_annotation ON review (annotation_id, id);
CREATE INDEX review_of_task ON review (task_id);
CREATE INDEX review_of_reviewer ON review (project_id, reviewer_id, id);
CREATE INDEX review_fix ON review (project_id, task_id) WHERE verdict = 'fix' AND undone_at IS NULL;
CREATE INDEX review_of_bulk ON review (bulk_id, id) WHERE bulk_id IS NOT NULL;

-- What waits for review: one row an answer. `version` is the one that was reviewed last (0: none). A lower `rank` is first.
CREATE TABLE review_item (
  annotation_id TEXT PRIMARY KEY REFERENCES annotation (id),
  project_id TEXT NOT NULL REFERENCES project (id),
  task_id TEXT NOT NULL REFERENCES task (id),
  author_id TEXT NOT NULL REFERENCES worker (id),
  why TEXT NOT NULL CHECK (why IN ('asked', 'flag', 'risk', 'random', 'all')),
  rank DOUBLE PRECISION NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'held', 'done', 'dropped')),
  version INTEGER NOT NULL DEFAULT 0,
  holder_id TEXT,
  held_until BIGINT,
  added_at BIGINT NOT NULL,
  CHECK ((state = 'held') = (holder_id IS NOT NULL))
);
CREATE INDEX review_item_waiting ON review_item (project_id, rank, annotation_id) WHERE state = 'waiting';
CREATE INDEX review_item_held ON review_item (project_id, held_until) WHERE state = 'held';
CREATE INDEX review_item_why ON review_item (project_id, why);
CREATE INDEX review_item_task ON review_item (task_id);

-- How far a project's answers have been looked through for what is to be reviewed, and what its chance is drawn from.
CREATE TABLE review_place (
  project_id TEXT PRIMARY KEY REFERENCES project (id),
  salt TEXT NOT NULL,
  choice TEXT NOT NULL DEFAULT '',
  changed BIGINT NOT NULL DEFAULT 0,
  seq BIGINT NOT NULL DEFAULT 0,
  filled_at BIGINT NOT NULL DEFAULT 0
);

-- Many answers accepted at once, because the truth is sure of them.
CREATE TABLE review_bulk (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  actor_id TEXT NOT NULL REFERENCES worker (id),
  key TEXT NOT NULL,
  threshold DOUBLE PRECISION NOT NULL,
  until TEXT NOT NULL,
  accepted BIGINT NOT NULL DEFAULT 0,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'undone')),
  at BIGINT NOT NULL
);
CREATE UNIQUE INDEX review_bulk_key ON review_bulk (actor_id, key);
CREATE INDEX review_bulk_of_project ON review_bulk (project_id, id);

-- What settles a task: an answer (`settles` = 'answers'), that nobody can tell ('cannot'), or that it is open again ('open').
CREATE TABLE decision (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  task_id TEXT NOT NULL REFERENCES task (id),
  round INTEGER NOT NULL,
  decider_id TEXT NOT NULL REFERENCES worker (id),
  settles TEXT NOT NULL CHECK (settles IN ('answers', 'cannot', 'open')),
  answers TEXT,
  chosen_id TEXT REFERENCES annotation (id),
  words TEXT NOT NULL DEFAULT '',
  seen TEXT NOT NULL,
  peeked INTEGER NOT NULL DEFAULT 0,
  schema_version INTEGER NOT NULL,
  at BIGINT NOT NULL,
  replaced_by TEXT,
  CHECK ((settles = 'answers') = (answers IS NOT NULL))
);
CREATE UNIQUE INDEX decision_of_task ON decision (task_id) WHERE replaced_by IS NULL;
CREATE INDEX decision_of_project ON decision (project_id, id);
CREATE TABLE decision_hold (
  task_id TEXT PRIMARY KEY REFERENCES task (id),
  project_id TEXT NOT NULL REFERENCES project (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  held_until BIGINT NOT NULL,
  peeked INTEGER NOT NULL DEFAULT 0
);
