-- Where models are asked. The key itself is in no table: `key_env` names the variable that holds it.
CREATE TABLE endpoint (
  name TEXT PRIMARY KEY,
  base_url TEXT NOT NULL,
  models TEXT NOT NULL,
  key_env TEXT NOT NULL,
  allow_private INTEGER NOT NULL,
  max_tokens INTEGER NOT NULL,
  by_worker TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

-- What a worker asked a live model, and what came back, in the order shown. Append-only. Which model said what stands in
-- `candidates` and is shown to nobody who has yet to choose.
CREATE TABLE live_turn (
  lease_id TEXT NOT NULL REFERENCES lease (id),
  key TEXT NOT NULL,
  question TEXT NOT NULL,
  turn INTEGER NOT NULL,
  endpoint TEXT NOT NULL,
  prompt TEXT NOT NULL,
  candidates TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (lease_id, key)
);
CREATE UNIQUE INDEX live_turn_number ON live_turn (lease_id, question, turn);
