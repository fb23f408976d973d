-- Tasks that are being moved here from another account: prepared in short transactions, where nobody sees them, and put among
-- the others in one. `run` tells one project's move from another's; `batch` is a name; `is_new`: not here yet.
CREATE TABLE scale_moving (
  run TEXT NOT NULL,
  task_id TEXT NOT NULL,
  type TEXT NOT NULL,
  batch TEXT NOT NULL,
  status TEXT NOT NULL,
  stage TEXT NOT NULL,
  unique_id TEXT,
  instruction TEXT NOT NULL,
  callback_url TEXT NOT NULL,
  params TEXT NOT NULL,
  version BIGINT NOT NULL,
  metadata TEXT NOT NULL,
  tags TEXT,
  priority TEXT,
  response TEXT,
  prior_responses TEXT,
  review_status TEXT,
  review_comments TEXT,
  callback_succeeded INTEGER,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  completed_at BIGINT,
  is_new INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run, task_id)
);
CREATE TABLE scale_moving_tag (
  run TEXT NOT NULL,
  task_id TEXT NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (run, task_id, tag)
);
