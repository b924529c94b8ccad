import { common, peer } from '@hyperledger/fabric-protos';
import { codesOf, envelopesOf, headerOf } from '../blocks/block.ts';
import { fill, parse, present } from '../protobuf.ts';
import { openTransaction } from '../transaction.ts';

/** A block without its content: ids, types, codes, and the names of events. */
export function filteredBlock(block: common.Block, channel: string): peer.FilteredBlock {
  const codes = codesOf(block);
  return fill(new peer.FilteredBlock(), (filtered) => {
    filtered.setChannelId(channel);
    filtered.setNumber(headerOf(block).getNumber());
    filtered.setFilteredTransactionsList(
      envelopesOf(block).map((envelope, index) => filteredTransaction(envelope, codes[index])),
    );
  });
}

function filteredTransaction(envelopeBytes: Uint8Array, code: number | undefined): peer.FilteredTransaction {
  const envelope = parse(common.Envelope, envelopeBytes, 'envelope');
  const payload = parse(common.Payload, envelope.getPayload_asU8(), 'payload');
  const header = parse(
    common.ChannelHeader,
    present(payload.getHeader(), 'payload header').getChannelHeader_asU8(),
    'channel header',
  );
  return fill(new peer.FilteredTransaction(), (filtered) => {
    filtered.setTxid(header.getTxId());
    filtered.setType(header.getType() as common.HeaderTypeMap[keyof common.HeaderTypeMap]);
    filtered.setTxValidationCode(code as peer.TxValidationCodeMap[keyof peer.TxValidationCodeMap]);
    if (header.getType() === common.HeaderType.ENDORSER_TRANSACTION)
      filtered.setTransactionActions(filteredActions(openTransaction(envelopeBytes).event));
  });
}

/** The event's payload stays behind: a filtered block says that something happened, not what. */
function filteredActions(event: peer.ChaincodeEvent | undefined): peer.FilteredTransactionActions {
  const actions =
    event === undefined
      ? []
      : [
          fill(new peer.FilteredChaincodeAction(), (action) => {
            event.setPayload(new Uint8Array());
            action.setChaincodeEvent(event);
          }),
        ];
  return fill(new peer.FilteredTransactionActions(), (list) => list.setChaincodeActionsList(actions));
}
