-- Time that was worked, what it is paid, and disputes.

-- One row a person: the stretches of real time that were counted already (JSON, at most 64 pairs [from, to), apart and
-- rising), the time before which nothing can be counted any more, and when they last did anything that the server saw.
CREATE TABLE time_taken (
  worker_id TEXT PRIMARY KEY REFERENCES worker (id),
  taken TEXT NOT NULL DEFAULT '[]',
  closed_until BIGINT NOT NULL DEFAULT 0,
  seen_at BIGINT NOT NULL DEFAULT 0
);

-- Active time by person, project and day of the person's time zone, in microseconds. `on_word` is the part of `active` that
-- rests on what the browser said; the server saw the rest itself.
CREATE TABLE work_day (
  worker_id TEXT NOT NULL REFERENCES worker (id),
  project_id TEXT NOT NULL REFERENCES project (id),
  day TEXT NOT NULL,
  active BIGINT NOT NULL DEFAULT 0,
  on_word BIGINT NOT NULL DEFAULT 0,
  answers BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (worker_id, project_id, day)
);
CREATE INDEX work_day_of_project ON work_day (project_id, day);

-- Append-only: money and what it is for. `amount_micros` is in millionths of the currency; `quantity` in the unit beside it.
CREATE TABLE ledger_entry (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  day TEXT NOT NULL,
  project_id TEXT NOT NULL REFERENCES project (id),
  worker_id TEXT NOT NULL REFERENCES worker (id),
  why TEXT NOT NULL CHECK (why IN ('answer', 'time', 'floor')),
  amount_micros BIGINT NOT NULL,
  currency TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  unit TEXT NOT NULL CHECK (unit IN ('answer', 'microsecond')),
  object_id TEXT NOT NULL
);
CREATE INDEX ledger_of_worker ON ledger_entry (worker_id, project_id, day);
CREATE INDEX ledger_of_project ON ledger_entry (project_id, worker_id, day, currency, amount_micros);

-- An author's answer to a review, once per review. `a_is` says whose answer the judge is shown as A; `shown` is what was
-- drawn of the task for them. One judge holds it at a time: `hold` rises with every hand that takes it.
CREATE TABLE dispute (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  task_id TEXT NOT NULL REFERENCES task (id),
  annotation_id TEXT NOT NULL REFERENCES annotation (id),
  review_id TEXT NOT NULL,
  author_id TEXT NOT NULL REFERENCES worker (id),
  reviewer_id TEXT NOT NULL REFERENCES worker (id),
  words TEXT NOT NULL,
  a_is TEXT NOT NULL CHECK (a_is IN ('author', 'reviewer')),
  shown TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'judged')),
  at BIGINT NOT NULL,
  judge_id TEXT REFERENCES worker (id),
  hold INTEGER NOT NULL DEFAULT 0,
  held_at BIGINT,
  held_until BIGINT NOT NULL DEFAULT 0,
  right_is TEXT CHECK (right_is IN ('author', 'reviewer', 'neither')),
  reason TEXT,
  answers TEXT,
  schema_version INTEGER,
  counts INTEGER,
  judged_at BIGINT,
  told_at BIGINT
);
CREATE UNIQUE INDEX dispute_once ON dispute (review_id);
CREATE INDEX dispute_open ON dispute (project_id, id) WHERE state = 'open';
CREATE INDEX dispute_of_annotation ON dispute (annotation_id);
CREATE INDEX dispute_untold ON dispute (at) WHERE state = 'open' AND told_at IS NULL;
