-- A team: four roles, what is known of a person, what a task is for, what answers and reviews turned out to be worth, and
-- what people are told. A column's CHECK cannot be changed in place, so the role moves to a column of its own.
ALTER TABLE worker ADD COLUMN role_in_team TEXT NOT NULL DEFAULT 'labeller'
  CHECK (role_in_team IN ('owner', 'manager', 'reviewer', 'labeller'));
UPDATE worker SET role_in_team = role;
ALTER TABLE worker DROP COLUMN role;
ALTER TABLE worker RENAME COLUMN role_in_team TO role;
-- Languages, dialects, skills, groups, e-mail, time zone, rates of pay (JSON), and a number that rises with each change.
ALTER TABLE worker ADD COLUMN profile TEXT NOT NULL DEFAULT '{}';
ALTER TABLE worker ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- Whoever may label in a project of access 'members', and where everyone stands in its training. `quota` (JSON): limits of
-- their own in place of the project's.
CREATE TABLE project_member (
  project_id TEXT NOT NULL REFERENCES project (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  member INTEGER NOT NULL DEFAULT 0,
  stage TEXT NOT NULL DEFAULT 'new' CHECK (stage IN ('new', 'training', 'qualifying', 'qualified', 'not_qualified')),
  quota TEXT NOT NULL DEFAULT '{}',
  guideline_seen INTEGER NOT NULL DEFAULT 0,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (project_id, worker_id)
);

-- What a task is for; never told to who labels. `lane_id`: the queue it stands in ('' is everybody's).
ALTER TABLE task ADD COLUMN purpose TEXT NOT NULL DEFAULT 'work' CHECK (purpose IN ('work', 'gold', 'training'));
ALTER TABLE task ADD COLUMN lane_id TEXT NOT NULL DEFAULT '';
ALTER TABLE task ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN due_at BIGINT;

-- What one answer, or one review of an answer, turned out to be worth (0 wrong to 1 right), and by whose word. Append-only:
-- a later word on the same act (a review after gold, a dispute after a review) names itself in `replaced_by` of the earlier.
CREATE TABLE evidence (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  act TEXT NOT NULL CHECK (act IN ('label', 'review')),
  source TEXT NOT NULL CHECK (source IN ('training', 'gold', 'review', 'decision', 'dispute')),
  task_id TEXT NOT NULL REFERENCES task (id),
  annotation_id TEXT NOT NULL REFERENCES annotation (id),
  score DOUBLE PRECISION NOT NULL CHECK (score >= 0 AND score <= 1),
  at BIGINT NOT NULL,
  replaced_by TEXT
);
CREATE INDEX evidence_of_worker ON evidence (worker_id, project_id, act) WHERE replaced_by IS NULL;
CREATE INDEX evidence_of_annotation ON evidence (annotation_id, act) WHERE replaced_by IS NULL;
CREATE INDEX evidence_of_task ON evidence (task_id) WHERE replaced_by IS NULL;

-- What a person is told: a review of their answer, the end of a dispute, a change of their stage. Seen once, kept for ever.
CREATE TABLE notice (
  id TEXT PRIMARY KEY,
  worker_id TEXT NOT NULL REFERENCES worker (id),
  project_id TEXT REFERENCES project (id),
  kind TEXT NOT NULL,
  object_id TEXT,
  data TEXT NOT NULL DEFAULT '{}',
  at BIGINT NOT NULL,
  seen_at BIGINT
);
CREATE INDEX notice_of_worker ON notice (worker_id, id);
