-- Lock risk: none (new tables). Data risk: none.
-- As a witness: what other members' logs showed this node. `cosigned`: the last one whose consistency with the one before
-- and with the ledger was checked; the others are claims that still have to be made good.
create table witness_checkpoint (
  organization_id text not null,
  tree_size bigint not null check (tree_size > 0),
  root_hash bytea not null check (octet_length(root_hash) = 32),
  note text not null,
  cosigned boolean not null,
  seen_at timestamptz(3) not null,
  primary key (organization_id, tree_size)
);
create index witness_claim on witness_checkpoint (organization_id, seen_at) where not cosigned;

-- Two histories of one log, each signed by it. The first proof is enough: the log is never cosigned again.
create table witness_fork (
  organization_id text primary key,
  proof text not null,
  found_at timestamptz(3) not null,
  reported boolean not null default false
);
create trigger witness_fork_keep before delete or truncate on witness_fork
  for each statement execute function refuse_change();

-- As a log: the last cosignature of each witness, and the latest own checkpoints that a quorum cosigned.
create table evidence_cosignature (
  witness_id text primary key,
  tree_size bigint not null check (tree_size > 0),
  line text not null,
  cosigned_at timestamptz(0) not null
);

create table evidence_cosigned (
  tree_size bigint primary key check (tree_size > 0),
  note text not null,
  cosignatures int not null check (cosignatures > 0),
  completed_at timestamptz(3) not null
);
