-- Lock risk: none (new tables). Data risk: none.
-- Rows of evidence are written once. Removing one of these triggers is itself found: the evidence log no longer adds up.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op) using errcode = 'restrict_violation';
end
$$;

-- One row an access; who did what to whom is in `sealed` alone.
create table audit_event (
  event_id uuid primary key,
  recorded_at timestamptz(3) not null,
  patient_token bytea check (octet_length(patient_token) = 16),
  patient_sequence bigint check (patient_sequence > 0),
  leaf_id bigint not null,
  sealed bytea not null,
  check ((patient_token is null) = (patient_sequence is null))
);
create unique index audit_event_patient on audit_event (patient_token, patient_sequence)
  where patient_token is not null;
alter table audit_event alter column sealed set storage external;
create trigger audit_event_append_only before update or delete on audit_event
  for each row execute function refuse_change();
create trigger audit_event_keep before truncate on audit_event
  for each statement execute function refuse_change();
