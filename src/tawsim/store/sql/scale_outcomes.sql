-- Statements on what becomes of tasks of the Scale-compatible API: placing, completing, callbacks, audits.

-- What waits and may go on: of no batch, then of each batch that is in progress. Worded for the partial indexes: nothing is
-- read of batches that are over, nor of tasks that were placed.
-- name: scale_waiting_batches
SELECT b.id FROM batch b WHERE b.state IN ('staging', 'in_progress', 'paused') AND b.state = 'in_progress'
  AND (SELECT MIN(s.created_at) FROM scale_task s WHERE s.batch_id = b.id AND s.stage = 'waiting') IS NOT NULL
ORDER BY b.created_at, b.id;

-- name: scale_waiting_of_batch
SELECT task_id, created_at FROM scale_task WHERE batch_id = :batch_id AND stage = 'waiting' AND (created_at, task_id) > (:created_at, :task_id)
ORDER BY created_at, task_id LIMIT :n;

-- name: scale_waiting_of_none
SELECT task_id, created_at FROM scale_task WHERE batch_id IS NULL AND stage = 'waiting' AND (created_at, task_id) > (:created_at, :task_id)
ORDER BY created_at, task_id LIMIT :n;

-- name: scale_may_place
SELECT s.task_id FROM scale_task s LEFT JOIN batch b ON b.id = s.batch_id
WHERE s.task_id = :task_id AND s.stage = 'waiting' AND s.status = 'pending' AND (s.batch_id IS NULL OR b.state = 'in_progress');

-- name: scale_set_placed
UPDATE scale_task SET stage = 'placed' WHERE task_id = :task_id AND stage = 'waiting';

-- name: scale_place_get
SELECT number FROM scale_place WHERE id = 1;

-- name: scale_place_set
UPDATE scale_place SET number = :number WHERE id = 1 AND number < :number;

-- name: scale_any_task
SELECT task_id FROM scale_task LIMIT 1;

-- name: scale_events
SELECT number, kind, project_id, task_id, object_id FROM event WHERE number > :after ORDER BY number LIMIT :n;

-- A task as both sides have it: what was sent, and how far the work is.
-- name: scale_work
SELECT s.task_id, s.type, s.project_id, s.batch_id, s.status, s.basis, s.response, t.seq, t.round, t.accepted, t.overlap,
  t.state, t.changed
FROM scale_task s JOIN task t ON t.id = s.task_id
WHERE s.task_id = :task_id AND s.stage = 'placed' AND s.purpose = 'work';

-- name: scale_pending_of_project
SELECT s.task_id, s.created_at FROM scale_task s JOIN task t ON t.id = s.task_id
WHERE s.project_id = :project_id AND s.purpose = 'work' AND (s.created_at, s.task_id) > (:created_at, :task_id)
  AND s.stage = 'placed' AND s.status = 'pending' AND t.accepted >= t.overlap AND t.state = 'open'
ORDER BY s.created_at, s.task_id LIMIT :n;

-- name: scale_set_completed
UPDATE scale_task SET status = 'completed', response = :response, basis = :basis, prior_responses = :prior_responses,
  review_status = :review_status, completed_at = COALESCE(completed_at, :now), updated_at = :now WHERE task_id = :task_id;

-- name: scale_set_failed
UPDATE scale_task SET status = 'error', stage = :stage, response = :response, basis = '', completed_at = :now, updated_at = :now,
  unique_id = CASE WHEN clear_on_error = 1 THEN NULL ELSE unique_id END
WHERE task_id = :task_id;

-- name: scale_set_recalled
UPDATE scale_task SET status = 'pending', response = NULL, basis = '', prior_responses = :prior_responses, completed_at = NULL,
  updated_at = :now WHERE task_id = :task_id;

-- name: scale_set_canceled
UPDATE scale_task SET status = 'canceled', stage = 'over', updated_at = :now WHERE task_id = :task_id AND status = 'pending';

-- name: scale_set_audited
UPDATE scale_task SET review_status = :review_status, review_comments = :review_comments, updated_at = :now
WHERE task_id = :task_id;

-- name: scale_callback_insert
INSERT INTO scale_callback (id, task_id, batch_id, url, receiver, created_at, next_at)
VALUES (:id, :task_id, :batch_id, :url, :receiver, :now, :now);

-- The next receiver, by name, for whom anything waits.
-- name: scale_callback_receiver
SELECT MIN(receiver) AS receiver FROM scale_callback WHERE state = 'waiting' AND receiver > :after;

-- name: scale_callback_due
SELECT * FROM scale_callback WHERE receiver = :receiver AND state = 'waiting' AND next_at <= :now ORDER BY next_at, id LIMIT :n;

-- name: scale_callback_tried
UPDATE scale_callback SET state = :state, tries = tries + 1, tried_at = :now, next_at = :next_at, status = :status, error = :error
WHERE id = :id AND state = 'waiting';

-- name: scale_callback_told
UPDATE scale_task SET callback_succeeded = :succeeded WHERE task_id = :task_id;

-- name: scale_callback_again
UPDATE scale_callback SET state = 'waiting', tries = 0, next_at = :now, error = '' WHERE id = :id;

-- A clock that jumped put them further ahead than any pause is long.
-- name: scale_callback_too_far
UPDATE scale_callback SET next_at = :now WHERE state = 'waiting' AND next_at > :far;

-- name: scale_callback_trim
DELETE FROM scale_callback WHERE id IN (SELECT id FROM scale_callback WHERE state = 'sent' AND tried_at < :before LIMIT :n);

-- name: scale_outcome_get
SELECT * FROM scale_task WHERE task_id = :task_id;

-- name: scale_pending_in_batch
SELECT task_id FROM scale_task WHERE batch_id = :batch_id AND status = 'pending' AND purpose = 'work' LIMIT 1;

-- name: scale_set_basis
UPDATE scale_task SET basis = :basis WHERE task_id = :task_id;

-- name: scale_projects_with_tasks
SELECT project_id FROM scale_project ORDER BY project_id;

-- name: scale_waiting_get
SELECT s.* FROM scale_task s LEFT JOIN batch b ON b.id = s.batch_id
WHERE s.task_id = :task_id AND s.stage = 'waiting' AND s.status = 'pending' AND (s.batch_id IS NULL OR b.state = 'in_progress');

-- name: scale_pending_of_batch
SELECT task_id FROM scale_task WHERE batch_id = :batch_id AND stage = 'waiting' AND status = 'pending'
ORDER BY created_at, task_id LIMIT :n;

-- Of a removed project: its work by the index of it, then the few of known answer, which no index holds.
-- name: scale_pending_of_removed
SELECT s.task_id FROM scale_task s JOIN project p ON p.id = s.project_id AND p.state = 'removed'
WHERE s.project_id = :project_id AND s.status = 'pending' AND s.purpose = 'work' ORDER BY s.created_at, s.task_id LIMIT :n;

-- name: scale_known_of_removed
SELECT s.task_id FROM scale_task s JOIN project p ON p.id = s.project_id AND p.state = 'removed'
WHERE s.project_id = :project_id AND s.status = 'pending' AND s.purpose <> 'work' LIMIT :n;

-- name: scale_set_expected
UPDATE scale_task SET expected = :expected, initial = :initial WHERE task_id = :task_id;
