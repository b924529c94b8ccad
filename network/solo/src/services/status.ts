import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { gateway, google } from '@hyperledger/fabric-protos';
import anyMessages from 'google-protobuf/google/protobuf/any_pb.js';
import { SoloError, type SoloErrorCode, textOf } from '../errors.ts';
import { encode, fill } from '../protobuf.ts';

/** gRPC keeps headers short; a longer text is cut. */
const maxDetailCharacters = 800;

const codes: Partial<Record<SoloErrorCode, status>> = {
  MESSAGE_MALFORMED: status.INVALID_ARGUMENT,
  IDENTITY_REFUSED: status.PERMISSION_DENIED,
  SIGNATURE_REFUSED: status.PERMISSION_DENIED,
  PROPOSAL_REFUSED: status.FAILED_PRECONDITION,
  TRANSACTION_REFUSED: status.FAILED_PRECONDITION,
  TRANSACTION_DUPLICATE: status.FAILED_PRECONDITION,
  CHAINCODE_FAILED: status.ABORTED,
  CHAINCODE_TIMEOUT: status.ABORTED,
  CHAINCODE_UNAVAILABLE: status.UNAVAILABLE,
  LEDGER_BUSY: status.RESOURCE_EXHAUSTED,
  LEDGER_CLOSED: status.UNAVAILABLE,
};

/** What a client is told of an error that is not the chaincode's own; anything unforeseen says nothing of itself. */
export function statusOf(error: unknown): Partial<ServiceError> {
  const code = error instanceof SoloError ? codes[error.code] : undefined;
  return code === undefined
    ? { code: status.INTERNAL, details: 'internal error' }
    : { code, details: textOf(error) };
}

/** An error with the per-peer details that the client library reads from `grpc-status-details-bin`. */
export function detailedStatus(
  code: status,
  text: string,
  detail: { mspId: string; message: string },
): Partial<ServiceError> {
  const message = detail.message.slice(0, maxDetailCharacters);
  const metadata = new Metadata();
  const content = encode(new google.rpc.Status(), (value) => {
    value.setCode(code);
    value.setMessage(text);
    value.setDetailsList([
      fill(new anyMessages.Any(), (packed) =>
        packed.pack(
          encode(new gateway.ErrorDetail(), (entry) => {
            entry.setAddress('localhost');
            entry.setMspId(detail.mspId);
            entry.setMessage(message);
          }),
          'gateway.ErrorDetail',
        ),
      ),
    ]);
  });
  metadata.set('grpc-status-details-bin', Buffer.from(content));
  return { code, details: text.slice(0, maxDetailCharacters), metadata };
}
