// Records evidence/test/vectors/notary.json from a hardhat node: one block with everything that a proof of the channel
// in solo.json may be mistaken for, and the same transactions in a block that a reorganisation put in its place.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hex, type NotaryProof, notaryChannelId, sha256, utf8 } from '@medseal/evidence';
import { type Address, encodeFunctionData, type Hex, type TransactionReceipt, toEventSelector } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { historyOf } from '../../../../../evidence/test/notary.ts';
import { readRecording, recordedBlocks } from '../../../../../evidence/test/recorded.ts';
import { notaryAbi } from '../contract.ts';
import { encodeReceipt, proveEvent, receiptsOf } from '../prove.ts';
import { hexToBase64, toHex, trieProof } from '../trie.ts';
import { startTestChain } from './chain.ts';

const blocks = recordedBlocks(readRecording('solo'));
const height = blocks.length - 1;
const genesisHash = hex(blocks[0]?.hash ?? sha256(utf8('')));
const { head } = historyOf(height, blocks);
const forged = sha256(utf8('forged'));
const chain = await startTestChain({ size: 1, threshold: 1 });
const { client, chainId, contract } = chain;
const { contract: otherContract } = await chain.deploy();
const account = privateKeyToAccount(chain.keys[0] ?? '0x');

const notarizedTopic = toEventSelector('Notarized(bytes32,uint64,bytes32,bytes32,uint64,uint32)');
let nonce = 0;
async function send(to: Address, data: Hex): Promise<Hex> {
  const call = {
    to,
    data,
    nonce,
    chainId,
    gas: 300_000n,
    maxFeePerGas: 5_000_000_000n,
    maxPriorityFeePerGas: 1n,
  };
  nonce += 1;
  return client.sendRawTransaction({
    serializedTransaction: await account.signTransaction({ ...call, type: 'eip1559' }),
  });
}
const confirm = (to: Address, channel: string, at: number, blockHash: Uint8Array) =>
  send(
    to,
    encodeFunctionData({
      abi: notaryAbi,
      functionName: 'confirm',
      args: [
        toHex(notaryChannelId(channel, genesisHash)),
        BigInt(at),
        toHex(blockHash),
        toHex(head.historyRoot),
      ],
    }),
  );

async function mineAll(): Promise<TransactionReceipt[]> {
  nonce = 0;
  await client.setAutomine(false);
  const hashes = [
    await confirm(contract, 'care', height, head.hash),
    await confirm(contract, 'research', height, head.hash),
    await confirm(otherContract, 'care', height, head.hash),
    await send(account.address, '0x'),
    await confirm(contract, 'care', height, forged),
    await confirm(contract, 'care', 5, head.hash),
  ];
  await client.mine({ blocks: 1 });
  return Promise.all(hashes.map((hash) => client.getTransactionReceipt({ hash })));
}

async function prove(receipt: TransactionReceipt, at: Hex): Promise<NotaryProof> {
  const log = receipt.logs.find(({ topics }) => topics[0] === notarizedTopic);
  if (log === undefined) throw new Error('no record in this receipt');
  const { blockHash, transactionHash, logIndex } = log;
  return proveEvent(client, { blockHash, transactionHash, logIndex }, { chainId, contract: at });
}

/** The proof of another receipt of the block, with the claims of the valid one. */
async function misuse(valid: NotaryProof, receipt: TransactionReceipt): Promise<NotaryProof> {
  const block = await client.getBlock({ blockHash: receipt.blockHash });
  const receipts = await receiptsOf(client, block);
  const { nodes } = trieProof(receipts.map(encodeReceipt), receipt.transactionIndex);
  const { transactionIndex } = receipt;
  return { ...valid, transactionIndex, logIndex: 0, receiptProof: nodes.map(hexToBase64) };
}

try {
  const snapshot = await client.snapshot();
  const gone = await mineAll();
  const reorganised = await prove(gone[0] as TransactionReceipt, contract);
  await client.revert({ id: snapshot });
  await client.increaseTime({ seconds: 12 });
  const [care, research, other, , equivocation, reverted] = (await mineAll()) as [
    TransactionReceipt,
    TransactionReceipt,
    TransactionReceipt,
    TransactionReceipt,
    TransactionReceipt,
    TransactionReceipt,
  ];
  const valid = await prove(care, contract);
  writeFileSync(
    join(import.meta.dirname, '../../../../../evidence/test/vectors/notary.json'),
    `${JSON.stringify(
      {
        channel: 'care',
        genesisHash,
        height,
        blockHash: valid.blockHash,
        historyRoot: valid.historyRoot,
        chainId,
        contract: contract.slice(2).toLowerCase(),
        trustedHeader: { number: Number(care.blockNumber), hash: care.blockHash.slice(2) },
        proofs: {
          valid,
          otherChannel: await prove(research, contract),
          otherContract: await prove(other, otherContract),
          reorganised,
          equivocation: await misuse(valid, equivocation),
          reverted: await misuse(valid, reverted),
        },
      },
      undefined,
      1,
    )}\n`,
  );
} finally {
  await chain.stop();
}
