import {
  base64,
  parseStrictJson,
  parseTrustPolicy,
  type TrustPolicy,
  trustPolicyFormat,
  verifyBundle,
  witnessKey,
} from '@medseal/evidence';
import type { Config } from '../config.ts';
import type { EvidenceLog, Witnessing } from '../evidence-log/index.ts';
import type { Members } from '../identity/index.ts';
import type { CertificatePort } from '../records/index.ts';
import type { Ledger } from './ledger.ts';

type Trusted = {
  ledger: Pick<Ledger, 'trust' | 'genesis'>;
  log: Pick<EvidenceLog, 'logKey'>;
  members: Pick<Members, 'list'>;
  witnessing: Pick<Witnessing, 'status'>;
};

/** Certificates in this organisation's name, for what its own verifier accepts under its own trust. */
export function certificatesOf(config: Config, trusted: Trusted): CertificatePort {
  return {
    issuer: {
      organizationId: config.MEDSEAL_ORGANIZATION_ID,
      zh: config.MEDSEAL_ORGANIZATION_NAME_ZH,
      en: config.MEDSEAL_ORGANIZATION_NAME_EN,
    },
    channel: {
      name: config.MEDSEAL_LEDGER_CHANNEL,
      genesisHash: config.MEDSEAL_LEDGER_GENESIS_HASH,
    },
    verify: async (bundleText) => {
      const bundle = parseStrictJson(bundleText);
      const base = trustOf(config, trusted);
      const witnesses = await witnessesOf(config, trusted);
      if (witnesses !== undefined) {
        const strict = verifyBundle(bundle, parseTrustPolicy({ ...base, witnesses }));
        if (strict.verdict !== 'undecided') return strict;
      }
      // Cosignatures come after the anchor, or not at all: the certificate then says that they are missing.
      return verifyBundle(bundle, parseTrustPolicy(base));
    },
    // Loaded with the first certificate: most starts of a node never need it.
    render: async (certificate) => (await import('../adapters/pdf/render.ts')).renderCertificate(certificate),
  };
}

/** The trust that this node was configured with: the pinned channel and its own keys, nothing from the bundle. */
function trustOf(config: Config, { ledger, log }: Trusted): object {
  return {
    format: trustPolicyFormat,
    ledger: ledger.trust.ledger satisfies TrustPolicy['ledger'],
    channel: config.MEDSEAL_LEDGER_CHANNEL,
    chaincode: {
      name: config.MEDSEAL_LEDGER_CHAINCODE,
      versions: config.MEDSEAL_LEDGER_CHAINCODE_VERSIONS.split(','),
    },
    genesisHash: config.MEDSEAL_LEDGER_GENESIS_HASH,
    genesisBlock: base64(ledger.genesis),
    logs: [
      {
        organizationId: config.MEDSEAL_ORGANIZATION_ID,
        mspId: config.MEDSEAL_MSP_ID,
        verifierKeys: [log.logKey],
      },
    ],
  };
}

async function witnessesOf(
  { MEDSEAL_ORGANIZATION_ID: own }: Config,
  { members, witnessing }: Trusted,
): Promise<object | undefined> {
  const { quorum } = await witnessing.status();
  if (quorum === 0) return undefined;
  const others = (await members.list()).filter(
    ({ state, organizationId }) => state === 'registered' && organizationId !== own,
  );
  if (others.length < quorum) return undefined;
  const verifierKeys = others.map(({ organizationId, logKey }) => witnessKey(organizationId, logKey));
  return { quorum, verifierKeys };
}
