import type { Queryable } from '../lib/sql.ts';

/** A request to erase the patient behind `patient`; what was asked before `stale` does not count any more. */
export type ErasureRequest = { patient: Uint8Array; officer: Uint8Array; at: Date; stale: Date };

/**
 * Notes that an officer asks for the erasure, unless a request stands already. Returns the one that stands now; the
 * patient's is locked until the transaction ends.
 */
export async function noteErasureRequest(
  tx: Queryable,
  { patient, officer, at, stale }: ErasureRequest,
): Promise<{ officer: Uint8Array; at: Date }> {
  const { rows } = await tx.query<{ officer_token: Uint8Array; asked_at: Date }>(
    `insert into erasure_request as kept (patient_token, officer_token, asked_at) values ($1, $2, $3)
     on conflict (patient_token) do update set (officer_token, asked_at) =
       (select case when kept.asked_at < $4 then excluded.officer_token else kept.officer_token end,
               case when kept.asked_at < $4 then excluded.asked_at else kept.asked_at end)
     returning officer_token, asked_at`,
    [patient, officer, at, stale],
  );
  const [row] = rows;
  return { officer: row?.officer_token ?? officer, at: row?.asked_at ?? at };
}

/** Where the processes of a node hear of erasures by each other (NOTIFY). */
export const erasureChannel = 'medseal_erasure';

/** Tells every process, at the commit, that a patient was erased; by token, since the server may write it to a file. */
export async function announceErasure(tx: Queryable, patient: Uint8Array): Promise<void> {
  await tx.query('select pg_notify($1, $2)', [erasureChannel, Buffer.from(patient).toString('hex')]);
}

/** The token in an announcement; undefined where it is none. */
export function announcedErasure(payload: string): Uint8Array | undefined {
  return /^[0-9a-f]{32}$/.test(payload) ? Buffer.from(payload, 'hex') : undefined;
}

/** Removes the request; false where none stands. */
export async function removeErasureRequest(
  tx: Queryable,
  { patient, stale }: Pick<ErasureRequest, 'patient' | 'stale'>,
): Promise<boolean> {
  const { rows } = await tx.query<{ counts: boolean }>(
    'delete from erasure_request where patient_token = $1 returning asked_at >= $2 as counts',
    [patient, stale],
  );
  return rows[0]?.counts === true;
}
