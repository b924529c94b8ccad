import { sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { onlyElement } from '../src/der.ts';
import {
  anchorKey,
  type CaseParts,
  canonicalJson,
  caseArchive,
  caseCommitment,
  checkpointKey,
  commit,
  commitRecord,
  consistencyProof,
  cosign,
  cosigner,
  cosignerKey,
  discloseRecord,
  encodeHeader,
  formatCheckpoint,
  fromBase64,
  fromHex,
  fromUtf8,
  hex,
  historyLeafHash,
  inclusionProof,
  type Leaf,
  leafBytes,
  leafHash,
  notaryChannelId,
  noteSigner,
  openCosignatures,
  openDisclosure,
  openNote,
  parseBlock,
  parseTrustPolicy,
  parseVerifierKey,
  passkeyVerifier,
  rootHash,
  sha256,
  signNote,
  transactionsOf,
  validationCodes,
  verifyConsistency,
  verifyForkProof,
  verifyInclusion,
  witnessName,
  witnessOf,
} from '../src/index.ts';
import { type LedgerHash, publicKeyOf, verifyMember } from '../src/public-key.ts';
import { fixedEd25519 } from './organizations.ts';
import { unpackedBundle, verifyPacked } from './unpacked.ts';

/** The vectors that a page of docs/formats states. */
function vectorsOf(page: string) {
  const text = readFileSync(new URL(`../../docs/formats/${page}.md`, import.meta.url), 'utf8');
  const [, block = ''] = /```json vectors\n([\s\S]*?)\n```/.exec(text) ?? [];
  return JSON.parse(block);
}

const recorded = JSON.parse(readFileSync(new URL('vectors/fabric-3.1.1-bft.json', import.meta.url), 'utf8'));
const block = (number: number): Uint8Array => fromBase64(recorded.blocks[number]);
const readerOf = (hashes: Uint8Array[]) => (level: number, index: number) =>
  rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));

