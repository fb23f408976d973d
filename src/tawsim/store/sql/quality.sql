-- Statements behind the quality page: accepted answers of the current rounds to tasks for work, with when and under what they
-- were given; what slices the tasks; and what people said of them.

-- name: quality_answers
SELECT t.seq, a.worker_id, v.answers, a.schema_version, a.created_at, l.granted_at, a.active, a.guideline_version
FROM task t JOIN annotation a ON a.task_id = t.id AND a.round = t.round AND a.state = 'accepted'
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
JOIN lease l ON l.id = a.lease_id
WHERE t.project_id = :project_id AND t.changed > 0 AND t.seq <= :visible_seq AND t.state <> 'removed' AND t.purpose = 'work';

-- name: quality_changed_answers
SELECT t.seq, a.worker_id, v.answers, a.schema_version, a.created_at, l.granted_at, a.active, a.guideline_version
FROM task t JOIN annotation a ON a.task_id = t.id AND a.round = t.round AND a.state = 'accepted'
JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
JOIN lease l ON l.id = a.lease_id
WHERE t.project_id = :project_id AND t.changed > :seen AND t.changed > 0 AND t.changed <= :until AND t.seq <= :visible_seq
  AND t.state <> 'removed' AND t.purpose = 'work';

-- name: quality_contents
SELECT t.seq, c.content FROM task t JOIN task_content c ON c.task_id = t.id
WHERE t.project_id = :project_id AND t.seq > :after AND t.seq <= :until;

-- name: quality_lanes
SELECT l.requirement, t.seq FROM lane l JOIN task t ON t.lane_id = l.id
WHERE l.project_id = :project_id AND t.project_id = :project_id AND l.requirement <> '{}';

-- name: quality_tags
SELECT g.name, t.seq FROM tag g JOIN task_tag x ON x.tag_id = g.id JOIN task t ON t.id = x.task_id
WHERE g.project_id = :project_id;

-- What was said with the answers to one task, and what the answers are.
-- name: quality_task_answers
SELECT a.id, a.worker_id, v.answers, a.schema_version, v.comment, v.flag, a.created_at
FROM annotation a JOIN annotation_version v ON v.annotation_id = a.id AND v.version = a.version
WHERE a.task_id = :task_id AND a.round = :round AND a.state = 'accepted' ORDER BY a.id;

-- Comments that stand, with their task; the newest first. Of the whole file's newest, so that the few answers with one are
-- found without reading the many without.
-- name: quality_comments
SELECT t.seq, t.id AS task_id, v.comment FROM (
  SELECT annotation_id, version, comment FROM annotation_version WHERE comment <> '' ORDER BY annotation_id DESC LIMIT :n
) v
JOIN annotation a ON a.id = v.annotation_id AND a.version = v.version
JOIN task t ON t.id = a.task_id AND t.round = a.round
WHERE a.project_id = :project_id AND a.state = 'accepted' AND t.state <> 'removed'
ORDER BY v.annotation_id DESC;
