-- Statements of the second version of the Scale-compatible API: finding by id or name, pages behind a cursor, deliveries.

-- name: scale_v2_project
SELECT s.* FROM scale_project s JOIN project p ON p.id = s.project_id
WHERE s.project_id = :id AND p.state <> 'removed';

-- name: scale_v2_project_named
SELECT s.* FROM scale_project s JOIN project p ON p.id = s.project_id
WHERE s.name = :name AND s.named = 1 AND p.state <> 'removed';

-- name: scale_v2_projects
SELECT s.* FROM scale_project s JOIN project p ON p.id = s.project_id
WHERE s.named = 1 AND s.archived_at IS NULL AND p.state <> 'removed'
  AND s.created_at >= :created_after AND s.created_at < :created_before
ORDER BY s.created_at DESC, s.project_id DESC;

-- name: scale_v2_batch
SELECT b.* FROM batch b JOIN scale_project s ON s.project_id = b.project_id JOIN project p ON p.id = b.project_id
WHERE b.id = :id AND p.state <> 'removed';

-- name: scale_v2_batch_named
SELECT b.* FROM batch b JOIN scale_project s ON s.project_id = b.project_id JOIN project p ON p.id = b.project_id
WHERE b.name = :name AND p.state <> 'removed';

-- name: scale_v2_batches
SELECT b.* FROM batch b JOIN scale_project s ON s.project_id = b.project_id JOIN project p ON p.id = b.project_id
WHERE (b.created_at, b.id) < (:at, :id) AND p.state <> 'removed' AND (:state = '' OR b.state = :state)
  AND b.created_at >= :created_after AND b.created_at < :created_before
  AND (:any_completion = 1 OR (b.completed_at >= :completed_after AND b.completed_at < :completed_before))
ORDER BY b.created_at DESC, b.id DESC LIMIT :n;

-- name: scale_v2_batches_of_project
SELECT b.* FROM batch b
WHERE b.project_id = :project_id AND (b.created_at, b.id) < (:at, :id) AND (:state = '' OR b.state = :state)
  AND b.created_at >= :created_after AND b.created_at < :created_before
  AND (:any_completion = 1 OR (b.completed_at >= :completed_after AND b.completed_at < :completed_before))
ORDER BY b.created_at DESC, b.id DESC LIMIT :n;

-- Tasks in one state: whoever wants those in any merges four such pages, each the head of an index.
-- name: scale_v2_tasks_of_project
SELECT t.* FROM scale_task t
WHERE t.project_id = :place AND t.status = :status AND t.purpose = 'work' AND (t.created_at, t.task_id) < (:at, :id)
  AND (:any_completion = 1 OR (t.completed_at >= :completed_after AND t.completed_at < :completed_before))
ORDER BY t.created_at DESC, t.task_id DESC LIMIT :n;

-- name: scale_v2_tasks_of_batch
SELECT t.* FROM scale_task t
WHERE t.batch_id = :place AND t.status = :status AND t.purpose = 'work' AND (t.created_at, t.task_id) < (:at, :id)
  AND (:any_completion = 1 OR (t.completed_at >= :completed_after AND t.completed_at < :completed_before))
ORDER BY t.created_at DESC, t.task_id DESC LIMIT :n;

-- name: scale_v2_task
SELECT t.* FROM scale_task t WHERE t.task_id = :id AND t.purpose = 'work';

-- Cancelled batches with a task that nobody will ever be given.
-- name: scale_v2_cancelled_waiting
SELECT b.id FROM batch b WHERE b.state = 'cancelled'
  AND EXISTS (SELECT 1 FROM scale_task t WHERE t.batch_id = b.id AND t.stage = 'waiting' AND t.status = 'pending') LIMIT 1;

-- name: scale_v2_waiting
SELECT t.task_id FROM scale_task t WHERE t.batch_id = :batch_id AND t.stage = 'waiting' AND t.status = 'pending'
ORDER BY t.created_at, t.task_id LIMIT :n;

-- What people gave for a task and when, the first first. Drawn back ones do not count.
-- name: scale_v2_submissions
SELECT a.worker_id, a.created_at FROM annotation a
WHERE a.task_id = :task_id AND a.state = 'accepted' AND a.created_at <= :until ORDER BY a.id;

