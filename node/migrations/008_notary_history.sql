-- Lock risk: brief, on two tables of a few rows. Data risk: what was sent to and recorded by a contract of the earlier kind is removed, as it proves no history; a new contract is needed.
-- The tree over the hashes of the channel's verified blocks (RFC 9162; leaf = block), in tiles like the log's. A database
-- follows one channel. Where its blocks were projected before, the first rounds fill it from the ledger.
create table history_tile (like evidence_tile including all);

create table channel_history (
  channel_id bytea primary key check (octet_length(channel_id) = 32),
  tree_size bigint not null default 0 check (tree_size >= 0)
);
create unique index channel_history_single on channel_history ((true));

delete from notary_record;
delete from notary_post;
alter table notary_post add column history_root bytea not null check (octet_length(history_root) = 32);
