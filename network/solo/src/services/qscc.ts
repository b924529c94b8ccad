import { common, peer } from '@hyperledger/fabric-protos';
import { codesOf, envelopesOf } from '../blocks/block.ts';
import type { Chain } from '../chain.ts';
import { encode, fill, parse } from '../protobuf.ts';

/** Answers the query system chaincode's requests as a peer words them (core/scc/qscc). */
export async function querySystem(
  chain: Chain,
  channel: string,
  args: readonly Uint8Array[],
): Promise<peer.Response> {
  const [name = '', channelId = '', argument] = args.map((arg) => Buffer.from(arg).toString());
  if (args.length < 2) return failure(`Incorrect number of arguments, ${args.length}`);
  if (channelId !== channel) return failure(`Invalid chain ID, ${channelId}`);
  if (name === 'GetChainInfo') return success(chainInfo(chain));
  if (argument === undefined) return failure(`missing 3rd argument for ${name}`);
  switch (name) {
    case 'GetBlockByNumber':
      return blockByNumber(chain, argument);
    case 'GetBlockByTxID':
      return blockByTransaction(chain, argument);
    case 'GetTransactionByID':
      return transactionById(chain, argument);
    default:
      return failure(`Requested function ${name} not found.`);
  }
}

function chainInfo({ height, lastHash }: Chain): Uint8Array {
  return encode(new common.BlockchainInfo(), (info) => {
    info.setHeight(height);
    info.setCurrentblockhash(lastHash.current);
    info.setPreviousblockhash(lastHash.previous);
  });
}

async function blockByNumber(chain: Chain, text: string): Promise<peer.Response> {
  const number = Number(text);
  if (!/^\d{1,15}$/.test(text)) return failure(`Failed to parse block number with error ${text}`);
  if (number >= chain.height)
    return failure(`Failed to get block number ${text}, error no such block number [${text}] in index`);
  return success((await chain.readBlock(number)).serializeBinary());
}

async function blockByTransaction(chain: Chain, txId: string): Promise<peer.Response> {
  const found = chain.find(txId);
  if (found === undefined) return failure(`Failed to get block for txID ${txId}, error ${absent(txId)}`);
  return success((await chain.readBlock(found.block)).serializeBinary());
}

async function transactionById(chain: Chain, txId: string): Promise<peer.Response> {
  const found = chain.find(txId);
  if (found === undefined) return failure(`Failed to get transaction with id ${txId}, error ${absent(txId)}`);
  const block = await chain.readBlock(found.block);
  const envelope = envelopesOf(block)[found.index] ?? new Uint8Array();
  return success(
    encode(new peer.ProcessedTransaction(), (processed) => {
      processed.setTransactionenvelope(parse(common.Envelope, envelope, 'envelope'));
      processed.setValidationcode(codesOf(block)[found.index] ?? peer.TxValidationCode.NOT_VALIDATED);
    }),
  );
}

function absent(txId: string): string {
  return `no such transaction ID [${txId}] in index`;
}

function success(payload: Uint8Array): peer.Response {
  return fill(new peer.Response(), (response) => {
    response.setStatus(200);
    response.setPayload(payload);
  });
}

function failure(message: string): peer.Response {
  return fill(new peer.Response(), (response) => {
    response.setStatus(500);
    response.setMessage(message);
  });
}