describe('what docs/formats says is what the code does', () => {
  test('case', () => {
    const { opening, commitment, steps, references, index } = vectorsOf('case');
    const none = {
      ...{ filings: new Map(), finding: undefined, decision: undefined, blocks: new Map() },
      references: new Map(Object.entries(references)) as CaseParts['references'],
    };
    const { caseId } = opening.content;

    expect(caseCommitment(opening)).toBe(commitment);
    expect(caseArchive({ caseId, opening, steps, ...none, configBlocks: [] }).index).toEqual(index);
  });

  test('canonical JSON', () => {
    const vectors: { json: string; canonical: string }[] = vectorsOf('canonical-json');

    expect(vectors.length).toBeGreaterThan(3);
    for (const { json, canonical } of vectors) expect(canonicalJson(JSON.parse(json))).toBe(canonical);
  });

  test('record commitment', () => {
    const { resource, salt, digest, withheld, disclosure, consent } = vectorsOf('record-commitment');

    expect(hex(commitRecord(resource, fromHex(salt)))).toBe(digest);
    expect(discloseRecord(resource, fromHex(salt), new Set(withheld))).toEqual(disclosure);
    expect(hex(openDisclosure(disclosure).digest)).toBe(digest);
    expect(hex(commit('consent', consent.content, fromHex(salt)))).toBe(consent.digest);
  });

  test('leaf', () => {
    const vectors: { leaf: Leaf; bytes: string; hash: string }[] = vectorsOf('leaf');

    for (const { leaf, bytes, hash } of vectors) {
      expect(fromUtf8(leafBytes(leaf))).toBe(bytes);
      expect(hex(leafHash(leafBytes(leaf)))).toBe(hash);
    }
  });

  test('log', () => {
    const { leaves, root, inclusion, consistency } = vectorsOf('log');
    const hashes: Uint8Array[] = leaves.map((leaf: string) => leafHash(fromHex(leaf)));
    const { leafIndex, treeSize } = inclusion;
    const newRoot = rootHash(hashes);

    expect(hex(newRoot)).toBe(root);
    const path = inclusionProof(readerOf(hashes), leafIndex, treeSize);
    expect(path.map(hex)).toEqual(inclusion.proof);
    expect(
      verifyInclusion({ leafHash: hashes[leafIndex]!, leafIndex, treeSize, proof: path, rootHash: newRoot }),
    ).toBe(true);
    const { oldSize, newSize, proof, oldRoot } = consistency;
    const steps = consistencyProof(readerOf(hashes), oldSize, newSize);
    expect(steps.map(hex)).toEqual(proof);
    expect(verifyConsistency({ oldSize, oldRoot: fromHex(oldRoot), newSize, newRoot, proof: steps })).toBe(
      true,
    );
  });

  test('checkpoint', () => {
    const { origin, seed, verifierKey, treeSize, rootHash: root, note } = vectorsOf('checkpoint');
    const verifier = parseVerifierKey(verifierKey);
    const { privateKey } = fixedEd25519(fromHex(seed));
    const signer = noteSigner(
      origin,
      verifier.publicKey,
      (text) => new Uint8Array(sign(null, text, privateKey)),
    );
    const text = formatCheckpoint({ origin, treeSize, rootHash: fromHex(root) });

    expect(signNote(text, signer)).toBe(note);
    expect(openNote(note, [verifier])).toEqual({ text, verifiedBy: [origin] });
  });

  test('Fabric blocks', () => {
    const { header, recorded: facts } = vectorsOf('fabric-block');
    const bytes = encodeHeader(header.number, fromHex(header.previousHash), fromHex(header.dataHash));

    expect([hex(bytes), hex(sha256(bytes))]).toEqual([header.bytes, header.hash]);
    expect(hex(parseBlock(block(0)).hash)).toBe(facts.genesisHash);
    expect(validationCodes(parseBlock(block(facts.block)))).toEqual(facts.validationCodes);
  });

  test('signatures of members on Fabric', () => {
    const vectors: { kind: string; key: string; message: string; signature: string }[] =
      vectorsOf('fabric-block').memberSignatures;

    expect(vectors.map(({ kind }) => kind)).toEqual(['P-224', 'P-256', 'P-384', 'P-521', 'Ed25519']);
    for (const { kind, key, message, signature } of vectors) {
      const publicKey = publicKeyOf(onlyElement(fromHex(key)));
      const verifies = (text: string, hash: LedgerHash) =>
        publicKey && verifyMember(publicKey, fromHex(text), { signature: fromHex(signature), hash });
      expect(verifies(message, 'sha256'), kind).toBe(true);
      expect(verifies(message, 'sha3-256'), kind).toBe(kind === 'Ed25519');
      expect(verifies(`${message}00`, 'sha256'), kind).toBe(false);
    }
  });

  test('bundle', () => {
    const { checkpointKey: checkpoint, anchorKey: anchor, recorded: facts } = vectorsOf('bundle');
    const hashes: Uint8Array[] = recorded.leaves.map((leaf: Leaf) => leafHash(leafBytes(leaf)));
    const { resource, salt } = recorded.records[facts.record];
    const txIdOf = (number: number) => transactionsOf(parseBlock(block(number)))[0]!.txId;

    expect(checkpointKey(checkpoint.organizationId, checkpoint.treeSize)).toBe(checkpoint.key);
    expect(anchorKey(anchor.organizationId)).toBe(anchor.key);
    const proof = unpackedBundle({
      disclosure: discloseRecord(resource, fromHex(salt), new Set()),
      leaf: recorded.leaves[facts.record],
      leafIndex: facts.record,
      inclusionProof: inclusionProof(readerOf(hashes), facts.record, facts.treeSize).map(hex),
      checkpoint: recorded.notes[facts.treeSize],
      anchor: { txId: txIdOf(facts.block), blockNumber: facts.block },
      block: block(facts.block),
      configBlocks: facts.configBlocks.map(block),
      confirmation: { txId: txIdOf(facts.confirmation), block: block(facts.confirmation) },
    });
    const policy = parseTrustPolicy({
      format: 'medseal/trust-policy/v1',
      ledger: 'fabric',
      channel: 'care',
      chaincode: { name: 'medseal', versions: ['1.0'] },
      genesisHash: vectorsOf('fabric-block').recorded.genesisHash,
      logs: [{ organizationId: 'hospital-a', mspId: 'HospitalAMSP', verifierKeys: [recorded.vkey] }],
    });
    expect(verifyPacked(proof, policy).verdict).toBe(facts.verdict);
  });

  test('passkeys', () => {
    const vectors: { kind: string; cose: string; message: string; signature: string }[] =
      vectorsOf('bundle').passkeys;

    expect(vectors.map(({ kind }) => kind).sort()).toEqual(['ES256', 'EdDSA', 'RS256']);
    for (const { kind, cose, message, signature } of vectors) {
      const verifies = passkeyVerifier(fromHex(cose));
      expect(verifies?.(fromHex(message), fromHex(signature)), kind).toBe(true);
      expect(verifies?.(fromHex(`${message}00`), fromHex(signature)), kind).toBe(false);
    }
  });

  test('notary-proof', () => {
    const { channel, blocks, leaf0, historyRoot, path } = vectorsOf('notary-proof');
    const leaves = (blocks as string[]).map((hash) => historyLeafHash(fromHex(hash)));

    expect(hex(notaryChannelId(channel.name, channel.genesisHash))).toBe(channel.channelId);
    expect(leaves.map(hex)[0]).toBe(leaf0);
    expect(hex(rootHash(leaves))).toBe(historyRoot);
    expect(inclusionProof(readerOf(leaves), 1, leaves.length).map(hex)).toEqual(path);
  });

  test('cosignature', () => {
    const { seed, registeredLogKey, witnessKey, time, cosignedText, note } = vectorsOf('cosignature');
    const { publicKey } = parseVerifierKey(registeredLogKey);
    const { privateKey } = fixedEd25519(fromHex(seed));
    const name = witnessName('hospital-b');
    const signer = cosigner(name, publicKey, (bytes) => new Uint8Array(sign(null, bytes, privateKey)));

    expect(cosignerKey(name, publicKey)).toBe(witnessKey);
    const { text, cosignatures } = openCosignatures(note, [witnessOf('hospital-b', { publicKey })]);
    expect(cosignatures).toEqual([{ name, time, line: cosign(text, time, signer) }]);
    expect(cosignedText).toBe(`cosignature/v1\ntime ${time}\n${text}`);
    expect(note).toBe(`${vectorsOf('checkpoint').note}${cosign(text, time, signer)}`);
  });

  test('fork proof', () => {
    const { verifierKey: key, sameSize, growth, growthFromThree, grew } = vectorsOf('fork-proof');
    const log = { organizationId: 'hospital-a', mspId: 'HospitalAMSP', verifiers: [parseVerifierKey(key)] };
    const policy = { logs: new Map([['hospital-a', log]]) };

    expect(verifyForkProof(sameSize, policy)).toMatchObject({
      verdict: 'fork',
      kind: 'same-size',
      sizes: [7, 7],
    });
    expect(verifyForkProof(growth, policy)).toMatchObject({ verdict: 'fork', kind: 'growth', sizes: [4, 7] });
    expect(verifyForkProof(growthFromThree, policy)).toMatchObject({ verdict: 'fork', sizes: [3, 7] });
    expect(verifyForkProof(grew, policy)).toMatchObject({ verdict: 'no-proof', code: 'FORK_NOT_PROVED' });
  });
});
