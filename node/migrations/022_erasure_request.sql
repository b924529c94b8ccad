-- Locks nothing that exists; no data risk.
-- A privacy officer's request to erase a patient, until another officer makes it too, it is withdrawn or it is too old.
-- Both tokens are keyed hashes, the officer's bound to the patient: nothing here names or links anybody.
create table erasure_request (
  patient_token bytea primary key check (octet_length(patient_token) = 16),
  officer_token bytea not null check (octet_length(officer_token) = 16),
  asked_at timestamptz(3) not null
);
