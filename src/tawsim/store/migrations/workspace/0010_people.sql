-- Owners are counted before one is let out or given another role: there is always one.
CREATE INDEX worker_owners ON worker (id) WHERE role = 'owner' AND active = 1;
