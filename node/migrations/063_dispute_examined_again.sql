-- Lock risk: exclusive locks on dispute_document and dispute_delivery for an instant each. Data risk: none.

-- A case that moved on while it was examined is examined again: the finding that the ledger refused stays on record, the
-- next one stands beside it with the next attempt. Every other document is made once.
alter table dispute_document add column attempt smallint not null default 1 check (attempt between 1 and 100);
-- Which of them a delivery is of says the ledger. Rows of dispute_document are never deleted, so no delivery loses its own.
alter table dispute_delivery drop constraint dispute_delivery_case_id_kind_author_fkey;
alter table dispute_document drop constraint dispute_document_pkey, add primary key (case_id, kind, author, attempt);
alter table dispute_document add constraint dispute_document_once check (attempt = 1 or kind = 'finding');
