import { ledger, peer } from '@hyperledger/fabric-protos';
import { SoloError } from '../errors.ts';
import { encode, fill, parse, timestampAt } from '../protobuf.ts';
import type { Simulation } from './simulation.ts';

const { Type } = peer.ChaincodeMessage;
/** Results of a query in one message (a peer's maxResultLimit). */
const pageSize = 100;

/** The transaction a running chaincode asks about, with the queries it has open. */
export type Running = { simulation: Simulation; queries: Map<string, Query>; opened: number };

/** A query in progress; `ahead` is the result already read to learn that there is more. */
type Query = { results: Iterator<Uint8Array>; ahead: Uint8Array | undefined };

export function newRunning(simulation: Simulation): Running {
  return { simulation, queries: new Map(), opened: 0 };
}

/** Answers one request of the chaincode: the payload of the RESPONSE; throws what goes back as ERROR. */
export function answer(running: Running, message: peer.ChaincodeMessage): Uint8Array {
  const payload = message.getPayload_asU8();
  switch (message.getType()) {
    case Type.GET_STATE:
      return getState(running, payload);
    case Type.PUT_STATE:
      return putState(running, payload);
    case Type.DEL_STATE:
      return deleteState(running, payload);
    case Type.GET_STATE_BY_RANGE:
      return openRange(running, payload);
    case Type.GET_HISTORY_FOR_KEY:
      return openHistory(running, payload);
    case Type.QUERY_STATE_NEXT:
      return nextPage(running, parse(peer.QueryStateNext, payload, 'request').getId());
    case Type.QUERY_STATE_CLOSE:
      return closeQuery(running, parse(peer.QueryStateClose, payload, 'request').getId());
    case Type.GET_STATE_METADATA:
      refuseCollection(parse(peer.GetStateMetadata, payload, 'request').getCollection());
      return new peer.StateMetadataResult().serializeBinary();
    default:
      throw new SoloError(
        'REQUEST_UNSUPPORTED',
        `the solo ledger does not offer ${nameOf(message.getType())}`,
      );
  }
}

function getState({ simulation }: Running, payload: Uint8Array): Uint8Array {
  const request = parse(peer.GetState, payload, 'request');
  refuseCollection(request.getCollection());
  return simulation.get(request.getKey());
}

function putState({ simulation }: Running, payload: Uint8Array): Uint8Array {
  const request = parse(peer.PutState, payload, 'request');
  refuseCollection(request.getCollection());
  simulation.put(writableKey(request.getKey()), request.getValue_asU8());
  return new Uint8Array();
}

function deleteState({ simulation }: Running, payload: Uint8Array): Uint8Array {
  const request = parse(peer.DelState, payload, 'request');
  refuseCollection(request.getCollection());
  simulation.put(writableKey(request.getKey()), undefined);
  return new Uint8Array();
}

function openRange(running: Running, payload: Uint8Array): Uint8Array {
  const request = parse(peer.GetStateByRange, payload, 'request');
  refuseCollection(request.getCollection());
  if (request.getMetadata_asU8().length > 0)
    throw new SoloError('REQUEST_UNSUPPORTED', 'the solo ledger does not offer paginated queries');
  return open(running, encodeKeys(running.simulation.range(request.getStartkey(), request.getEndkey())));
}

function openHistory(running: Running, payload: Uint8Array): Uint8Array {
  const key = parse(peer.GetHistoryForKey, payload, 'request').getKey();
  return open(running, encodeHistory(running.simulation, key));
}

function open(running: Running, results: Iterator<Uint8Array>): Uint8Array {
  running.opened += 1;
  const id = String(running.opened);
  running.queries.set(id, { results, ahead: take(results) });
  return nextPage(running, id);
}

function nextPage(running: Running, id: string): Uint8Array {
  const query = running.queries.get(id);
  if (query === undefined) throw new SoloError('MESSAGE_MALFORMED', `query iterator ${id} not found`);
  const page: peer.QueryResultBytes[] = [];
  while (query.ahead !== undefined && page.length < pageSize) {
    const result = query.ahead;
    page.push(fill(new peer.QueryResultBytes(), (entry) => entry.setResultbytes(result)));
    query.ahead = take(query.results);
  }
  const hasMore = query.ahead !== undefined;
  if (!hasMore) running.queries.delete(id);
  return encode(new peer.QueryResponse(), (response) => {
    response.setResultsList(page);
    response.setHasMore(hasMore);
    response.setId(id);
  });
}

function take(results: Iterator<Uint8Array>): Uint8Array | undefined {
  const next = results.next();
  return next.done === true ? undefined : next.value;
}

/** Closing is told even of a query that ended by itself. */
function closeQuery(running: Running, id: string): Uint8Array {
  running.queries.delete(id);
  return encode(new peer.QueryResponse(), (response) => response.setId(id));
}

function* encodeKeys(range: Iterable<[string, Uint8Array]>): Generator<Uint8Array> {
  for (const [key, value] of range)
    yield encode(new ledger.queryresult.KV(), (entry) => {
      entry.setKey(key);
      entry.setValue(value);
    });
}

function* encodeHistory(simulation: Simulation, key: string): Generator<Uint8Array> {
  for (const { txId, value, timestamp } of simulation.history(key))
    yield encode(new ledger.queryresult.KeyModification(), (entry) => {
      entry.setTxId(txId);
      entry.setIsDelete(value === undefined);
      entry.setValue(value ?? new Uint8Array());
      entry.setTimestamp(timestampAt(timestamp));
    });
}

function writableKey(key: string): string {
  if (key === '') throw new SoloError('MESSAGE_MALFORMED', 'a key must not be empty');
  return key;
}

function refuseCollection(collection: string): void {
  if (collection !== '')
    throw new SoloError('REQUEST_UNSUPPORTED', 'the solo ledger does not offer private data');
}

function nameOf(type: number): string {
  return Object.entries(Type).find(([, value]) => value === type)?.[0] ?? `message type ${type}`;
}
