-- What a labelling screen of every kind needs. `content`: the blocks that are shown of a row, in their order (JSON);
-- empty means the text column and, folded away, the rest. `settings`: what is on or off (JSON). `schema_version` rises
-- with every change of questions or content, as `guideline_version` does with every change of the guideline.
ALTER TABLE project ADD COLUMN content TEXT NOT NULL DEFAULT '[]';
ALTER TABLE project ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
ALTER TABLE project ADD COLUMN schema_version INTEGER NOT NULL DEFAULT 1;

-- Every guideline and every schema that there was, so that an answer can be read beside the one it was given under.
CREATE TABLE guideline (
  project_id TEXT NOT NULL REFERENCES project (id),
  version INTEGER NOT NULL,
  text TEXT NOT NULL,
  by_worker TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (project_id, version)
);
CREATE TABLE project_schema (
  project_id TEXT NOT NULL REFERENCES project (id),
  version INTEGER NOT NULL,
  questions TEXT NOT NULL,
  content TEXT NOT NULL,
  by_worker TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (project_id, version)
);
INSERT INTO guideline (project_id, version, text, by_worker, at)
  SELECT id, guideline_version, guideline, '', created_at FROM project;
INSERT INTO project_schema (project_id, version, questions, content, by_worker, at)
  SELECT id, 1, questions, '[]', '', created_at FROM project;

-- What the worker was shown besides the row: the order of blind candidates, suggestions (JSON; '' where nothing was).
ALTER TABLE lease ADD COLUMN shown TEXT NOT NULL DEFAULT '';
ALTER TABLE annotation ADD COLUMN schema_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE annotation_version ADD COLUMN comment TEXT NOT NULL DEFAULT '';
ALTER TABLE annotation_version ADD COLUMN flag INTEGER NOT NULL DEFAULT 0;
ALTER TABLE draft ADD COLUMN schema_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE draft ADD COLUMN comment TEXT NOT NULL DEFAULT '';
ALTER TABLE draft ADD COLUMN flag INTEGER NOT NULL DEFAULT 0;

-- Answers that came before anybody was asked: predictions of a model, kept apart from annotations and never counted as one.
CREATE TABLE suggestion (
  task_id TEXT NOT NULL REFERENCES task (id),
  question TEXT NOT NULL,
  source TEXT NOT NULL,
  answer TEXT NOT NULL,
  p DOUBLE PRECISION,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (task_id, question, source)
);

-- Pictures and sounds, named by what they hold; a project knows them by the names its rows use.
CREATE TABLE media (
  digest TEXT PRIMARY KEY,
  media_type TEXT NOT NULL,
  size BIGINT NOT NULL,
  width INTEGER,
  height INTEGER,
  seconds DOUBLE PRECISION,
  bytes BYTEA NOT NULL
);
CREATE TABLE media_name (
  project_id TEXT NOT NULL REFERENCES project (id),
  name TEXT NOT NULL,
  digest TEXT NOT NULL REFERENCES media (digest),
  PRIMARY KEY (project_id, name)
);
