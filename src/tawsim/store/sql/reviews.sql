-- Statements on reviews, on what waits for them, and on answers accepted many at once.

-- name: review_place_get
SELECT * FROM review_place WHERE project_id = :project_id;

-- name: review_place_insert
INSERT INTO review_place (project_id, salt) VALUES (:project_id, :salt) ON CONFLICT (project_id) DO NOTHING;

-- name: review_place_move
UPDATE review_place SET changed = :changed, seq = :seq, filled_at = :now WHERE project_id = :project_id;

-- name: review_place_begin
UPDATE review_place SET changed = 0, seq = 0, choice = :choice WHERE project_id = :project_id;

-- name: review_item_drop_chosen
UPDATE review_item SET state = 'dropped' WHERE project_id = :project_id AND state = 'waiting' AND why IN ('risk', 'random', 'all');

-- Tasks whose answers changed since the place, in the order in which they did.
-- name: review_changed_tasks
SELECT id, seq, changed FROM task
WHERE project_id = :project_id AND changed > 0 AND (changed, seq) > (:changed, :seq) ORDER BY changed, seq LIMIT :n;

-- name: review_answers_of_task
SELECT t.seq, a.id, a.worker_id, a.version, v.answers, v.flag, a.schema_version, i.state AS item_state, i.version AS reviewed, i.why
FROM task t JOIN annotation a ON a.task_id = t.id AND a.round = t.round AND a.state = 'accepted'
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
LEFT JOIN review_item i ON i.annotation_id = a.id
WHERE t.id = :task_id AND t.state <> 'removed' AND t.purpose = 'work' ORDER BY a.id;

-- Their answers, up to the last of those tasks.
-- name: review_changed_answers
SELECT t.id AS task_id, a.id, a.worker_id, a.version, v.flag, i.state AS item_state, i.version AS reviewed, i.why
FROM task t JOIN annotation a ON a.task_id = t.id AND a.round = t.round AND a.state = 'accepted'
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
LEFT JOIN review_item i ON i.annotation_id = a.id
WHERE t.project_id = :project_id AND t.changed > 0 AND (t.changed, t.seq) > (:changed, :seq)
  AND (t.changed, t.seq) <= (:until_changed, :until_seq) AND t.state <> 'removed' AND t.purpose = 'work';

-- name: review_task_id
SELECT id FROM task WHERE project_id = :project_id AND seq = :seq AND state <> 'removed' AND purpose = 'work';

-- name: review_item_add
INSERT INTO review_item (annotation_id, project_id, task_id, author_id, why, rank, state, version, added_at)
VALUES (:annotation_id, :project_id, :task_id, :author_id, :why, :rank, 'waiting', 0, :at)
ON CONFLICT (annotation_id) DO UPDATE SET why = excluded.why, rank = excluded.rank, state = 'waiting', added_at = excluded.added_at
WHERE review_item.state IN ('done', 'dropped');

-- name: review_item_first
UPDATE review_item SET why = :why, rank = :rank WHERE annotation_id = :annotation_id AND state IN ('waiting', 'held') AND rank > :rank;

-- name: review_item_get
SELECT * FROM review_item WHERE annotation_id = :annotation_id;

-- name: review_item_count
SELECT COUNT(*) AS n FROM review_item WHERE project_id = :project_id AND state = 'waiting';

-- name: review_item_count_held
SELECT COUNT(*) AS n FROM review_item WHERE project_id = :project_id AND state = 'held';

-- name: review_item_count_why
SELECT COUNT(*) AS n FROM review_item WHERE project_id = :project_id AND why = :why AND state <> 'dropped';

-- name: review_item_held
SELECT * FROM review_item WHERE project_id = :project_id AND state = 'held' AND holder_id = :holder_id ORDER BY rank LIMIT 1;

