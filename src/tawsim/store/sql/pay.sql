-- Statements on time that was worked and on the ledger.

-- name: worker_paid
SELECT kind, profile FROM worker WHERE id = :id;

-- name: time_taken_get
SELECT taken, closed_until, seen_at FROM time_taken WHERE worker_id = :worker_id;

-- name: time_taken_set
INSERT INTO time_taken (worker_id, taken, closed_until, seen_at) VALUES (:worker_id, :taken, :closed_until, :seen_at)
ON CONFLICT (worker_id) DO UPDATE SET taken = excluded.taken, closed_until = excluded.closed_until, seen_at = excluded.seen_at;

-- name: work_day_add
INSERT INTO work_day (worker_id, project_id, day, active, on_word, answers)
VALUES (:worker_id, :project_id, :day, :active, :on_word, :answers)
ON CONFLICT (worker_id, project_id, day) DO UPDATE SET active = work_day.active + excluded.active,
  on_word = work_day.on_word + excluded.on_word, answers = work_day.answers + excluded.answers;

-- name: work_days_of_both
SELECT worker_id, project_id, day, active, on_word, answers FROM work_day
WHERE worker_id = :worker_id AND project_id = :project_id AND day >= :from_day AND day <= :to_day ORDER BY day;

-- name: work_days_of_worker
SELECT worker_id, project_id, day, active, on_word, answers FROM work_day
WHERE worker_id = :worker_id AND day >= :from_day AND day <= :to_day ORDER BY project_id, day;

-- name: work_days_of_project
SELECT worker_id, project_id, day, active, on_word, answers FROM work_day
WHERE project_id = :project_id AND day >= :from_day AND day <= :to_day ORDER BY worker_id, day;

-- name: ledger_insert
INSERT INTO ledger_entry (id, at, day, project_id, worker_id, why, amount_micros, currency, quantity, unit, object_id)
VALUES (:id, :at, :day, :project_id, :worker_id, :why, :amount_micros, :currency, :quantity, :unit, :object_id);

-- name: ledger_sums_of_both
SELECT worker_id, project_id, day, why, currency, SUM(amount_micros) AS amount_micros, SUM(quantity) AS quantity,
  COUNT(*) AS entries FROM ledger_entry
WHERE worker_id = :worker_id AND project_id = :project_id AND day >= :from_day AND day <= :to_day
GROUP BY worker_id, project_id, day, currency, why ORDER BY day, currency, why;

-- name: ledger_sums_of_project
SELECT worker_id, project_id, day, why, currency, SUM(amount_micros) AS amount_micros, SUM(quantity) AS quantity,
  COUNT(*) AS entries FROM ledger_entry
WHERE project_id = :project_id AND day >= :from_day AND day <= :to_day
GROUP BY worker_id, project_id, day, currency, why ORDER BY worker_id, day, currency, why;

-- name: ledger_sums_of_worker
SELECT worker_id, project_id, day, why, currency, SUM(amount_micros) AS amount_micros, SUM(quantity) AS quantity,
  COUNT(*) AS entries FROM ledger_entry
WHERE worker_id = :worker_id AND day >= :from_day AND day <= :to_day
GROUP BY worker_id, project_id, day, currency, why ORDER BY project_id, day, currency, why;
