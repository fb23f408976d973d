-- Endpoints of models, and what live models were asked.

-- name: endpoint_insert
INSERT INTO endpoint (name, base_url, models, key_env, allow_private, max_tokens, by_worker, created_at)
VALUES (:name, :base_url, :models, :key_env, :allow_private, :max_tokens, :by_worker, :created_at);

-- name: endpoint_get
SELECT name, base_url, models, key_env, allow_private, max_tokens, created_at FROM endpoint WHERE name = :name;

-- name: endpoint_list
SELECT name, base_url, models, key_env, allow_private, max_tokens, created_at FROM endpoint ORDER BY name;

-- name: endpoint_delete
DELETE FROM endpoint WHERE name = :name;

-- name: live_turn_get
SELECT question, turn, prompt, candidates FROM live_turn WHERE lease_id = :lease_id AND key = :key;

-- name: live_turn_count
SELECT COUNT(*) AS turns FROM live_turn WHERE lease_id = :lease_id AND question = :question;

-- name: live_turn_insert
INSERT INTO live_turn (lease_id, key, question, turn, endpoint, prompt, candidates, created_at)
VALUES (:lease_id, :key, :question, :turn, :endpoint, :prompt, :candidates, :created_at);

-- name: live_turn_of_worker
SELECT v.candidates FROM lease l JOIN live_turn v ON v.lease_id = l.id
WHERE l.task_id = :task_id AND l.worker_id = :worker_id AND v.question = :question;

-- name: live_turn_list
SELECT t.seq, l.worker_id, w.name AS worker_name, v.lease_id, l.state AS lease_state, v.question, v.turn, v.endpoint, v.prompt,
v.candidates, v.created_at
FROM lease l JOIN live_turn v ON v.lease_id = l.id JOIN task t ON t.id = l.task_id JOIN worker w ON w.id = l.worker_id
WHERE l.project_id = :project_id ORDER BY t.seq, v.lease_id, v.question, v.turn;