-- Held by somebody whose time is over, who was deactivated, or who may not review any more.
-- name: review_item_overdue
SELECT i.annotation_id, i.task_id, i.holder_id FROM review_item i LEFT JOIN worker w ON w.id = i.holder_id
WHERE i.project_id = :project_id AND i.state = 'held'
  AND (i.held_until <= :now OR w.id IS NULL OR w.active = 0 OR w.role = 'labeller') LIMIT :n;

-- The head of the queue that this reviewer may have: no answer of their own, and none to a task that they answered unless
-- there is nobody else who could look at it.
-- name: review_item_head
SELECT i.annotation_id FROM review_item i JOIN task t ON t.id = i.task_id
WHERE i.project_id = :project_id AND i.state = 'waiting' AND i.author_id <> :reviewer_id
  AND (NOT EXISTS (SELECT 1 FROM annotation a WHERE a.task_id = i.task_id AND a.worker_id = :reviewer_id
                   AND a.round = t.round AND a.state = 'accepted')
       OR NOT EXISTS (SELECT 1 FROM worker w WHERE w.active = 1 AND w.kind = 'person' AND w.role <> 'labeller'
                      AND w.id <> :reviewer_id AND w.id <> i.author_id
                      AND NOT EXISTS (SELECT 1 FROM annotation b WHERE b.task_id = i.task_id AND b.worker_id = w.id
                                      AND b.round = t.round AND b.state = 'accepted')))
ORDER BY i.rank, i.annotation_id LIMIT 1;

-- name: review_item_hold
UPDATE review_item SET state = 'held', holder_id = :holder_id, held_until = :held_until
WHERE annotation_id = :annotation_id AND (state = 'waiting' OR (state = 'held' AND holder_id = :holder_id));

-- name: review_item_release
UPDATE review_item SET state = :state, holder_id = NULL, held_until = NULL WHERE annotation_id = :annotation_id AND state = 'held';

-- name: review_item_end
UPDATE review_item SET state = :state, version = :version, holder_id = NULL, held_until = NULL
WHERE annotation_id = :annotation_id;

-- name: review_may_other
SELECT 1 AS found FROM worker w WHERE w.active = 1 AND w.kind = 'person' AND w.role <> 'labeller' AND w.id <> :reviewer_id
  AND w.id <> :author_id AND NOT EXISTS (SELECT 1 FROM annotation b WHERE b.task_id = :task_id AND b.worker_id = w.id
                                         AND b.round = :round AND b.state = 'accepted') LIMIT 1;

-- name: review_answered
SELECT id FROM annotation WHERE task_id = :task_id AND worker_id = :worker_id AND round = :round AND state = 'accepted';

-- name: review_insert
INSERT INTO review (id, project_id, task_id, annotation_id, round, seen_version, reviewer_id, verdict, reason, words, answers,
                    schema_version, bulk_id, evidence_id, at, why, drawn)
VALUES (:id, :project_id, :task_id, :annotation_id, :round, :seen_version, :reviewer_id, :verdict, :reason, :words, :answers,
        :schema_version, :bulk_id, :evidence_id, :at, :why, :drawn);

-- name: review_get
SELECT * FROM review WHERE id = :id;

-- name: review_standing
SELECT id FROM review WHERE annotation_id = :annotation_id AND seen_version = :seen_version AND undone_at IS NULL;

-- name: review_of_annotation
SELECT r.*, w.name AS reviewer_name FROM review r JOIN worker w ON w.id = r.reviewer_id
WHERE r.annotation_id = :annotation_id ORDER BY r.id;

-- name: review_last_of
SELECT * FROM review WHERE project_id = :project_id AND reviewer_id = :reviewer_id AND bulk_id IS NULL AND undone_at IS NULL
ORDER BY id DESC LIMIT 1;

-- name: review_count_of
SELECT COUNT(*) AS n FROM review WHERE project_id = :project_id AND reviewer_id = :reviewer_id AND bulk_id IS NULL
  AND undone_at IS NULL;

-- name: review_undo
UPDATE review SET undone_at = :now WHERE id = :id AND undone_at IS NULL;

