import type { LedgerDispute } from '@medseal/chaincode/rules';
import type { Queryable } from '../lib/sql.ts';
import type { CaseCounts, CaseViewState } from './types.ts';

/** Whose list it is: a patient's own cases, or those of a member; `party` is undefined at the regulator's. */
export type CaseViewer =
  | { kind: 'patient'; patientToken: Uint8Array }
  | { kind: 'staff'; tenant: string; isRegulator: boolean };

/** What a list is narrowed to; what is left out narrows nothing. */
export type CaseFilter = {
  states?: readonly CaseViewState[] | undefined;
  /** `overdue`: a deadline has passed while a filing is missing; `soon`: it will, within the notice. */
  due?: 'overdue' | 'soon' | undefined;
  /** Only those whose next step is this organisation's. */
  awaiting?: 'us' | undefined;
  /** Only those with a step that nobody here has looked at. */
  unseen?: 'yes' | undefined;
};
export type CasePage = CaseFilter & { skip: number; limit: number };

/** A case as a list needs it: nothing of its documents. */
export type ListedCase = {
  caseId: string;
  state: CaseViewState;
  dispute: LedgerDispute | undefined;
  overdue: boolean;
  soon: boolean;
  ours: boolean;
  unseen: boolean;
  /** Parties whose filing is on the ledger while its document has not reached the regulator, as far as is known here. */
  undelivered: string[];
};
type Row = {
  case_id: string;
  state: CaseViewState;
  dispute: LedgerDispute | null;
  overdue: boolean;
  soon: boolean;
  ours: boolean;
  unseen: boolean;
  undelivered: string[];
};

// $1 patient's token or null, $2 this organisation, $3 whether it is the regulator's, $4 now, $5 end of the notice (ISO).
const listed = `with visible as (
    select l.case_id, l.dispute, l.step, l.dispute->>'state' as state from dispute_ledger l
    where l.is_current and case when $1::bytea is not null
      then l.case_id in (select case_id from dispute_document where patient_token = $1)
      else $3::boolean or l.dispute->'parties' @> jsonb_build_array(jsonb_build_object('organizationId', $2::text)) end
    union all
    select s.case_id, null, 0, case s.state when 'refused' then 'refused' else 'pending' end from dispute_step s
    where s.step = 'open' and not exists (select 1 from dispute_ledger l where l.case_id = s.case_id)
      and ($1::bytea is null or s.case_id in (select case_id from dispute_document where patient_token = $1))
  ), judged as (
    select v.*,
      v.state = 'overdue' or (v.state = 'opened' and v.dispute->>'deadlineAt' < $4::text) as overdue,
      v.state = 'opened' and v.dispute->>'deadlineAt' >= $4::text and v.dispute->>'deadlineAt' <= $5::text as soon,
      $1::bytea is null and case
        when v.state in ('opened', 'overdue') and not $3::boolean
          then not v.dispute->'filings' @> jsonb_build_array(jsonb_build_object('organizationId', $2::text))
        else $3::boolean and v.state in ('overdue', 'answered', 'examined', 'decided') end
        and not exists (select 1 from dispute_step own
          where own.case_id = v.case_id and own.state <> 'refused' and own.step = case
            when v.state = 'examined' then 'decide' when v.state = 'decided' then 'close'
            when $3::boolean then 'examine' else 'file' end) as ours,
      coalesce(seen.step, -1) < v.step as unseen,
      case when $1::bytea is not null or v.state not in ('opened', 'overdue', 'answered') then '{}'
        else array(select filed->>'organizationId' from jsonb_array_elements(v.dispute->'filings') filed
          where case when $3::boolean then not exists (select 1 from dispute_document d
              where d.case_id = v.case_id and d.kind = 'filing' and d.author = filed->>'organizationId')
            else exists (select 1 from dispute_delivery w where w.case_id = v.case_id and w.kind = 'filing'
              and w.author = filed->>'organizationId' and w.state = 'queued' and w.code is not null) end) end as undelivered
    from visible v
    left join dispute_seen seen
      on seen.case_id = v.case_id and seen.viewer = case when $1::bytea is null then 'staff' else 'patient' end
  )`;
const filtered = `($6::text[] is null or state = any($6))
    and ($7::text is null or case $7 when 'overdue' then overdue else soon end)
    and ($8::text is null or ours) and ($9::text is null or unseen)`;

export type CaseMoment = { now: Date; noticeSeconds: number };

function viewValues(viewer: CaseViewer, { now, noticeSeconds }: CaseMoment): unknown[] {
  const notice = new Date(now.getTime() + noticeSeconds * 1000);
  const times = [now.toISOString(), notice.toISOString()];
  return viewer.kind === 'patient'
    ? [viewer.patientToken, null, false, ...times]
    : [null, viewer.tenant, viewer.isRegulator, ...times];
}

/** One page of the cases that somebody may see, newest first; those that the ledger does not hold yet stand before. */
export async function listedCases(
  db: Queryable,
  viewer: CaseViewer,
  { page, ...moment }: CaseMoment & { page: CasePage },
): Promise<ListedCase[]> {
  const { states, due, awaiting, unseen, skip, limit } = page;
  const { rows } = await db.query<Row>(
    `${listed} select case_id, state, dispute, overdue, soon, ours, unseen, undelivered from judged where ${filtered}
     order by dispute->>'openedAt' desc nulls first, case_id offset $10 limit $11`,
    [
      ...viewValues(viewer, moment),
      ...[states ?? null, due ?? null, awaiting ?? null, unseen ?? null, skip, limit],
    ],
  );
  return rows.map(listedOf);
}

/** The cases that wait for this organisation, the nearest deadline first. */
export async function dueCases(
  db: Queryable,
  viewer: CaseViewer,
  { limit, ...moment }: CaseMoment & { limit: number },
): Promise<ListedCase[]> {
  const { rows } = await db.query<Row>(
    `${listed} select case_id, state, dispute, overdue, soon, ours, unseen, undelivered from judged where ours
     order by dispute->>'deadlineAt', case_id limit $6`,
    [...viewValues(viewer, moment), limit],
  );
  return rows.map(listedOf);
}

/** How many cases there are of each sort that somebody acts upon. */
export async function countCases(db: Queryable, viewer: CaseViewer, moment: CaseMoment): Promise<CaseCounts> {
  const { rows } = await db.query<Record<keyof CaseCounts, string>>(
    `${listed} select count(*) as total,
       count(*) filter (where state not in ('closed', 'withdrawn', 'refused')) as open,
       count(*) filter (where overdue) as overdue, count(*) filter (where soon) as soon,
       count(*) filter (where ours) as "awaitingUs", count(*) filter (where unseen) as unseen from judged`,
    viewValues(viewer, moment),
  );
  const count = (name: keyof CaseCounts): number => Number(rows[0]?.[name] ?? 0);
  return {
    ...{ total: count('total'), open: count('open'), overdue: count('overdue') },
    ...{ soon: count('soon'), awaitingUs: count('awaitingUs'), unseen: count('unseen') },
  };
}

function listedOf({ case_id: caseId, dispute, ...row }: Row): ListedCase {
  return { caseId, dispute: dispute ?? undefined, ...row };
}

/** Notes how far a case has been looked at; never backwards. */
export async function markSeen(
  db: Queryable,
  caseId: string,
  { viewer, step }: { viewer: 'staff' | 'patient'; step: number },
): Promise<void> {
  await db.query(
    `insert into dispute_seen as kept (case_id, viewer, step) values ($1, $2, $3)
     on conflict (case_id, viewer) do update set step = excluded.step where kept.step < excluded.step`,
    [caseId, viewer, step],
  );
}
