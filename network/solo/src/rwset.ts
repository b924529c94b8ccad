import { ledger } from '@hyperledger/fabric-protos';
import { encode, fill, parse } from './protobuf.ts';
import { compareUtf8, type KeyWrite, type Version } from './state.ts';

const { kvrwset } = ledger.rwset;

/** A range a transaction read, and what it found in it; a validator asks again at commit. */
export type RangeRead = {
  namespace: string;
  start: string;
  end: string;
  /** Whether the chaincode read to the end; if not, `end` is the last key it got, and belongs to the range. */
  exhausted: boolean;
  found: { key: string; version: Version }[];
};

export type KeyRead = { namespace: string; key: string; version: Version | undefined };

export type ReadWriteSet = { reads: KeyRead[]; ranges: RangeRead[]; writes: KeyWrite[] };

/** TxReadWriteSet as every peer computes it: namespaces and keys in order, so that all endorse the same bytes. */
export function encodeReadWriteSet({ reads, ranges, writes }: ReadWriteSet): Uint8Array {
  const namespaces = new Set([...reads, ...ranges, ...writes].map(({ namespace }) => namespace));
  const sets = [...namespaces].sort(compareUtf8).map((namespace) =>
    fill(new ledger.rwset.NsReadWriteSet(), (set) => {
      const own = <T extends { namespace: string }>(list: T[]): T[] =>
        list.filter((entry) => entry.namespace === namespace);
      set.setNamespace(namespace);
      set.setRwset(
        encode(new kvrwset.KVRWSet(), (content) => {
          content.setReadsList(own(reads).sort(byKey).map(encodeRead));
          content.setRangeQueriesInfoList(own(ranges).map(encodeRange));
          content.setWritesList(own(writes).sort(byKey).map(encodeWrite));
        }),
      );
    }),
  );
  return encode(new ledger.rwset.TxReadWriteSet(), (set) => {
    set.setDataModel(ledger.rwset.TxReadWriteSet.DataModel.KV);
    set.setNsRwsetList(sets);
  });
}

export function decodeReadWriteSet(bytes: Uint8Array): ReadWriteSet {
  const result: ReadWriteSet = { reads: [], ranges: [], writes: [] };
  for (const set of parse(ledger.rwset.TxReadWriteSet, bytes, 'read-write set').getNsRwsetList()) {
    const namespace = set.getNamespace();
    const content = parse(kvrwset.KVRWSet, set.getRwset_asU8(), 'read-write set');
    for (const read of content.getReadsList())
      result.reads.push({ namespace, key: read.getKey(), version: decodeVersion(read.getVersion()) });
    for (const range of content.getRangeQueriesInfoList()) result.ranges.push(decodeRange(namespace, range));
    for (const write of content.getWritesList()) {
      const value = write.getIsDelete() ? undefined : write.getValue_asU8();
      result.writes.push({ namespace, key: write.getKey(), value });
    }
  }
  return result;
}

function byKey(a: { key: string }, b: { key: string }): number {
  return compareUtf8(a.key, b.key);
}

function encodeRead({
  key,
  version,
}: {
  key: string;
  version: Version | undefined;
}): ledger.rwset.kvrwset.KVRead {
  return fill(new kvrwset.KVRead(), (read) => {
    read.setKey(key);
    if (version !== undefined) read.setVersion(encodeVersion(version));
  });
}

function encodeWrite({ key, value }: KeyWrite): ledger.rwset.kvrwset.KVWrite {
  return fill(new kvrwset.KVWrite(), (write) => {
    write.setKey(key);
    if (value === undefined) write.setIsDelete(true);
    else write.setValue(value);
  });
}

function encodeRange({ start, end, exhausted, found }: RangeRead): ledger.rwset.kvrwset.RangeQueryInfo {
  return fill(new kvrwset.RangeQueryInfo(), (range) => {
    range.setStartKey(start);
    range.setEndKey(end);
    range.setItrExhausted(exhausted);
    range.setRawReads(fill(new kvrwset.QueryReads(), (reads) => reads.setKvReadsList(found.map(encodeRead))));
  });
}

function decodeRange(namespace: string, range: ledger.rwset.kvrwset.RangeQueryInfo): RangeRead {
  const reads = range.getRawReads()?.getKvReadsList() ?? [];
  return {
    namespace,
    start: range.getStartKey(),
    end: range.getEndKey(),
    exhausted: range.getItrExhausted(),
    found: reads.map((read) => ({
      key: read.getKey(),
      version: decodeVersion(read.getVersion()) ?? { block: -1, transaction: -1 },
    })),
  };
}

function encodeVersion({ block, transaction }: Version): ledger.rwset.kvrwset.Version {
  return fill(new kvrwset.Version(), (version) => {
    version.setBlockNum(block);
    version.setTxNum(transaction);
  });
}

function decodeVersion(version: ledger.rwset.kvrwset.Version | undefined): Version | undefined {
  return version === undefined
    ? undefined
    : { block: version.getBlockNum(), transaction: version.getTxNum() };
}
