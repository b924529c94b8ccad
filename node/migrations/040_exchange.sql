-- Lock risk: none (new tables). Data risk: none.

-- Exchanges with partners, asked and answered. No patient stands here: who was concerned is in the sealed access entry.
-- `receipt` is the source's signed statement of what it released or why it did not; its digests are salted.
create table exchange (
  exchange_id uuid primary key,
  request_id uuid not null,
  direction text not null check (direction in ('asked', 'answered')),
  partner text not null,
  purpose text not null,
  staff_id text not null,
  outcome text not null check (outcome in ('permitted', 'denied', 'failed')),
  -- Exact reason of a failure; told to nobody outside.
  code text,
  record_count integer not null check (record_count >= 0),
  request_digest bytea,
  receipt jsonb,
  created_at timestamptz(3) not null,
  unique (direction, partner, request_id)
);
create index exchange_request on exchange (request_id);

-- Nonces of partners' requests, kept until the time window in which they could be played again is over.
create table exchange_nonce (
  organization_id text not null,
  nonce bytea not null,
  expires_at timestamptz(3) not null,
  primary key (organization_id, nonce)
);
create index exchange_nonce_expiry on exchange_nonce (expires_at);