-- name: review_disputed
SELECT id FROM dispute WHERE review_id = :review_id;

-- name: review_annotation_again
UPDATE annotation SET state = 'accepted' WHERE id = :id AND state = 'rejected';

-- name: review_lease_slot
UPDATE lease SET slot = :slot WHERE id = :id;

-- name: review_notice_unseen
DELETE FROM notice WHERE object_id = :object_id AND worker_id = :worker_id AND seen_at IS NULL;

-- name: review_versions
SELECT version, answers, at, comment, flag FROM annotation_version WHERE annotation_id = :annotation_id ORDER BY version DESC LIMIT :n;

-- name: evidence_get
SELECT * FROM evidence WHERE id = :id;

-- name: evidence_take_back
UPDATE evidence SET replaced_by = :id WHERE id = :id AND replaced_by IS NULL;

-- name: evidence_restore
UPDATE evidence SET replaced_by = NULL WHERE replaced_by = :id AND id <> :id;

-- Answers that wait and could be accepted at once: not flagged, nobody holds them, given up to the one that was previewed.
-- name: review_bulk_waiting
SELECT i.annotation_id, i.author_id, t.seq, a.version, a.schema_version, v.answers
FROM review_item i JOIN annotation a ON a.id = i.annotation_id JOIN task t ON t.id = i.task_id AND t.round = a.round
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
WHERE i.project_id = :project_id AND i.state = 'waiting' AND i.why NOT IN ('asked', 'flag') AND v.flag = 0
  AND a.state = 'accepted' AND t.state <> 'removed' AND i.author_id <> :actor_id AND i.annotation_id <= :until
  AND NOT EXISTS (SELECT 1 FROM annotation b WHERE b.task_id = i.task_id AND b.worker_id = :actor_id AND b.round = t.round
                  AND b.state = 'accepted');

-- What people found of answers when they looked: the share that was wrong tells what the model's own figure is worth. Where a
-- dispute found the author right, it was right.
-- name: review_bulk_checked
SELECT CASE WHEN d.right_is = 'author' THEN 'accept' ELSE r.verdict END AS verdict, t.seq, r.schema_version, v.answers, r.drawn
FROM review r JOIN task t ON t.id = r.task_id AND t.round = r.round
JOIN annotation_version v ON v.annotation_id = r.annotation_id AND v.version = r.seen_version
LEFT JOIN dispute d ON d.review_id = r.id
WHERE r.project_id = :project_id AND r.bulk_id IS NULL AND r.undone_at IS NULL AND t.state <> 'removed'
ORDER BY r.id DESC LIMIT :n;

-- Whether many answers, this one among those that were looked at, were accepted at once: what was left over is the doubtful.
-- name: review_bulk_passed
SELECT id FROM review_bulk
WHERE project_id = :project_id AND until >= :annotation_id AND accepted > 0 AND state <> 'undone' LIMIT 1;

-- name: review_bulk_insert
INSERT INTO review_bulk (id, project_id, actor_id, key, threshold, until, state, at)
VALUES (:id, :project_id, :actor_id, :key, :threshold, :until, 'running', :at);

-- name: review_bulk_by_key
SELECT * FROM review_bulk WHERE actor_id = :actor_id AND key = :key;

-- name: review_bulk_get
SELECT * FROM review_bulk WHERE id = :id;

-- name: review_bulk_list
SELECT b.*, w.name AS actor_name FROM review_bulk b JOIN worker w ON w.id = b.actor_id
WHERE b.project_id = :project_id ORDER BY b.id DESC LIMIT :n;

-- name: review_bulk_add
UPDATE review_bulk SET accepted = accepted + :n WHERE id = :id;

-- name: review_bulk_state
UPDATE review_bulk SET state = :state WHERE id = :id;

-- name: review_of_bulk
SELECT id, annotation_id, task_id, seen_version FROM review WHERE bulk_id = :bulk_id AND undone_at IS NULL ORDER BY id LIMIT :n;
