import { orderer } from '@hyperledger/fabric-protos';
import { SoloError } from '../errors.ts';

/** The number of the first block to send. */
export function startOf(position: orderer.SeekPosition | undefined, height: number): number {
  const { TypeCase } = orderer.SeekPosition;
  switch (position?.getTypeCase()) {
    case TypeCase.OLDEST:
      return 0;
    case TypeCase.NEWEST:
      return height - 1;
    case TypeCase.SPECIFIED:
      return position.getSpecified()?.getNumber() ?? 0;
    case TypeCase.NEXT_COMMIT:
      return height;
    default:
      throw new SoloError('MESSAGE_MALFORMED', 'the start position is missing');
  }
}

/** The number of the last block to send, given the first. */
export function stopOf(position: orderer.SeekPosition | undefined, start: number, height: number): number {
  const { TypeCase } = orderer.SeekPosition;
  switch (position?.getTypeCase()) {
    case TypeCase.OLDEST:
      return start;
    case TypeCase.NEWEST:
      return Math.max(start, height - 1);
    case TypeCase.SPECIFIED:
      return position.getSpecified()?.getNumber() ?? 0;
    default:
      throw new SoloError('MESSAGE_MALFORMED', 'the stop position is missing');
  }
}
