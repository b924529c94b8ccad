-- Lock risk: none (new table). Data risk: none; unlogged, so a crash of the database forgets the counts of a minute.
-- Public requests of one address in one minute, at all processes of this node. The token is a keyed hash of the address.
create unlogged table public_request (
  address_token bytea not null check (octet_length(address_token) = 16),
  minute timestamptz(0) not null,
  used integer not null,
  primary key (address_token, minute)
);
