-- Statements on tasks of the Scale-compatible API: made, looked up, changed, listed.

-- Nothing where the unique_id is taken.
-- name: scale_task_insert
INSERT INTO scale_task (
  task_id, type, project_id, batch_id, purpose, status, stage, unique_id, instruction, callback_url, params, version,
  clear_on_error, is_test, metadata, tags, priority, created_at, updated_at
)
VALUES (
  :task_id, :type, :project_id, :batch_id, :purpose, 'pending', :stage, :unique_id, :instruction, :callback_url, :params,
  :version, :clear_on_error, :is_test, :metadata, :tags, :priority, :now, :now
)
ON CONFLICT (unique_id) WHERE unique_id IS NOT NULL DO NOTHING;

-- name: scale_task_get
SELECT s.*, b.name AS batch_name FROM scale_task s LEFT JOIN batch b ON b.id = s.batch_id WHERE s.task_id = :task_id;

-- name: scale_task_by_unique_id
SELECT s.*, b.name AS batch_name FROM scale_task s LEFT JOIN batch b ON b.id = s.batch_id WHERE s.unique_id = :unique_id;

-- name: scale_task_set_unique_id
UPDATE scale_task SET unique_id = :unique_id, updated_at = :now WHERE task_id = :task_id;

-- name: scale_task_set_metadata
UPDATE scale_task SET metadata = :metadata, updated_at = :now WHERE task_id = :task_id;

-- name: scale_task_set_tags
UPDATE scale_task SET tags = :tags, updated_at = :now WHERE task_id = :task_id;

-- name: scale_tag_insert
INSERT INTO scale_task_tag (tag, task_id) VALUES (:tag, :task_id);

-- By its key: the table has no other index, and the writer is everybody's.
-- name: scale_tag_delete
DELETE FROM scale_task_tag WHERE tag = :tag AND task_id = :task_id;

-- name: scale_batch_named
SELECT * FROM batch WHERE name = :name;

-- Whether anybody has begun on a task: has it in hand, answered it, or gave it up.
-- name: scale_task_begun
SELECT t.id FROM task t
WHERE t.id = :task_id AND (t.load > 0 OR t.accepted > 0 OR EXISTS (SELECT 1 FROM annotation a WHERE a.task_id = t.id));

-- Idempotency keys ---------------------------------------------------------------------------------------------------

-- name: scale_key_get
SELECT * FROM scale_key WHERE key = :key;

-- name: scale_key_insert
INSERT INTO scale_key (key, digest, task_id, at) VALUES (:key, :digest, :task_id, :now);

-- name: scale_key_forget
DELETE FROM scale_key WHERE at < :before;

-- Lists, newest first: behind a cursor, and counted. An empty text is no condition; times are from and before. -----------

-- name: scale_list
SELECT s.*, b.name AS batch_name FROM scale_task s LEFT JOIN batch b ON b.id = s.batch_id
WHERE s.purpose = 'work' AND (s.created_at, s.task_id) < (:at, :id)
  AND s.created_at >= :created_from AND s.created_at <= :created_until
  AND (:type = '' OR s.type = :type) AND (:status = '' OR s.status = :status)
  AND s.updated_at >= :updated_from AND s.updated_at <= :updated_until
  AND (:any_completion = 1 OR (s.completed_at >= :completed_from AND s.completed_at <= :completed_until))
  AND (:review = '' OR :review LIKE '%,' || COALESCE(s.review_status, 'pending') || ',%')
ORDER BY s.created_at DESC, s.task_id DESC LIMIT :n;

-- name: scale_list_count
SELECT COUNT(*) AS n FROM scale_task s
WHERE s.purpose = 'work'
  AND s.created_at >= :created_from AND s.created_at <= :created_until
  AND (:type = '' OR s.type = :type) AND (:status = '' OR s.status = :status)
  AND s.updated_at >= :updated_from AND s.updated_at <= :updated_until
  AND (:any_completion = 1 OR (s.completed_at >= :completed_from AND s.completed_at <= :completed_until))
  AND (:review = '' OR :review LIKE '%,' || COALESCE(s.review_status, 'pending') || ',%');

