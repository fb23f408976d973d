-- Lanes: tasks that only some people may be given, or that come before others. A task stands in one lane; '' is everybody's,
-- at priority 0, and has no row. `requirement` (JSON) says who: see labelling/lanes.py.
CREATE TABLE lane (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  priority INTEGER NOT NULL,
  requirement TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX lane_of_project ON lane (project_id, priority, requirement);

-- One worker's place in one lane; that in everybody's stands in worker_project. '#gold' and '#training' are their places
-- among tasks of known answer.
CREATE TABLE worker_lane (
  project_id TEXT NOT NULL REFERENCES project (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  lane_id TEXT NOT NULL,
  position BIGINT NOT NULL DEFAULT 0,
  returned_rank BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (project_id, worker_id, lane_id)
);
DROP INDEX task_queue;
DROP INDEX task_queue_returned;
CREATE INDEX task_queue ON task (project_id, lane_id, position) WHERE is_open = 1;
CREATE INDEX task_queue_returned ON task (project_id, lane_id, returned_rank) WHERE is_open = 1 AND returned_rank IS NOT NULL;

-- How many lanes and how many quotas of single people there are: where there are none, nothing is looked up.
ALTER TABLE project_count ADD COLUMN lanes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE project_count ADD COLUMN quotas BIGINT NOT NULL DEFAULT 0;

-- A worker's own count of the tasks they were given, which takes the place of task numbers where those could tell what a task
-- is for; and the day of their quota that a lease was counted on (0: on none).
ALTER TABLE worker_project ADD COLUMN granted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lease ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lease ADD COLUMN day BIGINT NOT NULL DEFAULT 0;

-- The day that one worker's daily quota is counted on. `ends_at` is fixed when the day begins, so that neither a clock set
-- back nor a change of time zone begins another one early.
CREATE TABLE worker_day (
  project_id TEXT NOT NULL REFERENCES project (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  day BIGINT NOT NULL,
  zone TEXT NOT NULL,
  ends_at BIGINT NOT NULL,
  taken BIGINT NOT NULL,
  PRIMARY KEY (project_id, worker_id)
);

-- Tasks whose right answer is known. `place`: of examples their order, of gold a number drawn once; a worker goes through
-- them in its order from a place of their own. `given` numbers the slots handed out. `answers_n`, `right_sum` and `doubt` (log
-- odds that the known answer is wrong) follow from gold_answer.
CREATE TABLE gold (
  task_id TEXT PRIMARY KEY REFERENCES task (id),
  project_id TEXT NOT NULL REFERENCES project (id),
  purpose TEXT NOT NULL CHECK (purpose IN ('gold', 'training')),
  answers TEXT NOT NULL,
  explanation TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'flagged', 'retired')),
  place BIGINT NOT NULL,
  given BIGINT NOT NULL DEFAULT 0,
  answers_n BIGINT NOT NULL DEFAULT 0,
  right_sum DOUBLE PRECISION NOT NULL DEFAULT 0,
  doubt DOUBLE PRECISION NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 1,
  by_worker TEXT NOT NULL,
  made_at BIGINT NOT NULL
);
CREATE INDEX gold_place ON gold (project_id, purpose, place) WHERE state = 'active';
CREATE INDEX gold_of_project ON gold (project_id, task_id);

-- One answer to a task of known answer: how right it was (0 to 1), and the log odds that its author, by what was known of
-- them then, adds to the doubt of the known answer.
CREATE TABLE gold_answer (
  annotation_id TEXT PRIMARY KEY REFERENCES annotation (id),
  task_id TEXT NOT NULL REFERENCES task (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  score DOUBLE PRECISION NOT NULL,
  weight DOUBLE PRECISION NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX gold_answer_of_task ON gold_answer (task_id, annotation_id);

-- When the present stage began, and the last qualification: it rests on what was answered since.
ALTER TABLE project_member ADD COLUMN stage_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE project_member ADD COLUMN qualifying_since BIGINT NOT NULL DEFAULT 0;
