import common from '@hyperledger/fabric-protos/lib/common/common_pb.js';
import configtx from '@hyperledger/fabric-protos/lib/common/configtx_pb.js';
import fc from 'fast-check';
import { Timestamp } from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { describe, expect, test } from 'vitest';
import { respellings } from '../../test/corpus/wire.ts';
import { concat, utf8 } from './bytes.ts';
import { channelHeader, configEnvelope, envelopeMessage, metadataMessage } from './fabric-messages.ts';
import {
  boolField,
  bytesField,
  int32Field,
  int64Field,
  type Message,
  message,
  messageField,
  messageMap,
  readMessage,
  uint32Field,
  uint64Field,
} from './protobuf.ts';

const read = <Of>(type: Message<Of>, ...bytes: number[]): Of =>
  readMessage(type, Uint8Array.from(bytes), { code: 'TX_MALFORMED' });
const numbers = message({
  plain: uint64Field(1),
  signed: int64Field(2),
  small: uint32Field(3),
  smallSigned: int32Field(4),
  flag: boolField(5),
});

describe('a protobuf message', () => {
  test('is read as the generated classes of Fabric write it', () => {
    const timestamp = new Timestamp();
    timestamp.setSeconds(-62_135_596_800);
    timestamp.setNanos(999_999_999);
    const header = new common.ChannelHeader();
    header.setType(-3);
    header.setTimestamp(timestamp);
    header.setChannelId('care–网络');
    header.setEpoch(Number.MAX_SAFE_INTEGER);
    header.setExtension$(Uint8Array.of(1, 0, 255));

    const found = readMessage(channelHeader, header.serializeBinary(), { code: 'TX_MALFORMED' });

    expect(found).toEqual({
      type: -3,
      version: 0,
      timestamp: { seconds: -62_135_596_800, nanos: 999_999_999 },
      channelId: 'care–网络',
      txId: '',
      epoch: Number.MAX_SAFE_INTEGER,
      extension: Uint8Array.of(1, 0, 255),
      tlsCertHash: new Uint8Array(0),
    });
  });

  test('takes the entries of a map in any order and with defaults written out, each key once', () => {
    const entry = (key: string, ...value: number[]) => [
      0x1a,
      key.length + 2 + value.length,
      0x0a,
      key.length,
      ...utf8(key),
      ...value,
    ];
    const group = message({ values: messageMap(3, () => message({ version: uint64Field(1) })) });
    const written = [
      ...entry('b', 0x12, 2, 8, 7),
      ...entry('a', 0x12, 0),
      ...entry('', 0x12, 0),
      ...entry('c'),
    ];

    expect([...read(group, ...written).values]).toEqual([
      ['b', { version: 7 }],
      ['a', { version: 0 }],
      ['', { version: 0 }],
      ['c', { version: 0 }],
    ]);
    expect(() => read(group, ...written, ...entry('a', 0x12, 0))).toThrowError('TX_MALFORMED');
    expect(() => read(group, ...entry('a', 0x12, 2, 8, 0))).toThrowError('TX_MALFORMED');
  });

  test('of a configuration is read whole', () => {
    const inner = new configtx.ConfigGroup();
    const value = new configtx.ConfigValue();
    value.setValue(Uint8Array.of(9));
    value.setModPolicy('Admins');
    inner.getValuesMap().set('MSP', value);
    inner.getPoliciesMap().set('Admins', new configtx.ConfigPolicy());
    const outer = new configtx.ConfigGroup();
    outer.setVersion(3);
    outer.getGroupsMap().set('Application', inner);
    const config = new configtx.Config();
    config.setSequence(5);
    config.setChannelGroup(outer);
    const envelope = new configtx.ConfigEnvelope();
    envelope.setConfig(config);

    const found = readMessage(configEnvelope, envelope.serializeBinary(), {
      code: 'CONFIG_MALFORMED',
    }).config;

    expect([found?.sequence, found?.channelGroup?.version]).toEqual([5, 3]);
    const application = found?.channelGroup?.groups.get('Application');
    expect(application?.values.get('MSP')).toEqual({
      version: 0,
      value: Uint8Array.of(9),
      modPolicy: 'Admins',
    });
    expect(application?.policies.get('Admins')).toEqual(new Uint8Array(0));
  });

  test('nested without end is refused', () => {
    type Nest = { inner: Map<string, Nest> };
    const nest: Message<Nest> = message<Nest>({ inner: messageMap(1, () => nest) });
    let bytes: Uint8Array = new Uint8Array(0);
    const wrapped = (content: Uint8Array, tag: number) =>
      concat(Uint8Array.of(tag, (content.length & 127) | 128, content.length >> 7), content);
    for (let depth = 0; depth < 500; depth += 1) bytes = wrapped(wrapped(bytes, 0x12), 0x0a);

    expect(() => readMessage(nest, bytes, { code: 'CONFIG_MALFORMED' })).toThrowError('CONFIG_MALFORMED');
  });
});

