-- Lock risk: an exclusive lock on dispute_delivery for an instant. Data risk: none.

-- What the recipient signed when it took a document in; absent from deliveries that are still queued, and from those made
-- before there were receipts.
alter table dispute_delivery add column receipt jsonb;
