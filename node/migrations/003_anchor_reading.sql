-- Lock risk: none (new table). Data risk: none.
-- Transactions that this node submitted only to read its latest anchor back: the organisations' endorsement of what they
-- read is what shows a stranger that the anchor took effect. The anchor that follows shows it too, and needs no row here.
create table evidence_reading (
  tree_size bigint primary key check (tree_size > 0),
  tx_id text not null,
  block_number bigint not null
);
