-- Lock risk: none (new tables). Data risk: none.
-- One row a decision: the policy's input, its outcome and the receipt, sealed under the key of the patient concerned (or
-- of the directory), so that an erasure takes them along. Written once.
create table decision (
  decision_id uuid primary key,
  patient_token bytea not null check (octet_length(patient_token) = 16),
  wrapped_key bytea not null,
  body_sealed bytea not null,
  leaf_id bigint not null,
  decided_at timestamptz(3) not null
);
alter table decision alter column body_sealed set storage external;
create trigger decision_append_only before update or delete on decision
  for each row execute function refuse_change();
create trigger decision_keep before truncate on decision
  for each statement execute function refuse_change();

-- Every compiled policy this node ever decided with, for replay. Public: it is the same file at every node.
create table policy (
  digest text primary key check (digest ~ '^[0-9a-f]{64}$'),
  wasm bytea not null,
  first_used_at timestamptz(3) not null
);
alter table policy alter column wasm set storage external;
create trigger policy_append_only before update or delete on policy
  for each row execute function refuse_change();
