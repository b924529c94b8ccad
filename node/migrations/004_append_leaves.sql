-- Lock risk: none (new function). Data risk: none.
-- Appends leaves to the log within a statement of another module that writes what they are about, and gives the id of the
-- leaf at each place of the arrays: no round trip of its own, and no other module names the log's tables.
create function append_leaves(kinds smallint[], digests bytea[], times timestamptz[])
returns table (place bigint, leaf_id bigint) language plpgsql as $$
#variable_conflict use_column
begin
  return query
    with input as (
      select nextval('evidence_leaf_leaf_id_seq') as leaf_id, t.kind, t.digest, t.at, t.place
      from unnest(kinds, digests, times) with ordinality as t(kind, digest, at, place)
    ), leaf as (
      insert into evidence_leaf (leaf_id, kind, digest, at) select leaf_id, kind, digest, at from input
    ), pending as (
      insert into evidence_pending (leaf_id) select leaf_id from input
    )
    select place, leaf_id from input;
end
$$;
