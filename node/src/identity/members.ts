import type { OrganizationId } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';
import type { Member, MemberKind, MemberState, Members } from './types.ts';

type MemberRow = {
  organization_id: string;
  msp_id: string;
  kind: string;
  name_zh: string;
  name_en: string;
  node_url: string;
  tls_fingerprint: string;
  sealing_key: string;
  log_key: string;
  message_key: string;
  state: string;
  block_number: string;
};

const columns =
  'organization_id, msp_id, kind, name_zh, name_en, node_url, tls_fingerprint, sealing_key, log_key, message_key, state, block_number';

/** The members as this node's projection of the ledger has them now. */
export function membersIn(db: Queryable): Members {
  const select = async (condition: string, values: unknown[]): Promise<Member[]> => {
    const { rows } = await db.select<MemberRow>(`select ${columns} from member where ${condition}`, values);
    return rows.map(memberOf);
  };
  return {
    get: async (organizationId) => (await select('organization_id = $1', [organizationId]))[0],
    list: () => select(`true order by organization_id collate "C"`, []),
    findByFingerprint: async (fingerprint, mspIds) => {
      // Of these MSPs only: anybody can save an entry that names another's certificate, and must lock nobody out by it.
      const isIts = `tls_fingerprint = $1 and msp_id = any($2::text[]) and state <> 'deleted'`;
      const found = await select(isIts, [fingerprint, [...mspIds]]);
      // One certificate for two organisations identifies neither.
      return found.length === 1 ? found[0] : undefined;
    },
  };
}

/** Writes one member as the ledger states it at `member.blockNumber`. */
export async function saveMember(tx: Queryable, member: Member): Promise<void> {
  await tx.query(
    `insert into member (${columns}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     on conflict (organization_id) do update set (${columns}) =
       row($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::bigint)`,
    [
      member.organizationId,
      member.mspId,
      member.kind,
      member.names.zh,
      member.names.en,
      member.nodeUrl,
      member.tlsFingerprint,
      member.sealingKey,
      member.logKey,
      member.messageKey,
      member.state,
      member.blockNumber,
    ],
  );
}

function memberOf(row: MemberRow): Member {
  return {
    organizationId: row.organization_id as OrganizationId,
    mspId: row.msp_id,
    kind: row.kind as MemberKind,
    names: { zh: row.name_zh, en: row.name_en },
    nodeUrl: row.node_url,
    tlsFingerprint: row.tls_fingerprint,
    sealingKey: row.sealing_key,
    logKey: row.log_key,
    messageKey: row.message_key,
    state: row.state as MemberState,
    blockNumber: Number(row.block_number),
  };
}
