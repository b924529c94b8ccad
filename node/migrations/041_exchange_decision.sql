-- Lock risk: a moment's exclusive lock on exchange (no rewrite). Data risk: none.

-- The source's signed decision receipt (ids and salted digests), kept by the requester beside the exchange receipt: both
-- together show a third party why a record was released. The source keeps it sealed, in `decision`.
alter table exchange add column decision jsonb;
