-- The bytes of a picture or a sound lie in pieces of 1 MiB, so that neither storing nor serving a long recording holds the
-- writer or the memory. `whole` is set once all pieces are there; `seen_at` keeps what is being imported from the sweep.
ALTER TABLE media DROP COLUMN bytes;
ALTER TABLE media ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;
ALTER TABLE media ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;
CREATE TABLE media_piece (
  digest TEXT NOT NULL REFERENCES media (digest),
  number INTEGER NOT NULL,
  bytes BYTEA NOT NULL,
  PRIMARY KEY (digest, number)
);
CREATE INDEX media_name_digest ON media_name (digest, project_id);
