import type { ClientDuplexStream } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { SoloError, textOf } from '../errors.ts';
import type { Proposal } from '../proposal.ts';
import { fill, parse, timestampAt } from '../protobuf.ts';
import type { StateView } from '../state.ts';
import { Simulation } from './simulation.ts';
import { answer, newRunning, type Running } from './state-requests.ts';

const { Type } = peer.ChaincodeMessage;

/** What a run of the chaincode gave: its response, its event and everything it read and wrote. */
export type RunResult = { response: peer.Response; event: Uint8Array; results: Uint8Array };

type Stream = ClientDuplexStream<peer.ChaincodeMessage, peer.ChaincodeMessage>;
type Run = {
  running: Running;
  simulation: Simulation;
  resolve: (result: RunResult) => void;
  reject: (error: SoloError) => void;
};

/** A peer's end of the chaincode stream (core/chaincode/handler.go): one chaincode, many transactions at a time. */
export class Conversation {
  /** Resolves when the chaincode has registered, rejects when it says something else or the stream ends first. */
  readonly ready: Promise<void>;
  /** Resolves when the stream has ended, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #stream: Stream;
  readonly #names: { channel: string; chaincode: string; packageId: string };
  readonly #runs = new Map<string, Run>();
  #settleReady: { resolve: () => void; reject: (error: SoloError) => void };
  #isReady = false;

  constructor(stream: Stream, names: { channel: string; chaincode: string; packageId: string }) {
    this.#stream = stream;
    this.#names = names;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#settleReady = { resolve, reject };
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    stream.on('data', (message: peer.ChaincodeMessage) => this.#receive(message));
    stream.on('error', () => this.#end(ended.resolve));
    stream.on('end', () => this.#end(ended.resolve));
  }

  /** Runs a proposal over a view of the state. */
  run(proposal: Proposal, view: StateView): Promise<RunResult> {
    const { txId, input, signed, timestamp } = proposal;
    if (!this.#isReady) return Promise.reject(unavailable());
    if (this.#runs.has(txId))
      return Promise.reject(new SoloError('PROPOSAL_REFUSED', `transaction ${txId} is running already`));
    const simulation = new Simulation(view, this.#names.chaincode);
    return new Promise((resolve, reject) => {
      this.#runs.set(txId, { running: newRunning(simulation), simulation, resolve, reject });
      this.#send(Type.TRANSACTION, txId, (message) => {
        message.setPayload(input.serializeBinary());
        message.setProposal(signed);
        message.setTimestamp(timestampAt(timestamp));
      });
    });
  }

  /** Gives a transaction up; what the chaincode still says about it is not heard. */
  abandon(txId: string, error: SoloError): void {
    const run = this.#runs.get(txId);
    this.#runs.delete(txId);
    run?.reject(error);
  }

  close(): void {
    this.#stream.cancel();
  }

  #receive(message: peer.ChaincodeMessage): void {
    if (!this.#isReady) this.#register(message);
    else if (message.getType() === Type.COMPLETED || message.getType() === Type.ERROR)
      this.#complete(message);
    else this.#answer(message);
  }

  #register(message: peer.ChaincodeMessage): void {
    const name = peer.ChaincodeID.deserializeBinary(message.getPayload_asU8()).getName();
    if (message.getType() !== Type.REGISTER || name !== this.#names.packageId) {
      this.#settleReady.reject(
        new SoloError('CHAINCODE_FAILED', `chaincode ${name} is not ${this.#names.packageId}`),
      );
      this.close();
      return;
    }
    this.#isReady = true;
    this.#send(Type.REGISTERED, '', () => {});
    this.#send(Type.READY, '', () => {});
    this.#settleReady.resolve();
  }

  #answer(message: peer.ChaincodeMessage): void {
    const txId = message.getTxid();
    const run = this.#runs.get(txId);
    try {
      if (run === undefined) throw new SoloError('MESSAGE_MALFORMED', 'the transaction is not running');
      const payload = answer(run.running, message);
      this.#send(Type.RESPONSE, txId, (reply) => reply.setPayload(payload));
    } catch (error) {
      this.#sendError(txId, textOf(error));
    }
  }

  #complete(message: peer.ChaincodeMessage): void {
    const run = this.#runs.get(message.getTxid());
    if (run === undefined) return;
    this.#runs.delete(message.getTxid());
    try {
      if (message.getType() === Type.ERROR)
        throw new SoloError('CHAINCODE_FAILED', Buffer.from(message.getPayload_asU8()).toString());
      const response = parse(peer.Response, message.getPayload_asU8(), 'response');
      run.resolve({ response, event: this.#eventOf(message), results: run.simulation.results() });
    } catch (error) {
      run.reject(error instanceof SoloError ? error : new SoloError('CHAINCODE_FAILED', textOf(error)));
    }
  }

  /** The peer names the chaincode and the transaction itself. */
  #eventOf(message: peer.ChaincodeMessage): Uint8Array {
    const event = message.getChaincodeEvent();
    if (event === undefined) return new Uint8Array();
    event.setChaincodeId(this.#names.chaincode);
    event.setTxId(message.getTxid());
    return event.serializeBinary();
  }

  #sendError(txId: string, text: string): void {
    this.#send(Type.ERROR, txId, (message) => message.setPayload(Buffer.from(text)));
  }

  #send(type: number, txId: string, set: (message: peer.ChaincodeMessage) => void): void {
    const message = fill(new peer.ChaincodeMessage(), (value) => {
      value.setType(type as peer.ChaincodeMessage.TypeMap[keyof peer.ChaincodeMessage.TypeMap]);
      value.setTxid(txId);
      value.setChannelId(this.#names.channel);
      set(value);
    });
    this.#stream.write(message);
  }

  #end(resolve: () => void): void {
    this.#isReady = false;
    this.#settleReady.reject(unavailable());
    for (const txId of [...this.#runs.keys()]) this.abandon(txId, unavailable());
    resolve();
  }
}

function unavailable(): SoloError {
  return new SoloError('CHAINCODE_UNAVAILABLE', 'the chaincode is not running');
}
