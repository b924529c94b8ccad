import { bftChannel, hospitalB, regulator } from '../../evidence/test/alliance.ts';
import { type ChainCase, certificateCases } from '../../evidence/test/chain-cases.ts';
import { changedCertificates } from '../../evidence/test/changed-certificates.ts';
import {
  changedAuthorities,
  changedLists,
  changedTexts,
  tangledChains,
} from '../../evidence/test/changed-chains.ts';
import { organizationsOf } from '../../evidence/test/configuration.ts';
import type { Holder } from '../../evidence/test/organizations.ts';
import { makeProof, policyOf, type TestLog } from '../../evidence/test/proof.ts';
import { ruleCases } from '../../evidence/test/rule-cases.ts';
import { type CorpusCase, corpusCase } from './case.ts';

const changes = [changedCertificates, changedAuthorities, changedLists, tangledChains, changedTexts];

/** Members under certificates, chains, units, lists and texts of every form, as Fabric’s own code is asked about them, too. */
export function chainCases(log: TestLog, { amount, seed }: { amount: number; seed: number }): CorpusCase[] {
  const written = [...certificateCases(), ...ruleCases()];
  const endorsing = written.filter(({ name }) => /peer|unit|role|admin|list/.test(name));
  return [
    ...written.map((of) => asClient(of, log)),
    ...endorsing.map((of) => asEndorser(of, log)),
    ...changes.flatMap((changed) =>
      changed({ amount: amount / changes.length, seed }).map((of) => asClient(of, log)),
    ),
  ];
}

function asClient(of: ChainCase, log: TestLog): CorpusCase {
  const creator = holderOf(of);
  return caseOf(`chain: ${of.name}`, of, log, {
    transaction: { creator, endorsers: [hospitalB.peer, regulator.peer] },
    confirmation: { creator, endorsers: [hospitalB.peer, regulator.peer] },
  });
}

function asEndorser(of: ChainCase, log: TestLog): CorpusCase {
  const endorsers = [holderOf(of), regulator.peer];
  return caseOf(`chain, endorsed: ${of.name}`, of, log, {
    transaction: { creator: hospitalB.client, endorsers },
    confirmation: { creator: hospitalB.client, endorsers },
  });
}

function caseOf(
  name: string,
  { msp }: ChainCase,
  log: TestLog,
  signed: NonNullable<Parameters<typeof makeProof>[2]>,
): CorpusCase {
  const channel = bftChannel({
    capabilities: ['V3_0'],
    applications: [
      { name: 'HospitalAMSP', msp },
      ...organizationsOf(hospitalB.organization, regulator.organization),
    ],
  });
  return corpusCase(name, makeProof(channel, log, signed), JSON.stringify(policyOf(channel, log)));
}

function holderOf({ serialized, key }: ChainCase): Holder {
  return { pem: '', der: new Uint8Array(0), key, serialized };
}
