import { base64, utf8 } from '../../evidence/src/index.ts';
import { bftChannel } from '../../evidence/test/alliance.ts';
import { configEnvelope, organizationsOf } from '../../evidence/test/configuration.ts';
import { blockOf } from '../../evidence/test/ledger.ts';
import { createOrganization } from '../../evidence/test/organizations.ts';
import { makeProof, policyOf } from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase, type Shelf } from './case.ts';

/** Tampering with the line of configurations (T26, T27). */
export function configurationCases({ channel, valid, policy, log }: Shelf): CorpusCase[] {
  const attacker = createOrganization('Orderer1MSP');
  const config = (
    overrides: object,
    signer: Parameters<typeof blockOf>[0]['signer'],
    number = 5,
    lastConfig = 5,
  ) =>
    base64(
      blockOf({
        number,
        lastConfig,
        envelopes: [configEnvelope({ ...channel.config, sequence: 1, ...overrides })],
        signer,
      }),
    );
  const plus = (...blocks: string[]) => ({ ...valid, configBlocks: [...valid.configBlocks, ...blocks] });
  const own = config(
    { consensus: 'etcdraft', orderers: organizationsOf(attacker) },
    { kind: 'single', orderer: attacker.issue({ role: 'orderer' }) },
  );
  const holding = JSON.stringify(policyOf(channel, log, { genesisBlock: base64(channel.genesis) }));
  const other = bftChannel({ channelId: 'other' });
  return [
    corpusCase('T26 configuration of the attacker', plus(own), policy, 'tampered BLOCK_SIGNATURES_MALFORMED'),
    corpusCase(
      'T27 another genesis block',
      { ...valid, configBlocks: [base64(other.genesis)] },
      policy,
      'tampered GENESIS_HASH',
    ),
    corpusCase(
      'another channel name',
      makeProof(other, log),
      JSON.stringify(policyOf(other, log)),
      'tampered CHANNEL_MISMATCH',
    ),
    corpusCase(
      'a configuration that is skipped over',
      plus(config({}, channel.signer)),
      policy,
      'tampered BLOCK_LAST_CONFIG',
    ),
    corpusCase(
      'a configuration that names another as last',
      plus(config({}, channel.signer, 5, 0)),
      policy,
      'tampered',
    ),
    corpusCase(
      'a configuration left out',
      plus(config({ sequence: 2 }, channel.signer)),
      policy,
      'tampered CONFIG_LINEAGE',
    ),
    corpusCase(
      'a configuration of another channel',
      plus(config({ channelId: 'other' }, channel.signer)),
      policy,
      'tampered CHANNEL_MISMATCH',
    ),
    corpusCase('a later configuration', plus(config({}, channel.signer, 20, 20)), policy),
    corpusCase('no configuration', { ...valid, configBlocks: [] }, policy, 'undecided'),
    corpusCase('the genesis block in the policy', { ...valid, configBlocks: [] }, holding, 'valid'),
    corpusCase('the genesis block in both', valid, holding, 'valid'),
    corpusCase(
      'a wrong genesis block beside the right one',
      { ...valid, configBlocks: [base64(other.genesis)] },
      holding,
      'tampered',
    ),
    corpusCase(
      'T52 an attachment as genesis block',
      { ...valid, configBlocks: [base64(utf8('attached'))] },
      holding,
      'tampered',
    ),
    corpusCase('the genesis block twice', plus(base64(channel.genesis)), policy, 'tampered'),
    corpusCase('65 configurations', plus(...Array.from({ length: 65 }, () => own)), policy, 'tampered'),
  ];
}
