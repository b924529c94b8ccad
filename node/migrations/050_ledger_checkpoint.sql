-- Lock risk: none (new table). Data risk: none.
-- How far this node has projected the channel; written in the same transaction as the projections it stands for.
create table ledger_checkpoint (
  channel text primary key,
  block_number bigint not null,
  block_hash bytea not null,
  projected_at timestamptz not null default now()
);
