import { commitRecord } from '@medseal/evidence';
import { type SealingKey, sealIndex, sealRecord } from '../crypto/index.ts';
import type { OrganizationId } from '../lib/brand.ts';
import { byteaArray } from '../lib/bytea-array.ts';

/** One version to be sealed: plain values and handles of keys, so that another thread can do it. */
export type VersionToSeal = {
  tenant: OrganizationId;
  type: string;
  id: string;
  version: number;
  /** Keyed hash of type and id as `keyOf` writes it. */
  idToken: string;
  key: SealingKey;
  /** The resource as JSON, as it is stored. */
  text: string;
  /** Its RecordIndex as JSON. */
  index: string;
};

export type SealedVersion = {
  wrappedKey: Uint8Array;
  index: Uint8Array;
  body: Uint8Array;
  /** What the log commits to. */
  digest: Uint8Array;
};

/** Sealed versions as columns: three `bytea[]` parameters (`byteaArray`), and digests of 32 bytes one after the other. */
export type SealedColumns = Record<'wrappedKeys' | 'indices' | 'bodies' | 'digests', Uint8Array<ArrayBuffer>>;

/** Seals one version: the record under a content key of its own, its index under the owner's. Pure CPU, no I/O. */
export function sealVersion(version: VersionToSeal): SealedVersion {
  const { tenant, type, id, key, text } = version;
  const { sealed, leafSalt } = sealRecord(text, {
    key,
    address: { tenant, type, id, version: version.version },
  });
  const index = sealIndex(version.index, {
    key,
    address: { tenant, idToken: Buffer.from(version.idToken, 'latin1'), version: version.version },
  });
  return { ...sealed, index, digest: commitRecord(JSON.parse(text) as Record<string, unknown>, leafSalt) };
}

/** The columns of sealed versions, in buffers of their own that can be handed to another thread. */
export function columnsOf(sealed: readonly SealedVersion[]): SealedColumns {
  const digests = new Uint8Array(sealed.length * digestLength);
  sealed.forEach(({ digest }, at) => {
    digests.set(digest, at * digestLength);
  });
  return {
    wrappedKeys: byteaArray(sealed.map(({ wrappedKey }) => wrappedKey)),
    indices: byteaArray(sealed.map(({ index }) => index)),
    bodies: byteaArray(sealed.map(({ body }) => body)),
    digests,
  };
}

/** The digest of each version. */
export function digestsIn({ digests }: SealedColumns): Uint8Array[] {
  return Array.from({ length: digests.length / digestLength }, (_, at) =>
    digests.subarray(at * digestLength, (at + 1) * digestLength),
  );
}

const digestLength = 32;
