-- Lock risk: none (a new table). Data risk: none.

-- Up to which step of a case somebody of this organisation, and the patient who opened it, has looked at it; what came
-- later is shown as new.
create table dispute_seen (
  case_id text not null check (case_id ~ '^[0-9a-f]{32}$'),
  viewer text not null check (viewer in ('staff', 'patient')),
  step integer not null check (step >= 0),
  primary key (case_id, viewer)
);