describe('a varint', () => {
  test.each([
    [
      'the largest of 53 bits',
      [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
      { plain: Number.MAX_SAFE_INTEGER },
    ],
    ['the largest of 64 bits', [0x08, ...Array.from({ length: 9 }, () => 0xff), 1], { plain: 2 ** 64 }],
    ['32 bits', [0x08, 0xff, 0xff, 0xff, 0xff, 0x0f], { plain: 2 ** 32 - 1 }],
    ['33 bits', [0x08, 0x80, 0x80, 0x80, 0x80, 0x10], { plain: 2 ** 32 }],
    ['minus one', [0x10, ...Array.from({ length: 9 }, () => 0xff), 1], { signed: -1 }],
    [
      'the smallest of 32 bits',
      [0x20, 0x80, 0x80, 0x80, 0x80, 0xf8, 0xff, 0xff, 0xff, 0xff, 1],
      { smallSigned: -(2 ** 31) },
    ],
    ['true', [0x28, 1], { flag: true }],
  ])('is read: %s', (_, bytes, expected) => {
    expect(read(numbers, ...bytes)).toMatchObject(expected);
  });

  test.each([
    ['with a byte too many', [0x08, 0x81, 0x00]],
    ['of a field number with a byte too many', [0x88, 0x00, 0x01]],
    ['with more than 64 bits', [0x08, ...Array.from({ length: 9 }, () => 0xff), 2]],
    ['of eleven bytes', [0x08, ...Array.from({ length: 10 }, () => 0xff), 1]],
    ['cut', [0x08, 0x80]],
    ['for 32 bits with 33', [0x18, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['for 32 signed bits that is too large', [0x20, 0x80, 0x80, 0x80, 0x80, 0x08]],
    ['for a truth value that is two', [0x28, 2]],
  ])('is refused: %s', (_, bytes) => {
    expect(() => read(numbers, ...bytes)).toThrowError('TX_MALFORMED');
  });
});

describe('another encoding of the same message is refused', () => {
  const nested = message({ part: messageField(1, message({ content: bytesField(1) })), rest: bytesField(2) });
  test.each([
    ['fields out of order', [0x12, 1, 7, 0x0a, 1, 7]],
    ['a field twice', [0x0a, 1, 7, 0x0a, 1, 7]],
    ['an unknown field', [0x0a, 1, 7, 0x1a, 1, 7]],
    ['field number zero', [0x02, 1, 7]],
    ['another wire type', [0x08, 1]],
    ['a group', [0x0b, 0x0c]],
    ['a default written out', [0x0a, 0]],
    ['a length beyond the end', [0x0a, 2, 7]],
    ['a length of five bytes beyond the end', [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['a cut length', [0x0a]],
  ])('%s', (_, bytes) => {
    expect(() => read(envelopeMessage, ...bytes)).toThrowError('TX_MALFORMED');
  });

  test('within a message', () => {
    expect(read(nested, 0x0a, 3, 0x0a, 1, 7, 0x12, 1, 8).part?.content).toEqual(Uint8Array.of(7));
    expect(read(nested, 0x0a, 0).part?.content).toEqual(new Uint8Array(0));
    for (const bytes of [
      [0x0a, 2, 0x0a, 0],
      [0x0a, 3, 0x0a, 2, 7, 8],
      [0x0a, 0, 0x0a, 0],
    ])
      expect(() => read(nested, ...bytes)).toThrowError('TX_MALFORMED');
  });

  test('a text that is not UTF-8; one with a byte order mark stays as it is', () => {
    expect(read(channelHeader, 0x22, 4, 0xef, 0xbb, 0xbf, 0x61).channelId).toBe('\ufeffa');
    for (const bytes of [
      [0x22, 1, 0xff],
      [0x22, 2, 0xc0, 0x80],
      [0x22, 3, 0xed, 0xa0, 0x80],
    ])
      expect(() => read(channelHeader, ...bytes)).toThrowError('TX_MALFORMED');
  });

  test('any cut of a message that is not between two fields', () => {
    const signature = new common.MetadataSignature();
    signature.setSignature(Uint8Array.of(1, 2, 3));
    const metadata = new common.Metadata();
    metadata.setValue(Uint8Array.of(4));
    metadata.addSignatures(signature);
    const bytes = metadata.serializeBinary();

    expect(readMessage(metadataMessage, bytes, { code: 'TX_MALFORMED' }).signatures).toHaveLength(1);
    for (let length = 1; length < bytes.length; length += 1)
      if (length !== 3)
        expect(() =>
          readMessage(metadataMessage, bytes.subarray(0, length), { code: 'TX_MALFORMED' }),
        ).toThrowError();
  });
});

test('parts of a Node buffer are plain bytes', () => {
  const { payload } = readMessage(envelopeMessage, Buffer.from([0x0a, 1, 7]), { code: 'TX_MALFORMED' });

  expect(Buffer.isBuffer(payload)).toBe(false);
});

describe('a message in any spelling', () => {
  const inner = message({ name: bytesField(1), count: uint32Field(2) });
  const outer = message({
    number: int32Field(1),
    flag: boolField(2),
    text: bytesField(3),
    inner: messageField(4, inner),
  });
  const any = (...bytes: number[]) =>
    readMessage(outer, Uint8Array.from(bytes), { code: 'TX_MALFORMED', spelling: 'any' });
  const nested = (depth: number): number[] => [
    ...Array.from({ length: depth }, () => [0x9b, 6]).flat(),
    ...Array.from({ length: depth }, () => [0x9c, 6]).flat(),
  ];
  const group = [0x9b, 0x06, 0x08, 1, 0xa3, 0x06, 0x12, 1, 0, 0xa4, 0x06, 0x9c, 0x06];

  test.each<[string, number[], object]>([
    [
      'passes over unknown fields of every wire type',
      [
        0x98,
        6,
        1,
        0x99,
        6,
        ...Array(8).fill(9),
        0x9a,
        6,
        1,
        9,
        0x9d,
        6,
        ...Array(4).fill(9),
        ...group,
        0x08,
        7,
      ],
      { number: 7 },
    ],
    [
      'passes over a known number that is written as something else',
      [0x0a, 1, 5, 0x08, 7, 0x18, 1],
      { number: 7, text: new Uint8Array(0) },
    ],
    ['passes over groups as deep as Go goes', [...nested(10_001), 0x08, 7], { number: 7 }],
    [
      'passes over numbers of 31 bits in groups',
      [0x9b, 6, 0xf8, 0xff, 0xff, 0xff, 0x3f, 1, 0x9c, 6, 0x08, 7],
      { number: 7 },
    ],
    [
      'takes the last of two',
      [0x08, 1, 0x1a, 1, 1, 0x08, 2, 0x1a, 1, 2],
      { number: 2, text: Uint8Array.of(2) },
    ],
    [
      'takes fields in any order, with defaults written',
      [0x1a, 1, 3, 0x10, 0, 0x08, 0],
      { number: 0, flag: false, text: Uint8Array.of(3) },
    ],
    [
      'merges messages',
      [0x22, 3, 0x0a, 1, 1, 0x22, 2, 0x10, 5],
      { inner: { name: Uint8Array.of(1), count: 5 } },
    ],
    ['takes varints longer than they need', [0x88, 0x80, 0, 0x87, 0x80, 0x80, 0], { number: 7 }],
    [
      'cuts numbers to their size',
      [0x08, 0x81, 0x80, 0x80, 0x80, 0x10, 0x10, 0x80, 0x80, 0x80, 0x80, 0x10],
      { number: 1, flag: true },
    ],
  ])('%s', (_name, bytes, expected) => {
    expect(any(...bytes)).toMatchObject(expected);
    expect(() => readMessage(outer, Uint8Array.from(bytes), { code: 'TX_MALFORMED' })).toThrowError(
      'TX_MALFORMED',
    );
  });

  test.each<[string, number[]]>([
    ['a field of number 0', [0x00, 1]],
    ['a tag of more than 32 bits', [0x88, 0x80, 0x80, 0x80, 0x10, 1]],
    ['a varint of eleven bytes', [0x08, ...Array(10).fill(0x80), 0]],
    ['a varint of more than 64 bits', [0x08, ...Array(9).fill(0x80), 2]],
    ['a length beyond the end', [0x9a, 6, 2, 9]],
    ['a fixed number that is cut off', [0x9d, 6, 9, 9]],
    ['a group without end', [0x9b, 6, 0x08, 1]],
    ['a group that ends as another', [0x9b, 6, 0xa4, 6]],
    ['the end of a group that never began', [0x9c, 6]],
    ['wire types that are none', [0x9e, 6, 0]],
    ['a group in an inner message that ends outside it', [0x22, 2, 0x9b, 6, 0x9c, 6]],
    ['groups nested without bound', nested(10_002)],
    [
      'a field of a group with a number of more than 31 bits',
      [0x9b, 6, 0x80, 0x80, 0x80, 0x80, 0x40, 1, 0x9c, 6],
    ],
  ])('refuses %s', (_name, bytes) => {
    expect(() => any(...bytes)).toThrowError('TX_MALFORMED');
  });

  test('is read as a parser of protobuf reads it, however it is written', () => {
    const header = new common.ChannelHeader();
    header.setType(3);
    header.setChannelId('care');
    header.setTxId('ab'.repeat(32));
    header.setEpoch(4);
    header.setExtension$(Uint8Array.of(1, 2, 3));
    const changes = fc.array(fc.constantFrom(...Object.values(respellings)), { maxLength: 4 });
    fc.assert(
      fc.property(changes, (all) => {
        const bytes = all.reduce((written, change) => change(written), header.serializeBinary());
        const wanted = common.ChannelHeader.deserializeBinary(bytes);

        expect(readMessage(channelHeader, bytes, { code: 'TX_MALFORMED', spelling: 'any' })).toMatchObject({
          type: wanted.getType(),
          channelId: wanted.getChannelId(),
          txId: wanted.getTxId(),
          epoch: wanted.getEpoch(),
          extension: new Uint8Array(wanted.getExtension_asU8()),
        });
      }),
    );
  });

  test('of any bytes at all is a message or a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          any(...bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'TX_MALFORMED' });
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