-- name: scale_list_of_project
SELECT s.*, b.name AS batch_name FROM scale_task s LEFT JOIN batch b ON b.id = s.batch_id
WHERE s.purpose = 'work' AND s.project_id = :project_id AND (s.created_at, s.task_id) < (:at, :id)
  AND (:batch_id = '' OR s.batch_id = :batch_id)
  AND s.created_at >= :created_from AND s.created_at <= :created_until
  AND (:type = '' OR s.type = :type) AND (:status = '' OR s.status = :status)
  AND s.updated_at >= :updated_from AND s.updated_at <= :updated_until
  AND (:any_completion = 1 OR (s.completed_at >= :completed_from AND s.completed_at <= :completed_until))
  AND (:review = '' OR :review LIKE '%,' || COALESCE(s.review_status, 'pending') || ',%')
ORDER BY s.created_at DESC, s.task_id DESC LIMIT :n;

-- name: scale_list_of_project_count
SELECT COUNT(*) AS n FROM scale_task s
WHERE s.purpose = 'work' AND s.project_id = :project_id AND (:batch_id = '' OR s.batch_id = :batch_id)
  AND s.created_at >= :created_from AND s.created_at <= :created_until
  AND (:type = '' OR s.type = :type) AND (:status = '' OR s.status = :status)
  AND s.updated_at >= :updated_from AND s.updated_at <= :updated_until
  AND (:any_completion = 1 OR (s.completed_at >= :completed_from AND s.completed_at <= :completed_until))
  AND (:review = '' OR :review LIKE '%,' || COALESCE(s.review_status, 'pending') || ',%');

-- Those of any of a few tags; whoever has fewer names one of them several times.
-- name: scale_list_tagged
SELECT s.*, b.name AS batch_name FROM scale_task s LEFT JOIN batch b ON b.id = s.batch_id
WHERE s.purpose = 'work' AND (s.created_at, s.task_id) < (:at, :id)
  AND s.task_id IN (
    SELECT g.task_id FROM scale_task_tag g WHERE g.tag IN (:tag0, :tag1, :tag2, :tag3, :tag4, :tag5, :tag6, :tag7, :tag8, :tag9)
  )
  AND (:project_id = '' OR s.project_id = :project_id) AND (:batch_id = '' OR s.batch_id = :batch_id)
  AND s.created_at >= :created_from AND s.created_at <= :created_until
  AND (:type = '' OR s.type = :type) AND (:status = '' OR s.status = :status)
  AND s.updated_at >= :updated_from AND s.updated_at <= :updated_until
  AND (:any_completion = 1 OR (s.completed_at >= :completed_from AND s.completed_at <= :completed_until))
  AND (:review = '' OR :review LIKE '%,' || COALESCE(s.review_status, 'pending') || ',%')
ORDER BY s.created_at DESC, s.task_id DESC LIMIT :n;

-- name: scale_list_tagged_count
SELECT COUNT(*) AS n FROM scale_task s
WHERE s.purpose = 'work'
  AND s.task_id IN (
    SELECT g.task_id FROM scale_task_tag g WHERE g.tag IN (:tag0, :tag1, :tag2, :tag3, :tag4, :tag5, :tag6, :tag7, :tag8, :tag9)
  )
  AND (:project_id = '' OR s.project_id = :project_id) AND (:batch_id = '' OR s.batch_id = :batch_id)
  AND s.created_at >= :created_from AND s.created_at <= :created_until
  AND (:type = '' OR s.type = :type) AND (:status = '' OR s.status = :status)
  AND s.updated_at >= :updated_from AND s.updated_at <= :updated_until
  AND (:any_completion = 1 OR (s.completed_at >= :completed_from AND s.completed_at <= :completed_until))
  AND (:review = '' OR :review LIKE '%,' || COALESCE(s.review_status, 'pending') || ',%');
