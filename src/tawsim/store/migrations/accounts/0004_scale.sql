-- A Scale key is a token whose text tells its world: live_… is for the workspace, test_… for a workspace of its own beside it.
-- A workspace of test keys has a row of its own; `file` is the name of its file, beside that of the other.
-- `callback_key`: what callbacks of that workspace carry; `callback_url`: where they go when a task names none.
CREATE TABLE scale_account (
  workspace_id TEXT PRIMARY KEY,
  mode TEXT NOT NULL CHECK (mode IN ('live', 'test')),
  twin_id TEXT,
  file TEXT NOT NULL DEFAULT '',
  callback_key TEXT NOT NULL,
  callback_url TEXT NOT NULL DEFAULT '',
  allow TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX scale_account_twin ON scale_account (twin_id) WHERE twin_id IS NOT NULL;
