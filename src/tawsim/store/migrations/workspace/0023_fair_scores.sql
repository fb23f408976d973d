-- Why an answer was looked at, with the review itself (its place in the queue is used anew), and whether chance alone had
-- chosen it. Evidence is fair where it speaks for all of a person's acts: chance, and nobody's doubt, chose the act.
ALTER TABLE review ADD COLUMN why TEXT NOT NULL DEFAULT '' CHECK (why IN ('', 'asked', 'flag', 'risk', 'random', 'all'));
ALTER TABLE review ADD COLUMN drawn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE evidence ADD COLUMN fair INTEGER NOT NULL DEFAULT 0;
UPDATE review SET why = COALESCE((SELECT i.why FROM review_item i WHERE i.annotation_id = review.annotation_id), '')
WHERE bulk_id IS NULL;
-- Of answers that were accepted with many others the doubtful ones were left over.
UPDATE review SET drawn = 1 WHERE bulk_id IS NULL AND why IN ('random', 'all') AND NOT EXISTS (
  SELECT 1 FROM review_bulk b WHERE b.project_id = review.project_id AND b.until >= review.annotation_id AND b.accepted > 0
    AND b.state <> 'undone' AND b.at < review.at);
UPDATE evidence SET fair = 1 WHERE act = 'label' AND source = 'gold';
UPDATE evidence SET fair = 1 WHERE act = 'label' AND source = 'review'
  AND id IN (SELECT r.evidence_id FROM review r WHERE r.drawn = 1 AND r.evidence_id IS NOT NULL);
-- A later word on an answer that chance had chosen: a decision after the review, a dispute after either.
UPDATE evidence SET fair = 1 WHERE act = 'label' AND source IN ('decision', 'dispute')
  AND EXISTS (SELECT 1 FROM review r WHERE r.annotation_id = evidence.annotation_id AND r.drawn = 1 AND r.undone_at IS NULL);
-- What people wrote stands in tables, from where it can go on a person's wish; the log holds digests. Why an answer was taken
-- out of the count: `n` counts how often it was. `review_id`: by a review, which has the words itself.
CREATE TABLE rejection (
  annotation_id TEXT NOT NULL REFERENCES annotation (id),
  n INTEGER NOT NULL,
  by_worker TEXT NOT NULL REFERENCES worker (id),
  reason TEXT NOT NULL DEFAULT '',
  review_id TEXT,
  at BIGINT NOT NULL,
  PRIMARY KEY (annotation_id, n)
);
-- Why somebody was let out, as they may read it, and by whom; the last time that they were.
CREATE TABLE let_out (
  worker_id TEXT PRIMARY KEY REFERENCES worker (id),
  by_worker TEXT NOT NULL REFERENCES worker (id),
  reason TEXT NOT NULL DEFAULT '',
  at BIGINT NOT NULL
);