-- Deliveries of removed projects are told of as before: what was delivered was delivered.
-- name: scale_v2_deliveries
SELECT v.* FROM scale_delivery v
WHERE v.ready = 1 AND (:project_id = '' OR v.project_id = :project_id)
  AND v.delivered_at >= :delivered_after AND v.delivered_at < :delivered_before
ORDER BY v.delivered_at DESC, v.id DESC;

-- name: scale_v2_delivery
SELECT v.* FROM scale_delivery v WHERE v.id = :id AND v.ready = 1;

-- name: scale_v2_deliveries_named
SELECT v.* FROM scale_delivery v
WHERE v.name = :name AND (:project_id = '' OR v.project_id = :project_id) AND v.ready = 1
ORDER BY v.delivered_at DESC, v.id DESC LIMIT 2;

-- Ready or not.
-- name: scale_v2_delivery_taken
SELECT v.* FROM scale_delivery v WHERE v.project_id = :project_id AND v.name = :name;

-- name: scale_v2_delivery_insert
INSERT INTO scale_delivery (id, project_id, name, delivered_at) VALUES (:id, :project_id, :name, :now);

-- The next piece of tasks to freeze, by their ids. `again` 1: those too that stand in an earlier delivery.
-- name: scale_v2_to_deliver
SELECT t.task_id, t.created_at FROM scale_task t
WHERE t.project_id = :project_id AND t.status = 'completed' AND t.purpose = 'work' AND t.created_at >= :created_at
  AND (t.created_at, t.task_id) > (:created_at, :task_id) AND (:batch_id = '' OR t.batch_id = :batch_id)
  AND (:again = 1 OR NOT EXISTS (SELECT 1 FROM scale_delivered d WHERE d.task_id = t.task_id))
ORDER BY t.created_at, t.task_id LIMIT :n;

-- name: scale_v2_freeze
INSERT INTO scale_delivered (delivery_id, task_id, batch_id, metadata, response, created_at, completed_at)
SELECT :delivery_id, t.task_id, t.batch_id, t.metadata, COALESCE(t.response, '{}'), t.created_at, t.completed_at
FROM scale_task t
WHERE t.task_id = :task_id AND t.status = 'completed'
  AND (:again = 1 OR NOT EXISTS (SELECT 1 FROM scale_delivered d WHERE d.task_id = t.task_id));

-- name: scale_v2_delivery_grown
UPDATE scale_delivery SET task_count = task_count + :n, delivered_at = :now WHERE id = :id AND ready = 0;

-- name: scale_v2_delivery_ready
UPDATE scale_delivery SET ready = 1, delivered_at = :now WHERE id = :id AND ready = 0;

-- Of deliveries that were never finished.
-- name: scale_v2_deliveries_broken_off
SELECT v.id FROM scale_delivery v WHERE v.ready = 0 AND v.delivered_at < :before ORDER BY v.id LIMIT 1;

-- name: scale_v2_delivered_some
SELECT d.task_id FROM scale_delivered d WHERE d.delivery_id = :delivery_id ORDER BY d.task_id LIMIT :n;

-- name: scale_v2_delivered_drop
DELETE FROM scale_delivered WHERE delivery_id = :delivery_id AND task_id = :task_id;

-- name: scale_v2_delivery_drop
DELETE FROM scale_delivery WHERE id = :id AND ready = 0;

-- name: scale_v2_delivered
SELECT d.* FROM scale_delivered d
WHERE d.delivery_id = :delivery_id AND d.task_id > :after
  AND (:any_completion = 1 OR (d.completed_at >= :completed_after AND d.completed_at < :completed_before))
ORDER BY d.task_id LIMIT :n;

-- The newest delivery that a task stands in.
-- name: scale_v2_delivered_last
SELECT d.delivery_id, d.response, v.delivered_at FROM scale_delivered d JOIN scale_delivery v ON v.id = d.delivery_id
WHERE d.task_id = :task_id AND v.ready = 1 ORDER BY v.delivered_at DESC, v.id DESC LIMIT 1;
