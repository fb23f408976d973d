-- Statements on the workspace itself, its workers and request keys. One name a statement; parameters as :name.

-- name: workspace_get
SELECT id, name, created_at FROM workspace;

-- name: workspace_insert
INSERT INTO workspace (id, name, created_at) VALUES (:id, :name, :created_at);

-- name: worker_insert
INSERT INTO worker (id, name, kind, role, active, created_at) VALUES (:id, :name, :kind, :role, 1, :created_at);

-- name: worker_get
SELECT id, name, kind, role, active, created_at FROM worker WHERE id = :id;

-- name: worker_by_name
SELECT id, name, kind, role, active, created_at FROM worker WHERE name = :name;

-- name: worker_list
SELECT id, name, kind, role, active, created_at FROM worker ORDER BY id;

-- name: worker_set_active
UPDATE worker SET active = :active WHERE id = :id;

-- name: key_get
SELECT digest, result FROM request_key WHERE actor_id = :actor_id AND key = :key;

-- name: key_insert
INSERT INTO request_key (actor_id, key, digest, result, at) VALUES (:actor_id, :key, :digest, :result, :at);

-- name: event_insert
INSERT INTO event (id, at, kind, actor_id, project_id, task_id, object_id, data, number, hash, content)
VALUES (:id, :at, :kind, :actor_id, :project_id, :task_id, :object_id, :data, :number, :hash, :content);
