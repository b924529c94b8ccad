import { GatewayError } from '@hyperledger/fabric-gateway';
import { describe, expect, it } from 'vitest';
import { chaincodeTexts, endorseFailure, evaluateFailure, LedgerError } from './errors.ts';

const failure = (...messages: string[]): GatewayError => {
  const details = messages.map((message) => ({ address: 'localhost', mspId: 'HospitalAMSP', message }));
  return new GatewayError({ code: 10, message: '10 ABORTED', details, cause: new Error() as never });
};

describe('a failed endorsement', () => {
  it('is a refusal with the chaincode’s own code', () => {
    const error = endorseFailure(
      failure('chaincode response 500, MEMBER_STATE: not in this state: x'),
      'tx1',
    );

    expect(error).toMatchObject({ code: 'LEDGER_REFUSED', chaincodeCode: 'MEMBER_STATE', txId: 'tx1' });
    expect(error.message).not.toContain('not in this state');
  });

  it('is a refusal without a code when the chaincode gave none', () => {
    for (const text of ['Expected 2 parameters, but 1 have been supplied', 'lower: x', 'A B: x', '', ': x']) {
      expect(endorseFailure(failure(`chaincode response 500, ${text}`), 'tx1')).toMatchObject({
        code: 'LEDGER_REFUSED',
        chaincodeCode: 'CHAINCODE_UNCODED',
      });
    }
  });

  it('is surely not committed when it never came to the chaincode', () => {
    const messages = [
      'chaincode medseal not found',
      'error in chaincode response 500, MEMBER_STATE: quoted',
      'chaincode response 200, MEMBER_STATE: no error',
      'chaincode response 500 MEMBER_STATE: no comma',
      'duplicate transaction found [00]',
    ];
    for (const message of messages) {
      const error = endorseFailure(failure(message), 'tx1');

      expect([error.code, error.chaincodeCode]).toEqual(['LEDGER_NOT_COMMITTED', undefined]);
    }
    expect(endorseFailure(failure(), 'tx1').code).toBe('LEDGER_NOT_COMMITTED');
    expect(endorseFailure(new Error('socket'), 'tx1').code).toBe('LEDGER_NOT_COMMITTED');
  });

  it('is no refusal while peers disagree or one of them did not run the chaincode', () => {
    const refused = 'chaincode response 500, ANCHOR_FORK: x';

    expect(endorseFailure(failure(refused, 'chaincode response 500, ANCHOR_STALE: x'), 't').code).toBe(
      'LEDGER_NOT_COMMITTED',
    );
    expect(endorseFailure(failure(refused, 'connection refused'), 't').code).toBe('LEDGER_NOT_COMMITTED');
    expect(endorseFailure(failure(refused, refused), 't').chaincodeCode).toBe('ANCHOR_FORK');
  });
});

describe('a failed question', () => {
  it('is a refusal by the chaincode or no answer at all', () => {
    expect(evaluateFailure(failure('chaincode response 500, CONSENT_ABSENT: x'))).toMatchObject({
      code: 'LEDGER_REFUSED',
      chaincodeCode: 'CONSENT_ABSENT',
    });
    expect(evaluateFailure(new Error('socket')).code).toBe('LEDGER_UNAVAILABLE');
  });

  it('gives the texts of all peers or none', () => {
    expect(chaincodeTexts(failure('chaincode response 404, a, b'))).toEqual(['a, b']);
    expect(chaincodeTexts(failure('chaincode response 500, a', 'other'))).toEqual([]);
  });
});

describe('an error of the ledger', () => {
  it('names in its text what is known and nothing of its cause', () => {
    const error = new LedgerError('LEDGER_NOT_COMMITTED', {
      txId: 'ab',
      validationCode: 11,
      cause: new Error('names a person'),
    });

    expect(error.message).toBe('LEDGER_NOT_COMMITTED txId=ab validationCode=11');
  });
});
