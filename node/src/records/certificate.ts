import {
  type BundleVerdict,
  type Check,
  type EvidenceBundle,
  headings,
  hex,
  limits,
  marks,
  parseBlock,
  parseBundle,
  parseCheckpoint,
  sha256,
  type Text,
  utf8,
  verdictTexts,
} from '@medseal/evidence';

/**
 * A certificate of evidence as plain text, Chinese first: what a court checks against the bundle (法释〔2021〕12号, 16–18).
 * It names the record by its kind, version and digest alone; nothing of it tells whose record it is or what it says.
 */
export type Certificate = {
  title: Text;
  issuedAt: string;
  issuer: Issuer;
  verdict: Text;
  sentence: Text;
  /** What must not be overlooked about a ledger whose keys lie on one machine. */
  warning?: Text;
  /** Compared by the holder with the file: `medseal:bundle:sha256:<hex>`. */
  qrText: string;
  facts: Fact[];
  parts: { heading: Text; checks: { mark: string; text: Text; detail?: string }[] }[];
  limits: { heading: Text; texts: readonly Text[] };
  howToCheck: { heading: Text; text: Text };
};

export type Issuer = Text & { organizationId: string };

/** One line of the table: hashes in groups of eight digits. */
export type Fact = { label: Text; value: string };

type Parts = {
  record: { type: string; version: number };
  bundle: EvidenceBundle;
  /** The bundle's bytes as its holder has them. */
  bundleText: string;
  verdict: BundleVerdict;
  issuer: Issuer;
  channel: { name: string; genesisHash: string };
  issuedAt: string;
};

/** Puts the certificate of a verified bundle together. Pure: the same parts give the same text. */
export function certificateOf(parts: Parts): Certificate {
  const { verdict, issuer, issuedAt, bundleText } = parts;
  const digest = hex(sha256(utf8(bundleText)));
  return {
    title: { zh: '存证证明', en: 'Certificate of evidence' },
    ...{ issuedAt, issuer },
    verdict: verdictTexts[verdict.verdict],
    sentence: verdict.sentence,
    ...(verdict.ledger === 'solo' ? { warning: soloWarning } : {}),
    qrText: `medseal:bundle:sha256:${digest}`,
    facts: [
      { label: { zh: '证据包 SHA-256', en: 'SHA-256 of the bundle' }, value: grouped(digest) },
      ...recordFacts(parts),
      ...ledgerFacts(parts),
      ...notaryFacts(parts),
    ],
    parts: headings.map(([name, heading]) => ({
      heading,
      checks: verdict.checks.filter((check) => check.heading === name).map(lineOf),
    })),
    limits: { heading: { zh: '本证明不能证明', en: 'What this does not prove' }, texts: limits },
    howToCheck: { heading: { zh: '如何核验', en: 'How to check' }, text: howToCheck },
  };
}

const soloWarning: Text = {
  zh: '单机演示账本：全部密钥在同一台机器上，本证明对任何人都没有约束力。',
  en: 'SOLO LEDGER: all keys lie on one machine. This certificate binds nobody.',
};

const howToCheck: Text = {
  zh: '本证明只是摘要，证据在与其同时出具的证据包文件中。比对文件的 SHA-256 与二维码；再断网运行 medseal-verify bundle.json --policy trust.json，或在浏览器中打开核验网页 medseal-verify.html。信任策略 trust.json 须由核验方自备，不得取自出具方。',
  en: 'This is a summary; the evidence is the bundle issued with it. Compare the file’s SHA-256 with the QR code, then run, without any network, medseal-verify bundle.json --policy trust.json, or open the page medseal-verify.html. The trust policy must be the verifier’s own, never the issuer’s.',
};

function recordFacts({ record, bundle: { leaf, leafIndex, checkpoint } }: Parts): Fact[] {
  // Verified already: the verdict rests on the same text.
  const { origin, treeSize, rootHash } = parseCheckpoint(checkpoint.slice(0, checkpoint.indexOf('\n\n') + 1));
  return [
    {
      label: { zh: '记录类型与版本', en: 'Kind of record, version' },
      value: `${record.type} · ${record.version}`,
    },
    { label: { zh: '记录时间', en: 'Time of the record' }, value: leaf.at },
    { label: { zh: '存证摘要（叶）', en: 'Digest of the leaf' }, value: grouped(leaf.digest) },
    {
      label: { zh: '日志、叶序号 / 树大小', en: 'Log, leaf index / tree size' },
      value: `${origin} · ${leafIndex} / ${treeSize}`,
    },
    { label: { zh: '检查点根哈希', en: 'Root hash of the checkpoint' }, value: grouped(hex(rootHash)) },
  ];
}

function ledgerFacts({ bundle, verdict, channel }: Parts): Fact[] {
  const { number, hash } = parseBlock(parseBundle(bundle).anchor.block);
  return [
    { label: { zh: '账本、通道', en: 'Ledger, channel' }, value: `${verdict.ledger} · ${channel.name}` },
    { label: { zh: '创世区块哈希', en: 'Hash of the genesis block' }, value: grouped(channel.genesisHash) },
    { label: { zh: '交易', en: 'Transaction' }, value: grouped(bundle.anchor.txId) },
    {
      label: { zh: '区块号与区块哈希', en: 'Block number, hash' },
      value: `#${number}  ${grouped(hex(hash))}`,
    },
  ];
}

function notaryFacts({ bundle: { notary } }: Parts): Fact[] {
  if (notary === undefined) return [];
  const { chainId, contract, height, blockHash } = notary.proof;
  return [
    {
      label: { zh: '外部公证合约', en: 'Contract of the notary' },
      value: `chain ${chainId} · 0x${contract} · #${height}`,
    },
    { label: { zh: '被公证的区块哈希', en: 'Notarized block hash' }, value: grouped(blockHash) },
  ];
}

// The others repeat what the table says.
const detailed: ReadonlySet<Check['name']> = new Set([
  'log-signature',
  'submitter',
  'leaf-time',
  'orderers',
  'endorsements',
  'witnesses',
] as const);

const maxDetail = 120;

function lineOf({ name, status, zh, en, detail }: Check): Certificate['parts'][number]['checks'][number] {
  const line = { mark: marks[status], text: { zh, en } };
  if (detail === undefined || !detailed.has(name)) return line;
  // A large alliance names many; the verifier lists them all.
  return { ...line, detail: detail.length > maxDetail ? `${detail.slice(0, maxDetail)}…` : detail };
}

/** Hex in groups of eight, so that two of them can be compared by eye. */
function grouped(digits: string): string {
  return digits.replaceAll(/.{8}(?=.)/g, '$& ');
}
