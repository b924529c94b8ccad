-- Lock risk: none (a new table). Data risk: versions in blocks from before are not in it; a case that rests on one needs
-- the ledger projected into an empty database.

-- Projection of the ledger: every version of every organisation's consents and when it was recorded (the time of its
-- transaction), from verified blocks. A case asks what the ledger held at an earlier moment.
create table consent_ledger_version (
  ledger_id text not null,
  version integer not null check (version > 0),
  commitment bytea not null,
  status text not null check (status in ('active', 'inactive')),
  organization_id text not null,
  recorded_at timestamptz(3) not null,
  tx_id text not null,
  block_number bigint not null,
  primary key (ledger_id, version)
);
create index consent_ledger_version_commitment on consent_ledger_version (commitment);
