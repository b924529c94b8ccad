-- Locks nothing that exists; data risk: none.
-- One row a version of a record; rows are never changed but for is_current. Tokens are keyed hashes: compartment_token
-- of (patient, type), patient_token of the patient (or of the directory), id_token of (type, id). What stands in the
-- sealed columns is written byte by byte in docs/formats/sealed-record.md.
create table record_version (
  version_seq bigint generated always as identity primary key,
  id_token bytea not null,
  version integer not null check (version > 0),
  patient_token bytea not null,
  compartment_token bytea not null,
  is_current boolean not null,
  deleted boolean not null,
  wrapped_key bytea not null,
  index_sealed bytea not null,
  body_sealed bytea not null,
  leaf_id bigint not null,
  updated_at timestamptz(3) not null,
  unique (id_token, version)
);
-- Sealed bytes do not compress.
alter table record_version alter column body_sealed set storage external, alter column index_sealed set storage external;
create index record_version_compartment on record_version (compartment_token, version_seq desc);
create index record_version_patient on record_version (patient_token, version_seq desc);

-- Look-up of records by business identifier (conditional references and creation, Patient?identifier=). An exclusive
-- one stands for one record only: a person is taken in once.
create table record_identifier (
  identifier_token bytea not null,
  id_token bytea not null,
  patient_token bytea not null,
  exclusive boolean not null,
  primary key (identifier_token, id_token)
);
create unique index record_identifier_exclusive on record_identifier (identifier_token) where exclusive;
create index record_identifier_record on record_identifier (id_token);
create index record_identifier_patient on record_identifier (patient_token);

-- How a patient is found by the alliance's pseudonym. Until it is known the row is a task for the pseudonym worker, so
-- that taking a patient in does not depend on the regulator's node.
create table patient_identity (
  patient_token bytea primary key,
  identity_sealed bytea not null,
  national_id_token bytea,
  pseudonym_token bytea unique,
  attempts integer not null default 0,
  next_attempt_at timestamptz(3)
);
create index patient_identity_pending on patient_identity (next_attempt_at) where next_attempt_at is not null;
