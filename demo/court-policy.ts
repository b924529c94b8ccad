import { parseEvmHeader, witnessKey } from '@medseal/evidence';
import { type ListedMember, type Story, trustPolicy } from './story.ts';

/** What the demo looks at in a bundle before it is verified. */
export type Bundle = {
  checkpoint: string;
  notary?: { proof: { header: string } };
};

/** Of three partners, so that one may be away. */
export const witnessQuorum = 2;

/** How many witnesses have signed the bundle's checkpoint, beside its own log. */
export function cosignaturesOf({ checkpoint }: Bundle): number {
  return checkpoint.split('\n').filter((line) => line.startsWith('— medseal.org/witness/')).length;
}

/**
 * What a court would trust: the pinned genesis block, the members' registered keys, two witnesses among them, and the
 * outside notary, whose header it has looked up itself (here from the chain that the demo runs).
 */
export async function courtPolicy(
  story: Story,
  { members, proof }: { members: ListedMember[]; proof: string },
): Promise<object> {
  const policy = trustPolicy(story, members);
  const bundle = JSON.parse(proof) as Bundle;
  const verifierKeys = members.map(({ organizationId, logKey }) => witnessKey(organizationId, logKey));
  const isCosigned = cosignaturesOf(bundle) >= witnessQuorum;
  return {
    ...policy,
    ...(isCosigned ? { witnesses: { quorum: witnessQuorum, verifierKeys } } : {}),
    ...(await notaryTrust(story, bundle)),
  };
}

async function notaryTrust(story: Story, { notary }: Bundle): Promise<object> {
  const chain = story.alliance.processes.get('notary-chain')?.ready;
  if (chain === undefined || notary === undefined) return {};
  const trustedHeaders = await headersOf(`http://127.0.0.1:${chain['port']}`, notary.proof.header);
  const contract = String(chain['contract']).slice(2).toLowerCase();
  return { notary: { chainId: chain['chainId'], contract, trustedHeaders } };
}

/** The hash that a node of the chain gives for the block of this header. */
async function headersOf(rpcUrl: string, header: string): Promise<{ number: number; hash: string }[]> {
  const { number } = parseEvmHeader(Buffer.from(header, 'base64'));
  const method = { jsonrpc: '2.0', id: 1, method: 'eth_getBlockByNumber' };
  const body = JSON.stringify({ ...method, params: [`0x${number.toString(16)}`, false] });
  const answer = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const { result } = (await answer.json()) as { result: { hash: string } | null };
  return result === null ? [] : [{ number, hash: result.hash.slice(2) }];
}
