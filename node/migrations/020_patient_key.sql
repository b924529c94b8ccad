-- Locks nothing that exists; data risk: a patient's records can be read only while wrapped_key is there.
-- One key a patient (and one for the directory), wrapped by the node's master key. Erasure sets wrapped_key to null for
-- good; the row stays, so that the key can never be created again. patient_token is a keyed hash: no id stands here.
create table patient_key (
  patient_token bytea primary key check (octet_length(patient_token) = 16),
  wrapped_key bytea check (octet_length(wrapped_key) = 60),
  created_at timestamptz(3) not null,
  destroyed_at timestamptz(3),
  check ((wrapped_key is null) = (destroyed_at is not null))
);
create function patient_key_stays_destroyed() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or old.destroyed_at is not null then
    raise exception 'a destroyed patient key never comes back';
  end if;
  return new;
end $$;
create trigger patient_key_stays_destroyed before update or delete on patient_key
  for each row execute function patient_key_stays_destroyed();
