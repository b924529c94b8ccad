-- Lock risk: a short share lock on audit_event while its BRIN index is built. Data risk: none.

-- What a case holds in documents: its opening, the parties' filings, the finding, the decision. Sealed under a key of the
-- case's own; `commitment` is what the ledger holds. patient_token stands where a patient of this organisation opened it.
create table dispute_document (
  case_id text not null check (case_id ~ '^[0-9a-f]{32}$'),
  kind text not null check (kind in ('opening', 'filing', 'finding', 'decision')),
  author text not null,
  patient_token bytea check (octet_length(patient_token) = 16),
  commitment bytea not null check (octet_length(commitment) = 32),
  wrapped_key bytea not null,
  body_sealed bytea not null,
  recorded_at timestamptz(3) not null,
  primary key (case_id, kind, author)
);
alter table dispute_document alter column body_sealed set storage external;
create index dispute_document_patient on dispute_document (patient_token) where patient_token is not null;
create trigger dispute_document_append_only before update or delete on dispute_document
  for each row execute function refuse_change();
create trigger dispute_document_keep before truncate on dispute_document
  for each statement execute function refuse_change();

-- Steps of this organisation that the ledger has to be told of, each until a valid block with it was seen. Every
-- transaction is idempotent, so one whose outcome is unknown is sent again.
create table dispute_step (
  case_id text not null,
  step text not null check (step in ('open', 'file', 'lapse', 'examine', 'decide', 'close', 'withdraw')),
  args jsonb not null,
  commitment text,
  state text not null check (state in ('queued', 'submitted', 'confirmed', 'refused')),
  attempts integer not null default 0,
  next_attempt_at timestamptz(3) not null,
  code text,
  primary key (case_id, step)
);
create index dispute_step_due on dispute_step (next_attempt_at) where state in ('queued', 'submitted');

-- Documents on their way to another organisation; each waits until the ledger holds the step that it belongs to.
create table dispute_delivery (
  case_id text not null,
  kind text not null,
  author text not null,
  recipient text not null,
  after_step text not null,
  state text not null check (state in ('queued', 'delivered')),
  attempts integer not null default 0,
  next_attempt_at timestamptz(3) not null,
  code text,
  primary key (case_id, kind, author, recipient),
  foreign key (case_id, kind, author) references dispute_document (case_id, kind, author),
  foreign key (case_id, after_step) references dispute_step (case_id, step)
);
create index dispute_delivery_due on dispute_delivery (next_attempt_at) where state = 'queued';

-- Projection of the ledger: every case of the alliance and each of its steps, from verified blocks.
create table dispute_ledger (
  case_id text not null,
  step integer not null check (step > 0),
  is_current boolean not null,
  dispute jsonb not null,
  tx_id text not null,
  block_number bigint not null,
  primary key (case_id, step)
);
create unique index dispute_ledger_current on dispute_ledger (case_id) where is_current;

-- Accesses are written in the order of their time: a few bytes a megabyte find those of one instant.
create index audit_event_time on audit_event using brin (recorded_at);
