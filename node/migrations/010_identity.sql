-- Lock risk: none (new tables). Data risk: none.

-- The members of the alliance as the ledger states them; rebuilt from block 0 at any time.
create table member (
  organization_id text primary key,
  msp_id text not null,
  kind text not null,
  name_zh text not null,
  name_en text not null,
  node_url text not null,
  tls_fingerprint text not null,
  sealing_key text not null,
  log_key text not null,
  message_key text not null,
  state text not null check (state in ('saved', 'registered', 'disabled', 'deleted')),
  block_number bigint not null
);
create index member_tls_fingerprint on member (tls_fingerprint);

-- One-time codes that a registrar hands to a patient at the desk. Only keyed hashes of the codes are kept.
create table enrolment_code (
  code_token bytea primary key,
  patient_token bytea not null,
  patient_sealed bytea not null,
  issued_by text not null,
  expires_at timestamptz(3) not null,
  challenge bytea
);
create index enrolment_code_patient on enrolment_code (patient_token);

-- Passkeys of patients: public keys only. The patient's id is sealed, its token finds the rows.
create table passkey (
  credential_id bytea primary key,
  patient_token bytea not null,
  patient_sealed bytea not null,
  public_key bytea not null,
  counter bigint not null,
  created_at timestamptz(3) not null,
  used_at timestamptz(3)
);
create index passkey_patient on passkey (patient_token);

-- Challenges given out for a login; each is deleted by its first use.
create table login_challenge (
  challenge bytea primary key,
  expires_at timestamptz(3) not null
);

-- Challenges (consent hashes) that a passkey has signed once; none is taken a second time.
create table spent_challenge (
  challenge bytea primary key,
  spent_at timestamptz(3) not null
);

create table patient_session (
  token_hash bytea primary key,
  patient_token bytea not null,
  patient_sealed bytea not null,
  expires_at timestamptz(3) not null
);
create index patient_session_patient on patient_session (patient_token);

-- What was done in the administration of this node, with the salt that opens its leaf in the evidence log.
create table administration_act (
  act_id uuid primary key,
  act jsonb not null,
  salt bytea not null,
  leaf_id bigint not null,
  done_at timestamptz(3) not null
);

-- Evaluations of the pseudonym function that a member has used up on one day (UTC).
create table pseudonym_quota (
  organization_id text not null,
  day date not null,
  used integer not null,
  primary key (organization_id, day)
);
