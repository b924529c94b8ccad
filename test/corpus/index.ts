import { bftChannel, hospitalA, members, singleChannel } from '../../evidence/test/alliance.ts';
import { createLog, makeProof, policyOf } from '../../evidence/test/proof.ts';
import { realProof } from '../../evidence/test/recorded.ts';
import { blockCases } from './block-tampering.ts';
import type { CorpusCase } from './case.ts';
import { caseCases } from './case-tampering.ts';
import { chainCases } from './chains.ts';
import { configurationCases } from './configuration-tampering.ts';
import { confirmationCases } from './confirmation-tampering.ts';
import { contentCases, valueCases } from './content-tampering.ts';
import { ed25519Cases } from './ed25519-tampering.ts';
import { fileCases } from './file-tampering.ts';
import { forkCases } from './fork-tampering.ts';
import { keyKindCases } from './key-kinds.ts';
import { logCases } from './log-tampering.ts';
import { memberCases } from './member-tampering.ts';
import { mutatedEnvelopes } from './mutated-envelopes.ts';
import { mutationCases } from './mutations.ts';
import { recordedNotaryCases } from './notary-recorded.ts';
import { notaryCases } from './notary-tampering.ts';
import { recordedCases } from './recorded.ts';
import { releaseCases } from './release-tampering.ts';
import { respelledCases, type Signers } from './respelled.ts';
import { transactionCases } from './transaction-tampering.ts';
import { witnessCases } from './witness-tampering.ts';

export type { CorpusCase, Verdict } from './case.ts';

/** Bundles, archives of cases and fork proofs, valid and tampered with, on which every verifier must give one answer. */
export function corpus({ mutations = 300, seed = 20261122 } = {}): CorpusCase[] {
  const channel = bftChannel();
  const log = createLog();
  const policy = JSON.stringify(policyOf(channel, log));
  const valid = makeProof(channel, log, { withheld: ['note'] });
  const shelf = { channel, log, policy, valid: makeProof(channel, log) };
  const single = singleChannel();
  const real = realProof();
  const withheld = { label: 'bft', proof: valid, policy };
  const ordered = {
    label: 'single',
    proof: makeProof(single, log),
    policy: JSON.stringify(policyOf(single, log)),
  };
  return [
    ...recordedCases('fabric-3.1.1-bft'),
    ...recordedCases('solo'),
    ...contentCases(shelf),
    ...valueCases(channel),
    ...logCases(shelf),
    ...fileCases(shelf),
    ...blockCases(shelf),
    ...configurationCases(shelf),
    ...transactionCases(shelf),
    ...confirmationCases(shelf),
    ...memberCases(log),
    ...keyKindCases(log, { amount: mutations, seed: seed + 3 }),
    ...chainCases(log, { amount: mutations, seed: seed + 5 }),
    ...witnessCases(shelf),
    ...notaryCases(shelf),
    ...recordedNotaryCases(),
    ...releaseCases(channel),
    ...ed25519Cases(shelf),
    ...respelledCases(channel, log),
    ...mutatedEnvelopes(channel, log, { amount: mutations, seed }),
    ...mutatedEnvelopes(bftChannel({ capabilities: ['V3_0'] }), log, {
      amount: mutations / 3,
      seed: seed + 4,
      signers: otherKinds(),
    }),
    ...caseCases(channel, bothLogs(policy), mutations / 3),
    ...forkCases(log, policy, mutations / 3),
    ...mutationCases({ label: 'real', ...real }, mutations, seed),
    ...mutationCases(withheld, mutations, seed + 1),
    ...mutationCases(ordered, mutations, seed + 2),
  ];
}

/** Members with keys of other kinds than the usual one. */
function otherKinds(): Signers {
  return {
    client: hospitalA.organization.issue({ role: 'client', kind: 'P-384' }),
    peers: members.map(({ organization }, at) =>
      organization.issue({ role: 'peer', kind: (['ed25519', 'P-521', 'P-224'] as const)[at] }),
    ),
  };
}

/** The policy with a log of the other hospital, which a case between both needs. */
function bothLogs(policy: string): string {
  const { logs, ...rest } = JSON.parse(policy);
  return JSON.stringify({
    ...rest,
    logs: [...logs, { ...logs[0], organizationId: 'hospital-b', mspId: 'HospitalBMSP' }],
  });
}
