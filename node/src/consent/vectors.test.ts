import { readFileSync } from 'node:fs';
import { canonicalJson, commit, fromHex, hex } from '@medseal/evidence';
import { describe, expect, it } from 'vitest';
import { keyStoreOf } from '../adapters/keys/key-store.ts';
import { buildConsent } from './build-consent.ts';
import { parseTerms } from './parse-terms.ts';
import { inputDigest, receiptSigner, verifyReceipt } from './receipt.ts';
import { challengeText, grantChallenge, revocationChallenge } from './statement.ts';
import { summarize, wordsFor } from './summary.ts';

const vectors = new URL('./test/vectors/', import.meta.url);
const read = (name: string) => JSON.parse(readFileSync(new URL(name, vectors), 'utf8'));

describe('the formats on disk', () => {
  it('of a consent have not moved', () => {
    const vector = read('consent.json');
    const terms = parseTerms(vector.chosen, new Date(vector.frame.dateTime));
    const names = new Map(Object.entries(vector.names)) as never;
    const summary = summarize(terms, { names, custodian: vector.frame.custodian });
    const consent = buildConsent(terms, { ...vector.frame, words: wordsFor(summary) });
    const content = { v: 1, version: 1, consent, revocation: null, assertion: vector.assertion };

    expect(summary).toEqual(vector.summary);
    expect(consent).toEqual(vector.consent);
    expect(canonicalJson(consent)).toBe(vector.canonical);
    expect(challengeText(grantChallenge(consent))).toBe(vector.grantChallenge);
    expect(challengeText(revocationChallenge(vector.statement))).toBe(vector.revocationChallenge);
    expect(hex(commit('consent', content, fromHex(vector.salt)))).toBe(vector.commitment);
  });

  it('of a decision receipt have not moved', () => {
    const { seeds, messageKey, input, salt, receipt, leafDigest } = read('receipt.json');
    const unused = '00'.repeat(32);
    const keys = keyStoreOf({
      masterKey: unused,
      tokenKey: unused,
      logSeed: unused,
      messageSeed: seeds.message,
      receiptSeed: seeds.receipt,
      agreementSeed: unused,
    });
    const { v: _v, key: _key, signature: _signature, ...content } = receipt;

    expect(hex(keys.publicKey('message'))).toBe(messageKey);
    expect(inputDigest(input, fromHex(salt))).toBe(receipt.inputDigest);
    expect(receiptSigner(receipt.organizationId, keys)(content)).toEqual(receipt);
    expect(verifyReceipt(receipt, messageKey)).toBe(true);
    expect(hex(commit('decision', receipt, fromHex(salt)))).toBe(leafDigest);
  });
});
