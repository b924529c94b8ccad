-- Lock risk: none (new tables). Data risk: none.
-- One row a version of a consent. What it says is sealed under the patient's key; tokens are keyed hashes. The ledger id
-- is random and stands for the consent on the ledger, where only the salted commitment and the status are.
create table consent (
  ledger_id text not null check (ledger_id ~ '^[0-9a-f]{32}$'),
  version integer not null check (version > 0),
  id_token bytea not null check (octet_length(id_token) = 16),
  patient_token bytea not null check (octet_length(patient_token) = 16),
  recipient_tokens bytea[] not null,
  is_current boolean not null,
  active boolean not null,
  commitment bytea not null check (octet_length(commitment) = 32),
  wrapped_key bytea not null,
  body_sealed bytea not null,
  leaf_id bigint not null,
  recorded_at timestamptz(3) not null,
  primary key (ledger_id, version)
);
alter table consent alter column body_sealed set storage external;
create unique index consent_id on consent (id_token, version);
create index consent_patient on consent (patient_token) where is_current;

-- Versions that the ledger has to be told of, each until a valid block with it was seen. `unknown`: a submission may
-- have been committed; it is asked for before it is submitted again.
create table consent_outbox (
  ledger_id text not null,
  version integer not null,
  state text not null check (state in ('queued', 'unknown', 'submitted', 'confirmed', 'refused')),
  attempts integer not null default 0,
  next_attempt_at timestamptz(3) not null,
  tx_id text,
  code text,
  primary key (ledger_id, version),
  foreign key (ledger_id, version) references consent (ledger_id, version)
);
create index consent_outbox_due on consent_outbox (next_attempt_at) where state in ('queued', 'unknown', 'submitted');

-- Projection of the ledger: every organisation's consents, from verified blocks.
create table consent_ledger (
  ledger_id text primary key,
  version integer not null,
  commitment bytea not null,
  status text not null check (status in ('active', 'inactive')),
  organization_id text not null,
  tx_id text not null,
  block_number bigint not null
);
