-- Lock risk: none (new tables). Data risk: none.
-- Hashes of verified blocks that are not notarized yet; written with the projection, removed once a later block is final.
create table notary_block (
  channel_id bytea not null check (octet_length(channel_id) = 32),
  block_number bigint not null check (block_number >= 0),
  block_hash bytea not null check (octet_length(block_hash) = 32),
  primary key (channel_id, block_number)
);

-- What this node sends to the notary's chain. A transaction is here before it is sent, so a crash loses none.
create table notary_post (
  post_id bigint generated always as identity primary key,
  channel_id bytea not null check (octet_length(channel_id) = 32),
  block_number bigint not null,
  block_hash bytea not null check (octet_length(block_hash) = 32),
  -- [{nonce, txHash, raw}]: one nonce, same value, rising fees.
  transactions jsonb not null,
  state text not null default 'sent' check (state in ('sent', 'confirmed', 'refused', 'displaced')),
  prepared_at timestamptz(3) not null,
  sent_at timestamptz(3) not null
);
create unique index notary_post_under_way on notary_post (channel_id) where state = 'sent';

-- Final records, as deep in the notary's chain as configured. Without a proof, a record can be checked online only.
create table notary_record (
  channel_id bytea not null check (octet_length(channel_id) = 32),
  block_number bigint not null,
  block_hash bytea not null check (octet_length(block_hash) = 32),
  evm_block_number bigint not null,
  evm_block_hash text not null,
  proof jsonb,
  recorded_at timestamptz(3) not null,
  primary key (channel_id, block_number)
);
